package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// J1: what verifies with a public key, and what does not.
func TestJ1_AsymmetricAlgorithms(t *testing.T) {
	t.Parallel()
	require.Len(t, jose.Asymmetric(), 10)
	for _, a := range append(jose.Asymmetric(), jose.Ed25519) {
		require.True(t, jose.IsAsymmetric(a), a)
	}
	for _, a := range []jose.Algorithm{jose.HS256, jose.HS384, jose.HS512, "", "none", "rs256", "ES256K", "RSA-OAEP"} {
		require.False(t, jose.IsAsymmetric(a), a)
	}
}

// J1: each kind of key suits the algorithms of its kind and curve alone.
func TestJ1_WhatSuitsAKey(t *testing.T) {
	t.Parallel()
	p224, err := ecdsa.GenerateKey(elliptic.P224(), nil)
	require.NoError(t, err)
	all := append(jose.Asymmetric(), jose.Ed25519, jose.HS256, jose.HS384, jose.HS512, "", "none")
	for kind, suits := range map[string][]jose.Algorithm{
		"RSA": {jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512},
		"256": {jose.ES256}, "384": {jose.ES384}, "521": {jose.ES512}, "Ed": {jose.EdDSA, jose.Ed25519},
	} {
		public := testKeys()[kind].Public()
		require.Equal(t, suits[0], jose.DefaultAlgorithm(public))
		unbound, err := jose.NewKey("", "", public)
		require.NoError(t, err)
		for _, a := range all {
			require.Equal(t, slices.Contains(suits, a), unbound.Suits(a), "%s %s", kind, a)
			bound, err := jose.NewKey("", a, public)
			if a != "" && !slices.Contains(suits, a) {
				require.ErrorIs(t, err, jose.ErrKey, "%s %s", kind, a)
				continue
			}
			require.NoError(t, err)
			for _, other := range suits {
				same := a == "" || other == a || slices.Contains([]jose.Algorithm{jose.EdDSA, jose.Ed25519}, a)
				require.Equal(t, same, bound.Suits(other), "%s for %s", a, other)
			}
		}
	}
	for _, a := range []jose.Algorithm{jose.HS256, jose.HS384, jose.HS512} {
		secret := signerFor(t, a, "").PublicKey()
		require.Nil(t, secret.Public())
		for _, other := range all {
			require.Equal(t, a == other, secret.Suits(other), "%s for %s", a, other)
		}
	}
	for _, public := range []crypto.PublicKey{nil, "text", &p224.PublicKey, (*ecdsa.PublicKey)(nil), &ecdsa.PublicKey{}} {
		require.Empty(t, jose.DefaultAlgorithm(public))
	}
}

// A key of half a point is no key.
func TestNewKeyWantsBothCoordinates(t *testing.T) {
	t.Parallel()
	good := testKeys()["256"].Public().(*ecdsa.PublicKey)
	//lint:ignore SA1019 what is wrong cannot be made in another way
	x, y := good.X, good.Y
	for name, k := range map[string]*ecdsa.PublicKey{
		"no key":     {Curve: elliptic.P256(), Y: y},
		"no key ":    {Curve: elliptic.P256(), X: x},
		"curve":      {X: x, Y: y},
		"not on the": {Curve: elliptic.P256(), X: y, Y: x},
	} {
		_, err := jose.NewKey("", "", k)
		require.ErrorIs(t, err, jose.ErrKey, name)
		require.ErrorContains(t, err, strings.TrimSpace(name))
	}
}

// A key that its owner changes afterwards is an error, and no panic.
func TestKeyChangedAfterwards(t *testing.T) {
	t.Parallel()
	public := *testKeys()["256"].Public().(*ecdsa.PublicKey)
	key, err := jose.NewKey("", "", &public)
	require.NoError(t, err)
	public.Curve = elliptic.P384()
	_, err = key.MarshalJSON()
	require.ErrorIs(t, err, jose.ErrKey)
	_, err = key.BareJWK()
	require.ErrorIs(t, err, jose.ErrKey)
	_, err = key.Thumbprint()
	require.ErrorIs(t, err, jose.ErrKey)
}

