package webhook_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	stripe "github.com/stripe/stripe-go/v76/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// accept verifies a delivery of body, and that a changed one is refused.
func accept(t *testing.T, v *webhook.Scheme, header http.Header, i int, body []byte) {
	t.Helper()
	_, err := v.Verify(t.Context(), &webhook.Request{Header: header, Body: body})
	if err != nil {
		require.NoError(t, err, "body %d: %.100q", i, body)
	}
	_, err = v.Verify(t.Context(), &webhook.Request{Header: header, Body: changed(body)})
	if !errors.Is(err, webhook.ErrMismatch) {
		require.ErrorIs(t, err, webhook.ErrMismatch, "body %d, changed", i)
	}
}

// large admits the bodies of 1 MiB and a little: 1 MiB is the default cap.
var large = webhook.WithMaxBody(4 << 20)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestWeAcceptWhatStripeSigns(t *testing.T) {
	t.Parallel()
	v, err := webhook.Stripe(secret.Static("new", plainSecret), large)
	require.NoError(t, err)
	bodies(t, anyBytes, func(i int, body []byte) {
		signed := stripe.GenerateTestSignedPayload(&stripe.UnsignedPayload{Payload: body, Secret: plainSecret})
		accept(t, v, header("Stripe-Signature", signed.Header), i, body)
	})
}

func TestWeAcceptWhatStandardWebhooksSigns(t *testing.T) {
	t.Parallel()
	signer, err := standardwebhooks.NewWebhook(base64Secret)
	require.NoError(t, err)
	v, err := webhook.StandardWebhooks(secret.Static(base64Secret), large)
	require.NoError(t, err)
	oai, err := webhook.OpenAI(secret.Static(base64Secret), large)
	require.NoError(t, err)
	rawSigner, err := standardwebhooks.NewWebhookRaw([]byte(plainSecret))
	require.NoError(t, err)
	rawVerifier, err := webhook.StandardWebhooks(secret.Static(plainSecret), webhook.WithRawSecret(), large)
	require.NoError(t, err)
	bodies(t, anyBytes, func(i int, body []byte) {
		now, id := time.Now(), fmt.Sprint("msg_", i)
		sign := func(s *standardwebhooks.Webhook) http.Header {
			sig, err := s.Sign(id, now, body)
			require.NoError(t, err)
			return header("webhook-id", id, "webhook-timestamp", strconv.FormatInt(now.Unix(), 10), "webhook-signature", "v1,none "+sig)
		}
		accept(t, v, sign(signer), i, body)
		accept(t, oai, sign(signer), i, body)
		accept(t, rawVerifier, sign(rawSigner), i, body)
	})
}

func TestWeAcceptWhatSvixSigns(t *testing.T) {
	t.Parallel()
	signer, err := svix.NewWebhook(base64Secret)
	require.NoError(t, err)
	var verifiers []*webhook.Scheme
	for _, f := range []func(secret.Source, ...webhook.Option) (*webhook.Scheme, error){webhook.Svix, webhook.Clerk, webhook.Resend} {
		v, err := f(secret.Static(base64Secret), large)
		require.NoError(t, err)
		verifiers = append(verifiers, v)
	}
	bodies(t, anyBytes, func(i int, body []byte) {
		now, id := time.Now(), fmt.Sprint("msg_", i)
		sig, err := signer.Sign(id, now, body)
		require.NoError(t, err)
		for _, v := range verifiers {
			accept(t, v, header("svix-id", id, "svix-timestamp", strconv.FormatInt(now.Unix(), 10), "svix-signature", sig), i, body)
		}
		accept(t, verifiers[0], header("webhook-id", id, "webhook-timestamp", strconv.FormatInt(now.Unix(), 10), "webhook-signature", sig), i, body)
	})
}

func TestWeAcceptWhatTheNPMLibrariesSign(t *testing.T) {
	t.Parallel()
	keys := question{PublicKey: braintreeKey.Public, PrivateKey: braintreeKey.Private}
	for name, c := range map[string]struct {
		verifier func() (*webhook.Scheme, error)
		kind     kind
		sign     func(n *npm, body []byte) (http.Header, []byte)
	}{
		"stripe": {
			func() (*webhook.Scheme, error) { return webhook.Stripe(secret.Static(plainSecret), large) }, text,
			func(n *npm, body []byte) (http.Header, []byte) {
				q := question{Operation: "stripe.sign", Body: body, Secret: plainSecret, Timestamp: time.Now().Unix()}
				return header("Stripe-Signature", n.askString(q)), body
			},
		},
		"octokit": {
			func() (*webhook.Scheme, error) { return webhook.GitHub(secret.Static(plainSecret), large) }, text,
			func(n *npm, body []byte) (http.Header, []byte) {
				return header("X-Hub-Signature-256", n.askString(question{Operation: "octokit.sign", Body: body, Secret: plainSecret})), body
			},
		},
		"svix": {
			func() (*webhook.Scheme, error) { return webhook.Svix(secret.Static(base64Secret), large) }, text,
			func(n *npm, body []byte) (http.Header, []byte) {
				now := time.Now().Unix()
				sig := n.askString(question{Operation: "svix.sign", Body: body, Secret: base64Secret, ID: "msg_1", Timestamp: now})
				return header("svix-id", "msg_1", "svix-timestamp", strconv.FormatInt(now, 10), "svix-signature", sig), body
			},
		},
		"braintree": {
			func() (*webhook.Scheme, error) {
				return webhook.Braintree(braintreeKey.Public, secret.Static(braintreeKey.Private), large)
			}, anyBytes,
			func(n *npm, body []byte) (http.Header, []byte) {
				q := keys
				q.Operation, q.Payload = "braintree.sign", base64.StdEncoding.EncodeToString(body)+"\n"
				form := url.Values{"bt_signature": {n.askString(q)}, "bt_payload": {q.Payload}}
				return header("Content-Type", "application/x-www-form-urlencoded"), []byte(form.Encode())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := c.verifier()
			require.NoError(t, err)
			libraries := startNPM(t)
			bodies(t, c.kind, func(i int, body []byte) {
				if len(body) == 0 {
					body = []byte("\r\n") // the libraries take "" for an argument that was forgotten
				}
				h, sent := c.sign(libraries, body)
				_, err := v.Verify(t.Context(), &webhook.Request{Header: h, Body: sent})
				if err != nil {
					require.NoError(t, err, "body %d: %.100q", i, body)
				}
				_, err = v.Verify(t.Context(), &webhook.Request{Header: h, Body: changed(sent)})
				require.Error(t, err, "body %d, changed", i)
			})
		})
	}
}

