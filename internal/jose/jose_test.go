package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// testKeys are made once: RSA generation is slow under the race detector.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	must := func(k crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return k
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"RSA": must(rsa.GenerateKey(rand.Reader, 2048)),
		"256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"521": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"Ed":  must(ed, err),
	}
})

func keyFor(a jose.Algorithm) crypto.Signer {
	switch a {
	case jose.ES256:
		return testKeys()["256"]
	case jose.ES384:
		return testKeys()["384"]
	case jose.ES512:
		return testKeys()["521"]
	case jose.EdDSA, jose.Ed25519:
		return testKeys()["Ed"]
	}
	return testKeys()["RSA"]
}

var secret = []byte(strings.Repeat("0123456789abcdef", 4))

func signerFor(t testing.TB, a jose.Algorithm, id string) *jose.Signer {
	t.Helper()
	if strings.HasPrefix(string(a), "HS") {
		s, err := jose.NewSecretSigner(secret, a, id)
		require.NoError(t, err)
		return s
	}
	s, err := jose.NewSigner(keyFor(a), a, id)
	require.NoError(t, err)
	return s
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	all := append(jose.Asymmetric(), jose.Ed25519, jose.HS256, jose.HS384, jose.HS512)
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			signer := signerFor(t, a, "k1")
			raw, err := signer.Sign(map[string]any{"typ": "at+jwt"}, []byte(`{"sub":"x"}`))
			require.NoError(t, err)
			token, err := jose.Parse(raw)
			require.NoError(t, err)
			require.Equal(t, "k1", token.Header.KeyID)
			require.Equal(t, "at+jwt", token.Header.Type)
			payload, err := token.Verify(signer.PublicKey(), a)
			require.NoError(t, err)
			require.Equal(t, `{"sub":"x"}`, string(payload))

			for _, other := range all {
				if other == a || other == jose.Ed25519 && a == jose.EdDSA || other == jose.EdDSA && a == jose.Ed25519 {
					continue
				}
				payload, err = token.Verify(signer.PublicKey(), other)
				require.ErrorIs(t, err, jose.ErrAlgorithm)
				require.Nil(t, payload)
				_, err = token.Verify(signerFor(t, other, "k1").PublicKey(), a)
				require.ErrorIs(t, err, jose.ErrAlgorithm)
			}
			_, err = token.Verify(signer.PublicKey())
			require.ErrorIs(t, err, jose.ErrAlgorithm)
			_, err = token.Verify(nil, a)
			require.ErrorIs(t, err, jose.ErrKey)

			dot := strings.LastIndexByte(raw, '.')
			signature, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
			require.NoError(t, err)
			for i := 0; i < len(signature); i += len(signature)/16 + 1 {
				signature[i] ^= 1
				forged, err := jose.Parse(raw[:dot+1] + base64.RawURLEncoding.EncodeToString(signature))
				require.NoError(t, err)
				_, err = forged.Verify(signer.PublicKey(), a)
				require.ErrorIs(t, err, jose.ErrSignature)
				signature[i] ^= 1
			}
			for _, wrong := range [][]byte{signature[1:], signature[:len(signature)-1], append([]byte{0}, signature...), append(signature[:len(signature):len(signature)], 0)} {
				forged, err := jose.Parse(raw[:dot+1] + base64.RawURLEncoding.EncodeToString(wrong))
				require.NoError(t, err)
				_, err = forged.Verify(signer.PublicKey(), a)
				require.ErrorIs(t, err, jose.ErrSignature)
			}
		})
	}
}

func TestZeroTokenVerifiesWithNothing(t *testing.T) {
	t.Parallel()
	_, err := jose.Token{}.Verify(signerFor(t, jose.ES256, "").PublicKey(), "", jose.ES256)
	require.ErrorIs(t, err, jose.ErrAlgorithm)
}

func TestSignRefusesReservedFields(t *testing.T) {
	t.Parallel()
	s := signerFor(t, jose.ES256, "k")
	for _, name := range []string{"alg", "kid", "crit", "b64", "zip"} {
		_, err := s.Sign(map[string]any{name: "x"}, nil)
		require.ErrorContains(t, err, name)
	}
	_, err := s.Sign(map[string]any{"jwk": json.RawMessage(`{"a":1,"a":2}`)}, nil)
	require.Error(t, err)
	_, err = s.Sign(map[string]any{"x": make(chan int)}, nil)
	require.Error(t, err)
	_, err = s.SignClaims(nil, make(chan int))
	require.Error(t, err)
}

