package webhook_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func TestGenericECDSA(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		curve    elliptic.Curve
		hash     crypto.Hash
		encoding webhook.Encoding
		asPEM    bool
	}{
		"P-256, hex":             {elliptic.P256(), 0, webhook.Hex, false},
		"P-384, base64, PEM":     {elliptic.P384(), crypto.SHA384, webhook.Base64, true},
		"P-521, SHA-512, hex":    {elliptic.P521(), crypto.SHA512, webhook.Hex, true},
		"P-521, SHA-512, base64": {elliptic.P521(), crypto.SHA512, webhook.Base64, false},
	} {
		key, err := ecdsa.GenerateKey(c.curve, rand.Reader)
		require.NoError(t, err)
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		require.NoError(t, err)
		public := base64.StdEncoding.EncodeToString(der)
		if c.asPEM {
			public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		}
		s, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Hash: c.hash, Layout: webhook.Layout{
			SignatureHeader: "X-Sig", Encoding: c.encoding, Signed: "a.{body}.z",
		}}, secret.Static(public))
		require.NoError(t, err, name)
		content := []byte("a.{}.z")
		var digest []byte
		switch c.hash {
		case crypto.SHA384:
			d := sha512.Sum384(content)
			digest = d[:]
		case crypto.SHA512:
			d := sha512.Sum512(content)
			digest = d[:]
		default:
			d := sha256.Sum256(content)
			digest = d[:]
		}
		sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
		require.NoError(t, err)
		encode := hex.EncodeToString
		if c.encoding == webhook.Base64 {
			encode = base64.StdEncoding.EncodeToString
		}
		rec, err := s.Verify(t.Context(), post("{}", "X-Sig", encode(sig)))
		require.NoError(t, err, name)
		require.Equal(t, "ecdsa", rec.Scheme)
		require.Equal(t, "key 1", rec.KeyID)
		for _, bad := range []string{
			encode(sig[:len(sig)-1]), encode(append(sig, 0)), encode(nil), "zz", encode(sig) + "\n", encode(make([]byte, 500)), encode(digest),
		} {
			_, err := s.Verify(t.Context(), post("{}", "X-Sig", bad))
			require.Error(t, err, "%s %q", name, bad)
		}
		_, err = s.Verify(t.Context(), post("{ }", "X-Sig", encode(sig)))
		require.ErrorIs(t, err, webhook.ErrMismatch)
	}
	rsaDER, err := x509.MarshalPKIXPublicKey(&tokenKey().PublicKey)
	require.NoError(t, err)
	pemOf := func(kind string) string { return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: rsaDER})) }
	for _, bad := range []string{
		base64.StdEncoding.EncodeToString(rsaDER), pemOf("PUBLIC KEY"), pemOf("CERTIFICATE"),
		pemOf("PUBLIC KEY") + "x", "-----BEGIN PUBLIC KEY-----", "AAAA",
	} {
		_, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X"}}, secret.Static(bad))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
	// SendGrid's keys are on P-256 and nothing else.
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	require.NoError(t, err)
	_, err = webhook.SendGrid(secret.Static(base64.StdEncoding.EncodeToString(der)))
	require.ErrorIs(t, err, webhook.ErrConfig)
}
