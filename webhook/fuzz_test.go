package webhook_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// The fuzz targets hold one thing: what is accepted is signed, by a check that is
// written apart from the verifier. The seeds are the providers' fixtures.

// seeds calls add with the cases of a provider.
func seeds(f *testing.F, provider string, add func(v vector)) {
	f.Helper()
	for _, v := range readVectors(f, "testdata/webhooks.json") {
		if v.Provider == provider && v.Kind == "" && !v.ConstructorError {
			add(v)
		}
	}
}

// value returns a header of a case that has it once.
func (v vector) value(name string) string {
	for key, raw := range v.Headers {
		var s string
		if strings.EqualFold(key, name) && json.Unmarshal(raw, &s) == nil {
			return s
		}
	}
	return ""
}

func mustScheme(f *testing.F, s *webhook.Scheme, err error) *webhook.Scheme {
	f.Helper()
	require.NoError(f, err)
	return s
}

func FuzzStripeHeader(f *testing.F) {
	seeds(f, "stripe", func(v vector) { f.Add(v.value("Stripe-Signature"), []byte(v.Body), *v.Now) })
	const key = "whsec_test_secret"
	f.Fuzz(func(t *testing.T, header string, body []byte, now int64) {
		s, err := webhook.Stripe(secret.Static(key), at(time.Unix(now%1e11, 0)))
		require.NoError(t, err)
		rec, err := s.Verify(t.Context(), &webhook.Request{Header: http.Header{"Stripe-Signature": {header}}, Body: body})
		if err != nil {
			require.Zero(t, rec)
			return
		}
		_, rest, _ := strings.Cut(","+header, ",t=")
		ts, _, _ := strings.Cut(rest, ",")
		require.Contains(t, strings.ToLower(","+header), ",v1="+hexMAC(key, ts+"."+string(body)))
		require.LessOrEqual(t, rec.SignedAt.Sub(time.Unix(now%1e11, 0)).Abs(), 5*time.Minute)
	})
}

func FuzzPaddleHeader(f *testing.F) {
	seeds(f, "paddle", func(v vector) { f.Add(v.value("Paddle-Signature"), []byte(v.Body)) })
	const key = "VALID_SECRET"
	s, err := webhook.Paddle(secret.Static(key), at(time.Unix(1698796800, 0)))
	s = mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if _, err := s.Verify(t.Context(), &webhook.Request{Header: http.Header{"Paddle-Signature": {header}}, Body: body}); err != nil {
			return
		}
		_, rest, _ := strings.Cut(";"+header, ";ts=")
		ts, _, _ := strings.Cut(rest, ";")
		require.Contains(t, strings.ToLower(";"+header), ";h1="+hexMAC(key, ts+":"+string(body)))
	})
}

func FuzzStandardHeaders(f *testing.F) {
	for _, provider := range []string{"standard-webhooks", "svix"} {
		seeds(f, provider, func(v vector) {
			f.Add(v.value("webhook-id")+v.value("svix-id"), v.value("webhook-timestamp")+v.value("svix-timestamp"), v.value("webhook-signature")+v.value("svix-signature"), []byte(v.Body))
		})
	}
	now := at(time.Unix(1614265330, 0))
	s, err := webhook.StandardWebhooks(secret.Static(standardKey), now)
	symmetric := mustScheme(f, s, err)
	s, err = webhook.StandardWebhooksEd25519(secret.Static("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="), now)
	asymmetric := mustScheme(f, s, err)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(standardKey, "whsec_"))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, id, ts, header string, body []byte) {
		r := &webhook.Request{Header: http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {ts}, "Webhook-Signature": {header}}, Body: body}
		if _, err := symmetric.Verify(t.Context(), r); err == nil {
			require.Contains(t, strings.Fields(header), "v1,"+b64MAC(string(key), id+"."+ts+"."+string(body)))
		}
		if _, err := asymmetric.Verify(t.Context(), r); err == nil {
			require.Equal(t, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}", id+"."+ts+"."+string(body), "the only content that was ever signed with the test key")
		}
	})
}

