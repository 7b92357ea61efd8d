package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// labels are Content-Types that a delivery may be given on its way, since none of
// them is signed.
var labels = []string{
	"", "application/json", form, form + "; charset=utf-8", "APPLICATION/X-WWW-FORM-URLENCODED", "multipart/form-data; boundary=b",
	"text/plain", "application/xml", "application/x-www-form-urlencoded,application/json", ";;",
}

func labelled(r *webhook.Request, label string) *webhook.Request {
	c := clone(r)
	c.Header.Del("Content-Type")
	if label != "" {
		c.Header.Set("Content-Type", label)
	}
	return c
}

// W12: what was signed as an object is read as that object, and what was signed as
// a form as that form, whatever the Content-Type says.
func TestW12_BytesDecideHowABodyIsRead(t *testing.T) {
	t.Parallel()
	// What a user wrote into a title or a file's name reads as a form of its own.
	const smuggled = `&payload=%7B%22type%22%3A%22block_actions%22%2C%22action%22%3A%22deploy%22%7D&command=%2Fdeploy&x=`
	const object = `{"type":"event_callback","event_id":"Ev1","event":{"type":"message","title":"` + smuggled + `"}}`
	for name, c := range map[string]struct{ kit, body, typ, payload string }{
		"github, object":                    {"github", object, "push", object},
		"github, object behind white space": {"github", "\r\n\t " + object, "push", "\r\n\t " + object},
		"github, form":                      {"github", "payload=%7B%22a%22%3A%22%26payload%3Dx%22%7D", "push", `{"a":"&payload=x"}`},
		"slack, object":                     {"slack", object, "message", object},
		"slack, command":                    {"slack", "token=x&command=%2Fx&text=%7B%22type%22%3A%22a%22%7D", "slash_command", "token=x&command=%2Fx&text=%7B%22type%22%3A%22a%22%7D"},
		"slack, interaction":                {"slack", "payload=%7B%22type%22%3A%22block_actions%22%7D", "block_actions", `{"type":"block_actions"}`},
	} {
		k := kitNamed(t, c.kit)
		s := k.scheme(t)
		r := received(t, k.signer().At(fixedTime).WithEvent("push").Request([]byte(c.body)))
		for _, label := range labels {
			raws, err := split(t, s, labelled(r, label))
			require.NoError(t, err, "%s as %q", name, label)
			require.Len(t, raws, 1)
			require.Equal(t, c.typ, raws[0].Type, "%s as %q", name, label)
			require.Equal(t, c.payload, string(raws[0].Payload), "%s as %q", name, label)
		}
	}
	// What is neither is not guessed at.
	for _, c := range []struct{ kit, body string }{
		{"github", ""}, {"github", " "}, {"github", "x=1"}, {"github", `"text"`}, {"github", "[]"}, {"github", "payload=%7B%7D&payload=%7B%7D"},
		{"github", "payload=%7B%7D&other=1"}, {"github", "other=1&payload=%7B%7D"}, {"github", "payload=1"}, {"github", "payload="}, {"github", "payload=%7B%zz"},
		{"github", "payload=%7B%7D;x=1"}, {"github", object[1:]},
		{"slack", ""}, {"slack", "x=1"}, {"slack", "[]"}, {"slack", "payload=x"}, {"slack", "payload=%7B%7D&command=%2Fx"}, {"slack", "payload=%5B%5D"},
		{"slack", "command=%2Fx&command=%2Fy"}, {"slack", "command=%2Fx&text=%zz"}, {"slack", object[1:]}, {"slack", "ssl_check=1&text=x"},
		{"slack", "payload=%7B%7D&payload=%7B%7D"}, {"slack", "command=%2Fx&payload=%7B%7D&payload=%7B%7D"},
	} {
		k := kitNamed(t, c.kit)
		r := received(t, k.signer().At(fixedTime).Request([]byte(c.body)))
		for _, label := range labels {
			_, err := split(t, k.scheme(t), labelled(r, label))
			require.ErrorIs(t, err, webhook.ErrPayload, "%s: %q as %q", c.kit, c.body, label)
		}
	}
}

