package webhook_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// What stands at the edge of a rule: one more, one less, the other of two.

func TestXRefusalIsThatOfTheHeaderThatWasDelivered(t *testing.T) {
	t.Parallel()
	const consumer, client = "X-Twitter-Webhooks-Signature", "X-Twitter-Webhooks-Signature-Oauth2"
	x, err := webhook.X(secret.Static("consumer"), secret.Static("client", "older"))
	require.NoError(t, err)
	const body = `{"a":1}`
	good := map[string]string{consumer: webhooktest.XChallengeAnswer("consumer", body), client: webhooktest.XChallengeAnswer("client", body)}
	wrong := webhooktest.XChallengeAnswer("other", body)
	for name, c := range map[string]struct {
		headers []string
		want    error
		key     string
	}{
		"neither":                     {nil, webhook.ErrMissing, ""},
		"consumer alone":              {[]string{consumer, good[consumer]}, nil, "key 1"},
		"client alone":                {[]string{client, good[client]}, nil, "key 1"},
		"older client":                {[]string{client, webhooktest.XChallengeAnswer("older", body)}, nil, "key 2"},
		"consumer wrong, client good": {[]string{consumer, wrong, client, good[client]}, nil, "key 1"},
		"consumer good, client wrong": {[]string{consumer, good[consumer], client, wrong}, nil, "key 1"},
		"consumer wrong":              {[]string{consumer, wrong}, webhook.ErrMismatch, ""},
		"client wrong":                {[]string{client, wrong}, webhook.ErrMismatch, ""},
		"consumer wrong, client bad":  {[]string{consumer, wrong, client, "x"}, webhook.ErrMismatch, ""},
		"consumer bad, client wrong":  {[]string{consumer, "x", client, wrong}, webhook.ErrMalformed, ""},
		"consumer twice, client good": {[]string{consumer, wrong, consumer, wrong, client, good[client]}, webhook.ErrDuplicate, ""},
		"client twice":                {[]string{client, good[client], client, good[client]}, webhook.ErrDuplicate, ""},
		"the other's secret":          {[]string{consumer, good[client]}, webhook.ErrMismatch, ""},
		"the other's secret again":    {[]string{client, good[consumer]}, webhook.ErrMismatch, ""},
	} {
		rec, err := x.Verify(t.Context(), post(body, c.headers...))
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.key, rec.KeyID, name)
	}
	// An undecided header leaves the delivery undecided, whatever the other says.
	down := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errors.New("vault sealed") })
	half, err := webhook.X(down, secret.Static("client"))
	require.NoError(t, err)
	_, err = half.Verify(t.Context(), post(body, consumer, wrong, client, good[client]))
	require.True(t, webhook.Undecidable(err))
	_, err = webhook.X(secret.Static(" "), nil)
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = webhook.X(secret.Static("consumer"), secret.Static(""))
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = webhook.X(secret.Static("consumer"), nil, webhook.WithMaxBody(-1))
	require.ErrorIs(t, err, webhook.ErrConfig)
	require.Equal(t, 10*time.Second, x.AckDeadline())
}

