package webhook_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func macOf(h func() hash.Hash, key, content string) []byte {
	m := hmac.New(h, []byte(key))
	m.Write([]byte(content))
	return m.Sum(nil)
}

func hexMAC(key, content string) string { return hex.EncodeToString(macOf(sha256.New, key, content)) }
func b64MAC(key, content string) string {
	return base64.StdEncoding.EncodeToString(macOf(sha256.New, key, content))
}

func stripeHeader(ts string, more ...string) string {
	return strings.Join(append([]string{"t=" + ts, "v1=" + hexMAC(rawKey, ts+".{}")}, more...), ",")
}

func post(body string, headers ...string) *webhook.Request {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &webhook.Request{Header: h, Body: []byte(body)}
}

// W3: what is compared are decoded bytes of the MAC's own length: the letter case
// of hex makes no difference, and neither a shorter nor a longer text that begins
// alike passes.
func TestW3_ComparisonIsOnDecodedFixedLengthBytes(t *testing.T) {
	t.Parallel()
	s, err := webhook.GitHub(secret.Static(rawKey))
	require.NoError(t, err)
	sig := hexMAC(rawKey, "{}")
	for _, good := range []string{sig, strings.ToUpper(sig), sig[:10] + strings.ToUpper(sig[10:])} {
		_, err := s.Verify(t.Context(), post("{}", "X-Hub-Signature-256", "sha256="+good))
		require.NoError(t, err)
	}
	for _, bad := range []string{sig[:62], sig[:63], sig + "0", sig + "00", sig + sig, " " + sig, sig + " ", "0x" + sig[2:], strings.Repeat("0", 64), "", b64MAC(rawKey, "{}")} {
		_, err := s.Verify(t.Context(), post("{}", "X-Hub-Signature-256", "sha256="+bad))
		require.Error(t, err, "%q", bad)
	}
	// Base64 is canonical.
	s, err = webhook.Shopify(secret.Static(rawKey))
	require.NoError(t, err)
	good := b64MAC(rawKey, "{}")
	_, err = s.Verify(t.Context(), post("{}", "X-Shopify-Hmac-Sha256", good))
	require.NoError(t, err)
	tail := good[:42] + string(good[42]+1) + "=" // the two spare bits of the last digit
	for _, bad := range []string{tail, strings.TrimSuffix(good, "="), good[:20] + "\n" + good[20:], good + "\n", strings.NewReplacer("+", "-", "/", "_").Replace(good) + "=", sig} {
		_, err := s.Verify(t.Context(), post("{}", "X-Shopify-Hmac-Sha256", bad))
		require.Error(t, err, "%q", bad)
	}
	// Static tokens compare as digests, so that any length may be presented.
	s, err = webhook.Cloudflare(secret.Static("token"))
	require.NoError(t, err)
	for _, bad := range []string{"t", "toke", "token ", "tokens", "TOKEN", strings.Repeat("token", 10000)} {
		_, err := s.Verify(t.Context(), post("{}", "Cf-Webhook-Auth", bad))
		require.ErrorIs(t, err, webhook.ErrMismatch)
	}
}

// W5
func TestW5_ToleranceBothWaysWithTheEdgeInside(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		if !k.signsTime {
			continue
		}
		tolerance := 5 * time.Minute
		if strings.HasPrefix(k.name, "sendgrid") {
			tolerance = 25 * time.Hour
		}
		for _, set := range []time.Duration{0, 7 * time.Second} {
			var opts []webhook.Option
			if set > 0 {
				tolerance = set
				opts = append(opts, webhook.WithTolerance(set))
			}
			now := fixedTime
			opts = append(opts, webhook.WithClock(func() time.Time { return now }))
			s, err := k.newScheme(opts...)
			require.NoError(t, err)
			r := k.request(t, fixedTime)
			for skew, want := range map[time.Duration]error{
				0: nil, tolerance: nil, -tolerance: nil, tolerance + 999*time.Millisecond: nil,
				tolerance + time.Second: webhook.ErrStale, -tolerance - time.Second: webhook.ErrFuture,
				100000 * time.Hour: webhook.ErrStale, -100000 * time.Hour: webhook.ErrFuture,
			} {
				now = fixedTime.Add(skew)
				_, err := s.Verify(t.Context(), r)
				if want == nil {
					require.NoError(t, err, "%s at %s", k.name, skew)
					continue
				}
				require.ErrorIs(t, err, want, "%s at %s", k.name, skew)
				var e *webhook.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, skew, e.Skew)
				require.Contains(t, e.Hint, fmt.Sprintf("%.0f s", skew.Abs().Seconds()))
			}
			// A received-at time replaces now.
			now = fixedTime.Add(1000 * time.Hour)
			queued := clone(r)
			queued.ReceivedAt = fixedTime.Add(tolerance)
			_, err = s.Verify(t.Context(), queued)
			require.NoError(t, err)
			queued.ReceivedAt = fixedTime.Add(tolerance + time.Second)
			_, err = s.Verify(t.Context(), queued)
			require.ErrorIs(t, err, webhook.ErrStale)
		}
	}
}