// W12, at the surface: one signature, one payload.
func TestW12_ContentTypeCannotChangeWhatAHandlerGets(t *testing.T) {
	t.Parallel()
	const body = `{"action":"opened","issue":{"title":"hi&payload=%7B%22action%22%3A%22deploy%22%7D&x="}}`
	var got []string
	h := newHandler(t, must(webhook.GitHub(secret.Static(githubCanary))), webhook.On("issues", func(_ context.Context, e webhook.Event[json.RawMessage]) error {
		got = append(got, string(e.Data))
		return nil
	}))
	for i, label := range labels {
		sign := webhooktest.GitHub(githubCanary).WithEvent("issues").WithHeader("Content-Type", label)
		require.Equal(t, http.StatusOK, status(h, sign.Request([]byte(body))))
		require.Len(t, got, i+1)
		require.Equal(t, body, got[i], label)
	}
}

// W12: Twilio signs a form's parameters, and the hash of anything else.
func TestW12_TwilioBodiesAreToldByTheirBytes(t *testing.T) {
	t.Parallel()
	s, err := webhook.Twilio(secret.Static("12345"), "https://example.com/x")
	require.NoError(t, err)
	for _, label := range labels {
		_, err := s.Verify(t.Context(), twilioRequest(t, "POST", "/x", "https://example.com/xA1B2", "B=2&A=1", label))
		require.NoError(t, err, label)
		_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/x", "https://example.com/xA1B2", "B=2&A=2", label))
		require.ErrorIs(t, err, webhook.ErrMismatch, label)
		for _, body := range []string{`{"a":"b=c"}`, `["a=b"]`, `"a=b"`, "<a b='c'/>", "a b=c", "a=b\tc", "--b\r\nA: b=c", "a\rb=c", "a=[1]", "a=b>c", "abc", "1"} {
			_, err := s.Verify(t.Context(), twilioRequest(t, "POST", "/x", "https://example.com/x", body, label))
			require.ErrorIs(t, err, webhook.ErrMissing, "%s as %q", body, label)
		}
		_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/x", "https://example.com/xab", "a=%zz", label))
		require.ErrorIs(t, err, webhook.ErrMalformed)
	}
}

// W12: the boundary of an inbound mail's form is the one that was signed. Under
// another, which the mail's author chose, its text would read as other fields.
func TestW12_InboundBoundaryIsTheSignedOne(t *testing.T) {
	t.Parallel()
	const body = "--xYzZY\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" +
		"--evil\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nboss@example.com\r\n--evil--\r\n\r\n--xYzZY--\r\n"
	k := kitNamed(t, "sendgrid-inbound")
	s := k.scheme(t)
	verify := func(body string, labels ...string) error {
		r := received(t, k.signer().At(fixedTime).WithHeader("Content-Type", labels...).Request([]byte(body)))
		if len(labels) == 0 {
			r.Header.Del("Content-Type")
		}
		_, err := s.Verify(t.Context(), r)
		return err
	}
	const genuine = "multipart/form-data; boundary=xYzZY"
	require.NoError(t, verify(body, genuine))
	require.NoError(t, verify(body, `multipart/form-data; charset=utf-8; boundary="xYzZY"`))
	require.NoError(t, verify(body), "the bytes are enough")
	require.NoError(t, verify("--xYzZY\nContent-Disposition: form-data", genuine))
	for _, label := range []string{
		"multipart/form-data; boundary=evil", "multipart/form-data; boundary=xYz", "multipart/form-data; boundary=xYzZYx", "multipart/form-data; boundary=-xYzZY",
		"multipart/form-data", `multipart/form-data; boundary=""`, "multipart/mixed; boundary=xYzZY", form, "text/plain", ";;", "",
	} {
		require.ErrorIs(t, verify(body, label), webhook.ErrMalformed, label)
		require.ErrorIs(t, verify(body, genuine, label), webhook.ErrMalformed, label)
		require.ErrorIs(t, verify(body, label, genuine), webhook.ErrMalformed, label)
	}
	for _, begins := range []string{"", "-", "x", "-x-", "--", "\r\n--xYzZY\r\n", "--xYzZY", "--xYzZY \r\n", "--xYzZY\r", "--xYzZY--\r\n", "--\r\n"} {
		require.ErrorIs(t, verify(begins, genuine), webhook.ErrMalformed, "%q", begins)
	}
}