func TestXNamesTheActivity(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"for_user_id":"1","favorite_events":[{}]}`:                            "favorite_events",
		`{"for_user_id":"1","user_event":{"revoke":{}}}`:                        "user_event",
		`{"for_user_id":"1","direct_message_events":[{}],"apps":{}}`:            "direct_message_events",
		`{"a_events":[],"b_events":[]}`:                                         "b_events",
		`{"for_user_id":"1"}`:                                                   "",
		`{"data":{"event_type":"profile.update.bio"},"tweet_create_events":[]}`: "profile.update.bio",
		`{"data":{"event_type":""},"tweet_create_events":[]}`:                   "tweet_create_events",
		`{"data":[1],"tweet_create_events":[]}`:                                 "tweet_create_events",
		`{"data":{"event_type":{}}}`:                                            "",
	} {
		raws, err := splitKit(t, "x", body)
		require.NoError(t, err)
		require.Len(t, raws, 1)
		require.Equal(t, want, raws[0].Type, body)
		require.Equal(t, want != "", raws[0].TypeSigned, body)
	}
}

func TestBraintreeFormsAndKeys(t *testing.T) {
	t.Parallel()
	s, err := webhook.Braintree("public_key", secret.Static(rawKey, "older"))
	require.NoError(t, err)
	key := sha1.Sum([]byte(rawKey))
	mac := func(payload string) string {
		return "public_key|" + strings.ToLower(hexOf(macOf(sha1.New, string(key[:]), payload)))
	}
	payload := base64.StdEncoding.EncodeToString([]byte("<notification><kind>check</kind></notification>"))
	for name, c := range map[string]struct {
		signature, payload string
		want               error
		key                string
	}{
		"as it is":             {mac(payload), payload, nil, "key 1"},
		"a line break signed":  {mac(payload + "\n"), payload, nil, "key 1"},
		"older key":            {webhooktest.BraintreeChallengeAnswer(webhooktest.BraintreeKey{Public: "public_key", Private: "older"}, payload), payload, nil, "key 2"},
		"two breaks signed":    {mac(payload + "\n\n"), payload, webhook.ErrMismatch, ""},
		"malformed, then good": {"public_key|zz&" + mac(payload), payload, nil, "key 1"},
		"malformed":            {"public_key|zz", payload, webhook.ErrMalformed, ""},
		"not hex":              {"public_key|" + strings.Repeat("z", 40), payload, webhook.ErrMalformed, ""},
		"wrong":                {"public_key|" + strings.Repeat("0", 40), payload, webhook.ErrMismatch, ""},
		"illegal":              {mac("§"), "§", webhook.ErrMalformed, ""},
		"no signature":         {"", payload, webhook.ErrMissing, ""},
		"no payload":           {mac(""), "", webhook.ErrMissing, ""},
		"no challenge: 19":     {mac(strings.Repeat("a", 19)), strings.Repeat("a", 19), nil, "key 1"},
		"no challenge: 33":     {mac(strings.Repeat("a", 33)), strings.Repeat("a", 33), nil, "key 1"},
		"no challenge: upper":  {mac(strings.Repeat("A", 20)), strings.Repeat("A", 20), nil, "key 1"},
		"challenge: 20":        {mac(strings.Repeat("a", 20)), strings.Repeat("a", 20), webhook.ErrMalformed, ""},
		"challenge: 32":        {mac(strings.Repeat("a", 32)), strings.Repeat("a", 32), webhook.ErrMalformed, ""},
	} {
		r := post(url.Values{"bt_signature": {c.signature}, "bt_payload": {c.payload}}.Encode())
		rec, err := s.Verify(t.Context(), r)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.key, rec.KeyID, name)
	}
	_, err = s.Verify(t.Context(), post("bt_signature=%zz"))
	require.ErrorIs(t, err, webhook.ErrMalformed)
	// Genuine, and no base64.
	r := post(url.Values{"bt_signature": {mac("====")}, "bt_payload": {"===="}}.Encode())
	_, err = split(t, s, r)
	require.ErrorIs(t, err, webhook.ErrPayload)
	_, err = s.Split(post("x=1"), webhook.Receipt{})
	require.ErrorIs(t, err, webhook.ErrPayload)
	raws, err := splitKit(t, "braintree", "<notification></notification>")
	require.NoError(t, err)
	require.False(t, raws[0].TypeSigned)
	for _, public := range []string{"", "a|b", "a&b", "a b", "a\tb", "a\nb", "a\rb"} {
		_, err := webhook.Braintree(public, secret.Static(rawKey))
		require.ErrorIs(t, err, webhook.ErrConfig, "%q", public)
	}
	_, err = webhook.Braintree("public_key", secret.Static(rawKey), webhook.WithMaxBody(-1))
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = webhook.Braintree("public_key", secret.Static("private key "))
	require.ErrorIs(t, err, webhook.ErrConfig)
}

func hexOf(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteString(strconv.FormatUint(uint64(c>>4), 16) + strconv.FormatUint(uint64(c&15), 16))
	}
	return s.String()
}

func TestTwilioTargetsAndKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{" token", "token\n", "AC" + strings.Repeat("0", 32), "SK" + strings.Repeat("0", 32)} {
		_, err := webhook.Twilio(secret.Static(key), "https://example.com/x")
		require.ErrorIs(t, err, webhook.ErrConfig, "%q", key)
	}
	for _, key := range []string{"AC" + strings.Repeat("0", 30), "SK" + strings.Repeat("0", 33), "XX" + strings.Repeat("0", 32)} {
		_, err := webhook.Twilio(secret.Static(key), "https://example.com/x")
		require.NoError(t, err, "%q is no SID", key)
	}
	_, err := webhook.Twilio(secret.Static("12345"), "https://example.com/x", webhook.WithMaxBody(-1))
	require.ErrorIs(t, err, webhook.ErrConfig)

	for configured, c := range map[string]map[string]error{ // what is asked for, by GET and by POST
		"https://example.com/x": {
			"GET /x": nil, "GET /x?a=1": nil, "POST /x": nil, "POST /x?a=1": webhook.ErrMalformed, "GET /y": nil, // the path is the configured one
			"GET /x?%zz": webhook.ErrMalformed,
		},
		"https://example.com/x?a=1": {
			"GET /x?a=1": nil, "GET /x?a=1&b=2": nil, "GET /x?a=12": webhook.ErrMalformed, "GET /x?b=2&a=1": webhook.ErrMalformed, "GET /x": webhook.ErrMalformed,
			"POST /x?a=1": nil, "POST /x?a=1&b=2": webhook.ErrMalformed, "POST /x?a=1bodySHA256=": webhook.ErrMalformed, "POST /x": webhook.ErrMalformed,
		},
		"https://example.com": {"GET /x?a=1": nil, "POST /x?a=1": nil, "GET ": nil, "POST /x?%zz": webhook.ErrMalformed},
	} {
		s, err := webhook.Twilio(secret.Static("12345"), configured)
		require.NoError(t, err)
		for request, want := range c {
			method, target, _ := strings.Cut(request, " ")
			path, query, _ := strings.Cut(target, "?")
			if strings.HasSuffix(configured, "/x") || strings.Contains(configured, "?") {
				path = "/x"
			}
			signed := "https://example.com" + path
			if query != "" {
				signed += "?" + query
			}
			r := twilioRequest(t, method, "/", signed, "", "")
			r.URL = &url.URL{Path: strings.Split(target, "?")[0], RawQuery: query}
			_, err := s.Verify(t.Context(), r)
			require.ErrorIs(t, err, want, "%s at %s", request, configured)
		}
	}
	s, err := webhook.Twilio(secret.Static("12345"), "https://example.com/x?a=1")
	require.NoError(t, err)
	r := twilioRequest(t, "POST", "/", "https://example.com/x?a=1B2", "B=2", "")
	r.URL = nil
	_, err = s.Verify(t.Context(), r)
	require.NoError(t, err, "all of the URL is configured")
	// The body's hash has 64 digits, in either case.
	sum := strings.Repeat("0", 62)
	for query, want := range map[string]error{"bodySHA256=" + sum: webhook.ErrMalformed, "bodySHA256=" + sum + "00": webhook.ErrMismatch, "bodySHA256=" + sum + "0000": webhook.ErrMalformed, "bodySHA256=": webhook.ErrMalformed} {
		_, err := s.Verify(t.Context(), twilioRequest(t, "POST", "/x?a=1&"+query, "https://example.com/x?a=1&"+query, "", ""))
		require.ErrorIs(t, err, want, query)
	}
	for text, want := range map[string]error{"": webhook.ErrMissing, "AAAA": webhook.ErrMalformed, strings.Repeat("A", 27) + "=": webhook.ErrMismatch, strings.Repeat("=", 28): webhook.ErrMalformed} {
		bad := twilioRequest(t, "GET", "/x?a=1", "x", "", "")
		bad.Header["X-Twilio-Signature"] = []string{text}
		_, err := s.Verify(t.Context(), bad)
		require.ErrorIs(t, err, want, "%q", text)
	}
	good := twilioRequest(t, "GET", "/x?a=1", "https://example.com/x?a=1", "", "")
	good.Header.Set("I-Twilio-Idempotency-Token", "t1")
	rec, err := s.Verify(t.Context(), good)
	require.NoError(t, err)
	require.Equal(t, "t1", rec.EventID)
	require.False(t, rec.EventIDSigned)
	require.Equal(t, []string{"I-Twilio-Idempotency-Token"}, rec.Untrusted)
	require.Equal(t, "hmac-sha1", rec.Scheme)
	require.Equal(t, 15*time.Second, s.AckDeadline())
}

func TestOutsideTextInErrorsIsShort(t *testing.T) {
	t.Parallel()
	for n, whole := range map[int]bool{1: true, 63: true, 64: true, 65: false, 1000: false} {
		method := strings.Repeat("M", n)
		_, err := kitNamed(t, "stripe").scheme(t).Verify(t.Context(), &webhook.Request{Method: method})
		require.Equal(t, whole, strings.Contains(err.Error(), `"`+method+`"`), n)
		require.Equal(t, !whole, strings.Contains(err.Error(), "…"), n)
	}
	// A reason is said once.
	_, err := webhook.GitHub(secret.Static("ghp_x"))
	require.Equal(t, 1, strings.Count(err.Error(), webhook.ErrConfig.Error()), err)
	require.Equal(t, 1, strings.Count(err.Error(), "webhook: "), err)
}

func TestTokensThatAreNotWhatTheyShouldBe(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		s := h.scheme(t)
		rec, err := s.Verify(t.Context(), h.deliver(rs256(with(h.header, object{"typ": nil}), h.claims)))
		require.NoError(t, err, "a token need not name its type")
		require.Equal(t, h.name, rec.Provider)
		text := segment(h.header) + "." + segment([]byte("[]"))
		_, err = s.Verify(t.Context(), h.deliver(signedBytes(text)))
		require.ErrorIs(t, err, webhook.ErrMalformed, h.name)
		_, err = h.newScheme(webhook.WithMaxBody(-1))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
	for _, h := range tokenHooks()[:2] {
		for _, r := range []*webhook.Request{post(""), h.deliver("no token"), h.deliver("")} {
			raws, err := h.scheme(t).Split(r, webhook.Receipt{})
			require.ErrorIs(t, err, webhook.ErrPayload, h.name)
			require.Nil(t, raws)
		}
	}
	logout := tokenHooks()[0]
	for name, change := range map[string]object{"sid a number": {"sid": 7}, "jti a number": {"jti": 7}, "no jti": {"jti": nil}, "events a list": {"events": []int{1}}, "logout a text": {"events": object{webhook.LogoutEvent: "x"}}} {
		_, err := logout.scheme(t).Verify(t.Context(), logout.deliver(rs256(logout.header, with(logout.claims, change))))
		require.Error(t, err, name)
	}
	rec, err := logout.scheme(t).Verify(t.Context(), logout.deliver(rs256(logout.header, with(logout.claims, object{"sub": nil}))))
	require.NoError(t, err, "sid alone")
	require.Equal(t, "j1", rec.EventID)
	rec, err = logout.scheme(t).Verify(t.Context(), logout.deliver(rs256(logout.header, with(logout.claims, object{"sid": nil}))))
	require.NoError(t, err, "sub alone")
	require.True(t, rec.EventIDSigned)
	require.True(t, rec.EventTypeSigned)
	_, err = logout.scheme(t).Verify(t.Context(), post("logout_token=%zz"))
	require.ErrorIs(t, err, webhook.ErrMalformed)
	for _, issuer := range []string{"", "https://tenant.auth0.com", "http://tenant.auth0.com/", "https:///", "tenant.auth0.com/", "https://a b/"} {
		_, err := webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: issuer, ClientID: "client123"})
		require.ErrorIs(t, err, webhook.ErrConfig, issuer)
	}
	_, err = webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: issuer, ClientID: ""})
	require.ErrorIs(t, err, webhook.ErrConfig)
	pubsub := tokenHooks()[2]
	for name, change := range map[string]object{"another account": {"email": "other@p.iam.gserviceaccount.com"}, "not verified": {"email_verified": false}, "verified a text": {"email_verified": "true"}, "email a number": {"email": 7}, "no email": {"email": nil}, "no verification": {"email_verified": nil}} {
		_, err := pubsub.scheme(t).Verify(t.Context(), pubsub.deliver(rs256(pubsub.header, with(pubsub.claims, change))))
		require.Error(t, err, "W19: %s", name)
	}
	_, err = pubsub.scheme(t).Verify(t.Context(), pubsub.deliver(rs256(pubsub.header, with(pubsub.claims, object{"iss": "accounts.google.com"}))))
	require.NoError(t, err)
	for _, email := range []string{"", "sa", "@p", "sa@"} {
		_, err := webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: email})
		require.ErrorIs(t, err, webhook.ErrConfig, email)
	}
	for header, want := range map[string]error{"": webhook.ErrMissing, "Bearer": webhook.ErrMalformed, "Basic x": webhook.ErrMalformed, "bearer " + rs256(pubsub.header, pubsub.claims): nil} {
		_, err := pubsub.scheme(t).Verify(t.Context(), post("{}", "Authorization", header))
		require.ErrorIs(t, err, want, header)
	}
}

func TestFirebaseBodiesWithoutAToken(t *testing.T) {
	t.Parallel()
	s := tokenHooks()[1].scheme(t)
	for body, want := range map[string]error{
		`{"data":{"jwt":""}}`: webhook.ErrMissing, `{"data":{"jwt":null}}`: webhook.ErrMissing, `{"data":{"jwt":7}}`: webhook.ErrMissing, `{"data":{}}`: webhook.ErrMissing, `{}`: webhook.ErrMissing,
		`{"data":[]}`: webhook.ErrMalformed, `[]`: webhook.ErrMalformed, ``: webhook.ErrMalformed, `{"data":{"jwt":"a.b"}}`: webhook.ErrMalformed,
	} {
		_, err := s.Verify(t.Context(), post(body))
		require.ErrorIs(t, err, want, body)
	}
}

func TestShopifyHeadersAreThoseOfTheSignature(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kit, prefix, other string }{{"shopify", "X-Shopify-", "Shopify-"}, {"shopify-events", "Shopify-", "X-Shopify-"}} {
		k := kitNamed(t, c.kit)
		sign := k.signer().WithID("w1").WithEvent("orders/create")
		for name, values := range map[string][2]string{"Api-Version": {"2026-01", "1999-01"}, "Triggered-At": {"2025-06-25T14:20:10Z", "1999-01-01T00:00:00Z"}} {
			sign = sign.WithHeader(c.prefix+name, values[0]).WithHeader(c.other+name, values[1])
		}
		r := received(t, sign.WithHeader(c.other+"Topic", "other").WithHeader(c.other+"Webhook-Id", "other").Request([]byte("{}")))
		raws, err := split(t, k.scheme(t), r)
		require.NoError(t, err)
		require.Equal(t, []webhook.Raw{{ID: "w1", Type: "orders/create", APIVersion: "2026-01", Time: fixedTime.UTC(), Payload: []byte("{}")}}, raws)
	}
}

func TestAuth0LogsInEachForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		"{\n  \"log_id\": \"1\",\n  \"data\": {\"type\": \"s\"}\n}\n": {"1"}, // one object over several lines
		"[{\"log_id\":\"1\"},\n{\"log_id\":\"2\"}]":                   {"1", "2"},
		" \n[]": nil,
		"\n{\"log_id\":\"1\"}\n\n \n{\"log_id\":\"2\"}": {"1", "2"},
		"": nil,
	} {
		raws, err := splitKit(t, "auth0-log-stream", body)
		require.NoError(t, err, "%q", body)
		var ids []string
		for _, raw := range raws {
			ids = append(ids, raw.ID)
			require.Equal(t, strings.TrimSpace(string(raw.Payload)), string(raw.Payload))
		}
		require.Equal(t, want, ids, "%q", body)
	}
}

func TestStaticTokensEdges(t *testing.T) {
	t.Parallel()
	basic, err := webhook.Postmark(secret.Static("user:pass:word"))
	require.NoError(t, err)
	encoded := base64.StdEncoding.EncodeToString([]byte("user:pass:word"))
	for header, want := range map[string]error{
		"Basic " + encoded: nil, "BASIC " + encoded: nil, "Basic  " + encoded: webhook.ErrMalformed, "Bearer " + encoded: webhook.ErrMalformed, "Basic": webhook.ErrMalformed,
		"Basic §": webhook.ErrMalformed, "Basic " + encoded[:len(encoded)-1]: webhook.ErrMalformed, "Basic ": webhook.ErrMismatch, "": webhook.ErrMissing,
	} {
		rec, err := basic.Verify(t.Context(), post("{}", "Authorization", header))
		require.ErrorIs(t, err, want, "%q", header)
		if want == nil {
			require.Equal(t, "basic", rec.Scheme)
		}
	}
	plain, err := webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "x-token"}, secret.Static("a", "b"))
	require.NoError(t, err)
	rec, err := plain.Verify(t.Context(), post("{}", "X-Token", "b"))
	require.NoError(t, err)
	require.Equal(t, webhook.Receipt{Provider: "acme", Scheme: "token", KeyID: "key 2"}, rec)
	_, err = webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "X-Token"}, secret.Static("a"), webhook.WithMaxBody(-1))
	require.ErrorIs(t, err, webhook.ErrConfig)

	calendar, err := webhook.GoogleCalendar(secret.Static("t"))
	require.NoError(t, err)
	for _, c := range []struct{ channel, number, want string }{{"c", "1", "c/1"}, {"", "1", ""}, {"c", "", ""}} {
		rec, err := calendar.Verify(t.Context(), post("", "X-Goog-Channel-Token", "t", "X-Goog-Channel-Id", c.channel, "X-Goog-Message-Number", c.number, "X-Goog-Resource-State", "sync"))
		require.NoError(t, err)
		require.Equal(t, c.want, rec.EventID)
		require.Equal(t, "sync", rec.EventType)
		require.False(t, rec.EventIDSigned || rec.EventTypeSigned)
		require.Contains(t, rec.Untrusted, "X-Goog-Resource-State")
	}
}

func TestPayloadsWithOddValues(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]webhook.Raw{
		`{"id":"a\u00e9\n","type":"t"}`:     {ID: "aé\n", IDSigned: true, Type: "t", TypeSigned: true},
		"{\"id\":\"a\xff\",\"type\":\"t\"}": {ID: "a\ufffd", IDSigned: true, Type: "t", TypeSigned: true},
		`{"id":-5,"type":9}`:                {ID: "-5", IDSigned: true, Type: "9", TypeSigned: true},
		`{"id":true,"type":{"a":1}}`:        {},
		`{"id":"","type":""}`:               {},
		`{"created":1750861210.5}`:          {Time: fixedTime.Add(time.Second / 2).UTC()},
		`{"created":"1750861210.5"}`:        {Time: fixedTime.Add(time.Second / 2).UTC()},
		`{"created":1750861210500}`:         {Time: fixedTime.Add(time.Second / 2).UTC()},
		`{"created":99999999999}`:           {Time: time.Unix(99999999999, 0).UTC()},
		`{"created":100000000000}`:          {Time: time.Unix(100000000, 0).UTC()},
		`{"created":999999999999999}`:       {Time: time.UnixMilli(999999999999999).UTC()},
		`{"created":1000000000000000}`:      {},
		`{"created":0}`:                     {},
		`{"created":-1}`:                    {},
		`{"created":1}`:                     {Time: time.Unix(1, 0).UTC()},
		`{"created":1e9}`:                   {Time: time.Unix(1e9, 0).UTC()},
		`{"created":"x"}`:                   {},
		`{"created":[1]}`:                   {},
		`{"id":"a","id":"b"}`:               {ID: "b", IDSigned: true},
		`{"ID":"a","Type":"b"}`:             {},
	} {
		raws, err := splitKit(t, "stripe", body)
		require.NoError(t, err, body)
		if want.Time.IsZero() {
			want.Time = fixedTime.UTC() // when it was signed
		}
		want.Payload = []byte(body)
		require.Equal(t, []webhook.Raw{want}, raws, body)
	}
	for _, body := range []string{"", " ", "null", "1", `"a"`, "[", "{", `{"id":`, `{"id":"a"`, `{"id":"a"}}`, `{"id":"a",}`} {
		_, err := splitKit(t, "stripe", body)
		require.ErrorIs(t, err, webhook.ErrPayload, "%q", body)
	}
}

func TestSchemesTakeTheirMethodsAndSizes(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		s, r := k.scheme(t), k.request(t, fixedTime)
		r.Method = ""
		_, err := s.Verify(t.Context(), r)
		require.NoError(t, err, "%s: no method is POST", k.name)
		tight := k.scheme(t, webhook.WithMaxBody(int64(max(len(r.Body), 1))))
		_, err = tight.Verify(t.Context(), r)
		require.NoError(t, err, "%s: the cap is inside", k.name)
		queued := clone(r)
		queued.ReceivedAt = fixedTime
		late, err := k.newScheme(webhook.WithClock(func() time.Time { return fixedTime.Add(1e6 * time.Hour) }))
		require.NoError(t, err)
		if k.signsTime {
			_, err = late.Verify(t.Context(), queued)
			require.NoError(t, err, k.name)
		}
	}
	var zero webhook.Scheme
	_, ok, err := zero.Challenge(t.Context(), post(""))
	require.NoError(t, err)
	require.False(t, ok)
	raws, err := zero.Split(post("x"), webhook.Receipt{EventID: "a"})
	require.NoError(t, err)
	require.Equal(t, []webhook.Raw{{ID: "a", Payload: []byte("x")}}, raws)
	require.NoError(t, zero.Warm(t.Context()))
	require.Equal(t, []string{http.MethodPost}, zero.Methods())
	methods := kitNamed(t, "x").scheme(t).Methods()
	methods[0] = "PUT"
	require.Equal(t, []string{"POST", "GET"}, kitNamed(t, "x").scheme(t).Methods(), "a caller's copy")
	for name, want := range map[string]time.Duration{
		"github": 10 * time.Second, "slack": 3 * time.Second, "sentry": time.Second, "shopify": 5 * time.Second, "paddle": 5 * time.Second,
		"svix": 15 * time.Second, "datadog": 15 * time.Second, "stripe": 0,
	} {
		require.Equal(t, want, kitNamed(t, name).scheme(t).AckDeadline(), name)
	}
}

// Rotation is seen by what the secrets are, not by how many.
func TestKeysAreReadAnewWhenOneOfThemChanges(t *testing.T) {
	t.Parallel()
	src := &careless{}
	set := func(keys ...string) {
		src.values = nil
		for _, k := range keys {
			src.values = append(src.values, secret.New(k))
		}
	}
	set("first", "second")
	s, err := webhook.GitHub(src)
	require.NoError(t, err)
	verify := func(key string) error {
		_, err := s.Verify(t.Context(), post("{}", "X-Hub-Signature-256", "sha256="+hexMAC(key, "{}")))
		return err
	}
	require.NoError(t, verify("second"))
	set("first", "third")
	require.NoError(t, verify("third"))
	require.ErrorIs(t, verify("second"), webhook.ErrMismatch)
	set("first", "third")
	require.NoError(t, verify("third"), "the same, in another slice")
	set("fourth", "third")
	require.NoError(t, verify("fourth"))
	require.ErrorIs(t, verify("first"), webhook.ErrMismatch)
	set("fourth")
	require.ErrorIs(t, verify("third"), webhook.ErrMismatch)
	set("fourth", "fifth", "sixth")
	for i, key := range []string{"fourth", "fifth", "sixth"} {
		rec, err := s.Verify(t.Context(), post("{}", "X-Hub-Signature-256", "sha256="+hexMAC(key, "{}")))
		require.NoError(t, err)
		require.Equal(t, "key "+strconv.Itoa(i+1), rec.KeyID)
	}
	_, err = webhook.GitHub(secret.Static("good", "ghp_bad"))
	require.ErrorContains(t, err, "key 2: ")
	set("good", "fine", " ")
	_, err = webhook.GitHub(src)
	require.ErrorContains(t, err, "key 3: ")
	require.ErrorIs(t, err, secret.ErrBlank)
}

func TestSignaturesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, enc := range []webhook.Encoding{webhook.Hex, webhook.Base64} {
		layout := webhook.Layout{SignatureHeader: "X-Sig", Encoding: enc, Prefix: "v1="}
		asymmetric, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Layout: layout}, secret.Static(sendGridKeys().Public))
		require.NoError(t, err)
		symmetric, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey))
		require.NoError(t, err)
		fill := map[webhook.Encoding]string{webhook.Hex: "0", webhook.Base64: "A"}[enc]
		for text, want := range map[string]error{
			"": webhook.ErrMalformed, strings.Repeat(fill, 288): webhook.ErrMismatch, strings.Repeat(fill, 292): webhook.ErrMalformed,
			fill: webhook.ErrMalformed, strings.Repeat(fill, 4): webhook.ErrMismatch, "====": webhook.ErrMalformed,
		} {
			_, err := asymmetric.Verify(t.Context(), post("{}", "X-Sig", "v1="+text))
			require.ErrorIs(t, err, want, "%d %q", enc, text)
			_, err = symmetric.Verify(t.Context(), post("{}", "X-Sig", "v1="+text))
			require.ErrorIs(t, err, webhook.ErrMalformed, "%d %q", enc, text)
		}
		_, err = asymmetric.Verify(t.Context(), post("{}", "X-Sig", "v2=00"))
		require.ErrorIs(t, err, webhook.ErrMalformed)
		_, err = asymmetric.Verify(t.Context(), post("{}", "X-Sig", ""))
		require.ErrorIs(t, err, webhook.ErrMissing)
	}
	// A list without a signature of the scheme's is not a malformed one.
	stripe := kitNamed(t, "stripe").scheme(t)
	for header, want := range map[string]error{
		"t=1750861210": webhook.ErrMissing, "t=1750861210,v0=" + strings.Repeat("0", 64): webhook.ErrMissing, "t=1750861210,v1=0": webhook.ErrMalformed,
		"t=1750861210,v1=" + strings.Repeat("z", 64): webhook.ErrMalformed, "t=1750861210,v1=" + strings.Repeat("0", 64): webhook.ErrMismatch,
		"v1=" + strings.Repeat("0", 64): webhook.ErrMissing, "t": webhook.ErrMalformed, "t=,v1=0": webhook.ErrMalformed,
	} {
		_, err := stripe.Verify(t.Context(), post("{}", "Stripe-Signature", header))
		require.ErrorIs(t, err, want, header)
	}
	for _, layout := range []webhook.Layout{{SignatureHeader: "X-Sig", Fields: &webhook.Fields{Signature: "s", Separator: "ab"}}, {SignatureHeader: "X-Sig", Fields: &webhook.Fields{Signature: "s", Assign: "::"}}, {SignatureHeader: "X-Sig", Fields: &webhook.Fields{Signature: "s", Assign: ","}}} {
		_, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
	// Without a name for the time an item without a name is only another item.
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Sig", Fields: &webhook.Fields{Signature: "s"}}}, secret.Static(rawKey))
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), post("{}", "X-Sig", "=x,=y,s="+hexMAC(rawKey, "{}")))
	require.NoError(t, err)
}

func TestHintsAreGivenWhereTheyApply(t *testing.T) {
	t.Parallel()
	hint := func(kit string, r *webhook.Request) string {
		_, err := kitNamed(t, kit).scheme(t).Verify(t.Context(), r)
		e, ok := errors.AsType[*webhook.Error](err)
		require.True(t, ok)
		return e.Hint
	}
	require.Contains(t, hint("github", post("", "Content-Length", "0")), "only if the hook has a secret", "an empty body that was sent as such")
	require.Contains(t, hint("github", post("{}", "Content-Length", "2")), "only if the hook has a secret", "a body that is whole")
	require.Contains(t, hint("github", post("{}", "Content-Length", "1")), "a middleware has changed it")
	require.Contains(t, hint("github", post("{}", "Content-Length", "x")), "only if the hook has a secret")
	require.Contains(t, hint("github", post("{}", "Transfer-Encoding", "chunked")), "only if the hook has a secret")
	get := post("", "Transfer-Encoding", "chunked")
	get.Method, get.URL = http.MethodGet, &url.URL{Path: "/"}
	require.Empty(t, hint("twilio", get), "a GET has no body to be read before")
	require.NotContains(t, hint("aws-sns", post("{}", "X-Amz-Sns-Rawdelivery", "false")), "raw message delivery is switched on")
	require.Contains(t, hint("aws-sns", post("", "Content-Length", "7")), "a middleware has read it before")
	require.Contains(t, hint("github", post("{}", "Svix-Signature", "x")), "one of svix")
	require.NotContains(t, hint("clerk", post("{}", "Svix-Signature", "x")), "svix", "they share their headers")
	require.NotContains(t, hint("github", post("{}", "X-GitHub-Event", "push")), "one of github")
	require.Empty(t, hint("stripe", post("{}", "X-Other", "x")))
	mismatch := post(`{"livemode":"x"}`, "Stripe-Signature", "t=1750861210,v1="+strings.Repeat("0", 64))
	require.NotContains(t, hint("stripe", mismatch), "mode:")
	require.Contains(t, hint("stripe", mismatch), "Each endpoint has a secret of its own")
	// A token's times have no skew to tell.
	h := tokenHooks()[2]
	for _, change := range []object{{"exp": fixedTime.Unix() - 100}, {"nbf": fixedTime.Unix() + 1000}, {"aud": "other"}} {
		_, err := h.scheme(t).Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, change))))
		e, ok := errors.AsType[*webhook.Error](err)
		require.True(t, ok)
		require.Empty(t, e.Hint, "%v", change)
	}
}

// An error lists its reason, and its cause if it has one.
func TestErrorsListTheirCauses(t *testing.T) {
	t.Parallel()
	cause := errors.New("why")
	require.Equal(t, []error{webhook.ErrMissing}, (&webhook.Error{Reason: webhook.ErrMissing}).Unwrap())
	require.Equal(t, []error{webhook.ErrMissing, cause}, (&webhook.Error{Reason: webhook.ErrMissing, Err: cause}).Unwrap())
}
