package webhook_test

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// vector is one case of testdata/webhooks.json.
type vector struct {
	ID               string                     `json:"id"`
	Provider         string                     `json:"provider"`
	Kind             string                     `json:"kind"`
	Secret           json.RawMessage            `json:"secret"`
	SecretFormat     string                     `json:"secret_format"`
	PublicKey        string                     `json:"public_key"`
	CertificatePEM   string                     `json:"certificate_pem"`
	Topics           []string                   `json:"topic_allowlist"`
	JWKS             json.RawMessage            `json:"jwks"`
	Config           vectorConfig               `json:"config"`
	Method           string                     `json:"method"`
	URL              string                     `json:"url"`
	Headers          map[string]json.RawMessage `json:"headers"`
	Body             string                     `json:"body"`
	BodyEncoding     string                     `json:"body_encoding"`
	Now              *int64                     `json:"now"`
	Tolerance        int64                      `json:"tolerance_s"`
	Valid            bool                       `json:"valid"`
	ConstructorError bool                       `json:"constructor_error"`
	ExpectedResponse string                     `json:"expected_response"`
	Expected         string                     `json:"expected"`
	Why              string                     `json:"why"`
}

type vectorConfig struct {
	Audience string   `json:"audience"`
	Issuers  []string `json:"issuers"`
	Email    string   `json:"email"`
}

func readVectors(t testing.TB, path string) []vector {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		var file struct{ Cases []vector }
		require.NoError(t, json.Unmarshal(data, &file))
		return file.Cases
	}
	var vs []vector
	require.NoError(t, json.Unmarshal(data, &vs))
	return vs
}

// Every case runs through the constructor that a user calls.
// STANDPIPE_WEBHOOK_VECTORS names a further file of the same form.
func TestVectors(t *testing.T) {
	t.Parallel()
	vs := readVectors(t, "testdata/webhooks.json")
	require.Len(t, vs, 173)
	runVectors(t, vs)
	if path := os.Getenv("STANDPIPE_WEBHOOK_VECTORS"); path != "" {
		runVectors(t, readVectors(t, path))
	}
}

func runVectors(t *testing.T, vs []vector) {
	providers := map[string]bool{}
	for _, v := range vs {
		providers[v.Provider] = true
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			v.run(t)
		})
	}
	t.Logf("%d cases of %d providers", len(vs), len(providers))
}

func (v vector) run(t *testing.T) {
	s, err := v.scheme(t)
	if v.ConstructorError {
		require.ErrorIs(t, err, webhook.ErrConfig, v.Why)
		return
	}
	require.NoError(t, err, v.Why)
	r := v.request(t)
	switch v.Kind {
	case "challenge":
		v.checkChallenge(t, s, r)
	case "primitive":
		_, err = s.Verify(t.Context(), r)
		require.NoError(t, err)
	default: // a delivery
		rec, err := s.Verify(t.Context(), r)
		if !v.Valid {
			require.Error(t, err, v.Why)
			require.False(t, webhook.Undecidable(err), "must be decided: %v", err)
			require.Zero(t, rec)
			return
		}
		require.NoError(t, err, v.Why)
		require.NotEmpty(t, rec.Scheme)
		require.NotEmpty(t, rec.KeyID)
	}
}

func (v vector) checkChallenge(t *testing.T, s *webhook.Scheme, r *webhook.Request) {
	answer, ok, err := s.Challenge(t.Context(), r)
	require.True(t, ok)
	if !v.Valid {
		require.Error(t, err, v.Why)
		require.Nil(t, answer)
		return
	}
	require.NoError(t, err, v.Why)
	require.Equal(t, http.StatusOK, answer.Status)
	if strings.HasPrefix(v.ExpectedResponse, "{") {
		require.JSONEq(t, v.ExpectedResponse, string(answer.Body))
	} else {
		require.Equal(t, v.ExpectedResponse, string(answer.Body))
	}
}

func (v vector) request(t *testing.T) *webhook.Request {
	t.Helper()
	r := &webhook.Request{Method: v.Method, Header: v.header(t), Body: v.body(t)}
	if v.Kind == "primitive" {
		r.Header.Set("Signature", v.Expected)
	}
	if v.URL != "" {
		u, err := url.Parse(v.URL)
		require.NoError(t, err)
		r.URL = &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	}
	return r
}

func (v vector) body(t *testing.T) []byte {
	t.Helper()
	switch v.BodyEncoding {
	case "", "utf8", "utf-8":
		return []byte(v.Body)
	case "hex":
		b, err := hex.DecodeString(v.Body)
		require.NoError(t, err)
		return b
	case "base64":
		b, err := base64.StdEncoding.DecodeString(v.Body)
		require.NoError(t, err)
		return b
	}
	require.Fail(t, "body encoding "+v.BodyEncoding)
	return nil
}

// header adds every value, so that a list is the same header sent twice.
func (v vector) header(t *testing.T) http.Header {
	t.Helper()
	h := http.Header{}
	for name, raw := range v.Headers {
		var many []string
		if err := json.Unmarshal(raw, &many); err != nil {
			var single string
			require.NoError(t, json.Unmarshal(raw, &single))
			many = []string{single}
		}
		for _, value := range many {
			h.Add(name, value)
		}
	}
	return h
}

// secrets is the source of a case's secret, or of several, newest first.
func (v vector) secrets(t *testing.T) secret.Source {
	t.Helper()
	if len(v.Secret) == 0 {
		return secret.Static("")
	}
	var many []string
	if json.Unmarshal(v.Secret, &many) != nil {
		many = make([]string, 1)
		require.NoError(t, json.Unmarshal(v.Secret, &many[0]))
	}
	return secret.Static(many...)
}

