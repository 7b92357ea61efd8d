package webhook_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Throw-away keys.
const (
	rawKey      = "canary-secret-0123456789abcdef"
	standardKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherKey    = "whsec_dGVzdF9zaWduaW5nX3NlY3JldF8zMl9jaGFyc19sb25n"
	topicARN    = "arn:aws:sns:us-west-2:123456789012:MyTopic"
	issuer      = "https://tenant.auth0.com/"
	functionURL = "https://us-central1-my-project.cloudfunctions.net/beforeCreate"
	hookURL     = "https://example.com/hooks/twilio?foo=1"
)

var (
	fixedTime    = time.Unix(1_750_861_210, 0)
	keyServer    = sync.OnceValue(webhooktest.NewKeyServer)
	snsCerts     = sync.OnceValue(webhooktest.NewSNSCertificates)
	sendGridKeys = sync.OnceValue(webhooktest.SendGridKeys)
	ed25519Keys  = sync.OnceValue(webhooktest.Ed25519Keys)
)

// kit is one scheme with the signer that belongs to it.
type kit struct {
	name       string
	newScheme  func(opts ...webhook.Option) (*webhook.Scheme, error)
	signer     func() *webhooktest.Signer
	body       string
	signsBody  bool // the signature covers the body
	signsTime  bool // and a time, with a tolerance
	tokenInOut bool // the body is made by the signer
}

func bySource(construct constructor, key string) func(...webhook.Option) (*webhook.Scheme, error) {
	return func(opts ...webhook.Option) (*webhook.Scheme, error) {
		return construct(secret.Static(key), opts...)
	}
}

