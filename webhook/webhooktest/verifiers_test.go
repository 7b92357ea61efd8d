package webhooktest_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// pair is a signer and the verifier of the same scheme, which share no code.
type pair struct {
	signer   *webhooktest.Signer
	stranger *webhooktest.Signer // the same provider with another key; nil where that key would have to be fetched
	verifier *webhook.Scheme
	bodies   func(r *rand.Rand, n int) []byte
	bodyFree bool // the scheme does not cover the body
	timed    bool // the scheme covers the time
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// RSA keys take long to make: the tests of this package share three.
var (
	sharedKeys         = sync.OnceValue(webhooktest.NewKeyServer)
	otherSharedKeys    = sync.OnceValue(webhooktest.NewKeyServer)
	sharedCertificates = sync.OnceValue(webhooktest.NewSNSCertificates)
)

const (
	base64Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret  = "whsec_dGVzdF9zaWduaW5nX3NlY3JldF8zMl9jaGFyc19sb25n"
)

func pairs(t *testing.T) map[string]pair {
	t.Helper()
	src := secret.Static
	events, others := webhooktest.SendGridKeys(), webhooktest.SendGridKeys()
	ed, otherEd := webhooktest.Ed25519Keys(), webhooktest.Ed25519Keys()
	keys, otherKeys, certs := sharedKeys(), otherSharedKeys(), sharedCertificates()
	const (
		endpoint = "https://mycompany.com/myapp.php?foo=1&bar=2"
		function = "https://us-central1-my-project.cloudfunctions.net/beforeCreate"
		tenant   = "https://tenant.auth0.com/"
		account  = "push-sa@my-project.iam.gserviceaccount.com"
	)
	braintree, otherBraintree := webhooktest.BraintreeKey{Public: "public", Private: canary}, webhooktest.BraintreeKey{Public: "public", Private: "x"}
	return map[string]pair{
		"twilio form": {
			signer: webhooktest.Twilio(canary).WithURL(endpoint), stranger: webhooktest.Twilio("x").WithURL(endpoint),
			verifier: must(webhook.Twilio(src(canary), endpoint)), bodies: form,
		},
		"twilio JSON": {
			signer: webhooktest.Twilio(canary).WithURL(endpoint), stranger: webhooktest.Twilio("x").WithURL(endpoint),
			verifier: must(webhook.Twilio(src(canary), "https://mycompany.com")), bodies: jsonArray,
		},
		"twilio with a port": {
			signer: webhooktest.Twilio(canary).WithURL("https://mycompany.com:443/hook"), stranger: webhooktest.Twilio("x").WithURL("https://mycompany.com:443/hook"),
			verifier: must(webhook.Twilio(src(canary), "https://mycompany.com/hook")), bodies: form,
		},
		"braintree": {
			signer: webhooktest.Braintree(braintree), stranger: webhooktest.Braintree(otherBraintree),
			verifier: must(webhook.Braintree("public", src(canary))), bodies: notification,
		},
		"braintree of several keys": {
			signer: webhooktest.Braintree(webhooktest.BraintreeKey{Public: "other", Private: "x"}, braintree), stranger: webhooktest.Braintree(otherBraintree),
			verifier: must(webhook.Braintree("public", src(canary))), bodies: notification,
		},
		"sns": {
			signer:   webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}),
			verifier: must(webhook.SNS([]string{topic}, webhook.WithHTTPClient(certs.Client()))), bodies: jsonArray,
		},
		"sns version 1": {
			signer:   webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic, Version: "1", Subject: "A subject"}),
			verifier: must(webhook.SNS([]string{topic}, webhook.WithHTTPClient(certs.Client()))), bodies: notification,
		},
		"sns confirmation": {
			signer:   webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).WithEvent("SubscriptionConfirmation"),
			verifier: must(webhook.SNS([]string{topic}, webhook.WithHTTPClient(certs.Client()))), bodies: notification,
		},
		"sns end of a subscription": {
			signer:   webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).WithEvent("UnsubscribeConfirmation"),
			verifier: must(webhook.SNS([]string{topic}, webhook.WithHTTPClient(certs.Client()))), bodies: notification,
		},
		"pubsub": {
			signer: webhooktest.PubSub(keys, "https://example.com/push", account), stranger: webhooktest.PubSub(otherKeys, "https://example.com/push", account),
			verifier: must(webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: account}, webhook.WithHTTPClient(keys.Client()))), bodies: anyBytes, bodyFree: true,
		},
		"firebase": {
			signer: webhooktest.FirebaseBlocking(keys, "my-project", function), stranger: webhooktest.FirebaseBlocking(otherKeys, "my-project", function),
			verifier: must(webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "my-project", FunctionURL: function}, webhook.WithHTTPClient(keys.Client()))), bodies: noBody, bodyFree: true,
		},
		"auth0 logout": {
			signer: webhooktest.Auth0Logout(keys, tenant, "client"), stranger: webhooktest.Auth0Logout(otherKeys, tenant, "client"),
			verifier: must(webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: tenant, ClientID: "client"}, webhook.WithHTTPClient(keys.Client()))), bodies: noBody, bodyFree: true,
		},
		"stripe": {
			signer: webhooktest.Stripe(canary), stranger: webhooktest.Stripe("x"), timed: true,
			verifier: must(webhook.Stripe(src(canary))), bodies: anyBytes,
		},
		"stripe rolling": {
			signer: webhooktest.Stripe("new", canary), stranger: webhooktest.Stripe("x", "y"), timed: true,
			verifier: must(webhook.Stripe(src("newest", canary))), bodies: anyBytes,
		},
		"paddle": {
			signer: webhooktest.Paddle(canary, "old"), stranger: webhooktest.Paddle("x"), timed: true,
			verifier: must(webhook.Paddle(src(canary))), bodies: anyBytes,
		},
		"github": {
			signer: webhooktest.GitHub(canary), stranger: webhooktest.GitHub("x"),
			verifier: must(webhook.GitHub(src(canary))), bodies: anyBytes,
		},
		"svix": {
			signer: webhooktest.Svix(base64Secret), stranger: webhooktest.Svix(otherSecret), timed: true,
			verifier: must(webhook.Svix(src(base64Secret))), bodies: anyBytes,
		},
		"svix unbranded": {
			signer: webhooktest.StandardWebhooks(base64Secret), stranger: webhooktest.StandardWebhooks(otherSecret), timed: true,
			verifier: must(webhook.Svix(src(base64Secret))), bodies: anyBytes,
		},
		"clerk": {
			signer: webhooktest.Clerk(base64Secret), stranger: webhooktest.Clerk(otherSecret), timed: true,
			verifier: must(webhook.Clerk(src(base64Secret))), bodies: anyBytes,
		},
		"resend": {
			signer: webhooktest.Resend(base64Secret), stranger: webhooktest.Resend(otherSecret), timed: true,
			verifier: must(webhook.Resend(src(base64Secret))), bodies: anyBytes,
		},
		"standard webhooks": {
			signer: webhooktest.StandardWebhooks(otherSecret, base64Secret), stranger: webhooktest.StandardWebhooks(otherSecret), timed: true,
			verifier: must(webhook.StandardWebhooks(src(base64Secret))), bodies: anyBytes,
		},
		"standard webhooks raw": {
			signer: webhooktest.StandardWebhooksRaw(canary), stranger: webhooktest.StandardWebhooksRaw("x"), timed: true,
			verifier: must(webhook.StandardWebhooks(src(canary), webhook.WithRawSecret())), bodies: anyBytes,
		},
		"standard webhooks ed25519": {
			signer: webhooktest.StandardWebhooksEd25519(ed.Private), stranger: webhooktest.StandardWebhooksEd25519(otherEd.Private), timed: true,
			verifier: must(webhook.StandardWebhooksEd25519(src(ed.Public))), bodies: anyBytes,
		},
		"openai": {
			signer: webhooktest.OpenAI(base64Secret), stranger: webhooktest.OpenAI(otherSecret), timed: true,
			verifier: must(webhook.OpenAI(src(base64Secret))), bodies: anyBytes,
		},
		"openai raw": {
			signer: webhooktest.OpenAI(canary), stranger: webhooktest.OpenAI("x"), timed: true,
			verifier: must(webhook.OpenAI(src(canary), webhook.WithRawSecret())), bodies: anyBytes,
		},
		"sendgrid": {
			signer: webhooktest.SendGrid(events.Private), stranger: webhooktest.SendGrid(others.Private),
			verifier: must(webhook.SendGrid(src(events.Public))), bodies: jsonArray,
		},
		"sendgrid inbound": {
			signer: webhooktest.SendGridInbound(events.Private), stranger: webhooktest.SendGridInbound(others.Private),
			verifier: must(webhook.SendGridInbound(src(events.Public))), bodies: multipart,
		},
		"slack": {
			signer: webhooktest.Slack(canary), stranger: webhooktest.Slack("x"), timed: true,
			verifier: must(webhook.Slack(src(canary))), bodies: anyBytes,
		},
		"shopify": {
			signer: webhooktest.Shopify(canary), stranger: webhooktest.Shopify("x"),
			verifier: must(webhook.Shopify(src(canary))), bodies: anyBytes,
		},
		"shopify, newer headers": {
			signer: webhooktest.ShopifyUnprefixed(canary), stranger: webhooktest.ShopifyUnprefixed("x"),
			verifier: must(webhook.Shopify(src(canary))), bodies: anyBytes,
		},
		"sentry": {
			signer: webhooktest.Sentry(canary), stranger: webhooktest.Sentry("x"),
			verifier: must(webhook.Sentry(src(canary))), bodies: someBytes,
		},
		"sentry UI": {
			signer: webhooktest.SentryUI(canary), stranger: webhooktest.SentryUI("x"),
			verifier: must(webhook.Sentry(src(canary))), bodies: anyBytes,
		},
		"x": {
			signer: webhooktest.X(canary), stranger: webhooktest.X("x"),
			verifier: must(webhook.X(src(canary), nil)), bodies: jsonObject,
		},
		"x oauth2": {
			signer: webhooktest.XOAuth2(canary), stranger: webhooktest.XOAuth2("x"),
			verifier: must(webhook.X(src("consumer"), src(canary))), bodies: jsonObject,
		},
		"auth0 log stream": {
			signer: webhooktest.Auth0LogStream(canary), stranger: webhooktest.Auth0LogStream("x"), bodyFree: true,
			verifier: must(webhook.Auth0LogStream(src(canary))), bodies: anyBytes,
		},
		"cloudflare": {
			signer: webhooktest.Cloudflare(canary), stranger: webhooktest.Cloudflare("x"), bodyFree: true,
			verifier: must(webhook.Cloudflare(src(canary))), bodies: anyBytes,
		},
		"datadog": {
			signer: webhooktest.Datadog("X-Token", canary), stranger: webhooktest.Datadog("X-Token", "x"), bodyFree: true,
			verifier: must(webhook.Datadog("X-Token", src(canary))), bodies: anyBytes,
		},
		"google calendar": {
			signer: webhooktest.GoogleCalendar(canary), stranger: webhooktest.GoogleCalendar("x"), bodyFree: true,
			verifier: must(webhook.GoogleCalendar(src(canary))), bodies: anyBytes,
		},
		"postmark header": {
			signer: webhooktest.PostmarkHeader("X-Hook-Secret", canary), stranger: webhooktest.PostmarkHeader("X-Hook-Secret", "x"), bodyFree: true,
			verifier: must(webhook.PostmarkHeader("X-Hook-Secret", src(canary))), bodies: anyBytes,
		},
		"postmark inbound": {
			signer: webhooktest.Postmark("hook", "password"), stranger: webhooktest.Postmark("hook", "x"), bodyFree: true,
			verifier: must(webhook.PostmarkInbound(src("hook:password"))), bodies: anyBytes,
		},
		"postmark": {
			signer: webhooktest.Postmark("hook", "p@ss:word"), stranger: webhooktest.Postmark("hook", "x"), bodyFree: true,
			verifier: must(webhook.Postmark(src("hook:p@ss:word"))), bodies: anyBytes,
		},
	}
}