// timed are the providers that sign a time and hold it to a tolerance.
var timed = []string{
	"clerk", "openai", "paddle", "resend", "sendgrid", "sendgrid-inbound", "slack", "standard-webhooks", "stripe", "svix",
}

func (v vector) options(t *testing.T) []webhook.Option {
	t.Helper()
	var opts []webhook.Option
	switch isTimed := slices.Contains(timed, v.Provider); {
	case v.Now != nil:
		opts = append(opts, webhook.WithClock(func() time.Time { return time.Unix(*v.Now, 0) }))
		if v.Tolerance > 0 && isTimed {
			opts = append(opts, webhook.WithTolerance(time.Duration(v.Tolerance)*time.Second))
		}
	case isTimed: // no check of the time
		opts = append(opts, webhook.WithTolerance(math.MaxInt64))
	}
	if v.SecretFormat == "raw" {
		opts = append(opts, webhook.WithRawSecret())
	}
	return opts
}

type constructor = func(secret.Source, ...webhook.Option) (*webhook.Scheme, error)

// bySecret are the providers whose constructor takes secrets and options only.
var bySecret = map[string]constructor{
	"auth0-log-stream":  webhook.Auth0LogStream,
	"clerk":             webhook.Clerk,
	"cloudflare":        webhook.Cloudflare,
	"github":            webhook.GitHub,
	"google-calendar":   webhook.GoogleCalendar,
	"openai":            webhook.OpenAI,
	"paddle":            webhook.Paddle,
	"postmark":          webhook.Postmark,
	"resend":            webhook.Resend,
	"sentry":            webhook.Sentry,
	"shopify":           webhook.Shopify,
	"slack":             webhook.Slack,
	"standard-webhooks": webhook.StandardWebhooks,
	"stripe":            webhook.Stripe,
	"svix":              webhook.Svix,
}

func (v vector) scheme(t *testing.T) (*webhook.Scheme, error) {
	t.Helper()
	opts := v.options(t)
	switch v.Provider {
	case "sendgrid-inbound":
		return webhook.SendGridInbound(secret.Static(v.PublicKey), opts...)
	case "sendgrid":
		return webhook.SendGrid(secret.Static(v.PublicKey), opts...)
	case "braintree":
		return v.braintree(t, opts)
	case "aws-sns":
		return v.sns(t)
	case "auth0-logout":
		return webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: v.Config.Issuers[0], ClientID: v.Config.Audience}, append(opts, v.keys())...)
	case "firebase":
		project := v.Config.Issuers[0][strings.LastIndexByte(v.Config.Issuers[0], '/')+1:]
		return webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: project, FunctionURL: v.Config.Audience}, append(opts, v.keys())...)
	case "google-pubsub":
		return webhook.PubSub(webhook.PubSubConfig{Audience: v.Config.Audience, ServiceAccount: v.Config.Email}, append(opts, v.keys())...)
	case "datadog":
		return webhook.Datadog("X-Datadog-Webhook-Token", v.secrets(t), opts...)
	case "twilio":
		return webhook.Twilio(v.secrets(t), v.URL, opts...)
	case "x":
		if v.header(t).Get("X-Twitter-Webhooks-Signature-OAuth2") != "" {
			return webhook.X(nil, v.secrets(t), opts...)
		}
		return webhook.X(v.secrets(t), nil, opts...)
	}
	construct := bySecret[v.Provider]
	require.NotNil(t, construct, "provider %s", v.Provider)
	if v.PublicKey != "" {
		return webhook.StandardWebhooksEd25519(secret.Static(v.PublicKey), opts...)
	}
	return construct(v.secrets(t), opts...)
}

// braintree constructs the scheme; a primitive, which is Braintree's MAC over any
// bytes, is checked through the generic builder, since the form takes base64
// only.
func (v vector) braintree(t *testing.T, opts []webhook.Option) (*webhook.Scheme, error) {
	t.Helper()
	var keys struct {
		Public, Private string
		PrivateHex      string `json:"private_hex"`
	}
	require.NoError(t, json.Unmarshal(v.Secret, &keys))
	if v.Kind != "primitive" {
		return webhook.Braintree(keys.Public, secret.Static(keys.Private), opts...)
	}
	private, err := hex.DecodeString(keys.PrivateHex)
	require.NoError(t, err)
	require.Len(t, v.Expected, 2*sha1.Size)
	return webhook.HMAC(webhook.HMACConfig{
		Provider: "braintree", Hash: crypto.SHA1, Key: webhook.SHA1Key,
		Layout: webhook.Layout{SignatureHeader: "Signature"},
	}, secret.Static(string(private)))
}

// sns pins the clock to the message's time or to the beginning of the
// certificate's validity, whichever is later: the test certificate is younger
// than the dates in the messages, and SNS has no tolerance of its own.
func (v vector) sns(t *testing.T) (*webhook.Scheme, error) {
	t.Helper()
	block, _ := pem.Decode([]byte(v.CertificatePEM))
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	now := cert.NotBefore
	if v.Now != nil && time.Unix(*v.Now, 0).After(now) {
		now = time.Unix(*v.Now, 0)
	}
	opts := []webhook.Option{webhook.WithClock(func() time.Time { return now }), webhook.WithHTTPClient(serving([]byte(v.CertificatePEM)))}
	if v.Tolerance > 0 {
		opts = append(opts, webhook.WithTolerance(time.Duration(v.Tolerance)*time.Second))
	}
	return webhook.SNS(v.Topics, opts...)
}

func (v vector) keys() webhook.Option { return webhook.WithHTTPClient(serving(v.JWKS)) }

// serving is a client that gets body from everywhere.
func serving(body []byte) *http.Client {
	return &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)),
		}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
