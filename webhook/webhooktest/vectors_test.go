package webhooktest_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// vector is one delivery that the provider, or someone who knows it, signed.
// See ../testdata/README.md.
type vector struct {
	ID               string            `json:"id"`
	Provider         string            `json:"provider"`
	Kind             string            `json:"kind"`
	Secret           json.RawMessage   `json:"secret"`
	PrivateKey       string            `json:"private_key"`
	Headers          map[string]string `json:"headers"`
	Body             string            `json:"body"`
	URL              string            `json:"url"`
	ExpectedResponse string            `json:"expected_response"`
	Expected         string            `json:"expected"`
}

func (v vector) secret(t *testing.T) string {
	var s string
	require.NoError(t, json.Unmarshal(v.Secret, &s))
	return s
}

func (v vector) header(name string) string {
	for k, value := range v.Headers {
		if strings.EqualFold(k, name) {
			return value
		}
	}
	return ""
}

// loadVectors returns the valid ones of package webhook's vectors.
func loadVectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("../testdata/webhooks.json")
	require.NoError(t, err)
	var cases []json.RawMessage
	require.NoError(t, json.Unmarshal(data, &cases))
	var vs []vector
	for _, c := range cases {
		var head struct{ Valid bool }
		require.NoError(t, json.Unmarshal(c, &head))
		if head.Valid { // an invalid one may have headers that are sent twice
			var v vector
			require.NoError(t, json.Unmarshal(c, &v))
			vs = append(vs, v)
		}
	}
	return vs
}

// elsewhere says which vectors cannot be produced again, and what holds their
// signers to the truth instead.
var elsewhere = map[string]string{
	"aws-sns":              "signed with a private key that is not published: TestStringToSignIsAmazons",
	"auth0-logout":         "likewise: TestTokensLookLikeTheProviders",
	"firebase":             "likewise: TestTokensLookLikeTheProviders",
	"google-pubsub":        "likewise: TestTokensLookLikeTheProviders",
	"sendgrid":             "ECDSA is randomized: TestSendGridSignatureVerifies",
	"github/uppercase_hex": "GitHub sends lower case",
}

// The signers must produce, byte for byte, what the providers' own libraries
// and documentation show for the same secret, body, time and identifier.
func TestSignaturesAreTheProviders(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, v := range loadVectors(t) {
		if elsewhere[v.Provider] != "" || elsewhere[v.ID] != "" {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			switch {
			case v.Provider == "braintree":
				checkBraintree(t, v)
			case v.Kind == "challenge":
				checkCRC(t, v)
			default:
				checkHeaders(t, v)
			}
			seen[v.Provider]++
		})
	}
	require.Len(t, seen, 24-5, "every provider whose signatures can be reproduced")
}

// checkHeaders compares each header that the signer sends and the vector names.
func checkHeaders(t *testing.T, v vector) {
	signer, signatureHeader, timeHeader := signerFor(t, v)
	if ts := v.header(timeHeader); ts != "" {
		signer = signer.At(unix(t, ts))
	}
	if ct := v.header("Content-Type"); ct != "" {
		signer = signer.WithHeader("Content-Type", ct)
	}
	req := signer.Request([]byte(v.Body))

	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	require.Equal(t, v.Body, string(body))

	want, got := v.header(signatureHeader), req.Header.Get(signatureHeader)
	require.NotEmpty(t, want)
	// A vector may carry other keys' signatures beside ours, in any order.
	for _, part := range splitSignature(got) {
		require.Contains(t, splitSignature(want), part)
	}
}

func splitSignature(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ';' })
}