// received turns a delivery into what a verifier gets.
func received(t *testing.T, r *http.Request) *webhook.Request {
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return webhook.FromHTTP(r, body)
}

// Signers and verifiers were written from the providers' documentation by
// different hands: each must accept the other's work, and nothing else.
func TestVerifiersAcceptWhatSignersSign(t *testing.T) {
	t.Parallel()
	for name, p := range pairs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(5, uint64(len(name))))
			for n := range 100 {
				body := p.bodies(r, n)
				req := received(t, p.signer.Request(body))
				rec, err := p.verifier.Verify(t.Context(), req)
				require.NoError(t, err, "body %d: %.200q", n, body)
				require.NotEmpty(t, rec.Provider)
				require.NotEmpty(t, rec.Scheme)
				if p.timed {
					require.WithinDuration(t, time.Now(), rec.SignedAt, time.Minute)
				}

				if p.stranger != nil {
					_, err = p.verifier.Verify(t.Context(), received(t, p.stranger.Request(body)))
					require.ErrorIs(t, err, webhook.ErrMismatch)
					require.NotContains(t, err.Error(), canary)
				}

				if !p.bodyFree && len(req.Body) > 2 {
					req.Body[len(req.Body)-1] ^= 1
					_, err = p.verifier.Verify(t.Context(), req)
					require.Error(t, err, "a changed body")
				}
			}
		})
	}
}

