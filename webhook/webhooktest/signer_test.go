package webhooktest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const canary = "canary+secret/0123456789"

func TestRequestServesAndTravels(t *testing.T) {
	t.Parallel()
	var got []*http.Request
	var bodies []string
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, bodies = append(got, r), append(bodies, string(b))
	})
	srv := httptest.NewServer(h)
	defer srv.Close()

	signer := webhooktest.GitHub("secret").WithID("delivery-1").WithEvent("push").WithURL(srv.URL + "/hooks/github")
	h.ServeHTTP(httptest.NewRecorder(), signer.Request([]byte("{}")))
	resp, err := srv.Client().Do(signer.Request([]byte("{}")))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	require.Equal(t, []string{"{}", "{}"}, bodies)
	for _, r := range got {
		require.Equal(t, "/hooks/github", r.URL.Path)
		require.Equal(t, "push", r.Header.Get("X-GitHub-Event"))
		require.Equal(t, "delivery-1", r.Header.Get("X-GitHub-Delivery"))
		require.NotEmpty(t, r.RemoteAddr)
	}
}

func TestDeliveriesDiffer(t *testing.T) {
	t.Parallel()
	s := webhooktest.Svix("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NotEqual(t, s.Request(nil).Header.Get("Svix-Id"), s.Request(nil).Header.Get("Svix-Id"))

	g := webhooktest.GitHub("secret")
	id := g.Request(nil).Header.Get("X-GitHub-Delivery")
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	require.NotEqual(t, id, g.Request(nil).Header.Get("X-GitHub-Delivery"))
}

func TestDerivedSignersLeaveTheOriginalAlone(t *testing.T) {
	t.Parallel()
	base := webhooktest.Stripe("secret").WithHeader("X-One", "1")
	a := base.WithHeader("X-Two", "a").At(time.Unix(1, 0)).WithURL("https://a.example/").WithID("a").WithEvent("a")
	b := base.WithHeader("X-Two", "b")
	require.Equal(t, "a", a.Request(nil).Header.Get("X-Two"))
	require.Equal(t, "b", b.Request(nil).Header.Get("X-Two"))
	require.Empty(t, base.Request(nil).Header.Get("X-Two"))
	require.Contains(t, a.Request(nil).Header.Get("Stripe-Signature"), "t=1,")
	require.NotContains(t, base.Request(nil).Header.Get("Stripe-Signature"), "t=1,")
	require.Equal(t, "example.com", base.Request(nil).URL.Host)
	require.Equal(t, "stripe", base.Provider())
}

func TestHeaderOverrides(t *testing.T) {
	t.Parallel()
	s := webhooktest.Stripe("secret")
	require.Equal(t, []string{"t=1,v1=00", "t=2,v1=00"},
		s.WithHeader("stripe-signature", "t=1,v1=00", "t=2,v1=00").Request(nil).Header["Stripe-Signature"])
	require.NotContains(t, s.WithHeader("Stripe-Signature").Request(nil).Header, "Stripe-Signature")
	require.Equal(t, "text/plain", s.WithHeader("Content-Type", "text/plain").Request(nil).Header.Get("Content-Type"))
}

func TestTimeDefaultsToNow(t *testing.T) {
	t.Parallel()
	before := time.Now().Unix()
	ts, err := strconv.ParseInt(webhooktest.Slack("s").Request(nil).Header.Get("X-Slack-Request-Timestamp"), 10, 64)
	require.NoError(t, err)
	require.GreaterOrEqual(t, ts, before)
	require.LessOrEqual(t, ts, time.Now().Unix())
}

func TestRotationSignsWithEverySecret(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	mac := func(secret, text string) string {
		h := hmac.New(sha256.New, []byte(secret))
		_, _ = io.WriteString(h, text)
		return hex.EncodeToString(h.Sum(nil))
	}
	at := time.Unix(1750861210, 0)
	require.Equal(t, "t=1750861210,v1="+mac("new", "1750861210."+string(body))+",v1="+mac("old", "1750861210."+string(body)),
		webhooktest.Stripe("new", "old").At(at).Request(body).Header.Get("Stripe-Signature"))
	require.Equal(t, "ts=1750861210;h1="+mac("new", "1750861210:"+string(body))+";h1="+mac("old", "1750861210:"+string(body)),
		webhooktest.Paddle("new", "old").At(at).Request(body).Header.Get("Paddle-Signature"))
	require.Len(t, strings.Fields(webhooktest.Resend("bmV3", "b2xk").Request(body).Header.Get("Svix-Signature")), 2)
	require.Len(t, strings.Fields(webhooktest.OpenAI("raw", "whsec_b2xk").Request(body).Header.Get("Webhook-Signature")), 2)
	require.Len(t, strings.Fields(webhooktest.StandardWebhooksEd25519(webhooktest.Ed25519Keys().Private, webhooktest.Ed25519Keys().Private).
		Request(body).Header.Get("Webhook-Signature")), 2)
	req := webhooktest.Braintree(webhooktest.BraintreeKey{Public: "a", Private: "b"}, webhooktest.BraintreeKey{Public: "c", Private: "d"}).Request(body)
	require.NoError(t, req.ParseForm())
	require.Regexp(t, `^a\|[0-9a-f]{40}&c\|[0-9a-f]{40}$`, req.PostForm.Get("bt_signature"))
}

func TestRawSecretIsItsOwnBytes(t *testing.T) {
	t.Parallel()
	at, body := time.Unix(1750861210, 0), []byte("{}")
	raw := webhooktest.StandardWebhooksRaw("legacy-raw-secret").At(at).WithID("m").Request(body)
	openAI := webhooktest.OpenAI("legacy-raw-secret").At(at).WithID("m").Request(body)
	b64 := webhooktest.StandardWebhooks("bGVnYWN5LXJhdy1zZWNyZXQ=").At(at).WithID("m").Request(body)
	require.Equal(t, b64.Header.Get("Webhook-Signature"), raw.Header.Get("Webhook-Signature"))
	require.Equal(t, b64.Header.Get("Webhook-Signature"), openAI.Header.Get("Webhook-Signature"))
}

func TestTwilioBindsAJSONBody(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(`{"a":1}`))
	for url, want := range map[string]string{
		"https://example.com/hook":               "https://example.com/hook?bodySHA256=" + hex.EncodeToString(sum[:]),
		"https://example.com/hook?a=b":           "https://example.com/hook?a=b&bodySHA256=" + hex.EncodeToString(sum[:]),
		"https://example.com/h?bodySHA256=wrong": "https://example.com/h?bodySHA256=wrong",
	} {
		require.Equal(t, want, webhooktest.Twilio("token").WithURL(url).Request([]byte(`{"a":1}`)).URL.String())
	}
	form := webhooktest.Twilio("token").Request([]byte("a=1"))
	require.Equal(t, "application/x-www-form-urlencoded", form.Header.Get("Content-Type"))
	require.Empty(t, form.URL.RawQuery)
}

