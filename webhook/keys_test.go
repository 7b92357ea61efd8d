package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// bySecretAll are all constructors that take one source of keys.
func bySecretAll() map[string]constructor {
	all := map[string]constructor{
		"datadog": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Datadog("X-Hook-Token", src, opts...)
		},
		"static-token": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "X-Token"}, src, opts...)
		},
		"twilio": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Twilio(src, hookURL, opts...)
		},
		"braintree": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Braintree("public_key", src, opts...)
		},
		"x": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.X(src, nil, opts...)
		},
		"x-oauth2": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.X(nil, src, opts...)
		},
		"hmac": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Sig"}}, src, opts...)
		},
		"ecdsa": func(src secret.Source, opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Sig"}}, src, opts...)
		},
		"sendgrid":                  webhook.SendGrid,
		"sendgrid-inbound":          webhook.SendGridInbound,
		"standard-webhooks-ed25519": webhook.StandardWebhooksEd25519,
		"postmark-inbound":          webhook.PostmarkInbound,
	}
	for name, c := range bySecret {
		all[name] = c
	}
	return all
}

// W1, X2
func TestW1_UnusableSecretsRefusedAtConstruction(t *testing.T) {
	t.Parallel()
	for name, construct := range bySecretAll() {
		for what, src := range map[string]secret.Source{
			"nil": nil, "none": secret.Static(), "empty": secret.Static(""), "blank": secret.Static(" \t\n"),
			"one blank of two": secret.Static(standardKey, " "),
			"unset variable":   secret.Env("STANDPIPE_TEST_NO_SUCH_VARIABLE"),
			"missing file":     secret.File(t.TempDir() + "/none"),
			"empty join":       secret.Join(),
			"byte order mark":  secret.Static("\ufeff" + standardKey), "second line": secret.Static(standardKey + "\n" + standardKey),
			"space before": secret.Static(" " + standardKey), "no-break space behind": secret.Static(standardKey + "\u00a0"),
		} {
			s, err := construct(src)
			require.ErrorIs(t, err, webhook.ErrConfig, "%s: %s", name, what)
			require.Nil(t, s)
			require.NotEmpty(t, err.(*webhook.Error).Provider)
		}
	}
	wrong := map[string][]string{
		"stripe":                    {"sk_live_abc", "rk_test_abc", "pk_test_abc", "whpk_abc", "we_123", " whsec_abc", "whsec_abc\n"},
		"paddle":                    {"pdl_live_apikey_01", "ntfset_01"},
		"github":                    {"ghp_abc", "github_pat_abc", "-----BEGIN RSA PRIVATE KEY-----"},
		"slack":                     {"xoxb-1-2", "xapp-1"},
		"shopify":                   {"shpat_abc"},
		"sentry":                    {"sntrys_abc", "https://key@sentry.io/1"},
		"resend":                    {"re_123", "whpk_" + strings.Repeat("A", 43) + "="},
		"clerk":                     {"sk_test_abc"},
		"openai":                    {"sk-abc", "legacy-raw-secret", "whsec_", strings.TrimPrefix(standardKey, "whsec_")},
		"standard-webhooks":         {"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "whsk_abc", "whsec_", "not base64!"},
		"standard-webhooks-ed25519": {standardKey, "whpk_", "whpk_AAAA", "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="},
		"sendgrid":                  {"SG.abc.def", "AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "-----BEGIN x"},
		"postmark":                  {"no-colon", ":password", "user:"},
		"twilio":                    {"AC" + strings.Repeat("0", 32), "SK" + strings.Repeat("0", 32)},
		"braintree":                 {"public_key", " private "},
		"datadog":                   {" token"},
	}
	for name, secrets := range wrong {
		for _, s := range secrets {
			_, err := bySecretAll()[name](secret.Static(s))
			require.ErrorIs(t, err, webhook.ErrConfig, "%s: %q", name, s)
			if len(s) > 20 {
				require.NotContains(t, err.Error(), s, "the error shows the secret")
			}
		}
	}
}

// W2
func TestW2_StandardSecretsAreCanonical(t *testing.T) {
	t.Parallel()
	const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // 24 bytes
	for name, text := range map[string]string{
		"stray tail bits":    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==",
		"newline inside":     "whsec_" + key[:10] + "\n" + key[10:],
		"CRLF inside":        "whsec_" + key[:8] + "\r\n" + key[8:],
		"newline at the end": "whsec_" + key + "\n",
		"space":              "whsec_ " + key,
		"23 bytes":           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=",
		"unpadded":           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA",
		"too much padding":   "whsec_" + key + "====",
		"base64url":          "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-",
		"two prefixes":       "whsec_whsec_" + key,
		"upper-case prefix":  "WHSEC_" + key,
		"raw text":           "a raw secret, not base64",
	} {
		for provider, construct := range map[string]constructor{
			"standard": webhook.StandardWebhooks, "svix": webhook.Svix, "clerk": webhook.Clerk, "resend": webhook.Resend, "openai": webhook.OpenAI,
		} {
			_, err := construct(secret.Static(text))
			require.ErrorIs(t, err, webhook.ErrConfig, "%s: %s", provider, name)
		}
	}
	_, err := webhook.StandardWebhooks(secret.Static(key))
	require.NoError(t, err, "24 bytes without the prefix")

	// Raw or base64 is a choice: neither verifies the other's signatures.
	raw := kitNamed(t, "standard-webhooks-raw")
	asRaw, err := webhook.StandardWebhooks(secret.Static(standardKey), webhook.WithRawSecret(), at(fixedTime))
	require.NoError(t, err)
	_, err = asRaw.Verify(t.Context(), kitNamed(t, "standard-webhooks").request(t, fixedTime))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	_, err = asRaw.Verify(t.Context(), received(t, webhooktest.StandardWebhooksRaw(standardKey).At(fixedTime).Request([]byte("{}"))))
	require.NoError(t, err)
	_, err = raw.scheme(t).Verify(t.Context(), raw.request(t, fixedTime))
	require.NoError(t, err)
}

func at(now time.Time) webhook.Option { return webhook.WithClock(func() time.Time { return now }) }

func kitNamed(t testing.TB, name string) kit {
	t.Helper()
	for _, k := range kits() {
		if k.name == name {
			return k
		}
	}
	require.Fail(t, "no kit "+name)
	return kit{}
}

// W9
func TestW9_AnyKeyAndAnySignatureInAnyOrder(t *testing.T) {
	t.Parallel()
	third := "whsec_" + strings.Repeat("QUJD", 10)
	orders := [][]string{{standardKey, otherKey, third}, {third, standardKey, otherKey}, {otherKey, third, standardKey}}
	for name, c := range map[string]struct {
		construct constructor
		sign      func(string, ...string) *webhooktest.Signer
	}{
		"stripe":   {webhook.Stripe, webhooktest.Stripe},
		"paddle":   {webhook.Paddle, webhooktest.Paddle},
		"standard": {webhook.StandardWebhooks, webhooktest.StandardWebhooks},
		"svix":     {webhook.Svix, webhooktest.Svix},
	} {
		for _, configured := range orders {
			s, err := c.construct(secret.Static(configured...), at(fixedTime))
			require.NoError(t, err)
			for position, key := range configured {
				for _, presented := range [][]string{{key}, {key, "whsec_" + strings.Repeat("WFla", 10)}, {"whsec_" + strings.Repeat("WFla", 10), key}} {
					r := received(t, c.sign(presented[0], presented[1:]...).At(fixedTime).Request([]byte("{}")))
					rec, err := s.Verify(t.Context(), r)
					require.NoError(t, err, name)
					require.Equal(t, fmt.Sprintf("key %d", position+1), rec.KeyID)
				}
			}
			_, err = s.Verify(t.Context(), received(t, c.sign("whsec_"+strings.Repeat("WFla", 10)).At(fixedTime).Request([]byte("{}"))))
			require.ErrorIs(t, err, webhook.ErrMismatch)
		}
	}
	// One signature per delivery, several keys.
	for name, k := range map[string]func(...string) (*webhook.Scheme, error){
		"github": func(keys ...string) (*webhook.Scheme, error) { return webhook.GitHub(secret.Static(keys...)) },
		"datadog": func(keys ...string) (*webhook.Scheme, error) {
			return webhook.Datadog("X-Hook-Token", secret.Static(keys...))
		},
		"twilio": func(keys ...string) (*webhook.Scheme, error) {
			return webhook.Twilio(secret.Static(keys...), hookURL)
		},
	} {
		s, err := k("other", rawKey, "third")
		require.NoError(t, err)
		rec, err := s.Verify(t.Context(), kitNamed(t, name).request(t, fixedTime))
		require.NoError(t, err)
		require.Equal(t, "key 2", rec.KeyID)
	}
	second := webhooktest.SendGridKeys()
	s, err := webhook.SendGrid(secret.Static(second.Public, sendGridKeys().Public), at(fixedTime))
	require.NoError(t, err)
	rec, err := s.Verify(t.Context(), kitNamed(t, "sendgrid").request(t, fixedTime))
	require.NoError(t, err)
	require.Equal(t, "key 2", rec.KeyID)
}

// Rotation needs no restart: what the source says now counts.
func TestKeysRotateWhileInUse(t *testing.T) {
	t.Setenv("STANDPIPE_TEST_HOOK", "first-secret")
	s, err := webhook.GitHub(secret.Env("STANDPIPE_TEST_HOOK"))
	require.NoError(t, err)
	signed := func(key string) *webhook.Request { return received(t, webhooktest.GitHub(key).Request([]byte("{}"))) }
	_, err = s.Verify(t.Context(), signed("first-secret"))
	require.NoError(t, err)
	t.Setenv("STANDPIPE_TEST_HOOK", "second-secret")
	_, err = s.Verify(t.Context(), signed("second-secret"))
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), signed("first-secret"))
	require.ErrorIs(t, err, webhook.ErrMismatch)

	// A broken rotation decides nothing.
	t.Setenv("STANDPIPE_TEST_HOOK", "ghp_wrongkind")
	_, err = s.Verify(t.Context(), signed("second-secret"))
	require.True(t, webhook.Undecidable(err))
	require.NotContains(t, err.Error(), "wrongkind")
	t.Setenv("STANDPIPE_TEST_HOOK", "")
	_, err = s.Verify(t.Context(), signed("second-secret"))
	require.True(t, webhook.Undecidable(err))
}