// W5
func TestVerifiersHoldSignersToTheTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, p := range pairs(t) {
		if !p.timed {
			continue
		}
		body := p.bodies(rand.New(rand.NewPCG(5, 5)), 7)
		for _, c := range []struct {
			off    time.Duration
			reason error
		}{
			{-300 * time.Second, nil}, {-301 * time.Second, webhook.ErrStale},
			{300 * time.Second, nil}, {301 * time.Second, webhook.ErrFuture},
		} {
			req := received(t, p.signer.At(now.Add(c.off)).Request(body))
			req.ReceivedAt = now
			_, err := p.verifier.Verify(t.Context(), req)
			require.ErrorIs(t, err, c.reason, "%s, %v", name, c.off)
		}
		far := received(t, p.signer.At(time.Unix(now.Unix()+18_446_744_073, 0)).Request(body))
		far.ReceivedAt = now
		_, err := p.verifier.Verify(t.Context(), far)
		require.ErrorIs(t, err, webhook.ErrFuture, "%s, a difference that wraps around in nanoseconds", name)
	}
}

// W9
func TestVerifiersAcceptEitherSecretOfARotation(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	for _, configured := range [][]string{{"a", "b"}, {"b", "a"}} {
		v := must(webhook.Stripe(secret.Static(configured...)))
		for _, s := range []*webhooktest.Signer{webhooktest.Stripe("a"), webhooktest.Stripe("x", "a"), webhooktest.Stripe("a", "x")} {
			rec, err := v.Verify(t.Context(), received(t, s.Request(body)))
			require.NoError(t, err)
			require.Equal(t, map[bool]string{true: "key 1", false: "key 2"}[configured[0] == "a"], rec.KeyID)
		}
	}
}