// Every kind of notification that Braintree's library can make is verified,
// and its kind found.
func TestWeReadBraintreesSamples(t *testing.T) {
	t.Parallel()
	libraries := startNPM(t)
	v, err := webhook.Braintree(braintreeKey.Public, secret.Static("another", braintreeKey.Private))
	require.NoError(t, err)
	for _, kind := range []string{
		"check", "subscription_canceled", "subscription_charged_successfully", "subscription_charged_unsuccessfully", "subscription_expired",
		"subscription_trial_ended", "subscription_went_active", "subscription_went_past_due", "sub_merchant_account_approved",
		"transaction_disbursed", "transaction_settled", "transaction_settlement_declined", "disbursement", "dispute_opened", "dispute_lost",
		"dispute_won", "partner_merchant_connected", "account_updater_daily_report", "granted_payment_instrument_update", "local_payment_completed",
	} {
		value, err := libraries.ask(question{Operation: "braintree.sample", Kind: kind, ID: "my_id", PublicKey: braintreeKey.Public, PrivateKey: braintreeKey.Private})
		require.NoError(t, err, kind)
		var sample struct {
			Signature string `json:"bt_signature"`
			Payload   string `json:"bt_payload"`
		}
		require.NoError(t, json.Unmarshal(value, &sample))
		req := &webhook.Request{
			Header: header("Content-Type", "application/x-www-form-urlencoded"),
			Body:   []byte(url.Values{"bt_signature": {sample.Signature}, "bt_payload": {sample.Payload}}.Encode()),
		}
		rec, err := v.Verify(t.Context(), req)
		require.NoError(t, err, kind)
		require.Equal(t, "key 2", rec.KeyID)
		raws, err := v.Split(req, rec)
		require.NoError(t, err, kind)
		require.Len(t, raws, 1)
		require.Equal(t, kind, raws[0].Type)
	}
	challenge := "20f9f8ed05f77439fe955c977e4c8a53"
	a, ok, err := v.Challenge(t.Context(), &webhook.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: "bt_challenge=" + challenge}})
	require.NoError(t, err)
	require.True(t, ok)
	require.NotEmpty(t, a.Body)
}

// The token hooks, with tokens by golang-jwt.
func TestWeAcceptTokensByGolangJWT(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	set := fmt.Sprintf(`{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"k1","n":"%s","e":"%s"}]}`,
		base64.RawURLEncoding.EncodeToString(key.N.Bytes()), base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()))
	issuer := webhook.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(set)), Request: r}, nil
	})})
	token := func(typ string, claims jwt.MapClaims) string {
		tok := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		tok.Header["kid"], tok.Header["typ"] = "k1", typ
		s, err := tok.SignedString(key)
		require.NoError(t, err)
		return s
	}
	pubSub, err := webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: "sa@example.com"}, issuer)
	require.NoError(t, err)
	blocking, err := webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "p", FunctionURL: "https://f.example/"}, issuer)
	require.NoError(t, err)
	logout, err := webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: "https://t.auth0.com/", ClientID: "client"}, issuer)
	require.NoError(t, err)

	bodies(t, text, func(i int, body []byte) {
		if len(body) > 4000 || i%4 != 0 {
			return // a token holds at most 16 KiB, and RSA takes its time
		}
		now := time.Now()
		verify := func(v *webhook.Scheme, h http.Header, body string) {
			rec, err := v.Verify(t.Context(), &webhook.Request{Header: h, Body: []byte(body)})
			require.NoError(t, err, "body %d", i)
			require.Equal(t, "k1", rec.KeyID)
		}
		verify(pubSub, header("Authorization", "Bearer "+token("JWT", jwt.MapClaims{
			"iss": "accounts.google.com", "aud": "https://example.com/push", "email": "sa@example.com", "email_verified": true,
			"sub": "1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})), string(body))
		verify(blocking, header("Content-Type", "application/json"), `{"data":{"jwt":"`+token("JWT", jwt.MapClaims{
			"iss": "https://securetoken.google.com/p", "aud": "https://f.example/", "sub": "u", "event_id": "e", "event_type": "beforeSignIn",
			"user_record": map[string]any{"uid": "u", "display_name": string(body)}, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})+`"}}`)
		verify(logout, header("Content-Type", "application/x-www-form-urlencoded"), url.Values{"logout_token": {token("logout+jwt", jwt.MapClaims{
			"iss": "https://t.auth0.com/", "aud": "client", "sid": string(body), "jti": fmt.Sprint(i), "sub": "auth0|1",
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			"iat":    now.Unix(), "exp": now.Add(2 * time.Minute).Unix()})}}.Encode())
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