// X1: a secret has no public form and no thumbprint, which would be a hash of it.
func TestX1_SecretHasNoPublicForm(t *testing.T) {
	t.Parallel()
	key := signerFor(t, jose.HS256, "k").PublicKey()
	bare, err := key.BareJWK()
	require.ErrorIs(t, err, jose.ErrKey)
	require.Nil(t, bare)
	print, err := key.Thumbprint()
	require.ErrorIs(t, err, jose.ErrKey)
	require.Empty(t, print)
}

// What a JWK may leave open, and what it may not.
func TestParseKeyMembers(t *testing.T) {
	t.Parallel()
	ec := publicJWK(t, jose.ES256, "k")
	for _, text := range []string{
		strings.Replace(ec, `"sig"`, `""`, 1), strings.Replace(ec, `"sig"`, `null`, 1),
		publicJWK(t, jose.ES256, "k", `"key_ops":["sign","verify"]`), publicJWK(t, jose.ES256, "k", `"key_ops":null`, `"unknown":7`),
	} {
		_, err := jose.ParseKey([]byte(text))
		require.NoError(t, err, text)
	}
	for text, want := range map[string]string{
		publicJWK(t, jose.ES256, "k", `"d":""`):             "a private key",
		publicJWK(t, jose.ES256, "k", `"key_ops":["sign"]`): `lacks "verify"`,
		publicJWK(t, jose.ES256, "k", `"key_ops":[]`):       `lacks "verify"`,
		strings.Replace(ec, `"sig"`, `"enc"`, 1):            `"use"`,
		strings.Replace(ec, `"ES256"`, `""`, 1):             "not for a signature algorithm",
		strings.Replace(ec, `"k"`, `7`, 1):                  `"kid" is not a string`,
		publicJWK(t, jose.ES256, "k", `"n":7`):              `"n" is not a string`,
		publicJWK(t, jose.ES256, "k", `"n":"A"`):            `"n" is not canonical`,
		publicJWK(t, jose.ES256, "k", `"n":"AA\r"`):         `"n" is not canonical`,
		publicJWK(t, jose.ES256, "k", `"n":"AA\n"`):         `"n" is not canonical`,
		publicJWK(t, jose.ES256, "k", `"key_ops":7`):        `"key_ops": JSON value of another type`,
		publicJWK(t, jose.ES256, "k", `"key_ops":[7]`):      `"key_ops": JSON value of another type`,
		publicJWK(t, jose.ES256, "k", `"kid":"k"`):          "JWK: duplicate",
		`{`:                                      "JWK: invalid JSON",
		`[]`:                                     "JWK: JSON value of another type",
		`{"use":"sig"}`:                          `no "kty"`,
		`{"kty":"OKP","crv":"X25519","x":"AA"}`:  "not an Ed25519 key",
		`{"kty":"OKP","crv":"Ed25519","x":"AA"}`: "wrong size",
		`{"kty":"OKP","crv":"Ed25519"}`:          "wrong size",
		`{"kty":"x"}`:                            "unsupported key type",
		`{"kty":"RSA","n":"AQAB","e":"AQAAAAE"}`: "JWK: RSA exponent",
	} {
		_, err := jose.ParseKey([]byte(text))
		require.ErrorIs(t, err, jose.ErrKey, text)
		require.ErrorContains(t, err, want, text)
	}
}