// FuzzPlainHeaders covers the schemes whose header is one signature.
func FuzzPlainHeaders(f *testing.F) {
	all := plainSchemes(f)
	for i, c := range all {
		body := "Test Payload Body"
		f.Add(byte(i), c.prefix+c.mac("Convoy", c.before+body), "1750861210", []byte(body))
		f.Add(byte(i), c.prefix, "", []byte(nil))
	}
	seeds(f, "github", func(v vector) { f.Add(byte(0), v.value("X-Hub-Signature-256"), "", []byte(v.Body)) })
	seeds(f, "shopify", func(v vector) { f.Add(byte(1), v.value("X-Shopify-Hmac-Sha256"), "", []byte(v.Body)) })
	f.Fuzz(func(t *testing.T, which byte, header, ts string, body []byte) {
		c := all[int(which)%len(all)]
		h := http.Header{c.header: {header}}
		content := string(body)
		if c.before != "" {
			h.Set("X-Slack-Request-Timestamp", ts)
			content = "v0:" + ts + ":" + content
		}
		if _, err := c.scheme.Verify(t.Context(), &webhook.Request{Header: h, Body: body}); err != nil {
			return
		}
		got, ok := strings.CutPrefix(header, c.prefix)
		require.True(t, ok)
		want := c.mac("Convoy", content)
		if c.hex {
			got = strings.ToLower(got)
		}
		require.Equal(t, want, got)
	})
}

type plainScheme struct {
	scheme                 *webhook.Scheme
	header, prefix, before string
	mac                    func(key, content string) string
	hex                    bool
}

func plainSchemes(f *testing.F) []plainScheme {
	f.Helper()
	src, now := secret.Static("Convoy"), at(fixedTime)
	make := func(s *webhook.Scheme, err error) *webhook.Scheme { return mustScheme(f, s, err) }
	return []plainScheme{
		{make(webhook.GitHub(src, now)), "X-Hub-Signature-256", "sha256=", "", hexMAC, true},
		{make(webhook.Shopify(src, now)), "X-Shopify-Hmac-Sha256", "", "", b64MAC, false},
		{make(webhook.Sentry(src, now)), "Sentry-Hook-Signature", "", "", hexMAC, true},
		{make(webhook.X(src, nil, now)), "X-Twitter-Webhooks-Signature", "sha256=", "", b64MAC, false},
		{make(webhook.Slack(src, now)), "X-Slack-Signature", "v0=", "v0:1750861210:", hexMAC, true},
	}
}

func FuzzSendGridHeaders(f *testing.F) {
	var key string
	seeds(f, "sendgrid", func(v vector) {
		key = v.PublicKey
		f.Add(v.value("X-Twilio-Email-Event-Webhook-Signature"), v.value("X-Twilio-Email-Event-Webhook-Timestamp"), []byte(v.Body))
	})
	s, err := webhook.SendGrid(secret.Static(key), at(time.Unix(1600112502, 0)))
	s = mustScheme(f, s, err)
	var signed string
	seeds(f, "sendgrid", func(v vector) {
		if v.Valid {
			signed = v.Body
		}
	})
	f.Fuzz(func(t *testing.T, sig, ts string, body []byte) {
		h := http.Header{"X-Twilio-Email-Event-Webhook-Signature": {sig}, "X-Twilio-Email-Event-Webhook-Timestamp": {ts}}
		if _, err := s.Verify(t.Context(), &webhook.Request{Header: h, Body: body}); err == nil {
			require.Equal(t, "1600112502", ts)
			require.Equal(t, signed, string(body), "the only body that was ever signed with this key")
		}
	})
}

func FuzzStaticTokens(f *testing.F) {
	f.Add("Basic aG9vazpwQHNzOndvcmQ=")
	f.Add("basic aG9vazpwQHNzOndvcmQ=")
	f.Add("Basic aG9vazpwQHNzOndvcmR=")
	f.Add("hook:p@ss:word")
	s, err := webhook.Postmark(secret.Static("hook:p@ss:word"))
	basic := mustScheme(f, s, err)
	s, err = webhook.Auth0LogStream(secret.Static("hook:p@ss:word"))
	exact := mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, header string) {
		r := &webhook.Request{Header: http.Header{"Authorization": {header}}}
		if _, err := basic.Verify(t.Context(), r); err == nil {
			scheme, credentials, _ := strings.Cut(header, " ")
			require.Equal(t, "basic", strings.ToLower(scheme))
			require.Equal(t, "aG9vazpwQHNzOndvcmQ=", credentials)
		}
		if _, err := exact.Verify(t.Context(), r); err == nil {
			require.Equal(t, "hook:p@ss:word", header)
		}
	})
}