// W21, W22
func TestVerifiersAnswerChallenges(t *testing.T) {
	t.Parallel()
	answer := func(s *webhook.Scheme, r *http.Request) string {
		a, ok, err := s.Challenge(t.Context(), received(t, r))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, http.StatusOK, a.Status)
		return string(a.Body)
	}
	x := must(webhook.X(secret.Static(canary), nil))
	require.JSONEq(t, `{"response_token":"`+webhooktest.XChallengeAnswer(canary, "token-1")+`"}`,
		answer(x, webhooktest.XChallenge("https://example.com/hook", "token-1")))

	key := webhooktest.BraintreeKey{Public: "public", Private: canary}
	challenge := "20f9f8ed05f77439fe955c977e4c8a53"
	require.Equal(t, webhooktest.BraintreeChallengeAnswer(key, challenge),
		answer(must(webhook.Braintree("public", secret.Static(canary))), webhooktest.BraintreeChallenge("https://example.com/hook", challenge)))

	body := `{"token":"t","challenge":"abc","type":"url_verification"}`
	require.Contains(t, answer(must(webhook.Slack(secret.Static(canary))), webhooktest.Slack(canary).Request([]byte(body))), "abc")

	certs := sharedCertificates()
	confirming := must(webhook.SNS([]string{topic}, webhook.WithHTTPClient(certs.Client()), webhook.SNSAutoConfirm()))
	_ = answer(confirming, webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).WithEvent("SubscriptionConfirmation").Request([]byte("x")))
}

func anyBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, r.IntN(300))
	if n%20 == 0 {
		b = nil
	}
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if n%3 == 0 {
		b = append(b, "♥ \r\n"...)
	}
	return b
}

func someBytes(r *rand.Rand, n int) []byte { return append(anyBytes(r, n), "x"...) }

func jsonObject(_ *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, "{\"for_user_id\":\"%d\",\"text\":\"é♥\"}\r\n", n)
}

func jsonArray(r *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, "[{\"event\":\"delivered\",\"n\":%d,\"text\":\"%s\"}]\r\n", n, bytes.Repeat([]byte("é♥"), r.IntN(50)))
}

func multipart(r *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, "--xYzZY\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\n%d %s\r\n--xYzZY--\r\n", n, bytes.Repeat([]byte("\xffé"), r.IntN(50)))
}

func form(r *rand.Rand, n int) []byte {
	v := url.Values{"From": {"+18005551212"}, "Body": {fmt.Sprintf("é♥ %d\r\n&=+", n)}}
	for range r.IntN(4) {
		v.Add("Repeated", fmt.Sprint(2*r.IntN(3))) // a changed last bit never makes it equal to another
	}
	return []byte(v.Encode())
}

func notification(_ *rand.Rand, n int) []byte {
	return fmt.Appendf(nil, "<notification>\r\n <timestamp type=\"datetime\">2026-11-23T14:40:25Z</timestamp>\n<kind>check</kind><subject>é♥ %d</subject></notification>\n", n)
}

func noBody(*rand.Rand, int) []byte { return nil }

// A signer and a verifier are shared by a whole program; neither touches the body.
func TestSignersAndVerifiersAreSharedByGoroutines(t *testing.T) {
	t.Parallel()
	for name, p := range pairs(t) {
		body := p.bodies(rand.New(rand.NewPCG(5, 5)), 7)
		before := bytes.Clone(body)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				signer := p.signer.WithHeader("X-Number", fmt.Sprint(i))
				req := signer.Request(body)
				if n := req.Header.Get("X-Number"); n != fmt.Sprint(i) {
					t.Errorf("%s: header of another goroutine: %s", name, n)
				}
				sent, err := io.ReadAll(req.Body)
				if err == nil {
					_, err = p.verifier.Verify(t.Context(), webhook.FromHTTP(req, sent))
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, before, body, name)
	}
}