// privateJWKOf returns the JWK of a private key, with changed members.
func privateJWKOf(t *testing.T, kind string, change map[string]any) []byte {
	t.Helper()
	public, err := jose.NewKey("k", "", testKeys()[kind].Public())
	require.NoError(t, err)
	bare, err := public.BareJWK()
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(bare, &members))
	switch k := testKeys()[kind].(type) {
	case *rsa.PrivateKey:
		members["d"], members["p"], members["q"] = b64(string(k.D.Bytes())), b64(string(k.Primes[0].Bytes())), b64(string(k.Primes[1].Bytes()))
	case *ecdsa.PrivateKey:
		d, err := k.Bytes()
		require.NoError(t, err)
		members["d"] = b64(string(d))
	case ed25519.PrivateKey:
		members["d"] = b64(string(k.Seed()))
	}
	for name, value := range change {
		members[name] = value
		if value == nil {
			delete(members, name)
		}
	}
	data, err := json.Marshal(members)
	require.NoError(t, err)
	return data
}

func TestPrivateJWKEdges(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	for kind, want := range map[string]jose.Algorithm{"RSA": jose.RS256, "256": jose.ES256, "384": jose.ES384, "521": jose.ES512, "Ed": jose.EdDSA} {
		for _, change := range []m{nil, {"use": "sig"}, {"key_ops": []string{"sign"}}, {"kid": "a"}, {"alg": want}} {
			signer, err := jose.ParsePrivateJWK(privateJWKOf(t, kind, change))
			require.NoError(t, err, "%s %v", kind, change)
			require.Equal(t, want, signer.Algorithm())
			raw, err := signer.Sign(nil, []byte("{}"))
			require.NoError(t, err)
			token, err := jose.Parse(raw)
			require.NoError(t, err)
			_, err = token.Verify(signer.PublicKey(), want)
			require.NoError(t, err)
		}
		for want, change := range map[string]m{
			"not a private key":             {"d": nil},
			`"use" is not "sig"`:            {"use": "enc"},
			`lacks "sign"`:                  {"key_ops": []string{"verify"}},
			"not for a signature algorithm": {"alg": ""},
			"does not belong to the public": {"d": "AAAA"},
			"does not belong to the key":    {"alg": "HS256"},
			"unsupported key type":          {"kty": "x"},
		} {
			_, err := jose.ParsePrivateJWK(privateJWKOf(t, kind, change))
			require.ErrorIs(t, err, jose.ErrKey)
			require.ErrorContains(t, err, want, kind)
		}
	}
	for _, change := range []m{{"p": nil}, {"q": nil}, {"p": ""}, {"q": ""}, {"p": nil, "q": nil}} {
		_, err := jose.ParsePrivateJWK(privateJWKOf(t, "RSA", change))
		require.ErrorContains(t, err, `RSA key without "p" and "q"`)
	}
	for _, kind := range []string{"256", "Ed"} {
		_, err := jose.ParsePrivateJWK(privateJWKOf(t, kind, m{"d": b64(strings.Repeat("a", 32))}))
		require.ErrorContains(t, err, "does not belong to the public", kind)
	}
	_, err := jose.ParsePrivateJWK([]byte(`{"kty":"oct","alg":"HS256","d":"AA","k":"` + b64(string(secret)) + `"}`))
	require.ErrorContains(t, err, "not a private key")
}

func TestPEMEdges(t *testing.T) {
	t.Parallel()
	x25519, err := ecdh.X25519().GenerateKey(nil)
	require.NoError(t, err)
	for text, want := range map[string]string{
		pkcs8(x25519): "cannot sign",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n": "is encrypted",
		pemOf("RSA PRIVATE KEY", []byte("x"), nil): "rsa private key block does not hold",
		pemOf("EC PRIVATE KEY", []byte("x"), nil):  "ec private key block does not hold",
		pemOf("EC PARAMETERS", []byte("x"), nil):   "no private key in PEM",
	} {
		_, err := jose.ParsePrivateKeyPEM(text)
		require.ErrorIs(t, err, jose.ErrKey)
		require.ErrorContains(t, err, want)
	}
	good := pkcs8(testKeys()["256"])
	for _, text := range []string{"a comment\n" + good, `a comment\n` + strings.ReplaceAll(good, "\n", `\n`), pemOf("EC PARAMETERS", []byte("x"), nil) + good} {
		_, err := jose.ParsePrivateKeyPEM(text)
		require.NoError(t, err)
	}
	// The first key counts, in public keys as well.
	first := certificate(t, testKeys()["RSA"])
	key, err := jose.ParsePublicKeyPEM(pemOf("X", nil, nil)+first+certificate(t, testKeys()["256"]), "", "")
	require.NoError(t, err)
	require.Equal(t, testKeys()["RSA"].Public(), key.Public())
}