func FuzzTwilio(f *testing.F) {
	seeds(f, "twilio", func(v vector) {
		u, err := url.Parse(v.URL)
		require.NoError(f, err)
		f.Add(v.value("X-Twilio-Signature"), u.RawQuery, v.value("Content-Type"), []byte(v.Body))
	})
	s, err := webhook.Twilio(secret.Static("12345"), "https://mycompany.com")
	s = mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, sig, query, contentType string, body []byte) {
		r := &webhook.Request{
			URL:    &url.URL{Path: "/myapp.php", RawQuery: query},
			Header: http.Header{"X-Twilio-Signature": {sig}, "Content-Type": {contentType}}, Body: body,
		}
		if _, err := s.Verify(t.Context(), r); err != nil {
			return
		}
		signed := "/myapp.php"
		if query != "" {
			signed += "?" + query
		}
		if values, _ := url.ParseQuery(query); values.Has("bodySHA256") {
			sum := sha256.Sum256(body)
			require.True(t, strings.EqualFold(values.Get("bodySHA256"), hex.EncodeToString(sum[:])))
		} else {
			values, err := url.ParseQuery(string(body))
			require.NoError(t, err)
			var pairs []string
			for name, list := range values {
				slices.Sort(list)
				var text strings.Builder
				for _, v := range slices.Compact(list) {
					text.WriteString(name + v)
				}
				pairs = append(pairs, name+"\x00"+text.String())
			}
			slices.SortFunc(pairs, func(a, b string) int {
				x, _, _ := strings.Cut(a, "\x00")
				y, _, _ := strings.Cut(b, "\x00")
				return strings.Compare(x, y)
			})
			for _, p := range pairs {
				_, text, _ := strings.Cut(p, "\x00")
				signed += text
			}
		}
		var good []string
		for _, origin := range []string{"https://mycompany.com", "https://mycompany.com:443"} {
			good = append(good, base64.StdEncoding.EncodeToString(macOf(sha1.New, "12345", origin+signed)))
		}
		require.Contains(t, good, sig)
	})
}

func FuzzBraintreeForm(f *testing.F) {
	seeds(f, "braintree", func(v vector) { f.Add([]byte(v.Body)) })
	s, err := webhook.Braintree("integration_public_key", secret.Static("integration_private_key"))
	s = mustScheme(f, s, err)
	key := sha1.Sum([]byte("integration_private_key"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &webhook.Request{Header: http.Header{}, Body: body}
		rec, err := s.Verify(t.Context(), r)
		if err != nil {
			return
		}
		values, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		payload, signature := values.Get("bt_payload"), strings.ToLower(values.Get("bt_signature"))
		a := "integration_public_key|" + hex.EncodeToString(macOf(sha1.New, string(key[:]), payload))
		b := "integration_public_key|" + hex.EncodeToString(macOf(sha1.New, string(key[:]), payload+"\n"))
		require.True(t, strings.Contains(signature, a) || strings.Contains(signature, b))
		_, _ = s.Split(r, rec)
	})
}

func FuzzSNS(f *testing.F) {
	var cert string
	seeds(f, "aws-sns", func(v vector) {
		cert = v.CertificatePEM
		f.Add([]byte(v.Body))
	})
	block, _ := pem.Decode([]byte(cert))
	parsed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(f, err)
	const topic = "arn:aws:sns:us-west-2:123456789012:MyTopic"
	s, err := webhook.SNS([]string{topic}, at(parsed.NotBefore), webhook.WithHTTPClient(serving([]byte(cert))))
	s = mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &webhook.Request{Header: http.Header{}, Body: body}
		rec, err := s.Verify(t.Context(), r)
		if err != nil {
			return
		}
		var m map[string]any
		require.NoError(t, json.Unmarshal(body, &m))
		require.Equal(t, topic, m["TopicArn"])
		require.Equal(t, rec.EventType, m["Type"])
		names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
		if m["Type"] != "Notification" {
			names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
		}
		var content strings.Builder
		for _, name := range names {
			if value, ok := m[name]; ok {
				content.WriteString(name + "\n" + value.(string) + "\n")
			}
		}
		sig, err := base64.StdEncoding.DecodeString(m["Signature"].(string))
		require.NoError(t, err)
		key := parsed.PublicKey.(*rsa.PublicKey)
		d1, d2 := sha1.Sum([]byte(content.String())), sha256.Sum256([]byte(content.String()))
		if m["SignatureVersion"] == "1" {
			require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA1, d1[:], sig))
		} else {
			require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, d2[:], sig))
		}
		_, err = s.Split(r, rec)
		require.NoError(t, err)
	})
}