// W5: a difference that no duration can hold is beyond every tolerance.
func TestW5_DifferencesDoNotWrapAround(t *testing.T) {
	t.Parallel()
	s := kitNamed(t, "stripe").scheme(t)
	for ts, want := range map[string]error{
		"999999999999": webhook.ErrFuture, "18448494934": webhook.ErrFuture, "20197605283": webhook.ErrFuture, "0": webhook.ErrStale,
	} {
		_, err := s.Verify(t.Context(), post("{}", "Stripe-Signature", stripeHeader(ts)))
		require.ErrorIs(t, err, want, ts)
	}
}

// W5: SNS has no tolerance unless one is set.
func TestW5_SNSHasNoToleranceByDefault(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "aws-sns")
	r := k.request(t, fixedTime.Add(-365*24*time.Hour))
	_, err := k.scheme(t).Verify(t.Context(), r)
	require.NoError(t, err)
	_, err = k.scheme(t, webhook.WithTolerance(time.Hour)).Verify(t.Context(), r)
	require.ErrorIs(t, err, webhook.ErrStale)
	_, err = k.scheme(t, webhook.WithTolerance(time.Hour)).Verify(t.Context(), k.request(t, fixedTime.Add(-time.Hour)))
	require.NoError(t, err)
}

// W6
func TestW6_TimestampIsDigitsAndSignedLiterally(t *testing.T) {
	t.Parallel()
	s, err := webhook.Stripe(secret.Static(rawKey), at(fixedTime))
	require.NoError(t, err)
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	_, err = s.Verify(t.Context(), post("{}", "Stripe-Signature", stripeHeader(now)))
	require.NoError(t, err)
	// Leading zeros are digits; what is signed is the text as it stands.
	_, err = s.Verify(t.Context(), post("{}", "Stripe-Signature", stripeHeader("00"+now)))
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), post("{}", "Stripe-Signature", "t=00"+now+",v1="+hexMAC(rawKey, now+".{}")))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	for _, ts := range []string{
		"", "+" + now, "-" + now, " " + now, now + " ", now + ".0", "1e9", "0x68", now + "000" + "0", "١٧٥٠٨٦١٢١٠", now + "\x00", "NaN", "9999999999999",
	} {
		_, err := s.Verify(t.Context(), post("{}", "Stripe-Signature", stripeHeader(ts)))
		require.ErrorIs(t, err, webhook.ErrMalformed, "%q", ts)
	}
	std, err := webhook.StandardWebhooks(secret.Static(rawKey), webhook.WithRawSecret(), at(fixedTime))
	require.NoError(t, err)
	for _, ts := range []string{"+" + now, now + ".5", "hello"} {
		_, err := std.Verify(t.Context(), post("{}", "Webhook-Id", "msg_1", "Webhook-Timestamp", ts, "Webhook-Signature", "v1,"+b64MAC(rawKey, "msg_1."+ts+".{}")))
		require.ErrorIs(t, err, webhook.ErrMalformed, ts)
	}
	// An identifier with the delimiter in it could be split in another way.
	_, err = std.Verify(t.Context(), post("{}", "Webhook-Id", "a.1", "Webhook-Timestamp", now, "Webhook-Signature", "v1,"+b64MAC(rawKey, "a.1."+now+".{}")))
	require.ErrorIs(t, err, webhook.ErrMalformed)
}