// What is wrong with a certificate is said of it, and a certificate under another
// name is none.
func TestCertificateEdges(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(certificate(t, testKeys()["RSA"])))
	for value, want := range map[string]string{
		pemOf("TRUSTED CERTIFICATE", block.Bytes, nil): "not a certificate in PEM",
		pemOf("CERTIFICATE", []byte("x"), nil):         "certificate:",
		"text":                                         "not a certificate in PEM",
	} {
		data, err := json.Marshal(map[string]string{"a": value})
		require.NoError(t, err)
		set, err := jose.ParseCertificates(data)
		require.NoError(t, err)
		require.Empty(t, set.Keys())
		require.Len(t, set.LeftOut(), 1)
		require.ErrorIs(t, set.LeftOut()[0], jose.ErrKey)
		require.ErrorContains(t, set.LeftOut()[0], want)
		require.ErrorContains(t, set.LeftOut()[0], "certificate 0: ")
	}
	set, err := jose.ParseSet([]byte(`{"keys":[1,{"kty":"oct","alg":"HS256","k":"` + b64(string(secret)) + `"}]}`))
	require.NoError(t, err)
	require.Len(t, set.LeftOut(), 2)
	require.ErrorContains(t, set.LeftOut()[0], "key 0: ")
	require.ErrorContains(t, set.LeftOut()[1], "key 1: unusable key: a secret in a public key set")
}

// What a document of keys is refused for is said.
func TestSetErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: `no "keys"`, `{"keys":[],"keys":[]}`: "duplicate", `{"keys":{}}`: `"keys": JSON value of another type`, `{"keys":1}`: `"keys": JSON value`, `[]`: "JWK set: JSON value", `{`: "invalid JSON",
	} {
		_, err := jose.ParseSet([]byte(text))
		require.ErrorIs(t, err, jose.ErrKey, text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := jose.NewSet(nil)
	require.ErrorContains(t, err, "nil key")
	_, err = jose.NewSet(signerFor(t, jose.HS256, "").PublicKey(), signerFor(t, jose.RS256, "").PublicKey())
	require.ErrorContains(t, err, "public keys and secrets")
}

// A key service that fails is told by its own error, whatever it signs with, and
// both numbers of its ECDSA signatures are held to the form.
func TestKeyServiceErrors(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for _, a := range jose.Asymmetric() {
		s, err := jose.NewSigner(brokenSigner{Signer: keyFor(a), err: down}, a, "")
		require.NoError(t, err)
		_, err = s.Sign(nil, []byte("x"))
		require.ErrorIs(t, err, down, a)
	}
	number := func(b ...byte) []byte { return append([]byte{2, byte(len(b))}, b...) }
	high := append([]byte{0, 0x80}, make([]byte, 31)...) // 256 bits
	long := append([]byte{1}, make([]byte, 32)...)       // 257 bits
	for _, tt := range []struct {
		r, s []byte
		ok   bool
	}{
		{number(1), number(1), true}, {number(high...), number(high...), true}, {number(1), number(high...), true},
		{number(0), number(1), false}, {number(1), number(0), false}, {number(0xff), number(1), false}, {number(1), number(0xff), false},
		{number(long...), number(1), false}, {number(1), number(long...), false},
	} {
		body := append(slices.Clone(tt.r), tt.s...)
		s, err := jose.NewSigner(brokenSigner{Signer: testKeys()["256"], answer: append([]byte{0x30, byte(len(body))}, body...)}, "", "")
		require.NoError(t, err)
		_, err = s.Sign(nil, []byte("x"))
		if tt.ok {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "invalid ECDSA signature", "%x %x", tt.r, tt.s)
		}
	}
}