// An Ed25519 signer may be asked for by either name and always says EdDSA,
// which every verifier knows.
func TestEd25519Names(t *testing.T) {
	t.Parallel()
	s := signerFor(t, jose.Ed25519, "")
	raw, err := s.Sign(nil, []byte("x"))
	require.NoError(t, err)
	require.Equal(t, b64(`{"alg":"EdDSA"}`), raw[:strings.IndexByte(raw, '.')])
	raw, err = s.SignBytes([]byte(`{"alg":"Ed25519"}`), []byte("x"))
	require.NoError(t, err)
	token, err := jose.Parse(raw)
	require.NoError(t, err)
	for _, name := range []jose.Algorithm{jose.EdDSA, jose.Ed25519} {
		key, err := jose.NewKey("", name, testKeys()["Ed"].Public())
		require.NoError(t, err)
		for _, allowed := range []jose.Algorithm{jose.EdDSA, jose.Ed25519} {
			_, err = token.Verify(key, allowed)
			require.NoError(t, err)
		}
	}
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	for name, f := range map[string]func() error{
		"nil":       func() error { _, err := jose.NewSigner(nil, "", ""); return err },
		"weak RSA":  func() error { _, err := jose.NewSigner(weak, "", ""); return err },
		"P-224":     func() error { _, err := jose.NewSigner(p224, "", ""); return err },
		"wrong alg": func() error { _, err := jose.NewSigner(testKeys()["256"], jose.ES384, ""); return err },
		"HS by key": func() error { _, err := jose.NewSigner(testKeys()["256"], jose.HS256, ""); return err },
		"unknown":   func() error { _, err := jose.NewSigner(testKeys()["256"], "ES224", ""); return err },
		"short":     func() error { _, err := jose.NewSecretSigner(secret[:31], jose.HS256, ""); return err },
		"not HS":    func() error { _, err := jose.NewSecretSigner(secret, jose.RS256, ""); return err },
		"key type":  func() error { _, err := jose.NewKey("", "", "string"); return err },
		"nil RSA":   func() error { _, err := jose.NewKey("", "", (*rsa.PublicKey)(nil)); return err },
		"nil EC":    func() error { _, err := jose.NewKey("", "", (*ecdsa.PublicKey)(nil)); return err },
		"Ed size":   func() error { _, err := jose.NewKey("", "", ed25519.PublicKey("short")); return err },
		"exponent 1": func() error {
			_, err := jose.NewKey("", "", &rsa.PublicKey{N: keyFor(jose.RS256).Public().(*rsa.PublicKey).N, E: 1})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, f(), jose.ErrKey) })
	}
}

func pemOf(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(k any) string {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	return pemOf("PRIVATE KEY", der, err)
}

func TestParsePrivateKeyPEM(t *testing.T) {
	t.Parallel()
	rsaKey, ecKey := testKeys()["RSA"].(*rsa.PrivateKey), testKeys()["256"].(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	accepted := map[string]struct {
		pem  string
		want crypto.Signer
	}{
		"PKCS8 RSA":       {pkcs8(rsaKey), rsaKey},
		"PKCS8 EC":        {pkcs8(ecKey), ecKey},
		"PKCS8 Ed25519":   {pkcs8(testKeys()["Ed"]), testKeys()["Ed"]},
		"PKCS1":           {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), rsaKey},
		"SEC1":            {pemOf("EC PRIVATE KEY", sec1, err), ecKey},
		"SEC1 parameters": {pemOf("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}, nil) + pemOf("EC PRIVATE KEY", sec1, err), ecKey},
		"escaped":         {strings.ReplaceAll(pkcs8(rsaKey), "\n", `\n`), rsaKey},
		"escaped CRLF":    {strings.ReplaceAll(pkcs8(rsaKey), "\n", `\r\n`), rsaKey},
		"CRLF":            {strings.ReplaceAll(pkcs8(rsaKey), "\n", "\r\n"), rsaKey},
		"white space":     {"\n  \n" + pkcs8(rsaKey) + "\n\n", rsaKey},
	}
	for name, tt := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := jose.ParsePrivateKeyPEM(tt.pem)
			require.NoError(t, err)
			require.True(t, tt.want.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()))
		})
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(ecKey.Public())
	body := strings.Split(pkcs8(rsaKey), "\n")
	refused := map[string]string{
		"empty":            "",
		"text":             "not a key",
		"weak":             pkcs8(weak),
		"public":           pemOf("PUBLIC KEY", public, err),
		"encrypted PKCS8":  pemOf("ENCRYPTED PRIVATE KEY", []byte{1}, nil),
		"encrypted legacy": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"garbage":          pemOf("PRIVATE KEY", []byte("garbage"), nil),
		"truncated":        strings.Join(append(body[:5:5], body[len(body)-2:]...), "\n"),
	}
	for name, text := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := jose.ParsePrivateKeyPEM(text)
			require.ErrorIs(t, err, jose.ErrKey)
			require.Nil(t, key)
			require.NotContains(t, err.Error(), "MII")
		})
	}
}