// W7
func TestW7_DuplicatesRefused(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"stripe": {"Stripe-Signature"}, "paddle": {"Paddle-Signature"},
		"standard-webhooks":         {"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
		"standard-webhooks-ed25519": {"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
		"svix":                      {"Svix-Id", "Svix-Timestamp", "Svix-Signature"},
		"clerk":                     {"Svix-Id", "Svix-Timestamp", "Svix-Signature"},
		"openai":                    {"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
		"slack":                     {"X-Slack-Signature", "X-Slack-Request-Timestamp"},
		"sendgrid":                  {"X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"},
		"github":                    {"X-Hub-Signature-256", "X-Github-Delivery", "X-Github-Event"},
		"shopify":                   {"X-Shopify-Hmac-Sha256", "X-Shopify-Webhook-Id", "X-Shopify-Topic"},
		"shopify-events":            {"Shopify-Hmac-Sha256"},
		"sentry":                    {"Sentry-Hook-Signature", "Sentry-Hook-Resource"},
		"sentry-ui":                 {"Sentry-App-Signature"},
		"x":                         {"X-Twitter-Webhooks-Signature"},
		"x-oauth2":                  {"X-Twitter-Webhooks-Signature-Oauth2"},
		"twilio":                    {"X-Twilio-Signature"},
		"postmark":                  {"Authorization"},
		"auth0-log-stream":          {"Authorization"},
		"google-pubsub":             {"Authorization"},
		"cloudflare":                {"Cf-Webhook-Auth"},
		"datadog":                   {"X-Hook-Token"},
		"google-calendar":           {"X-Goog-Channel-Token"},
	} {
		k := kitNamed(t, name)
		s, good := k.scheme(t), k.request(t, fixedTime)
		for _, header := range headers {
			require.Len(t, good.Header[header], 1, "%s %s", name, header)
			for _, second := range []string{good.Header[header][0], "other", ""} {
				for _, order := range [][]string{{good.Header[header][0], second}, {second, good.Header[header][0]}} {
					bad := clone(good)
					bad.Header[header] = order
					_, err := s.Verify(t.Context(), bad)
					require.ErrorIs(t, err, webhook.ErrDuplicate, "%s %s", name, header)
				}
			}
		}
	}
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	stripe := kitNamed(t, "stripe").scheme(t)
	for _, header := range []string{stripeHeader(now, "t="+now), "t=1," + stripeHeader(now), stripeHeader(now, "t=")} {
		_, err := stripe.Verify(t.Context(), post("{}", "Stripe-Signature", header))
		require.ErrorIs(t, err, webhook.ErrDuplicate, header)
	}
	paddle := kitNamed(t, "paddle").scheme(t)
	_, err := paddle.Verify(t.Context(), post("{}", "Paddle-Signature", "ts="+now+";h1="+hexMAC(rawKey, now+":{}")+";ts="+now))
	require.ErrorIs(t, err, webhook.ErrDuplicate)
	braintree := kitNamed(t, "braintree")
	form := string(braintree.request(t, fixedTime).Body)
	for _, body := range []string{form + "&bt_payload=x", form + "&bt_signature=x", "bt_signature=public_key|0&" + form, "bt_payload&" + form} {
		_, err = braintree.scheme(t).Verify(t.Context(), post(body))
		require.ErrorIs(t, err, webhook.ErrDuplicate, body)
	}
	logout := kitNamed(t, "auth0-logout")
	r := logout.request(t, fixedTime)
	r.Body = append(r.Body, "&logout_token=x"...)
	_, err = logout.scheme(t).Verify(t.Context(), r)
	require.ErrorIs(t, err, webhook.ErrDuplicate)
}

// W8
func TestW8_OnlyTheProvidersOwnSchemeVerifies(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	sig := hexMAC(rawKey, now+".{}")
	stripe := kitNamed(t, "stripe").scheme(t)
	for _, header := range []string{
		"t=" + now + ",v0=" + sig, "t=" + now + ",V1=" + sig, "t=" + now + ",v1 =" + sig, "t=" + now + ", v1=" + sig,
		"t=" + now + ",v2=" + sig, "t=" + now + ",v1:" + sig, "t=" + now + ";v1=" + sig, "v1=" + sig,
		"t=" + now + ",v1=" + sig + ",", "t=" + now + ",v1=" + sig + ",x", "T=" + now + ",v1=" + sig,
		"t=" + now + ",v1=" + hex.EncodeToString(macOf(sha512.New, rawKey, now+".{}")),
	} {
		_, err := stripe.Verify(t.Context(), post("{}", "Stripe-Signature", header))
		require.Error(t, err, header)
	}
	github := kitNamed(t, "github").scheme(t)
	for _, headers := range [][]string{
		{"X-Hub-Signature", "sha1=" + hex.EncodeToString(macOf(sha1.New, rawKey, "{}"))},
		{"X-Hub-Signature", "sha256=" + hexMAC(rawKey, "{}")},
		{"X-Hub-Signature-256", "sha1=" + hex.EncodeToString(macOf(sha1.New, rawKey, "{}"))},
		{"X-Hub-Signature-256", "sha512=" + hex.EncodeToString(macOf(sha512.New, rawKey, "{}"))},
		{"X-Hub-Signature-256", "SHA256=" + hexMAC(rawKey, "{}")},
		{"X-Hub-Signature-256", hexMAC(rawKey, "{}")},
		{"X-Hub-Signature-512", "sha512=" + hex.EncodeToString(macOf(sha512.New, rawKey, "{}"))},
	} {
		_, err := github.Verify(t.Context(), post("{}", headers...))
		require.Error(t, err, headers)
	}
	slack := kitNamed(t, "slack").scheme(t)
	_, err := slack.Verify(t.Context(), post("{}", "X-Slack-Request-Timestamp", now, "X-Slack-Signature", "v1="+hexMAC(rawKey, "v1:"+now+":{}")))
	require.ErrorIs(t, err, webhook.ErrMalformed)

	// Malformed siblings are passed over, and no more than sixteen are tried.
	filler := func(n int, sig string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = "v1=" + sig
		}
		return out
	}
	wrong, malformed := strings.Repeat("0", 64), "zz"
	order := func(before []string) string {
		return strings.Join(append(append([]string{"t=" + now}, before...), "v1="+sig), ",")
	}
	for name, c := range map[string]struct {
		header string
		ok     bool
	}{
		"malformed before":     {order(filler(1, malformed)), true},
		"empty before":         {order([]string{"v1="}), true},
		"not hex before":       {order(filler(1, strings.Repeat("g", 64))), true},
		"100 malformed before": {order(filler(100, malformed)), true},
		"15 wrong before":      {order(filler(15, wrong)), true},
		"16 wrong before":      {order(filler(16, wrong)), false},
		"1000 wrong before":    {order(filler(1000, wrong)), false},
		"unknown before":       {order([]string{"v0=" + wrong, "v9=x", "=", "a="}), true},
	} {
		_, err := stripe.Verify(t.Context(), post("{}", "Stripe-Signature", c.header))
		require.Equal(t, c.ok, err == nil, "%s: %v", name, err)
	}
	std := kitNamed(t, "standard-webhooks-raw").scheme(t)
	good := "v1," + b64MAC(rawKey, "msg_1."+now+".{}")
	for header, ok := range map[string]bool{
		good: true, "v1,x " + good: true, "v2," + good[3:] + " " + good: true, "garbage  " + good: true, good + " ": true, "v1a,AAAA " + good: true,
		"V1" + good[2:]: false, good + ",x": false, good + "=": false, "v1 " + good[3:]: false, good[3:]: false, "v1," + good: false, "v0," + good[3:]: false,
		good[:20] + "\t" + good[20:]: false,
	} {
		_, err := std.Verify(t.Context(), post("{}", "Webhook-Id", "msg_1", "Webhook-Timestamp", now, "Webhook-Signature", header))
		require.Equal(t, ok, err == nil, "%q: %v", header, err)
	}
}

// W10
func TestW10_PublicKeyBytesNeverActAsASecret(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	public, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	text := "whpk_" + base64.StdEncoding.EncodeToString(public)
	s, err := webhook.StandardWebhooksEd25519(secret.Static(text), at(fixedTime))
	require.NoError(t, err)
	for _, key := range []string{string(public), text, strings.TrimPrefix(text, "whpk_")} {
		sig := b64MAC(key, "msg_1."+now+".{}")
		long := base64.StdEncoding.EncodeToString(macOf(sha512.New, key, "msg_1."+now+".{}"))
		for _, header := range []string{"v1," + sig, "v1a," + sig, "v1a," + long, "v1," + long} {
			_, err := s.Verify(t.Context(), post("{}", "Webhook-Id", "msg_1", "Webhook-Timestamp", now, "Webhook-Signature", header))
			require.Error(t, err)
		}
	}
	// The wrong way round nothing is constructed.
	_, err = webhook.StandardWebhooks(secret.Static(text))
	require.ErrorIs(t, err, webhook.ErrConfig)

	der, err := base64.StdEncoding.DecodeString(sendGridKeys().Public)
	require.NoError(t, err)
	sg := kitNamed(t, "sendgrid").scheme(t)
	for _, key := range []string{string(der), sendGridKeys().Public} {
		_, err := sg.Verify(t.Context(), post("[]",
			"X-Twilio-Email-Event-Webhook-Timestamp", now,
			"X-Twilio-Email-Event-Webhook-Signature", b64MAC(key, now+"[]")))
		require.Error(t, err)
	}
}

// W12
func TestW12_UnsignedHeadersAreMarkedUntrusted(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"github":         {"X-Github-Event", "X-Github-Delivery"},
		"shopify":        {"X-Shopify-Topic", "X-Shopify-Webhook-Id", "X-Shopify-Shop-Domain"},
		"sentry":         {"Sentry-Hook-Resource", "Sentry-Hook-Timestamp"},
		"aws-sns":        {"X-Amz-Sns-Message-Type", "X-Amz-Sns-Topic-Arn", "X-Amz-Sns-Message-Id"},
		"shopify-events": {"Shopify-Topic", "Shopify-Webhook-Id"},
	} {
		k := kitNamed(t, name)
		r := k.request(t, fixedTime)
		for _, header := range want {
			r.Header.Set(header, "chosen by whoever sent it")
		}
		rec, err := k.scheme(t).Verify(t.Context(), r)
		require.NoError(t, err)
		require.Subset(t, rec.Untrusted, want, name)
		if name == "aws-sns" {
			require.Equal(t, "Notification", rec.EventType, "the header does not name the event")
			require.True(t, rec.EventTypeSigned)
			require.True(t, rec.EventIDSigned)
			continue
		}
		require.False(t, rec.EventIDSigned, name)
		require.False(t, rec.EventTypeSigned, name)
		require.Equal(t, "chosen by whoever sent it", rec.EventType, name)
		raws, err := k.scheme(t).Split(r, rec)
		require.NoError(t, err)
		require.False(t, raws[0].IDSigned)
		require.False(t, raws[0].TypeSigned)
		// What was not delivered is not listed.
		r.Header.Del(want[0])
		rec, err = k.scheme(t).Verify(t.Context(), r)
		require.NoError(t, err)
		require.NotContains(t, rec.Untrusted, want[0])
	}
	// The signed identifier of Standard Webhooks is one.
	k := kitNamed(t, "svix")
	rec, err := k.scheme(t).Verify(t.Context(), k.request(t, fixedTime))
	require.NoError(t, err)
	require.NotEmpty(t, rec.EventID)
	require.True(t, rec.EventIDSigned)
	require.Empty(t, rec.Untrusted)
	// Sentry's timestamp is not held to a tolerance, since it is not signed.
	k = kitNamed(t, "sentry")
	r := k.request(t, fixedTime)
	r.Header.Set("Sentry-Hook-Timestamp", "1")
	rec, err = k.scheme(t).Verify(t.Context(), r)
	require.NoError(t, err)
	require.Zero(t, rec.SignedAt)
}

