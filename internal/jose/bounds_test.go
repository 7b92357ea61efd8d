package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// modulus returns an odd number of that many bits. It is nobody's key, but has the
// form of one.
func modulus(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.SetBit(n, 0, 1)
}

// J1: RSA keys from 2048 to 16384 bits, odd, with an odd exponent from 3.
func TestJ1_RSABounds(t *testing.T) {
	t.Parallel()
	even := modulus(2048)
	for name, c := range map[string]struct {
		key  *rsa.PublicKey
		want string
	}{
		"2048 bits":         {&rsa.PublicKey{N: modulus(2048), E: 65537}, ""},
		"2047 bits":         {&rsa.PublicKey{N: modulus(2047), E: 65537}, "under 2048 bits"},
		"16384 bits":        {&rsa.PublicKey{N: modulus(16384), E: 65537}, ""},
		"16385 bits":        {&rsa.PublicKey{N: modulus(16385), E: 65537}, "over 16384 bits"},
		"negative":          {&rsa.PublicKey{N: new(big.Int).Neg(modulus(2048)), E: 65537}, "under 2048 bits"},
		"even modulus":      {&rsa.PublicKey{N: even.SetBit(even, 0, 0), E: 65537}, "even RSA modulus"},
		"no modulus":        {&rsa.PublicKey{E: 65537}, "no key"},
		"no key":            {nil, "no key"},
		"exponent 3":        {&rsa.PublicKey{N: modulus(2048), E: 3}, ""},
		"exponent 2":        {&rsa.PublicKey{N: modulus(2048), E: 2}, "exponent"},
		"exponent 1":        {&rsa.PublicKey{N: modulus(2048), E: 1}, "exponent"},
		"exponent 4":        {&rsa.PublicKey{N: modulus(2048), E: 4}, "exponent"},
		"exponent negative": {&rsa.PublicKey{N: modulus(2048), E: -3}, "exponent"},
	} {
		_, err := jose.NewKey("", "", c.key)
		if c.want == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, jose.ErrKey, name)
			require.ErrorContains(t, err, c.want, name)
		}
	}
}

func TestNewKeyRefuses(t *testing.T) {
	t.Parallel()
	p224, err := ecdsa.GenerateKey(elliptic.P224(), nil)
	require.NoError(t, err)
	for name, public := range map[string]any{
		"nil": nil, "text": "x", "P-224": &p224.PublicKey, "nil EC": (*ecdsa.PublicKey)(nil), "no curve": &ecdsa.PublicKey{}, "no point": &ecdsa.PublicKey{Curve: elliptic.P256()},
		"Ed25519 short": ed25519.PublicKey(make([]byte, 31)), "Ed25519 long": ed25519.PublicKey(make([]byte, 33)), "private": ed25519.NewKeyFromSeed(make([]byte, 32)),
	} {
		_, err := jose.NewKey("", "", public)
		require.ErrorIs(t, err, jose.ErrKey, name)
	}
	// A JWK may have an exponent of up to 31 bits.
	n := base64.RawURLEncoding.EncodeToString(modulus(2048).Bytes())
	for e, ok := range map[string]bool{"f____w": true, "_____w": false, "AAAAAAAD": true, "Aw": true, "AQ": false, "": false, "AAAAAAAA": false, "AQAAAAE": false} {
		_, err := jose.ParseKey([]byte(`{"kty":"RSA","n":"` + n + `","e":"` + e + `"}`))
		require.Equal(t, ok, err == nil, "%q: %v", e, err)
	}
}

// RFC 7518 section 3.2: a secret has the size of the hash at least.
func TestSecretSizes(t *testing.T) {
	t.Parallel()
	for a, size := range map[jose.Algorithm]int{jose.HS256: 32, jose.HS384: 48, jose.HS512: 64} {
		_, err := jose.NewSecretKey("", a, make([]byte, size))
		require.NoError(t, err)
		_, err = jose.NewSecretKey("", a, make([]byte, size-1))
		require.ErrorIs(t, err, jose.ErrKey)
		_, err = jose.NewSecretSigner(make([]byte, size-1), a, "")
		require.ErrorIs(t, err, jose.ErrKey)
	}
	for _, a := range []jose.Algorithm{"", "none", jose.RS256, jose.EdDSA} {
		_, err := jose.NewSecretKey("", a, make([]byte, 64))
		require.ErrorIs(t, err, jose.ErrKey)
	}
}

// J6: the size of a token is bounded, at the byte.
func TestJ6_TokenSize(t *testing.T) {
	t.Parallel()
	head := b64(`{"alg":"RS256"}`) + "."
	token := func(size int) string { return head + strings.Repeat("A", size-len(head)-5) + "." + "AAAA" }
	_, err := jose.Parse(token(jose.MaxTokenBytes))
	require.NoError(t, err)
	require.Len(t, token(jose.MaxTokenBytes), jose.MaxTokenBytes)
	for _, size := range []int{jose.MaxTokenBytes + 1, jose.MaxTokenBytes + 4} {
		_, err = jose.Parse(token(size))
		require.ErrorContains(t, err, "larger than 16 KiB")
	}
}

