package webhooktest_test

import (
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestDescribedSchemes(t *testing.T) {
	t.Parallel()
	src := secret.Static(canary)
	for name, c := range map[string]struct {
		signer   webhooktest.SchemeConfig
		verifier webhook.HMACConfig
	}{
		"the body alone": {
			webhooktest.SchemeConfig{Provider: "acme", Header: "X-Acme-Signature"},
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X-Acme-Signature"}},
		},
		"SHA-512, base64, a prefix, headers of their own": {
			webhooktest.SchemeConfig{
				Provider: "acme", Hash: crypto.SHA512, Base64: true, Header: "X-Sig", Value: "sha512={signature}",
				Signed: "{id}.{timestamp}.{type}.{body}", TimestampHeader: "X-Time", IDHeader: "X-Id", TypeHeader: "X-Type",
			},
			webhook.HMACConfig{Provider: "acme", Hash: crypto.SHA512, Layout: webhook.Layout{
				SignatureHeader: "X-Sig", Encoding: webhook.Base64, Prefix: "sha512=",
				Signed: "{id}.{timestamp}.{type}.{body}", TimestampHeader: "X-Time", IDHeader: "X-Id", TypeHeader: "X-Type",
			}},
		},
		"a list of fields, the body first": {
			webhooktest.SchemeConfig{Provider: "acme", Header: "X-Sig", Value: "ts:{timestamp};sig:{signature};sig:00", Signed: "{body}|{timestamp}"},
			webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{
				SignatureHeader: "X-Sig", Signed: "{body}|{timestamp}",
				Fields: &webhook.Fields{Separator: ";", Assign: ":", Signature: "sig", Timestamp: "ts"},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := webhook.HMAC(c.verifier, src)
			require.NoError(t, err)
			r := rand.New(rand.NewPCG(1, 2))
			for n := range 50 {
				// A body that looks like the template is still only a body.
				body := append(anyBytes(r, n), "{timestamp}{id}{body}"...)
				rec, err := v.Verify(t.Context(), received(t, webhooktest.HMAC(c.signer, []byte(canary)).WithID("id-1").WithEvent("thing_happened").Request(body)))
				require.NoError(t, err)
				require.Equal(t, "acme", rec.Provider)
				if c.signer.IDHeader != "" {
					require.Equal(t, "id-1", rec.EventID)
					require.Equal(t, "thing_happened", rec.EventType)
				}
				_, err = v.Verify(t.Context(), received(t, webhooktest.HMAC(c.signer, []byte("x")).Request(body)))
				require.ErrorIs(t, err, webhook.ErrMismatch)
			}
		})
	}
	_, err := webhooktest.HMAC(webhooktest.SchemeConfig{Header: "X"}, nil).NewRequest(t.Context(), nil)
	require.ErrorContains(t, err, "blank")
	_, err = webhooktest.HMAC(webhooktest.SchemeConfig{Header: "X", Hash: 99}, []byte("k")).NewRequest(t.Context(), nil)
	require.ErrorContains(t, err, "not available")
}

func TestDescribedKeyPair(t *testing.T) {
	t.Parallel()
	keys, others := webhooktest.SendGridKeys(), webhooktest.SendGridKeys()
	config := webhooktest.SchemeConfig{Provider: "acme", Hash: crypto.SHA384, Base64: true, Header: "X-Sig", Signed: "{timestamp}.{body}", TimestampHeader: "X-Time"}
	v, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Hash: crypto.SHA384, Layout: webhook.Layout{
		SignatureHeader: "X-Sig", Encoding: webhook.Base64, Signed: "{timestamp}.{body}", TimestampHeader: "X-Time",
	}}, secret.Static(keys.Public))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.ECDSA(config, keys.Private).Request([]byte("é\r\n"))))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.ECDSA(config, others.Private).Request([]byte("é\r\n"))))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	_, err = webhooktest.ECDSA(config, canary).NewRequest(t.Context(), nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), canary)
}

func TestStaticToken(t *testing.T) {
	t.Parallel()
	v, err := webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "X-Acme-Token"}, secret.Static(canary))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.StaticToken("acme", "X-Acme-Token", canary).Request(nil)))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.StaticToken("acme", "X-Acme-Token", "x").Request(nil)))
	require.ErrorIs(t, err, webhook.ErrMismatch)
}

func TestDescribedRSAAndEd25519(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	layout := webhook.Layout{SignatureHeader: "X-Sig", Signed: "{timestamp}.{body}", TimestampHeader: "X-Time"}
	config := webhooktest.SchemeConfig{Provider: "acme", Header: "X-Sig", Signed: "{timestamp}.{body}", TimestampHeader: "X-Time"}
	for _, private := range []string{
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	} {
		for _, pss := range []bool{false, true} {
			config.PSS = pss
			v, err := webhook.RSA(webhook.RSAConfig{Provider: "acme", PSS: pss, Layout: layout}, secret.Static(base64.StdEncoding.EncodeToString(public)))
			require.NoError(t, err)
			_, err = v.Verify(t.Context(), received(t, webhooktest.RSA(config, private).Request([]byte("é\r\n"))))
			require.NoError(t, err)
		}
	}
	for _, bad := range []string{canary, "", webhooktest.SendGridKeys().Private} {
		_, err = webhooktest.RSA(config, bad).NewRequest(t.Context(), nil)
		require.ErrorContains(t, err, "private key")
		require.NotContains(t, err.Error(), canary)
	}

	keys, others := webhooktest.Ed25519Keys(), webhooktest.Ed25519Keys()
	v, err := webhook.Ed25519(webhook.Ed25519Config{Provider: "acme", Key: webhook.Base64Key, Layout: layout}, secret.Static(strings.TrimPrefix(keys.Public, "whpk_")))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.Ed25519(config, keys.Private).Request([]byte("é\r\n"))))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), received(t, webhooktest.Ed25519(config, others.Private).Request([]byte("é\r\n"))))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	_, err = webhooktest.Ed25519(config, canary).NewRequest(t.Context(), nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), canary)
}