func signerFor(t *testing.T, v vector) (signer *webhooktest.Signer, signatureHeader, timeHeader string) {
	switch v.Provider {
	case "stripe":
		s := webhooktest.Stripe(v.secret(t)).At(unix(t, field(v.header("Stripe-Signature"), ",", "t=")))
		if v1s := strings.Count(v.header("Stripe-Signature"), "v1="); v1s == 2 {
			s = webhooktest.Stripe("whsec_test_secret", "whsec_test_secret_rolled_key").At(time.Unix(1750861210, 0))
		}
		if strings.Contains(v.header("Stripe-Signature"), "v0=") {
			// Only a real Stripe account's test mode sends v0; ours stops before it.
			got := s.Request([]byte(v.Body)).Header.Get("Stripe-Signature")
			require.True(t, strings.HasPrefix(v.header("Stripe-Signature"), got+","))
			return s.WithHeader("Stripe-Signature", v.header("Stripe-Signature")), "Stripe-Signature", ""
		}
		return s, "Stripe-Signature", ""
	case "paddle":
		return webhooktest.Paddle(v.secret(t)).At(unix(t, field(v.header("Paddle-Signature"), ";", "ts="))), "Paddle-Signature", ""
	case "standard-webhooks":
		if v.PrivateKey != "" {
			return webhooktest.StandardWebhooksEd25519(v.PrivateKey).WithID(v.header("webhook-id")), "webhook-signature", "webhook-timestamp"
		}
		if v.Secret == nil { // the same key pair as above, public half only
			private := "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
			return webhooktest.StandardWebhooksEd25519(private).WithID(v.header("webhook-id")), "webhook-signature", "webhook-timestamp"
		}
		return webhooktest.StandardWebhooks(v.secret(t)).WithID(v.header("webhook-id")), "webhook-signature", "webhook-timestamp"
	case "openai":
		return webhooktest.OpenAI(v.secret(t)).WithID(v.header("webhook-id")), "webhook-signature", "webhook-timestamp"
	case "svix":
		if v.header("webhook-id") != "" {
			return webhooktest.StandardWebhooks(v.secret(t)).WithID(v.header("webhook-id")), "webhook-signature", "webhook-timestamp"
		}
		return webhooktest.Svix(v.secret(t)).WithID(v.header("svix-id")), "svix-signature", "svix-timestamp"
	case "clerk":
		return webhooktest.Clerk(v.secret(t)).WithID(v.header("svix-id")), "svix-signature", "svix-timestamp"
	case "resend":
		return webhooktest.Resend(v.secret(t)).WithID(v.header("svix-id")), "svix-signature", "svix-timestamp"
	case "github":
		return webhooktest.GitHub(v.secret(t)), "X-Hub-Signature-256", ""
	case "slack":
		return webhooktest.Slack(v.secret(t)), "X-Slack-Signature", "X-Slack-Request-Timestamp"
	case "shopify":
		return webhooktest.Shopify(v.secret(t)), "X-Shopify-Hmac-Sha256", ""
	case "sentry":
		if v.header("Sentry-App-Signature") != "" {
			return webhooktest.SentryUI(v.secret(t)), "Sentry-App-Signature", ""
		}
		return webhooktest.Sentry(v.secret(t)), "Sentry-Hook-Signature", "Sentry-Hook-Timestamp"
	case "twilio":
		url := v.URL
		if v.ID == "twilio/port_in_our_url" { // signed for the URL without the port
			url = "https://mycompany.com/myapp.php?foo=1&bar=2"
		}
		s := webhooktest.Twilio(v.secret(t)).WithURL(url)
		if v.header("Content-Type") == "" {
			s = s.WithHeader("Content-Type", "application/x-www-form-urlencoded")
		}
		return s, "X-Twilio-Signature", ""
	case "x":
		return webhooktest.X(v.secret(t)), "X-Twitter-Webhooks-Signature", ""
	case "auth0-log-stream":
		return webhooktest.Auth0LogStream(v.secret(t)), "Authorization", ""
	case "cloudflare":
		return webhooktest.Cloudflare(v.secret(t)), "cf-webhook-auth", ""
	case "datadog":
		return webhooktest.Datadog("X-Datadog-Webhook-Token", v.secret(t)), "X-Datadog-Webhook-Token", ""
	case "google-calendar":
		return webhooktest.GoogleCalendar(v.secret(t)), "X-Goog-Channel-Token", ""
	case "postmark":
		user, password, _ := strings.Cut(v.secret(t), ":")
		return webhooktest.Postmark(user, password), "Authorization", ""
	}
	require.Fail(t, "no signer for "+v.Provider)
	return nil, "", ""
}

func checkCRC(t *testing.T, v vector) {
	u, err := url.Parse(v.URL)
	require.NoError(t, err)
	token := u.Query().Get("crc_token")
	req := webhooktest.XChallenge("https://example.com"+u.Path, token)
	require.Equal(t, http.MethodGet, req.Method)
	require.Equal(t, token, req.URL.Query().Get("crc_token"))

	var want struct {
		ResponseToken string `json:"response_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(v.ExpectedResponse), &want))
	require.Equal(t, want.ResponseToken, webhooktest.XChallengeAnswer(v.secret(t), token))
}

func checkBraintree(t *testing.T, v vector) {
	var key struct {
		Public, Private string
		PrivateHex      string `json:"private_hex"`
	}
	require.NoError(t, json.Unmarshal(v.Secret, &key))
	pair := webhooktest.BraintreeKey{Public: key.Public, Private: key.Private}
	switch v.Kind {
	case "challenge":
		u, err := url.Parse(v.URL)
		require.NoError(t, err)
		challenge := u.Query().Get("bt_challenge")
		require.Equal(t, v.ExpectedResponse, webhooktest.BraintreeChallengeAnswer(pair, challenge))
		require.Equal(t, challenge, webhooktest.BraintreeChallenge("https://example.com/hook", challenge).URL.Query().Get("bt_challenge"))
		return
	case "primitive":
		private, err := hex.DecodeString(key.PrivateHex)
		require.NoError(t, err)
		pair = webhooktest.BraintreeKey{Public: "p", Private: string(private)}
		require.Equal(t, "p|"+v.Expected, webhooktest.BraintreeChallengeAnswer(pair, v.Body))
		return
	}
	want, err := url.ParseQuery(v.Body)
	require.NoError(t, err)
	xml, err := base64.StdEncoding.DecodeString(strings.TrimSpace(want.Get("bt_payload")))
	require.NoError(t, err)

	req := webhooktest.Braintree(pair).Request(xml)
	require.Equal(t, "application/x-www-form-urlencoded", req.Header.Get("Content-Type"))
	require.NoError(t, req.ParseForm())
	require.Equal(t, want.Get("bt_payload"), req.PostForm.Get("bt_payload"))
	require.Contains(t, strings.Split(want.Get("bt_signature"), "&"), req.PostForm.Get("bt_signature"))
}

func unix(t *testing.T, s string) time.Time {
	var n json.Number
	require.NoError(t, json.Unmarshal([]byte(s), &n))
	sec, err := n.Int64()
	require.NoError(t, err)
	return time.Unix(sec, 0)
}

// field returns what follows name in a list.
func field(list, separator, name string) string {
	for f := range strings.SplitSeq(list, separator) {
		if v, ok := strings.CutPrefix(f, name); ok {
			return v
		}
	}
	return ""
}