func kits() []kit {
	const object = `{"id":"evt_1","type":"a.b","data":{"n":1}}`
	return []kit{
		{"stripe", bySource(webhook.Stripe, rawKey), func() *webhooktest.Signer { return webhooktest.Stripe(rawKey) }, object, true, true, false},
		{"paddle", bySource(webhook.Paddle, rawKey), func() *webhooktest.Signer { return webhooktest.Paddle(rawKey) }, object, true, true, false},
		{"slack", bySource(webhook.Slack, rawKey), func() *webhooktest.Signer { return webhooktest.Slack(rawKey) }, object, true, true, false},
		{"standard-webhooks", bySource(webhook.StandardWebhooks, standardKey), func() *webhooktest.Signer { return webhooktest.StandardWebhooks(standardKey) }, object, true, true, false},
		{"standard-webhooks-raw", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.StandardWebhooks(secret.Static(rawKey), append(opts, webhook.WithRawSecret())...)
		}, func() *webhooktest.Signer { return webhooktest.StandardWebhooksRaw(rawKey) }, object, true, true, false},
		{"standard-webhooks-ed25519", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.StandardWebhooksEd25519(secret.Static(ed25519Keys().Public), opts...)
		}, func() *webhooktest.Signer { return webhooktest.StandardWebhooksEd25519(ed25519Keys().Private) }, object, true, true, false},
		{"svix", bySource(webhook.Svix, standardKey), func() *webhooktest.Signer { return webhooktest.Svix(standardKey) }, object, true, true, false},
		{"clerk", bySource(webhook.Clerk, standardKey), func() *webhooktest.Signer { return webhooktest.Clerk(standardKey) }, object, true, true, false},
		{"resend", bySource(webhook.Resend, standardKey), func() *webhooktest.Signer { return webhooktest.Resend(standardKey) }, object, true, true, false},
		{"openai", bySource(webhook.OpenAI, standardKey), func() *webhooktest.Signer { return webhooktest.OpenAI(standardKey) }, object, true, true, false},
		{"sendgrid", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.SendGrid(secret.Static(sendGridKeys().Public), opts...)
		}, func() *webhooktest.Signer { return webhooktest.SendGrid(sendGridKeys().Private) }, `[{"sg_event_id":"e1","event":"open"}]` + "\r\n", true, true, false},
		{"sendgrid-inbound", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.SendGridInbound(secret.Static(sendGridKeys().Public), opts...)
		}, func() *webhooktest.Signer { return webhooktest.SendGridInbound(sendGridKeys().Private) }, "--xYzZY\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\na@example.com\r\n--xYzZY--\r\n", true, true, false},
		{"github", bySource(webhook.GitHub, rawKey), func() *webhooktest.Signer { return webhooktest.GitHub(rawKey) }, object, true, false, false},
		{"shopify", bySource(webhook.Shopify, rawKey), func() *webhooktest.Signer { return webhooktest.Shopify(rawKey) }, object, true, false, false},
		{"shopify-events", bySource(webhook.Shopify, rawKey), func() *webhooktest.Signer { return webhooktest.ShopifyUnprefixed(rawKey) }, object, true, false, false},
		{"sentry", bySource(webhook.Sentry, rawKey), func() *webhooktest.Signer { return webhooktest.Sentry(rawKey) }, object, true, false, false},
		{"sentry-ui", bySource(webhook.Sentry, rawKey), func() *webhooktest.Signer { return webhooktest.SentryUI(rawKey) }, object, true, false, false},
		{"x", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.X(secret.Static(rawKey), nil, opts...)
		},
			func() *webhooktest.Signer { return webhooktest.X(rawKey) }, object, true, false, false},
		{"x-oauth2", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.X(secret.Static("consumer"), secret.Static(rawKey), opts...)
		}, func() *webhooktest.Signer { return webhooktest.XOAuth2(rawKey) }, object, true, false, false},
		{"twilio", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Twilio(secret.Static(rawKey), hookURL, opts...)
		}, func() *webhooktest.Signer { return webhooktest.Twilio(rawKey).WithURL(hookURL) }, "To=%2B1800&From=%2B1801&Body=Hi", true, false, false},
		{"braintree", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Braintree("public_key", secret.Static(rawKey), opts...)
		}, func() *webhooktest.Signer {
			return webhooktest.Braintree(webhooktest.BraintreeKey{Public: "public_key", Private: rawKey})
		}, "<notification><kind>check</kind></notification>", true, false, true},
		{"aws-sns", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.SNS([]string{topicARN}, append(opts, webhook.WithHTTPClient(snsCerts().Client()))...)
		}, func() *webhooktest.Signer {
			return webhooktest.SNS(snsCerts(), webhooktest.SNSConfig{TopicARN: topicARN})
		}, "hello\nworld", true, false, true},
		{"auth0-logout", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: issuer, ClientID: "client123"}, append(opts, webhook.WithHTTPClient(keyServer().Client()))...)
		}, func() *webhooktest.Signer { return webhooktest.Auth0Logout(keyServer(), issuer, "client123") }, "", true, false, true},
		{"firebase", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "my-project", FunctionURL: functionURL}, append(opts, webhook.WithHTTPClient(keyServer().Client()))...)
		}, func() *webhooktest.Signer {
			return webhooktest.FirebaseBlocking(keyServer(), "my-project", functionURL)
		}, "", true, false, true},
		{"google-pubsub", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: "sa@my-project.iam.gserviceaccount.com"}, append(opts, webhook.WithHTTPClient(keyServer().Client()))...)
		}, func() *webhooktest.Signer {
			return webhooktest.PubSub(keyServer(), "https://example.com/push", "sa@my-project.iam.gserviceaccount.com")
		}, `{"message":{"data":"SGVsbG8=","messageId":"1"},"subscription":"s"}`, false, false, false},
		{"postmark", bySource(webhook.Postmark, "user:"+rawKey), func() *webhooktest.Signer { return webhooktest.Postmark("user", rawKey) }, object, false, false, false},
		{"postmark-inbound", bySource(webhook.PostmarkInbound, "user:"+rawKey), func() *webhooktest.Signer { return webhooktest.Postmark("user", rawKey) }, object, false, false, false},
		{"postmark-header", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.PostmarkHeader("X-Token", secret.Static(rawKey), opts...)
		}, func() *webhooktest.Signer { return webhooktest.Datadog("X-Token", rawKey) }, object, false, false, false},
		{"cloudflare", bySource(webhook.Cloudflare, rawKey), func() *webhooktest.Signer { return webhooktest.Cloudflare(rawKey) }, object, false, false, false},
		{"datadog", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Datadog("X-Hook-Token", secret.Static(rawKey), opts...)
		}, func() *webhooktest.Signer { return webhooktest.Datadog("X-Hook-Token", rawKey) }, object, false, false, false},
		{"google-calendar", bySource(webhook.GoogleCalendar, rawKey), func() *webhooktest.Signer { return webhooktest.GoogleCalendar(rawKey) }, "", false, false, false},
		{"auth0-log-stream", bySource(webhook.Auth0LogStream, "Bearer "+rawKey), func() *webhooktest.Signer { return webhooktest.Auth0LogStream("Bearer " + rawKey) }, `[{"log_id":"1"}]`, false, false, false},
		{"static-token", func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "X-Acme-Token"}, secret.Static(rawKey), opts...)
		}, func() *webhooktest.Signer { return webhooktest.Datadog("X-Acme-Token", rawKey) }, object, false, false, false},
	}
}