// W13
func TestW13_SendGridTimestampAndBodyCannotShift(t *testing.T) {
	t.Parallel()
	sign := func(content string) string {
		r := received(t, webhooktest.SendGrid(sendGridKeys().Private).At(fixedTime).Request([]byte(content)))
		return r.Header.Get("X-Twilio-Email-Event-Webhook-Signature")
	}
	s := kitNamed(t, "sendgrid").scheme(t)
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	good := sign("[1]")
	verify := func(ts, body, sig string) error {
		_, err := s.Verify(t.Context(), post(body, "X-Twilio-Email-Event-Webhook-Timestamp", ts, "X-Twilio-Email-Event-Webhook-Signature", sig))
		return err
	}
	require.NoError(t, verify(now, "[1]", good))
	// The same signed bytes, cut elsewhere.
	require.ErrorIs(t, verify(now[:9], now[9:]+"[1]", good), webhook.ErrMalformed)
	require.ErrorIs(t, verify(now[:1], now[1:]+"[1]", good), webhook.ErrMalformed)
	digits := sign("12[1]")
	require.ErrorIs(t, verify(now+"12", "[1]", digits), webhook.ErrMalformed)
	require.ErrorIs(t, verify(now, "12[1]", digits), webhook.ErrMalformed)
	require.ErrorIs(t, verify(now, "{}", sign("{}")), webhook.ErrMalformed, "a body that is no array")
	require.ErrorIs(t, verify(now, " [1]", sign(" [1]")), webhook.ErrMalformed)
	require.ErrorIs(t, verify(now, "", sign("")), webhook.ErrMalformed)

	inbound := kitNamed(t, "sendgrid-inbound")
	r := inbound.request(t, fixedTime)
	r.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", now[:9])
	r.Body = append([]byte(now[9:]), r.Body...)
	_, err := inbound.scheme(t).Verify(t.Context(), r)
	require.ErrorIs(t, err, webhook.ErrMalformed)
}