func FuzzTokenHooks(f *testing.F) {
	now := at(time.Unix(1750861210, 0))
	keys := map[string]json.RawMessage{}
	for i, provider := range []string{"google-pubsub", "auth0-logout", "firebase"} {
		seeds(f, provider, func(v vector) {
			keys[provider] = v.JWKS
			f.Add(byte(i), v.value("Authorization"), []byte(v.Body))
		})
	}
	client := func(provider string) webhook.Option { return webhook.WithHTTPClient(serving(keys[provider])) }
	s, err := webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/pubsub/push", ServiceAccount: "push-sa@my-project.iam.gserviceaccount.com"}, now, client("google-pubsub"))
	pubsub := mustScheme(f, s, err)
	s, err = webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: "https://tenant.auth0.com/", ClientID: "client123"}, now, client("auth0-logout"))
	logout := mustScheme(f, s, err)
	s, err = webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "my-project", FunctionURL: functionURL}, now, client("firebase"))
	firebase := mustScheme(f, s, err)
	var set struct{ Keys []struct{ N, E string } }
	require.NoError(f, json.Unmarshal(keys["firebase"], &set))
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	require.NoError(f, err)
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	f.Fuzz(func(t *testing.T, which byte, header string, body []byte) {
		s := []*webhook.Scheme{pubsub, logout, firebase}[which%3]
		r := &webhook.Request{Header: http.Header{"Authorization": {header}}, Body: body}
		rec, err := s.Verify(t.Context(), r)
		if err != nil {
			require.Zero(t, rec)
			return
		}
		var token string
		switch which % 3 {
		case 0:
			token = header[len("Bearer "):]
		case 1:
			values, err := url.ParseQuery(string(body))
			require.NoError(t, err)
			token = values.Get("logout_token")
		case 2:
			var m struct{ Data struct{ JWT string } }
			require.NoError(t, json.Unmarshal(body, &m))
			token = m.Data.JWT
		}
		i := strings.LastIndexByte(token, '.')
		sig, err := base64.RawURLEncoding.DecodeString(token[i+1:])
		require.NoError(t, err)
		digest := sha256.Sum256([]byte(token[:i]))
		require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig))
		_, _ = s.Split(r, rec)
	})
}

func FuzzChallenges(f *testing.F) {
	f.Add("crc_token=abc&bt_challenge=20f9f8ed05f77439fe955c977e4c8a53")
	f.Add("crc_token=%7B&bt_challenge=bad%20challenge")
	f.Add("crc_token=a&crc_token=b;bt_challenge=")
	s, err := webhook.X(secret.Static("Convoy"), nil)
	x := mustScheme(f, s, err)
	s, err = webhook.Braintree("public", secret.Static("private"))
	braintree := mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, query string) {
		r := &webhook.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: query}}
		if answer, ok, err := x.Challenge(t.Context(), r); ok && err == nil {
			token := r.URL.Query().Get("crc_token")
			require.False(t, strings.ContainsAny(token, "{[\"\x00\n\r\t"))
			require.LessOrEqual(t, len(token), 256)
			require.Equal(t, map[string]string{"response_token": "sha256=" + b64MAC("Convoy", token)}, members(t, answer.Body))
		}
		if answer, ok, err := braintree.Challenge(t.Context(), r); ok && err == nil {
			require.Regexp(t, `\A[a-f0-9]{20,32}\z`, r.URL.Query().Get("bt_challenge"))
			require.Regexp(t, `\Apublic\|[a-f0-9]{40}\z`, string(answer.Body))
		}
	})
}

// FuzzSplit: any payload of a genuine delivery is split or refused, never a
// panic.
func FuzzSplit(f *testing.F) {
	for _, body := range []string{`{}`, `[{"event":"open"},{"event":"click"}]`, "{\"log_id\":\"1\"}\n{\"log_id\":\"2\"}", `{"id":1,"created":1e400}`, `{"message":{"publishTime":-1}}`, `payload=%7B%7D`, `null`} {
		f.Add([]byte(body), "application/json")
		f.Add([]byte(body), form)
	}
	var schemes []*webhook.Scheme
	for _, k := range kits() {
		s, err := k.newScheme()
		schemes = append(schemes, mustScheme(f, s, err))
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, s := range schemes {
			raws, err := s.Split(&webhook.Request{Header: http.Header{"Content-Type": {contentType}}, Body: body}, webhook.Receipt{})
			if err != nil {
				require.ErrorIs(t, err, webhook.ErrPayload)
				require.Empty(t, raws)
			}
		}
	})
}