func (k kit) scheme(t testing.TB, opts ...webhook.Option) *webhook.Scheme {
	t.Helper()
	s, err := k.newScheme(append([]webhook.Option{webhook.WithClock(func() time.Time { return fixedTime })}, opts...)...)
	require.NoError(t, err)
	return s
}

// request makes a delivery signed at the given time.
func (k kit) request(t testing.TB, at time.Time) *webhook.Request {
	t.Helper()
	return received(t, k.signer().At(at).Request([]byte(k.body)))
}

func received(t testing.TB, r *http.Request) *webhook.Request {
	t.Helper()
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		require.NoError(t, err)
	}
	return webhook.FromHTTP(r, body)
}

func clone(r *webhook.Request) *webhook.Request {
	c := *r
	c.Header, c.Body = r.Header.Clone(), bytes.Clone(r.Body)
	return &c
}

func reason(t testing.TB, err error) error {
	t.Helper()
	var e *webhook.Error
	require.ErrorAs(t, err, &e)
	require.NotNil(t, e.Reason)
	require.NotEmpty(t, e.Provider)
	return e.Reason
}

// The signers of webhooktest are written apart from the verifiers.
func TestEveryProviderVerifiesItsSigner(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, r := k.scheme(t), k.request(t, fixedTime)
			before := clone(r)
			rec, err := s.Verify(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, s.Provider(), rec.Provider)
			require.NotEmpty(t, rec.Scheme)
			require.NotEmpty(t, rec.KeyID)
			require.Equal(t, before, r, "W11: the request is handed on unchanged")
			if k.signsTime {
				require.Equal(t, fixedTime.UTC(), rec.SignedAt)
			}
			raws, err := s.Split(r, rec)
			require.NoError(t, err)
			require.Len(t, raws, 1)
			if !k.signsBody {
				require.False(t, raws[0].IDSigned)
				require.False(t, raws[0].TypeSigned)
			}
			_, ok, err := s.Challenge(t.Context(), r)
			require.NoError(t, err)
			require.False(t, ok)

			again, err := s.Verify(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, rec, again)
		})
	}
}

// W11
func TestW11_BodyComparedRawUnderTheCap(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, r := k.scheme(t), k.request(t, fixedTime)
			if k.signsBody && !k.tokenInOut {
				for name, change := range map[string]func([]byte) []byte{
					"CRLF added":   func(b []byte) []byte { return append(b, "\r\n"...) },
					"space added":  func(b []byte) []byte { return append(b, ' ') },
					"last cut":     func(b []byte) []byte { return b[:len(b)-1] },
					"one bit":      func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
					"empty":        func([]byte) []byte { return nil },
					"NUL appended": func(b []byte) []byte { return append(b, 0) },
				} {
					changed := clone(r)
					changed.Body = change(changed.Body)
					_, err := s.Verify(t.Context(), changed)
					require.Error(t, err, name)
					require.False(t, webhook.Undecidable(err), name)
				}
			}
			small := k.scheme(t, webhook.WithMaxBody(8))
			require.EqualValues(t, 8, small.MaxBody())
			large := clone(r)
			large.Body = bytes.Repeat([]byte("x"), 9)
			_, err := small.Verify(t.Context(), large)
			require.ErrorIs(t, err, webhook.ErrTooLarge)
			if _, _, err = small.Challenge(t.Context(), large); err != nil {
				require.ErrorIs(t, err, webhook.ErrTooLarge)
			}
		})
	}
	for name, want := range map[string]int64{
		"stripe": 1 << 20, "github": 25 << 20, "sendgrid-inbound": 30 << 20, "postmark-inbound": 30 << 20,
	} {
		i := slices.IndexFunc(kits(), func(k kit) bool { return k.name == name })
		require.Equal(t, want, kits()[i].scheme(t).MaxBody(), name)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		s, r := k.scheme(t), k.request(t, fixedTime)
		require.Contains(t, s.Methods(), http.MethodPost, k.name)
		for _, method := range []string{http.MethodPut, http.MethodDelete, "post", "G E T"} {
			r.Method = method
			_, err := s.Verify(t.Context(), r)
			require.ErrorIs(t, err, webhook.ErrMethod, k.name)
		}
		r.Method = http.MethodGet
		_, err := s.Verify(t.Context(), r)
		if s.Provider() != "twilio" {
			require.ErrorIs(t, err, webhook.ErrMethod, k.name)
		}
	}
}