// J7, J9: keys of one ID that differ in anything are two keys.
func TestSetKeepsKeysApart(t *testing.T) {
	t.Parallel()
	_, one, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, two, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	key := func(k ed25519.PrivateKey, a jose.Algorithm) *jose.Key {
		out, err := jose.NewKey("a", a, k.Public())
		require.NoError(t, err)
		return out
	}
	set, err := jose.NewSet(key(one, jose.EdDSA), key(two, jose.EdDSA), key(one, jose.EdDSA), key(one, ""))
	require.NoError(t, err)
	require.Len(t, set.Keys(), 3)
	secrets := []*jose.Key{}
	for _, s := range []struct {
		a    jose.Algorithm
		text string
	}{{jose.HS256, strings.Repeat("a", 64)}, {jose.HS256, strings.Repeat("b", 64)}, {jose.HS512, strings.Repeat("a", 64)}, {jose.HS256, strings.Repeat("a", 64)}} {
		k, err := jose.NewSecretKey("a", s.a, []byte(s.text))
		require.NoError(t, err)
		secrets = append(secrets, k)
	}
	set, err = jose.NewSet(secrets...)
	require.NoError(t, err)
	require.Len(t, set.Keys(), 3)
	_, err = jose.NewSet(secrets[0], key(one, ""))
	require.ErrorIs(t, err, jose.ErrKey)
	_, err = jose.NewSet(key(one, ""), nil)
	require.ErrorIs(t, err, jose.ErrKey)
}

// J5: each segment is canonical base64url, and the error says that this is wrong.
func TestJ5_EachSegment(t *testing.T) {
	t.Parallel()
	good := []string{b64(`{"alg":"RS256"}`), "e30", "AAAA"}
	for n := range good {
		for _, bad := range []string{"A", "AB", "A+AA", "AA==", "AA.", "é"} {
			parts := append([]string{}, good...)
			parts[n] = bad
			_, err := jose.Parse(strings.Join(parts, "."))
			require.ErrorIs(t, err, jose.ErrMalformed)
			if bad == "AA." {
				require.ErrorContains(t, err, "not three segments")
			} else {
				require.ErrorContains(t, err, "not canonical base64url", "%d %q", n, bad)
			}
		}
	}
	none := []string{b64(`{"alg":"none"}`), "e30", ""}
	for n := range none {
		parts := append([]string{}, none...)
		parts[n] = "AB"
		_, _, err := jose.ParseUnsecured(strings.Join(parts, "."))
		require.ErrorContains(t, err, "not canonical base64url", n)
	}
}

// What is wrong is said as it is, and not as what comes of it later.
func TestErrorsNameTheCause(t *testing.T) {
	t.Parallel()
	b := func(kind string) string { return "-----BEGIN " + kind + "-----\nAAAA\n-----END " + kind + "-----\n" }
	for want, f := range map[string]func() error{
		`RSA key without "p" and "q"`: func() error {
			_, err := jose.ParsePrivateJWK([]byte(publicJWK(t, jose.RS256, "k", `"d":"AAAA"`)))
			return err
		},
		"unsupported curve": func() error {
			_, err := jose.ParseKey([]byte(`{"kty":"EC","crv":"P-192","x":"AA","y":"AA"}`))
			return err
		},
		"the private key is encrypted": func() error {
			_, err := jose.ParsePrivateKeyPEM(b("ENCRYPTED PRIVATE KEY"))
			return err
		},
		"the public key block does not hold a valid key": func() error {
			_, err := jose.ParsePublicKeyPEM(b("PUBLIC KEY"), "", "")
			return err
		},
		"the rsa public key block does not hold a valid key": func() error {
			_, err := jose.ParsePublicKeyPEM(b("RSA PUBLIC KEY"), "", "")
			return err
		},
		"the certificate block does not hold a valid key": func() error {
			_, err := jose.ParsePublicKeyPEM(b("CERTIFICATE"), "", "")
			return err
		},
		"the private key block does not hold a valid key": func() error {
			_, err := jose.ParsePrivateKeyPEM(b("PRIVATE KEY"))
			return err
		},
		"no private key in PEM": func() error {
			_, err := jose.ParsePrivateKeyPEM(b("PUBLIC KEY"))
			return err
		},
		"no public key in PEM": func() error {
			_, err := jose.ParsePublicKeyPEM(b("PRIVATE KEY"), "", "")
			return err
		},
		"header: json: unsupported type": func() error {
			_, err := signerFor(t, jose.EdDSA, "").Sign(map[string]any{"x": func() {}}, nil)
			return err
		},
		"header: duplicate": func() error {
			_, err := signerFor(t, jose.EdDSA, "").Sign(map[string]any{"x": json.RawMessage(`{"a":1,"a":1}`)}, nil)
			return err
		},
		"claims: json: unsupported type": func() error {
			_, err := signerFor(t, jose.EdDSA, "").SignClaims(nil, func() {})
			return err
		},
		`header field "kid" is not the caller's`: func() error {
			_, err := signerFor(t, jose.EdDSA, "").Sign(map[string]any{"kid": "x"}, nil)
			return err
		},
	} {
		require.ErrorContains(t, f(), want)
	}
	// One coordinate of another size is told from a point that is nowhere.
	coordinate := b64(strings.Repeat("a", 32))
	for _, c := range [][2]string{{coordinate, "AAAA"}, {"AAAA", coordinate}, {coordinate, b64(strings.Repeat("a", 33))}, {"", coordinate}, {coordinate, ""}} {
		_, err := jose.ParseKey([]byte(`{"kty":"EC","crv":"P-256","x":"` + c[0] + `","y":"` + c[1] + `"}`))
		require.ErrorContains(t, err, "coordinate of the wrong size", c)
	}
	_, err := jose.ParseKey([]byte(`{"kty":"EC","crv":"P-256","x":"` + coordinate + `","y":"` + coordinate + `"}`))
	require.ErrorContains(t, err, "not on the curve")
	text := strings.TrimSpace(certificate(t, testKeys()["RSA"]))
	data, err := json.Marshal(text)
	require.NoError(t, err)
	odd := strings.TrimSuffix(string(data), `"`) + `\n\ud800"`
	set, err := jose.ParseCertificates([]byte(`{"a":` + odd + `}`))
	require.NoError(t, err)
	require.Len(t, set.LeftOut(), 1, "text after a certificate is not beyond the rules")
}