// W4: a source that cannot be reached leaves the delivery undecided.
func TestW4_UnreachableSourceIsUndecidable(t *testing.T) {
	t.Parallel()
	errVault := errors.New("vault sealed")
	src := secret.Func(func(ctx context.Context) ([]secret.Value, error) { return nil, errVault })
	for name, construct := range bySecretAll() {
		s, err := construct(src)
		require.NoError(t, err, "%s: a source that calls out is not asked at construction for good", name)
		k := name
		switch name {
		case "hmac", "ecdsa":
			_, err = s.Verify(t.Context(), &webhook.Request{Header: http.Header{"X-Sig": {strings.Repeat("00", 32)}}})
		case "static-token":
			_, err = s.Verify(t.Context(), &webhook.Request{Header: http.Header{"X-Token": {"t"}}})
		default:
			_, err = s.Verify(t.Context(), kitNamed(t, k).request(t, fixedTime))
		}
		require.ErrorIs(t, err, webhook.ErrUnavailable, name)
		require.ErrorIs(t, err, errVault, name)
		require.True(t, webhook.Undecidable(err))
	}
	for _, c := range []struct {
		construct constructor
		url       string
	}{
		{bySecretAll()["x"], "/hook?crc_token=abc"}, {bySecretAll()["braintree"], "/hook?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"},
	} {
		s, err := c.construct(src)
		require.NoError(t, err)
		_, ok, err := s.Challenge(t.Context(), challenge(t, c.url))
		require.True(t, ok)
		require.True(t, webhook.Undecidable(err))
	}
}