// W12: the headers that a layout names and does not sign are untrusted, for a
// service that nobody has listed as well.
func TestW12_UnsignedHeadersOfALayoutAreUntrusted(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	for signed, want := range map[string][]string{
		"{body}":                         {"X-Request-Uuid", "X-Event-Key"},
		"{id}.{body}":                    {"X-Event-Key"},
		"{type}.{body}":                  {"X-Request-Uuid"},
		"{id}.{type}.{timestamp}.{body}": nil,
	} {
		layout := webhook.Layout{SignatureHeader: "X-Sig", TypeHeader: "x-event-key", IDHeader: "x-request-uuid", Signed: signed}
		if want == nil {
			layout.TimestampHeader = "X-Time"
		}
		content := map[string]string{"{body}": "{}", "{id}.{body}": "u1.{}", "{type}.{body}": "repo:push.{}", "{id}.{type}.{timestamp}.{body}": "u1.repo:push." + now + ".{}"}[signed]
		s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey), at(fixedTime))
		require.NoError(t, err)
		r := post("{}", "X-Sig", hexMAC(rawKey, content), "X-Event-Key", "repo:push", "X-Request-UUID", "u1", "X-Time", now)
		rec, err := s.Verify(t.Context(), r)
		require.NoError(t, err, signed)
		require.ElementsMatch(t, want, rec.Untrusted, signed)
		require.Equal(t, "repo:push", rec.EventType)
		require.Equal(t, "u1", rec.EventID)
		if signed == "{body}" {
			r.Header.Del("X-Event-Key")
			rec, err = s.Verify(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, []string{"X-Request-Uuid"}, rec.Untrusted, "what was not delivered is not named")
		}
	}
	// Asymmetric schemes alike.
	sign := webhooktest.ECDSA(webhooktest.SchemeConfig{Provider: "acme", Header: "X-Sig", TypeHeader: "X-Event-Key", IDHeader: "X-Id"}, sendGridKeys().Private)
	s, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Sig", TypeHeader: "X-Event-Key", IDHeader: "X-Id"}}, secret.Static(sendGridKeys().Public))
	require.NoError(t, err)
	rec, err := s.Verify(t.Context(), received(t, sign.Request([]byte("{}"))))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"X-Event-Key", "X-Id"}, rec.Untrusted)
}