func TestGenericHMAC(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	for name, c := range map[string]struct {
		cfg     webhook.HMACConfig
		headers []string
		scheme  string
		signed  time.Time
	}{
		"body": {
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "x-sig"}},
			[]string{"X-Sig", hexMAC(rawKey, "{}")}, "hmac-sha256", time.Time{},
		},
		"sha512, base64, prefix": {
			webhook.HMACConfig{Provider: "acme", Hash: crypto.SHA512, Layout: webhook.Layout{SignatureHeader: "X-Sig", Encoding: webhook.Base64, Prefix: "v="}},
			[]string{"X-Sig", "v=" + base64.StdEncoding.EncodeToString(macOf(sha512.New, rawKey, "{}"))}, "hmac-sha512", time.Time{},
		},
		"sha384": {
			webhook.HMACConfig{Provider: "acme", Scheme: "v9", Hash: crypto.SHA384, Layout: webhook.Layout{SignatureHeader: "X-Sig"}},
			[]string{"X-Sig", hex.EncodeToString(macOf(sha512.New384, rawKey, "{}"))}, "v9", time.Time{},
		},
		"all parts, body first": {
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{
				SignatureHeader: "X-Sig", TimestampHeader: "X-Time", IDHeader: "X-Id", TypeHeader: "X-Type", Signed: "{body}|{type}|{id}|{timestamp}|end",
			}},
			[]string{"X-Sig", hexMAC(rawKey, "{}|a.b|id-1|"+now+"|end"), "X-Time", now, "X-Id", "id-1", "X-Type", "a.b"}, "hmac-sha256", fixedTime.UTC(),
		},
		"tight": {
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Sig", TimestampHeader: "X-Time", Signed: "{timestamp}{body}"}},
			[]string{"X-Sig", hexMAC(rawKey, now+"{}"), "X-Time", now}, "hmac-sha256", fixedTime.UTC(),
		},
		"fields": {
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{
				SignatureHeader: "X-Sig", Signed: "{timestamp}.{body}",
				Fields: &webhook.Fields{Separator: "&", Assign: ":", Signature: "s", Timestamp: "t"},
			}},
			[]string{"X-Sig", "x:y&s:" + hexMAC(rawKey, now+".{}") + "&t:" + now}, "hmac-sha256", fixedTime.UTC(),
		},
	} {
		s, err := webhook.HMAC(c.cfg, secret.Static(rawKey), at(fixedTime))
		require.NoError(t, err, name)
		rec, err := s.Verify(t.Context(), post("{}", c.headers...))
		require.NoError(t, err, name)
		require.Equal(t, "acme", rec.Provider)
		require.Equal(t, c.scheme, rec.Scheme, name)
		require.Equal(t, c.signed, rec.SignedAt, name)
		_, err = s.Verify(t.Context(), post("{ }", c.headers...))
		require.ErrorIs(t, err, webhook.ErrMismatch, name)
	}
	for text, key := range map[string]webhook.KeyFormat{
		base64.StdEncoding.EncodeToString([]byte(rawKey)): webhook.Base64Key, hex.EncodeToString([]byte(rawKey)): webhook.HexKey,
		"whsec_" + base64.StdEncoding.EncodeToString([]byte(rawKey)): webhook.StandardKey,
	} {
		s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Key: key, Layout: webhook.Layout{SignatureHeader: "X-Sig"}}, secret.Static(text))
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post("{}", "X-Sig", hexMAC(rawKey, "{}")))
		require.NoError(t, err)
		_, err = webhook.HMAC(webhook.HMACConfig{Provider: "acme", Key: key, Layout: webhook.Layout{SignatureHeader: "X-Sig"}}, secret.Static("§"))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
}

