package webhook_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/google/go-github/v92/github"
	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	stripe "github.com/stripe/stripe-go/v76/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Deliveries are damaged at random: what package webhook still accepts, the
// provider's own verifier must accept as well. The reverse does not hold:
// package webhook is the stricter one.
func TestWeAcceptNothingThatTheOfficialVerifierRefuses(t *testing.T) {
	t.Parallel()
	standard, err := standardwebhooks.NewWebhook(base64Secret)
	require.NoError(t, err)
	sv, err := svix.NewWebhook(base64Secret)
	require.NoError(t, err)
	keys := webhooktest.SendGridKeys()
	key, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(keys.Public)
	require.NoError(t, err)
	scheme := func(s *webhook.Scheme, err error) *webhook.Scheme {
		require.NoError(t, err)
		return s
	}
	for name, c := range map[string]struct {
		signer   *webhooktest.Signer
		ours     *webhook.Scheme
		official func(h http.Header, body []byte) error
		headers  []string
	}{
		"stripe": {
			webhooktest.Stripe(plainSecret, "old"), scheme(webhook.Stripe(secret.Static(plainSecret))),
			func(h http.Header, body []byte) error {
				return one(h.Get("Stripe-Signature"), ",", "t=", "v1=", func(header string) error {
					return stripe.ValidatePayload(body, header, plainSecret)
				})
			}, []string{"Stripe-Signature"},
		},
		"paddle": {
			webhooktest.Paddle(plainSecret), scheme(webhook.Paddle(secret.Static(plainSecret))),
			func(h http.Header, body []byte) error {
				// paddle-go-sdk knows lower case only; the bytes are the same.
				return one(h.Get("Paddle-Signature"), ";", "ts=", "h1=", func(header string) error {
					r := &http.Request{Header: http.Header{"Paddle-Signature": {strings.ToLower(header)}}, Body: io.NopCloser(bytes.NewReader(body))}
					return refusedUnless(paddle.NewWebhookVerifier(plainSecret).Verify(r))
				})
			}, []string{"Paddle-Signature"},
		},
		"github": {
			webhooktest.GitHub(plainSecret), scheme(webhook.GitHub(secret.Static(plainSecret))),
			func(h http.Header, body []byte) error {
				return github.ValidateSignature(h.Get("X-Hub-Signature-256"), body, []byte(plainSecret))
			}, []string{"X-Hub-Signature-256"},
		},
		"standard-webhooks": {
			webhooktest.StandardWebhooks(base64Secret, "b2xk"), scheme(webhook.StandardWebhooks(secret.Static(base64Secret))),
			func(h http.Header, body []byte) error { return standard.Verify(body, h) },
			[]string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
		},
		"svix": {
			webhooktest.Svix(base64Secret), scheme(webhook.Svix(secret.Static(base64Secret))),
			func(h http.Header, body []byte) error { return sv.Verify(body, h) },
			[]string{"Svix-Id", "Svix-Timestamp", "Svix-Signature"},
		},
		"sendgrid": {
			webhooktest.SendGrid(keys.Private), scheme(webhook.SendGrid(secret.Static(keys.Public))),
			func(h http.Header, body []byte) error {
				return refusedUnless(eventwebhook.VerifySignature(key, body, h.Get(eventwebhook.VerificationHTTPHeader), h.Get(eventwebhook.TimestampHTTPHeader)))
			}, []string{"X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(11, uint64(len(name))))
			accepted, refused := 0, 0
			for range 5000 {
				body := []byte(`[{"id":"evt_1","text":"é"}]` + "\r\n")
				h := c.signer.Request(body).Header
				if r.IntN(3) == 0 {
					body = damaged(r, body)
				}
				for _, name := range c.headers {
					if r.IntN(2) == 0 {
						h[name] = []string{string(damaged(r, []byte(h.Get(name))))}
					}
				}
				if _, err := c.ours.Verify(t.Context(), &webhook.Request{Header: h, Body: body}); err != nil {
					refused++
					continue
				}
				accepted++
				require.NoError(t, c.official(h, body), "%q %q", h, body)
			}
			require.Greater(t, accepted, 100, "damage must not always matter, or nothing is compared")
			require.Greater(t, refused, 1000)
		})
	}
}

// one asks about each signature of a list by itself, beside the list's time:
// the official verifiers refuse a list with an item that they do not
// understand, paddle-go-sdk even one with two signatures, where package webhook
// passes over the item.
func one(list, separator, timeName, signatureName string, ask func(header string) error) error {
	var stamp string
	items := strings.Split(list, separator)
	for _, item := range items {
		if strings.HasPrefix(item, timeName) {
			stamp = item
		}
	}
	err := errRefused
	for _, item := range items {
		if strings.HasPrefix(item, signatureName) {
			if err = ask(stamp + separator + item); err == nil {
				return nil
			}
		}
	}
	return err
}

// damaged returns b with a byte changed, added, repeated or removed, a part
// repeated, or the case changed; sometimes as it was.
func damaged(r *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	if len(b) == 0 {
		return b
	}
	i := r.IntN(len(b))
	switch r.IntN(9) {
	case 0:
		b[i] ^= 1 << r.IntN(8)
	case 1:
		b = slices.Insert(b, i, " ,;=.\r\n\t+0v"[r.IntN(11)])
	case 2:
		b = slices.Delete(b, i, i+1)
	case 3:
		b = append(b, b[i:]...)
	case 4:
		b = append(append(slices.Clone(b[i:]), ' '), b...)
	case 5:
		b = bytes.ToUpper(b)
	case 6:
		b = append(b, []string{",x", " v1,x", ",v1=00", ";h1=00", "=", "\n", " "}[r.IntN(7)]...)
	case 7:
		b = []byte(strings.Replace(string(b), "v1", "v0", 1))
	}
	return b
}