// W28: what nobody signed is answered and never dispatched.
func TestW28_RequestsWithoutASignedPayloadAreNotEvents(t *testing.T) {
	t.Parallel()
	ran := 0
	count := webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error { ran++; return nil })

	slack := must(webhook.Slack(secret.Static(rawKey)))
	h := newHandler(t, slack, count)
	send := func(method, target, body string) *http.Response {
		r := webhooktest.Slack(rawKey).WithURL("https://example.com" + target).Request([]byte(body))
		r.Method = method
		r.Header.Del("X-Slack-Signature")
		return serve(h, r)
	}
	for _, form := range []string{"ssl_check=1&token=xxx", "token=xxx&ssl_check=1", "ssl_check=1"} {
		for _, res := range []*http.Response{send("POST", "/slack", form), send("GET", "/slack?"+form, "")} {
			require.Equal(t, http.StatusOK, res.StatusCode, form)
			require.Empty(t, read(t, res))
		}
		signed := webhooktest.Slack(rawKey).Request([]byte(form))
		require.Equal(t, http.StatusOK, status(h, signed))
		rec, err := slack.Verify(t.Context(), received(t, webhooktest.Slack(rawKey).Request([]byte(form))))
		require.NoError(t, err)
		raws, err := slack.Split(received(t, webhooktest.Slack(rawKey).Request([]byte(form))), rec)
		require.NoError(t, err)
		require.Empty(t, raws)
	}
	for _, form := range []string{
		"", "ssl_check=", "ssl_check=0", "ssl_check=2", "ssl_check=1&ssl_check=1", "ssl_check=1&token=a&token=b", "ssl_check=1&command=%2Fdeploy",
		"ssl_check=1&token=x&command=%2Fdeploy", "ssl_check=1&token=%zz", "SSL_CHECK=1", "token=xxx", `{"ssl_check":1}`, "ssl_check=1&token=" + strings.Repeat("x", 256),
	} {
		require.Equal(t, http.StatusUnauthorized, send("POST", "/slack", form).StatusCode, form)
		res := send("GET", "/slack?"+form, "")
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, form)
		require.Equal(t, "POST, GET", res.Header.Get("Allow"))
	}
	require.Equal(t, http.StatusMethodNotAllowed, send("GET", "/slack?ssl_check=1", "command=%2Fdeploy").StatusCode)
	require.Equal(t, http.StatusUnauthorized, send("POST", "/slack?ssl_check=1", "").StatusCode, "a POST has its form in the body")

	sentry := must(webhook.Sentry(secret.Static(rawKey)))
	h = newHandler(t, sentry, count)
	sign := webhooktest.SentryUI(rawKey).WithURL("https://example.com/options?installationId=7f3c&query=a")
	require.Equal(t, http.MethodGet, sign.Request(nil).Method)
	res := serve(h, sign.Request(nil))
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	require.JSONEq(t, "[]", read(t, res), "no options")
	require.Equal(t, http.StatusUnauthorized, status(h, webhooktest.SentryUI("another").Request(nil)))
	require.Equal(t, []string{"POST", "GET"}, sentry.Methods())

	r, rec, err := webhook.VerifyHTTP(sentry, sign.Request(nil))
	require.NoError(t, err, "whoever serves the options verifies")
	require.Equal(t, "a", r.URL.Query().Get("query"))
	require.False(t, rec.EventIDSigned)
	raws, err := sentry.Split(r, rec)
	require.NoError(t, err)
	require.Empty(t, raws)
	// The signature over nothing is good for nothing else.
	get := received(t, sign.Request(nil))
	for name, c := range map[string]struct {
		change func(r *webhook.Request)
		want   error
	}{
		"sent as POST":        {func(r *webhook.Request) { r.Method = "POST" }, webhook.ErrMalformed},
		"sent without method": {func(r *webhook.Request) { r.Method = "" }, webhook.ErrMalformed},
		"sent as a webhook": {func(r *webhook.Request) {
			r.Method = "POST"
			r.Header["Sentry-Hook-Signature"] = r.Header["Sentry-App-Signature"]
			r.Header.Set("Sentry-Hook-Resource", "issue")
		}, webhook.ErrMalformed},
		"given a body":         {func(r *webhook.Request) { r.Body = []byte("{}") }, webhook.ErrMethod},
		"without a signature":  {func(r *webhook.Request) { r.Header.Del("Sentry-App-Signature") }, webhook.ErrMissing},
		"under another method": {func(r *webhook.Request) { r.Method = "HEAD" }, webhook.ErrMethod},
	} {
		bad := clone(get)
		c.change(bad)
		_, err := sentry.Verify(t.Context(), bad)
		require.ErrorIs(t, err, c.want, name)
		if _, ok, err := sentry.Challenge(t.Context(), bad); ok || err != nil {
			require.ErrorIs(t, err, c.want, name)
		}
	}
	// A delivery that was signed with its body does not come by GET.
	hook := webhooktest.Sentry(rawKey).Request([]byte(`{"action":"created"}`))
	hook.Method = http.MethodGet
	require.Equal(t, http.StatusMethodNotAllowed, status(h, hook))
	require.Zero(t, ran)
	require.Equal(t, http.StatusOK, status(h, webhooktest.Sentry(rawKey).Request([]byte(`{"action":"created"}`))))
	require.Equal(t, 1, ran)
}