// What is signed can be split in one way only.
func TestSignedPartsDoNotHoldTheirDelimiter(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	for signed, bad := range map[string][][2]string{
		"{id}--{body}":                   {{"a-", "t"}, {"a--b", "t"}, {"-", "t"}},
		"{id}.{type}|{timestamp}|{body}": {{"a.b", "t"}, {"a", "t|"}},
		"{body}|{type}.{id}":             {{"a.b", "t"}, {"a", "t|u"}},
	} {
		layout := webhook.Layout{SignatureHeader: "X-Sig", Signed: signed, IDHeader: "X-Id"}
		if strings.Contains(signed, "{type}") {
			layout.TypeHeader = "X-Type"
		}
		if strings.Contains(signed, "{timestamp}") {
			layout.TimestampHeader = "X-Time"
		}
		s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey), at(fixedTime))
		require.NoError(t, err)
		deliver := func(id, typ string) error {
			content := strings.NewReplacer("{id}", id, "{type}", typ, "{timestamp}", now, "{body}", "{}").Replace(signed)
			_, err := s.Verify(t.Context(), post("{}", "X-Sig", hexMAC(rawKey, content), "X-Id", id, "X-Type", typ, "X-Time", now))
			return err
		}
		require.NoError(t, deliver("a", "t"), signed)
		for _, c := range bad {
			require.ErrorIs(t, deliver(c[0], c[1]), webhook.ErrMalformed, "%s: %q", signed, c)
		}
	}
}

func TestLayoutsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]webhook.HMACConfig{
		"no provider":                {Layout: webhook.Layout{SignatureHeader: "X"}},
		"no header":                  {Provider: "acme"},
		"no body":                    {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{id}", IDHeader: "I"}},
		"body twice":                 {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{body}.{body}"}},
		"time twice":                 {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T", Signed: "{timestamp}.{timestamp}.{body}"}},
		"nothing between":            {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", IDHeader: "I", Signed: "{id}{body}"}},
		"body before time":           {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T", Signed: "{body}{timestamp}"}},
		"digit behind the time":      {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T", Signed: "{timestamp}0{body}"}},
		"digit before the time":      {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T", Signed: "{body}.0{timestamp}"}},
		"time not signed":            {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T"}},
		"time not received":          {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{timestamp}.{body}"}},
		"two times":                  {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", TimestampHeader: "T", Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "t"}}},
		"field time not signed":      {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Fields: &webhook.Fields{Signature: "s", Timestamp: "t"}}},
		"id without header":          {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{id}.{body}"}},
		"type without header":        {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{type}.{body}"}},
		"prefix and fields":          {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Prefix: "a", Fields: &webhook.Fields{Signature: "s"}}},
		"fields without a signature": {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Fields: &webhook.Fields{}}},
		"fields of one name":         {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "s"}}},
		"separator and sign alike":   {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Fields: &webhook.Fields{Signature: "s", Separator: "="}}},
		"long separator":             {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Fields: &webhook.Fields{Signature: "s", Separator: ", "}}},
		"hash":                       {Provider: "acme", Hash: crypto.MD5, Layout: webhook.Layout{SignatureHeader: "X"}},
		"encoding":                   {Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X", Encoding: 9}},
		"key format":                 {Provider: "acme", Key: 9, Layout: webhook.Layout{SignatureHeader: "X"}},
	} {
		_, err := webhook.HMAC(cfg, secret.Static(rawKey))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
		if name == "key format" || name == "hash" {
			continue
		}
		_, err = webhook.ECDSA(webhook.ECDSAConfig{Provider: cfg.Provider, Layout: cfg.Layout}, secret.Static(sendGridKeys().Public))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
	_, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Hash: crypto.SHA1, Layout: webhook.Layout{SignatureHeader: "X"}}, secret.Static(sendGridKeys().Public))
	require.ErrorIs(t, err, webhook.ErrConfig)
	for _, header := range []string{"", " "} {
		_, err = webhook.Datadog(header, secret.Static("t"))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
	_, err = webhook.StaticToken(webhook.StaticTokenConfig{Provider: "", Header: "X"}, secret.Static("t"))
	require.ErrorIs(t, err, webhook.ErrConfig)
}

func TestOptionsWithoutEffectAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kit  string
		opts []webhook.Option
	}{
		{"github", []webhook.Option{webhook.WithTolerance(time.Minute)}},
		{"cloudflare", []webhook.Option{webhook.WithTolerance(time.Minute)}},
		{"stripe", []webhook.Option{webhook.WithRawSecret()}},
		{"stripe", []webhook.Option{webhook.WithHTTPClient(http.DefaultClient)}},
		{"stripe", []webhook.Option{webhook.SNSAutoConfirm()}},
		{"stripe", []webhook.Option{webhook.WithTolerance(0)}},
		{"stripe", []webhook.Option{webhook.WithTolerance(-time.Second)}},
		{"stripe", []webhook.Option{webhook.WithMaxBody(0)}},
		{"stripe", []webhook.Option{webhook.WithMaxBody(-1)}},
		{"stripe", []webhook.Option{webhook.WithClock(nil)}},
		{"standard-webhooks-ed25519", []webhook.Option{webhook.WithRawSecret()}},
		{"google-pubsub", []webhook.Option{webhook.WithTolerance(time.Minute)}},
		{"braintree", []webhook.Option{webhook.WithTolerance(time.Minute)}},
		{"twilio", []webhook.Option{webhook.WithTolerance(time.Minute)}},
		{"x", []webhook.Option{webhook.WithTolerance(time.Minute)}},
	} {
		_, err := kitNamed(t, c.kit).newScheme(c.opts...)
		require.ErrorIs(t, err, webhook.ErrConfig, c.kit)
	}
	_, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(nil))
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = (&webhook.Scheme{}).Verify(t.Context(), post("{}"))
	require.ErrorIs(t, err, webhook.ErrConfig, "the zero Scheme verifies nothing")
}

// Every constructor refuses what is wrong with any option, says what, and returns no
// scheme.
func TestEverySchemeChecksItsOptions(t *testing.T) {
	t.Parallel()
	for _, k := range kits() {
		for says, opt := range map[string]webhook.Option{
			"the largest body must be positive": webhook.WithMaxBody(0), "the clock is nil": webhook.WithClock(nil),
		} {
			s, err := k.newScheme(opt)
			require.ErrorIs(t, err, webhook.ErrConfig, k.name)
			require.ErrorContains(t, err, says, k.name)
			require.ErrorContains(t, err, k.scheme(t).Provider()+": ", k.name)
			require.Nil(t, s, k.name)
		}
		_, err := k.newScheme(webhook.WithMaxBody(1), webhook.WithClock(time.Now))
		require.NoError(t, err, k.name)
		_, err = k.newScheme(webhook.WithTolerance(0))
		require.ErrorIs(t, err, webhook.ErrConfig, k.name)
		if strings.Contains(err.Error(), "no effect") {
			require.ErrorContains(t, err, "option WithTolerance has no effect", k.name)
			continue
		}
		require.ErrorContains(t, err, "the tolerance must be positive", k.name)
		_, err = k.newScheme(webhook.WithTolerance(1))
		require.NoError(t, err, k.name)
	}
	_, err := kitNamed(t, "stripe").newScheme(webhook.SNSAutoConfirm(), webhook.WithRawSecret(), webhook.WithHTTPClient(nil))
	require.ErrorContains(t, err, "option SNSAutoConfirm has no effect", "the first that is given")
	_, err = webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(nil))
	require.ErrorContains(t, err, "the HTTP client is nil")
}

// A list that is not wholly understood is refused, wherever the odd item stands.
func TestW8_ItemsWithoutAValueAreRefused(t *testing.T) {
	t.Parallel()
	good := "s=" + hexMAC(rawKey, "{}")
	s := custom(t, webhook.Layout{SignatureHeader: "X-Sig", Fields: &webhook.Fields{Signature: "s"}})
	for header, want := range map[string]error{
		good: nil, good + ",x=": nil, "x=1," + good: nil,
		good + ",x": webhook.ErrMalformed, "x," + good: webhook.ErrMalformed, good + ",": webhook.ErrMalformed, "," + good: webhook.ErrMalformed, good + ",," + good: webhook.ErrMalformed,
	} {
		_, err := s.Verify(t.Context(), post("{}", "X-Sig", header))
		require.ErrorIs(t, err, want, header)
		if want != nil {
			require.ErrorContains(t, err, "an item of the signature header has no value")
		}
	}
}