func TestShopifyHeaderFamilies(t *testing.T) {
	t.Parallel()
	older := webhooktest.Shopify("s").WithEvent("app/uninstalled").WithID("1").Request([]byte("{}")).Header
	newer := webhooktest.ShopifyUnprefixed("s").WithEvent("app/uninstalled").WithID("1").Request([]byte("{}")).Header
	for _, name := range []string{"Hmac-Sha256", "Topic", "Webhook-Id", "Shop-Domain"} {
		require.NotEmpty(t, older.Get("X-Shopify-"+name))
		require.Equal(t, older.Get("X-Shopify-"+name), newer.Get("Shopify-"+name))
		require.Empty(t, newer.Get("X-Shopify-"+name))
	}
}

// X1
func TestUnusableSecretsAreErrorsThatDoNotShowThem(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*webhooktest.Signer{
		"stripe blank":            webhooktest.Stripe(" "),
		"stripe blank second":     webhooktest.Stripe(canary, ""),
		"paddle blank":            webhooktest.Paddle(""),
		"github blank":            webhooktest.GitHub("\n"),
		"slack blank":             webhooktest.Slack(""),
		"shopify blank":           webhooktest.Shopify(""),
		"sentry blank":            webhooktest.Sentry(""),
		"sentry UI blank":         webhooktest.SentryUI(""),
		"x blank":                 webhooktest.X(""),
		"twilio blank":            webhooktest.Twilio(""),
		"twilio content type":     webhooktest.Twilio(canary).WithHeader("Content-Type", ";"),
		"braintree blank":         webhooktest.Braintree(webhooktest.BraintreeKey{Public: "p"}),
		"svix not base64":         webhooktest.Svix("whsec_" + canary + "!"),
		"svix prefix only":        webhooktest.Svix("whsec_"),
		"openai not base64":       webhooktest.OpenAI("whsec_" + canary + "!"),
		"openai blank":            webhooktest.OpenAI(" "),
		"ed25519 not base64":      webhooktest.StandardWebhooksEd25519("whsk_" + canary + "!"),
		"ed25519 short":           webhooktest.StandardWebhooksEd25519("whsk_AAAA"),
		"sendgrid not a key":      webhooktest.SendGrid(canary),
		"sendgrid an ed25519 key": webhooktest.SendGrid("MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"cloudflare blank":        webhooktest.Cloudflare(""),
		"postmark blank":          webhooktest.Postmark("user", ""),
		"datadog blank header":    webhooktest.Datadog("", canary),
		"relative URL":            webhooktest.Stripe(canary).WithURL("/hook"),
		"malformed URL":           webhooktest.Stripe(canary).WithURL("https://%zz/"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := s.NewRequest(t.Context(), []byte("{}"))
			require.Nil(t, req)
			require.ErrorContains(t, err, "webhooktest: "+s.Provider()+": ")
			require.NotContains(t, err.Error(), canary)
			require.Panics(t, func() { s.Request([]byte("{}")) })
		})
	}
}