// A delivery for one provider passes at no other's endpoint, and an empty one
// nowhere.
func TestNothingElseVerifies(t *testing.T) {
	t.Parallel()
	same := func(a, b string) bool {
		family := func(name string) string {
			name, _, _ = strings.Cut(strings.TrimSuffix(name, "-inbound"), "-ui")
			for _, f := range [][]string{
				{"svix", "clerk", "resend", "openai", "standard-webhooks"}, {"shopify", "shopify-events"},
				{"postmark"}, {"sendgrid"}, {"sentry"},
			} {
				if slices.Contains(f, name) {
					return f[0]
				}
			}
			return name
		}
		return family(a) == family(b)
	}
	for _, k := range kits() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s := k.scheme(t)
			for _, r := range []*webhook.Request{
				{}, {Header: http.Header{}}, {Header: http.Header{}, Body: []byte("{}")}, {Header: http.Header{}, Body: []byte("[]")},
			} {
				rec, err := s.Verify(t.Context(), r)
				require.Error(t, err)
				require.Zero(t, rec)
				require.Contains(t, []error{webhook.ErrMissing, webhook.ErrMalformed}, reason(t, err))
			}
			for _, other := range kits() {
				if same(k.name, other.name) {
					continue
				}
				_, err := s.Verify(t.Context(), other.request(t, fixedTime))
				require.Error(t, err, other.name)
			}
		})
	}
}

// X1: no form of printing a scheme shows a key.
func TestX1_SchemesDoNotPrintTheirKeys(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		s := k.scheme(t)
		_, err := s.Verify(t.Context(), k.request(t, fixedTime))
		require.NoError(t, err)
		var shown string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s)
		}
		for _, key := range []string{rawKey, standardKey, strings.TrimPrefix(standardKey, "whsec_")} {
			require.NotContains(t, shown, key)
			require.NotContains(t, shown, fmt.Sprint([]byte(key)))
			require.NotContains(t, shown, base64.StdEncoding.EncodeToString([]byte(key)))
		}
	}
}

// W4: whatever is wrong, neither the key nor the expected signature shows.
func TestW4_ErrorsHoldNoSecretAndNoExpectedSignature(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, good := k.scheme(t), k.request(t, fixedTime)
			var hidden []string
			for name, values := range good.Header {
				// What the right signature would be must not be told to whoever
				// sends a wrong one.
				if name == "Content-Type" || name == "User-Agent" || name == "Accept" || name == "Content-Length" || len(values[0]) < 16 {
					continue
				}
				hidden = append(hidden, values[0])
				_, tail, _ := strings.Cut(values[0], "=")
				if len(tail) > 16 {
					hidden = append(hidden, tail)
				}
			}
			hidden = append(hidden, rawKey, standardKey, strings.TrimPrefix(standardKey, "whsec_"))
			var errs []error
			for name := range good.Header {
				bad := clone(good)
				bad.Header[name] = []string{"wrong"}
				_, err := s.Verify(t.Context(), bad)
				errs = append(errs, err)
				delete(bad.Header, name)
				_, err = s.Verify(t.Context(), bad)
				errs = append(errs, err)
			}
			bad := clone(good)
			bad.Body = []byte(`{"livemode":false,"wrong":true}`)
			_, err := s.Verify(t.Context(), bad)
			errs = append(errs, err)
			late := clone(good)
			late.ReceivedAt = fixedTime.Add(1000 * time.Hour)
			_, err = s.Verify(t.Context(), late)
			for _, err := range append(errs, err) {
				if err == nil {
					continue // the header is not one that the scheme needs
				}
				shown, jsonErr := json.Marshal(err)
				require.NoError(t, jsonErr)
				text := err.Error() + string(shown)
				for _, h := range hidden {
					require.NotContains(t, text, h)
				}
			}
		})
	}
}
