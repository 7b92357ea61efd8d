package webhook_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Help for the person who mounted it wrongly.
func TestHints(t *testing.T) {
	t.Parallel()
	signed := func(name string) *webhook.Request { return kitNamed(t, name).request(t, fixedTime) }
	change := func(name string, f func(r *webhook.Request)) *webhook.Request {
		r := signed(name)
		f(r)
		return r
	}
	for name, c := range map[string]struct {
		scheme string
		r      *webhook.Request
		want   string
	}{
		"body read before": {"stripe", change("stripe", func(r *webhook.Request) {
			r.Header.Set("Content-Length", "43")
			r.Body = nil
		}), "a middleware has read it before"},
		"body read before, chunked": {"github", change("github", func(r *webhook.Request) {
			r.Header.Set("Transfer-Encoding", "chunked")
			r.Body = nil
		}), "a middleware may have read it"},
		"body changed": {"github", change("github", func(r *webhook.Request) {
			r.Header.Set("Content-Length", "43")
			r.Body = []byte(`{"id":"evt_1"}`)
		}), "a middleware has changed it"},
		"test mode":                  {"stripe", change("stripe", func(r *webhook.Request) { r.Body = []byte(`{"livemode": false}`) }), "event of test mode"},
		"live mode":                  {"stripe", change("stripe", func(r *webhook.Request) { r.Body = []byte(`{"livemode":true}`) }), "event of live mode"},
		"wrong secret":               {"github", change("github", func(r *webhook.Request) { r.Body = []byte("{}") }), "each endpoint has a secret of its own"},
		"another provider":           {"stripe", signed("github"), "header X-Hub-Signature-256 is one of github"},
		"another provider, svix":     {"standard-webhooks", signed("svix"), "is one of svix"},
		"another provider, standard": {"stripe", signed("openai"), "is one of standard-webhooks"},
		"another provider, token":    {"google-pubsub", signed("google-calendar"), "is one of google-calendar"},
		"no secret at GitHub":        {"github", post("{}", "X-GitHub-Event", "push"), "only if the hook has a secret"},
		"not switched on":            {"sendgrid", post("[]"), "switched on"},
		"no token":                   {"google-calendar", post("", "X-Goog-Channel-Id", "1"), "without a token"},
		"no authentication":          {"google-pubsub", post("{}"), "no authentication"},
		"lower-case keys":            {"stripe", &webhook.Request{Header: http.Header{"stripe-signature": {"t=1"}}}, "canonical"},
		"SNS raw delivery":           {"aws-sns", post("hello", "X-Amz-Sns-Rawdelivery", "true"), "raw message delivery is switched on"},
		"SNS raw delivery of JSON":   {"aws-sns", post(`{"a":1}`, "X-Amz-Sns-Rawdelivery", "true"), "raw message delivery is switched on"},
	} {
		_, err := kitNamed(t, c.scheme).scheme(t).Verify(t.Context(), c.r)
		var e *webhook.Error
		require.ErrorAs(t, err, &e, name)
		require.Contains(t, e.Hint, c.want, name)
		require.Contains(t, err.Error(), "hint: ", name)
	}
	// Skew, in seconds.
	k := kitNamed(t, "slack")
	r := k.request(t, fixedTime)
	for skew, want := range map[time.Duration]string{
		3600 * time.Second: "3600 s before the time of this clock", -400 * time.Second: "400 s after the time of this clock",
	} {
		r.ReceivedAt = fixedTime.Add(skew)
		_, err := k.scheme(t).Verify(t.Context(), r)
		require.ErrorContains(t, err, want)
	}
	// Everything is in order: nothing to advise but the reason.
	_, err := webhook.GitHub(secret.Static(" "))
	var e *webhook.Error
	require.ErrorAs(t, err, &e)
	require.Empty(t, e.Hint)
	_, err = kitNamed(t, "sendgrid-inbound").scheme(t).Verify(t.Context(), received(t, webhooktest.SendGrid(sendGridKeys().Private).At(fixedTime).Request([]byte("[]"))))
	require.ErrorAs(t, err, &e)
	require.NotContains(t, e.Hint, "sendgrid", "its headers are shared")
}

// Whoever mounts the endpoint of one provider where another's deliveries arrive is
// told which: every scheme whose signature header is its own is known by it.
func TestHintNamesTheProviderOfEveryScheme(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{
		"braintree": "in the body", "auth0-logout": "in the body", "firebase": "in the body",
		"google-pubsub": "Authorization", "postmark": "Authorization", "postmark-inbound": "Authorization", "auth0-log-stream": "Authorization",
		"postmark-header": "configured", "datadog": "configured", "static-token": "configured",
	}
	family := map[string]string{
		"clerk": "svix", "resend": "svix", "openai": "standard-webhooks",
		"sendgrid-inbound": "sendgrid",
	}
	endpoint := custom(t, webhook.Layout{SignatureHeader: "X-Acme-Signature"})
	for _, k := range kits() {
		_, err := endpoint.Verify(t.Context(), k.request(t, fixedTime))
		e, ok := errors.AsType[*webhook.Error](err)
		require.True(t, ok, k.name)
		if elsewhere[k.name] != "" {
			require.Empty(t, e.Hint, k.name)
			continue
		}
		name := k.scheme(t).Provider()
		if of := family[name]; of != "" {
			name = of
		}
		require.Contains(t, e.Hint, " is one of "+name+": is this its endpoint?", k.name)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	e := &webhook.Error{Provider: "stripe", Reason: webhook.ErrStale, Detail: "detail", Hint: "hint", Skew: 301 * time.Second, Err: cause}
	require.Equal(t, "webhook: stripe: timestamp too old: detail (by 301 s): cause (hint: hint)", e.Error())
	require.ErrorIs(t, e, webhook.ErrStale)
	require.ErrorIs(t, e, cause)
	require.NotErrorIs(t, e, webhook.ErrFuture)
	require.Equal(t, "webhook: refused", (&webhook.Error{}).Error())
	require.False(t, webhook.Undecidable(e))
	require.False(t, webhook.Undecidable(nil))
	require.True(t, webhook.Undecidable(&webhook.Error{Reason: webhook.ErrUnavailable}))

	// Outside text is quoted and short.
	_, err := kitNamed(t, "stripe").scheme(t).Verify(t.Context(), &webhook.Request{Method: strings.Repeat("\x1b[31m", 1000)})
	require.ErrorIs(t, err, webhook.ErrMethod)
	require.Less(t, len(err.Error()), 400)
	require.NotContains(t, err.Error(), "\x1b")
}