func TestParsePublicKeyPEM(t *testing.T) {
	t.Parallel()
	rsaKey := testKeys()["RSA"].(*rsa.PrivateKey)
	pkix, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	for name, text := range map[string]string{
		"PKIX":        pemOf("PUBLIC KEY", pkix, err),
		"PKCS1":       pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), nil),
		"certificate": certificate(t, rsaKey),
		"escaped":     strings.ReplaceAll(pemOf("PUBLIC KEY", pkix, err), "\n", `\n`),
	} {
		key, err := jose.ParsePublicKeyPEM(text, "id", jose.RS256)
		require.NoError(t, err, name)
		require.Equal(t, "id", key.ID())
		require.Equal(t, jose.RS256, key.Algorithm())
		require.True(t, rsaKey.PublicKey.Equal(key.Public()))
	}
	for name, text := range map[string]string{
		"empty": "", "private": pkcs8(rsaKey), "garbage": pemOf("PUBLIC KEY", []byte("x"), nil), "garbage certificate": pemOf("CERTIFICATE", []byte("x"), nil),
	} {
		_, err := jose.ParsePublicKeyPEM(text, "", "")
		require.ErrorIs(t, err, jose.ErrKey, name)
	}
	_, err = jose.ParsePublicKeyPEM(pemOf("PUBLIC KEY", pkix, err), "", jose.ES256)
	require.ErrorIs(t, err, jose.ErrKey)
}

// X1
func TestPrintedFormsHoldNoKeyMaterial(t *testing.T) {
	t.Parallel()
	s, err := jose.NewSecretSigner(secret, jose.HS256, "kid-1")
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{s, s.PublicKey(), []any{s, s.PublicKey()}} {
			text := fmt.Sprintf(verb, v)
			require.NotContains(t, text, "0123456789")
			require.NotContains(t, text, "48 49 50")
			require.NotContains(t, text, "0x30, 0x31")
		}
	}
	_, err = json.Marshal(s.PublicKey())
	require.ErrorIs(t, err, jose.ErrKey)
}

// brokenSigner stands for a key service that answers nonsense.
type brokenSigner struct {
	crypto.Signer
	answer []byte
	err    error
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.answer, b.err
}

func TestSignerThatAnswersNonsense(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]brokenSigner{
		"error":    {err: errors.New("down")},
		"empty":    {},
		"not DER":  {answer: []byte("nonsense")},
		"zero":     {answer: []byte{0x30, 6, 2, 1, 0, 2, 1, 1}},
		"negative": {answer: []byte{0x30, 6, 2, 1, 0xff, 2, 1, 1}},
		"trailing": {answer: []byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}},
		"too long": {answer: append(append([]byte{0x30, 38, 2, 33}, bytes.Repeat([]byte{0x7f}, 33)...), 2, 1, 1)},
	} {
		b.Signer = testKeys()["256"]
		s, err := jose.NewSigner(b, "", "")
		require.NoError(t, err)
		_, err = s.Sign(nil, []byte("x"))
		require.Error(t, err, name)
	}
}