// A source that answers at once is checked at construction even if it is a
// function, one that needs its context is not waited for.
func TestSourceAtConstruction(t *testing.T) {
	t.Parallel()
	_, err := webhook.Stripe(secret.Func(func(context.Context) ([]secret.Value, error) {
		return []secret.Value{secret.New("sk_live_abc")}, nil
	}))
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = webhook.Stripe(secret.Func(func(ctx context.Context) ([]secret.Value, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	require.NoError(t, err)
}

// careless is a source that breaks its contract.
type careless struct{ values []secret.Value }

func (c *careless) Secrets(context.Context) ([]secret.Value, error) { return c.values, nil }

// W1: nothing verifies with zero keys or with a blank one, whatever the source says.
func TestW1_NothingVerifiesWithoutAKey(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]secret.Value{
		"nil": nil, "none": {}, "zero value": {{}}, "empty": {secret.New("")}, "blank behind a good one": {secret.New(rawKey), secret.New(" ")},
	} {
		_, err := webhook.GitHub(&careless{values})
		require.ErrorIs(t, err, webhook.ErrConfig, name)
		src := &careless{[]secret.Value{secret.New(rawKey)}}
		s, err := webhook.GitHub(src)
		require.NoError(t, err)
		src.values = values
		for _, key := range []string{"", " ", rawKey} {
			_, err = s.Verify(t.Context(), post("{}", "X-Hub-Signature-256", "sha256="+hexMAC(key, "{}")))
			require.True(t, webhook.Undecidable(err), "%s: %v", name, err)
		}
	}
}
