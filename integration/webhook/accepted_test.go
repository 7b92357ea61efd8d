package webhook_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-github/v92/github"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	stripe "github.com/stripe/stripe-go/v76/webhook"
	svix "github.com/svix/svix-webhooks/go"
	twilio "github.com/twilio/twilio-go/client"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const (
	plainSecret  = "a secret of any form"
	base64Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

var errRefused = errors.New("refused")

// refusedUnless turns a yes or no into an error.
func refusedUnless(ok bool, err error) error {
	if err != nil {
		return err
	}
	if !ok {
		return errRefused
	}
	return nil
}

func TestOfficialVerifiersAcceptOurSignatures(t *testing.T) {
	t.Parallel()
	standard, err := standardwebhooks.NewWebhook(base64Secret)
	require.NoError(t, err)
	standardRaw, err := standardwebhooks.NewWebhookRaw([]byte(plainSecret))
	require.NoError(t, err)
	sv, err := svix.NewWebhook(base64Secret)
	require.NoError(t, err)
	oai := openai.NewClient(option.WithAPIKey("none"), option.WithWebhookSecret(base64Secret))
	sendGridKeys := webhooktest.SendGridKeys()
	sendGridKey, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(sendGridKeys.Public)
	require.NoError(t, err)
	tw := twilio.NewRequestValidator(plainSecret)
	const twilioURL = "https://mycompany.com/myapp.php?foo=1&bar=2"

	for name, c := range map[string]struct {
		signer *webhooktest.Signer
		kind   kind
		verify func(r *http.Request, body []byte) error
	}{
		"stripe-go": {webhooktest.Stripe(plainSecret), anyBytes, func(r *http.Request, body []byte) error {
			return stripe.ValidatePayload(body, r.Header.Get("Stripe-Signature"), plainSecret)
		}},
		"stripe-go, new secret of two": {webhooktest.Stripe(plainSecret, "old"), text, func(r *http.Request, body []byte) error {
			return stripe.ValidatePayload(body, r.Header.Get("Stripe-Signature"), plainSecret)
		}},
		"stripe-go, old secret of two": {webhooktest.Stripe("new", plainSecret), text, func(r *http.Request, body []byte) error {
			return stripe.ValidatePayload(body, r.Header.Get("Stripe-Signature"), plainSecret)
		}},
		"paddle-go-sdk": {webhooktest.Paddle(plainSecret), anyBytes, func(r *http.Request, body []byte) error {
			r.Body = io.NopCloser(bytes.NewReader(body))
			return refusedUnless(paddle.NewWebhookVerifier(plainSecret).Verify(r))
		}},
		"go-github": {webhooktest.GitHub(plainSecret), anyBytes, func(r *http.Request, body []byte) error {
			return github.ValidateSignature(r.Header.Get(github.SHA256SignatureHeader), body, []byte(plainSecret))
		}},
		"go-github, sha1": {webhooktest.GitHub(plainSecret), anyBytes, func(r *http.Request, body []byte) error {
			return github.ValidateSignature(r.Header.Get(github.SHA1SignatureHeader), body, []byte(plainSecret))
		}},
		"standard-webhooks": {webhooktest.StandardWebhooks(base64Secret), anyBytes, func(r *http.Request, body []byte) error {
			return standard.Verify(body, r.Header)
		}},
		"standard-webhooks, raw secret": {webhooktest.StandardWebhooksRaw(plainSecret), anyBytes, func(r *http.Request, body []byte) error {
			return standardRaw.Verify(body, r.Header)
		}},
		"standard-webhooks, second of two": {webhooktest.StandardWebhooks("bmV3", base64Secret), text, func(r *http.Request, body []byte) error {
			return standard.Verify(body, r.Header)
		}},
		"svix":        {webhooktest.Svix(base64Secret), anyBytes, func(r *http.Request, body []byte) error { return sv.Verify(body, r.Header) }},
		"svix clerk":  {webhooktest.Clerk(base64Secret), text, func(r *http.Request, body []byte) error { return sv.Verify(body, r.Header) }},
		"svix resend": {webhooktest.Resend(base64Secret), text, func(r *http.Request, body []byte) error { return sv.Verify(body, r.Header) }},
		"svix unbranded": {webhooktest.StandardWebhooks(base64Secret), text, func(r *http.Request, body []byte) error {
			return sv.Verify(body, r.Header)
		}},
		"openai-go": {webhooktest.OpenAI(base64Secret), anyBytes, func(r *http.Request, body []byte) error {
			return oai.Webhooks.VerifySignature(body, r.Header)
		}},
		"openai-go, raw secret": {webhooktest.OpenAI(plainSecret), text, func(r *http.Request, body []byte) error {
			return oai.Webhooks.VerifySignature(body, r.Header, option.WithWebhookSecret(plainSecret))
		}},
		"sendgrid-go": {webhooktest.SendGrid(sendGridKeys.Private), array, func(r *http.Request, body []byte) error {
			return refusedUnless(eventwebhook.VerifySignature(sendGridKey, body,
				r.Header.Get(eventwebhook.VerificationHTTPHeader), r.Header.Get(eventwebhook.TimestampHTTPHeader)))
		}},
		"twilio-go, form": {webhooktest.Twilio(plainSecret).WithURL(twilioURL), form, func(r *http.Request, body []byte) error {
			values, err := url.ParseQuery(string(body))
			params := map[string]string{}
			for name := range values {
				params[name] = values.Get(name)
			}
			return refusedUnless(tw.Validate(r.URL.String(), params, r.Header.Get("X-Twilio-Signature")), err)
		}},
		"twilio-go, JSON": {webhooktest.Twilio(plainSecret).WithURL(twilioURL).WithHeader("Content-Type", "application/json"), object, func(r *http.Request, body []byte) error {
			return refusedUnless(tw.ValidateBody(r.URL.String(), body, r.Header.Get("X-Twilio-Signature")), nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bodies(t, c.kind, func(i int, body []byte) {
				if c.kind == form && len(body) == 0 {
					body = []byte("a=1") // without parameters nothing but the URL is signed
				}
				req := c.signer.Request(body)
				if err := c.verify(req, body); err != nil {
					require.NoError(t, err, "body %d: %.100q", i, body)
				}
				if i < 50 {
					require.Error(t, c.verify(c.signer.Request(body), changed(body)), "body %d, changed", i)
				}
			})
		})
	}
}

// The token hooks have no body to speak of: golang-jwt reads what the tokens
// say and checks the signature with the published key.
func TestGolangJWTAcceptsOurTokens(t *testing.T) {
	t.Parallel()
	keys, others := webhooktest.NewKeyServer(), webhooktest.NewKeyServer()
	for name, c := range map[string]struct {
		signer *webhooktest.Signer
		parser *jwt.Parser
	}{
		"pubsub": {
			webhooktest.PubSub(keys, "https://example.com/push", "sa@example.com"),
			jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("https://accounts.google.com"), jwt.WithAudience("https://example.com/push"), jwt.WithExpirationRequired(), jwt.WithIssuedAt()),
		},
		"firebase": {
			webhooktest.FirebaseBlocking(keys, "p", "https://f.example/"),
			jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("https://securetoken.google.com/p"), jwt.WithAudience("https://f.example/"), jwt.WithExpirationRequired(), jwt.WithIssuedAt()),
		},
		"auth0": {
			webhooktest.Auth0Logout(keys, "https://t.auth0.com/", "client"),
			jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("https://t.auth0.com/"), jwt.WithAudience("client"), jwt.WithExpirationRequired(), jwt.WithIssuedAt()),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := c.signer.Request(nil)
			token := tokenOf(t, req)
			_, err := c.parser.Parse(token, publishedKey(t, keys))
			require.NoError(t, err)
			_, err = c.parser.Parse(token, publishedKey(t, others))
			require.Error(t, err, "another key set")
		})
	}
}