// J1: a signature verifies however short its numbers are; zero is none.
func TestJ1_ShortNumbersInSignatures(t *testing.T) {
	t.Parallel()
	// With the nonce known and s chosen, the private key follows: d = (s·k − z)/r.
	n := elliptic.P521().Params().N
	nonce, err := ecdh.P521().GenerateKey(nil)
	require.NoError(t, err)
	k := new(big.Int).SetBytes(nonce.Bytes())
	r := new(big.Int).SetBytes(nonce.PublicKey().Bytes()[1:67])
	input := b64(`{"alg":"ES512"}`) + ".e30"
	digest := sha512.Sum512([]byte(input))
	z := new(big.Int).SetBytes(digest[:])
	fixed := func(r, s *big.Int) string {
		return b64(string(r.FillBytes(make([]byte, 66))) + string(s.FillBytes(make([]byte, 66))))
	}
	for _, size := range []int{1, 2, 56, 57, 58, 59, 60, 65} {
		for _, first := range []byte{1, 0x7f, 0x80, 0xff} {
			s := new(big.Int).SetBytes(append([]byte{first}, bytes.Repeat([]byte{0xa5}, size-1)...))
			d := new(big.Int).Mul(s, k)
			d.Sub(d, z).Mul(d, new(big.Int).ModInverse(r, n)).Mod(d, n)
			private, err := ecdsa.ParseRawPrivateKey(elliptic.P521(), d.FillBytes(make([]byte, 66)))
			require.NoError(t, err)
			key, err := jose.NewKey("", "", private.Public())
			require.NoError(t, err)
			for signature, want := range map[string]error{
				fixed(r, s):            nil,
				fixed(s, r):            jose.ErrSignature,
				fixed(r, new(big.Int)): jose.ErrSignature,
				fixed(new(big.Int), s): jose.ErrSignature,
			} {
				token, err := jose.Parse(input + "." + signature)
				require.NoError(t, err)
				_, err = token.Verify(key, jose.ES512)
				require.ErrorIs(t, err, want, "%d bytes from %x", size, first)
			}
		}
	}
}

// J5: what is wrong with the three segments is said as it is.
func TestJ5_SegmentErrors(t *testing.T) {
	t.Parallel()
	head := b64(`{"alg":"RS256"}`)
	for raw, want := range map[string]string{
		".e30.AA": "empty segment", head + ".e30.": "empty segment", "..": "empty segment",
		"\n" + head + ".e30.AA": "line break", "\r" + head + ".e30.AA": "line break", head + ".e30.AA\r": "line break", head + ".e\n30.AA": "line break",
		"": "not three segments", head + ".e30": "not three segments", head + ".e30.AA.": "not three segments",
		b64(`{}`) + ".e30.AA":                        `no "alg"`,
		b64(`{"alg":1}`) + ".e30.AA":                 `"alg" is not a string`,
		b64(`{"alg":"RS256","kid":1}`) + ".e30.AA":   `"kid"`,
		b64(`{"alg":"RS256","typ":1}`) + ".e30.AA":   `"typ" is not a string`,
		b64(`{"alg":"RS256","zip":"x"}`) + ".e30.AA": `"zip"`,
		b64(`x`) + ".e30.AA":                         "header: invalid JSON",
	} {
		token, err := jose.Parse(raw)
		require.ErrorIs(t, err, jose.ErrMalformed, "%q", raw)
		require.ErrorContains(t, err, want, "%q", raw)
		require.Zero(t, token)
	}
	none := b64(`{"alg":"none"}`)
	for raw, want := range map[string]error{
		none + ".e30.": nil, none + "..": nil, ".e30.": jose.ErrMalformed, "..": jose.ErrMalformed, none + ".e30.AA": jose.ErrAlgorithm,
		head + ".e30.": jose.ErrAlgorithm, head + ".e30.AA": jose.ErrAlgorithm, b64(`{"alg":"NONE"}`) + ".e30.": jose.ErrAlgorithm, b64(`{}`) + ".e30.": jose.ErrMalformed,
		b64(`{"alg":"none","alg":"none"}`) + ".e30.": jose.ErrMalformed, none + ".e30.\n": jose.ErrMalformed,
	} {
		_, _, err := jose.ParseUnsecured(raw)
		require.ErrorIs(t, err, want, "%q", raw)
		if want == nil {
			require.NoError(t, err, raw)
		}
	}
	// "typ" and "alg" of the usual values, and of others.
	for _, typ := range []string{"JWT", "at+jwt", "RS256", "ES256", "EdDSA", "dpop+jwt", ""} {
		token, err := jose.Parse(b64(`{"alg":"RS256","typ":"`+typ+`"}`) + ".e30.AA")
		require.NoError(t, err)
		require.Equal(t, typ, token.Header.Type)
	}
	// Without a key, or with no list of algorithms, nothing verifies.
	token, err := jose.Parse(head + ".e30.AA")
	require.NoError(t, err)
	key := signerFor(t, jose.RS256, "").PublicKey()
	_, err = token.Verify(nil, jose.RS256)
	require.ErrorIs(t, err, jose.ErrKey)
	for _, allowed := range [][]jose.Algorithm{nil, {""}, {"none"}, {jose.RS384, jose.PS256}} {
		_, err = token.Verify(key, allowed...)
		require.ErrorContains(t, err, "not in the list of the verifier")
	}
	_, err = token.Verify(signerFor(t, jose.ES256, "").PublicKey(), jose.ES256, jose.RS256)
	require.ErrorContains(t, err, "does not belong to the key")
	// The zero token has no algorithm, and is good for none.
	for _, key := range []*jose.Key{key, signerFor(t, jose.EdDSA, "").PublicKey(), signerFor(t, jose.HS256, "").PublicKey()} {
		_, err = jose.Token{}.Verify(key, "", jose.RS256)
		require.ErrorIs(t, err, jose.ErrAlgorithm)
	}
}

// J9: a key counts once, and keys that differ in the key or the algorithm are several.
func TestJ9_EqualKeys(t *testing.T) {
	t.Parallel()
	made := func(a jose.Algorithm, fill string) *jose.Key {
		k, err := jose.NewSecretKey("a", a, []byte(strings.Repeat(fill, 64)))
		require.NoError(t, err)
		return k
	}
	for _, tt := range []struct {
		keys []*jose.Key
		want int
	}{
		{[]*jose.Key{made(jose.HS256, "a"), made(jose.HS256, "a")}, 1},
		{[]*jose.Key{made(jose.HS256, "a"), made(jose.HS256, "b")}, 2},
		{[]*jose.Key{made(jose.HS256, "a"), made(jose.HS512, "a")}, 2},
		{[]*jose.Key{signerFor(t, jose.RS256, "a").PublicKey(), signerFor(t, jose.RS256, "a").PublicKey()}, 1},
		{[]*jose.Key{signerFor(t, jose.RS256, "a").PublicKey(), signerFor(t, jose.RS256, "b").PublicKey()}, 2},
		{[]*jose.Key{signerFor(t, jose.RS256, "a").PublicKey(), signerFor(t, jose.RS384, "a").PublicKey()}, 2},
		{[]*jose.Key{signerFor(t, jose.RS256, "a").PublicKey(), signerFor(t, jose.ES256, "a").PublicKey()}, 2},
	} {
		set, err := jose.NewSet(tt.keys...)
		require.NoError(t, err)
		require.Len(t, set.Keys(), tt.want)
	}
}
