package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

func publicJWK(t testing.TB, a jose.Algorithm, id string, extra ...string) string {
	t.Helper()
	data, err := json.Marshal(signerFor(t, a, id).PublicKey())
	require.NoError(t, err)
	if len(extra) == 0 {
		return string(data)
	}
	return strings.TrimSuffix(string(data), "}") + "," + strings.Join(extra, ",") + "}"
}

func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	for _, a := range jose.Asymmetric() {
		key, err := jose.ParseKey([]byte(publicJWK(t, a, "id", `"x5t":"x"`, `"ext":true`, `"key_ops":["verify"]`)))
		require.NoError(t, err)
		require.Equal(t, "id", key.ID())
		require.Equal(t, a, key.Algorithm())
		require.Equal(t, signerFor(t, a, "id").PublicKey().Public(), key.Public())
		bare, err := key.BareJWK()
		require.NoError(t, err)
		require.NotContains(t, string(bare), `"kid"`)
		again, err := jose.ParseKey(bare)
		require.NoError(t, err)
		require.Empty(t, again.Algorithm())
		require.Equal(t, key.Public(), again.Public())
	}
}

// J1 and more: keys that must not be used.
func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	ec, ed := publicJWK(t, jose.ES256, "k"), publicJWK(t, jose.EdDSA, "k")
	rsaKey := publicJWK(t, jose.RS256, "k")
	replace := func(s, from, to string) string {
		out := strings.Replace(s, from, to, 1)
		require.NotEqual(t, s, out)
		return out
	}
	member := func(jwk, name string) string {
		var m map[string]string
		require.NoError(t, json.Unmarshal([]byte(jwk), &m))
		return m[name]
	}
	x, y, n := member(ec, "x"), member(ec, "y"), member(rsaKey, "n")
	point := string(unb64(t, x)) + string(unb64(t, y))
	unequal := func(by int) string { // the same point, cut at another place
		return replace(replace(ec, x, b64(point[:32+by])), y, b64(point[32+by:]))
	}
	modulus := unb64(t, n)
	modulus[len(modulus)-1]--
	even := b64(string(modulus))
	for name, text := range map[string]string{
		"empty":                 "",
		"array":                 "[]",
		"no kty":                `{}`,
		"kty number":            `{"kty":1}`,
		"unknown kty":           `{"kty":"PQ"}`,
		"kty case":              replace(ec, `"EC"`, `"ec"`),
		"J2 duplicate":          publicJWK(t, jose.ES256, "k", `"kty":"EC"`),
		"J1 use enc":            replace(ec, `"sig"`, `"enc"`),
		"use unknown":           replace(ec, `"sig"`, `"x"`),
		"J1 key_ops":            publicJWK(t, jose.ES256, "k", `"key_ops":["sign","encrypt"]`),
		"J1 key_ops empty":      publicJWK(t, jose.ES256, "k", `"key_ops":[]`),
		"key_ops string":        publicJWK(t, jose.ES256, "k", `"key_ops":"verify"`),
		"key_ops number":        publicJWK(t, jose.ES256, "k", `"key_ops":[1]`),
		"private":               publicJWK(t, jose.ES256, "k", `"d":"AAAA"`),
		"alg unknown":           replace(ec, `"ES256"`, `"ES224"`),
		"alg empty":             replace(ec, `"ES256"`, `""`),
		"alg of encryption":     replace(rsaKey, `"RS256"`, `"RSA-OAEP"`),
		"alg of another curve":  replace(ec, `"ES256"`, `"ES384"`),
		"alg of another type":   replace(ec, `"ES256"`, `"RS256"`),
		"HMAC with a public":    replace(ec, `"ES256"`, `"HS256"`),
		"curve of another":      replace(ec, `"P-256"`, `"P-384"`),
		"curve unknown":         replace(ec, `"P-256"`, `"secp256k1"`),
		"off the curve":         replace(ec, x, y),
		"short coordinate":      replace(ec, x, x[:len(x)-4]),
		"no coordinate":         replace(ec, `"y"`, `"yy"`),
		"unequal coordinates":   unequal(1),
		"unequal coordinates 2": unequal(-1),
		"null coordinate":       replace(ec, `"`+x+`"`, `null`),
		"null kty":              replace(ec, `"EC"`, `null`),
		"null curve":            replace(ec, `"P-256"`, `null`),
		"null modulus":          replace(rsaKey, `"`+n+`"`, `null`),
		"null exponent":         replace(rsaKey, `"AQAB"`, `null`),
		"RSA even modulus":      replace(rsaKey, n, even),
		"padded coordinate":     replace(ec, x, x+"="),
		"newline":               replace(ec, x, x[:4]+`\n`+x[4:]),
		"coordinate number":     replace(ec, `"`+x+`"`, `7`),
		"Ed25519 short":         replace(ed, `"x":"`, `"x":"`+"\" , \"z\":\""),
		"X25519":                replace(ed, `"Ed25519"`, `"X25519"`),
		"RSA exponent 1":        replace(rsaKey, `"AQAB"`, `"AQ"`),
		"RSA exponent 0":        replace(rsaKey, `"AQAB"`, `"AA"`),
		"RSA exponent even":     replace(rsaKey, `"AQAB"`, `"AQAA"`),
		"RSA exponent huge":     replace(rsaKey, `"AQAB"`, `"_____w"`),
		"RSA exponent longer":   replace(rsaKey, `"AQAB"`, `"AQAAAAAB"`),
		"RSA no exponent":       replace(rsaKey, `"e"`, `"ee"`),
		"RSA no modulus":        replace(rsaKey, `"n"`, `"nn"`),
		"RSA 1024":              replace(rsaKey, n, n[:171]),
		"RSA enormous":          replace(rsaKey, n, strings.Repeat("qqqq", 700)),
		"oct without alg":       `{"kty":"oct","k":"` + b64(string(secret)) + `"}`,
		"oct short":             `{"kty":"oct","alg":"HS256","k":"` + b64(string(secret[:31])) + `"}`,
		"oct empty":             `{"kty":"oct","alg":"HS256","k":""}`,
		"oct of encryption":     `{"kty":"oct","alg":"A256GCM","k":"` + b64(string(secret)) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := jose.ParseKey([]byte(text))
			require.ErrorIs(t, err, jose.ErrKey)
			require.Nil(t, key)
			require.NotContains(t, err.Error(), x)
		})
	}
}

func TestParsePrivateJWKRefuses(t *testing.T) {
	t.Parallel()
	ed := publicJWK(t, jose.EdDSA, "k")
	for name, text := range map[string]string{
		"not JSON":     "x",
		"public":       ed,
		"secret":       `{"kty":"oct","alg":"HS256","d":"AA","k":"` + b64(string(secret)) + `"}`,
		"use enc":      publicJWK(t, jose.ES256, "k", `"d":"AA"`)[:1] + `"use":"enc","d":"AA","kty":"EC"}`,
		"verify only":  strings.Replace(ed, `"use"`, `"d":"AA","key_ops":["verify"],"x-use"`, 1),
		"EC mismatch":  publicJWK(t, jose.ES256, "k", `"d":"`+b64(strings.Repeat("a", 32))+`"`),
		"Ed mismatch":  publicJWK(t, jose.EdDSA, "k", `"d":"`+b64(strings.Repeat("a", 32))+`"`),
		"Ed short":     publicJWK(t, jose.EdDSA, "k", `"d":"AAAA"`),
		"RSA no prime": publicJWK(t, jose.RS256, "k", `"d":"AAAA"`),
		"RSA mismatch": publicJWK(t, jose.RS256, "k", `"d":"AAAA"`, `"p":"AAAB"`, `"q":"AAAB"`),
	} {
		_, err := jose.ParsePrivateJWK([]byte(text))
		require.ErrorIs(t, err, jose.ErrKey, name)
	}
}

func unb64(t *testing.T, s string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return data
}

// A member that is null is one that is not there.
func TestParseKeyNullMembers(t *testing.T) {
	t.Parallel()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(publicJWK(t, jose.ES256, "k")), &m))
	for _, name := range []string{"kid", "alg", "use", "key_ops", "d", "n", "k", "x5c"} {
		m[name] = nil
	}
	data, err := json.Marshal(m)
	require.NoError(t, err)
	key, err := jose.ParseKey(data)
	require.NoError(t, err)
	require.Empty(t, key.ID())
	require.Empty(t, key.Algorithm())
	require.True(t, key.Suits(jose.ES256))
}

// J9: whatever is odd about one key, the others of the set serve on.
func TestJ9_OddNeighbours(t *testing.T) {
	t.Parallel()
	good, other := publicJWK(t, jose.RS256, "a"), publicJWK(t, jose.ES256, "b")
	for name, odd := range map[string]string{
		"unknown type":           `{"kty":"AKP","kid":"q","alg":"ML-DSA-44","pub":"AA"}`,
		"unknown curve":          `{"kty":"EC","crv":"secp256k1","kid":"q","x":"AA","y":"AA"}`,
		"of encryption":          `{"kty":"RSA","use":"enc","kid":"q","n":"AQAB","e":"AQAB"}`,
		"private":                publicJWK(t, jose.ES256, "q", `"d":"AAAA"`),
		"secret":                 `{"kty":"oct","kid":"q","alg":"HS256","k":"` + b64(string(secret)) + `"}`,
		"duplicate name":         publicJWK(t, jose.ES256, "q", `"kid":"q"`),
		"duplicate inside":       `{"kty":"EC","x":{"a":1,"a":2}}`,
		"too deep":               `{"kty":"EC","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"lone surrogate":         `{"kty":"EC","kid":"\ud800"}`,
		"invalid UTF-8":          "{\"kty\":\"EC\",\"kid\":\"\xff\"}",
		"huge number":            `{"kty":"EC","exp":1e999}`,
		"empty":                  `{}`,
		"null":                   `null`,
		"number":                 `1`,
		"text":                   `"x"`,
		"list":                   `[{"kty":"EC"}]`,
		"members of wrong types": `{"kty":1,"kid":[],"use":{},"alg":true}`,
	} {
		for _, order := range []string{odd + "," + good + "," + other, good + "," + odd + "," + other, good + "," + other + "," + odd} {
			set, err := jose.ParseSet([]byte(`{"x":1e999,"x":"\ud800","keys":[` + order + `],"y":[[` + odd + `]]}`))
			require.NoError(t, err, name)
			require.Len(t, set.Keys(), 2, name)
			require.Len(t, set.LeftOut(), 1, name)
			require.NoError(t, find(t, set, jose.RS256, "a"), name)
			require.NoError(t, find(t, set, jose.ES256, "b"), name)
			require.ErrorIs(t, find(t, set, jose.ES256, "q"), jose.ErrUnknownKey, name)
		}
	}
	// Odd certificates as well.
	pem, err := json.Marshal(certificate(t, testKeys()["RSA"]))
	require.NoError(t, err)
	for name, odd := range map[string]string{
		"no certificate": `"q":"x"`, "number": `"q":1`, "null": `"q":null`, "object": `"q":{"a":1,"a":1}`, "lone surrogate": `"q":"\ud800"`,
		"invalid UTF-8": "\"q\":\"\xff\"", "deep": `"q":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), "no ID": `"":` + string(pem),
	} {
		set, err := jose.ParseCertificates([]byte(`{` + odd + `,"a":` + string(pem) + `}`))
		require.NoError(t, err, name)
		require.Len(t, set.Keys(), 1, name)
		require.Len(t, set.LeftOut(), 1, name)
		require.NoError(t, find(t, set, jose.RS256, "a"), name)
	}
	for _, text := range []string{``, `{`, `{}x`, `{"a":` + string(pem) + `}{}`, `{"a"}`, `{"a":x}`, "\ufeff{}", `1`} {
		_, err := jose.ParseCertificates([]byte(text))
		require.ErrorIs(t, err, jose.ErrKey, text)
	}
}

func find(t *testing.T, s *jose.Set, a jose.Algorithm, id string) error {
	t.Helper()
	key, err := s.Find(jose.Header{Algorithm: a, KeyID: id})
	require.Equal(t, err == nil, key != nil)
	return err
}

// J7, J9
func TestSetFind(t *testing.T) {
	t.Parallel()
	two, err := jose.ParseSet(fmt.Appendf(nil, `{"keys":[%s,%s,{"kty":"PQ","kid":"q"},null,%s],"x":1}`,
		publicJWK(t, jose.RS256, "a"), publicJWK(t, jose.ES256, "b"), `{"kty":"oct","kid":"s","alg":"HS256","k":"`+b64(string(secret))+`"}`))
	require.NoError(t, err)
	require.Len(t, two.Keys(), 2)
	require.Len(t, two.LeftOut(), 3)
	require.NoError(t, find(t, two, jose.RS256, "a"))
	require.NoError(t, find(t, two, jose.ES256, "b"))
	require.ErrorIs(t, find(t, two, jose.ES256, "a"), jose.ErrAlgorithm)
	require.ErrorIs(t, find(t, two, jose.PS256, "a"), jose.ErrAlgorithm, "the key is bound to RS256")
	require.ErrorIs(t, find(t, two, jose.RS256, ""), jose.ErrUnknownKey)
	require.ErrorIs(t, find(t, two, jose.RS256, "A"), jose.ErrUnknownKey)
	require.ErrorIs(t, find(t, two, jose.RS256, "../../a"), jose.ErrUnknownKey)
	require.ErrorIs(t, find(t, two, jose.HS256, "s"), jose.ErrUnknownKey, "a published secret is none")

	one, err := jose.NewSet(signerFor(t, jose.RS256, "a").PublicKey())
	require.NoError(t, err)
	require.NoError(t, find(t, one, jose.RS256, ""))
	require.ErrorIs(t, find(t, one, jose.RS256, "b"), jose.ErrUnknownKey)
	require.ErrorIs(t, find(t, one, jose.ES256, ""), jose.ErrAlgorithm)
	nameless, err := jose.NewSet(signerFor(t, jose.RS256, "").PublicKey())
	require.NoError(t, err)
	require.NoError(t, find(t, nameless, jose.RS256, "whatever"))

	same, err := jose.NewSet(signerFor(t, jose.RS256, "a").PublicKey(), signerFor(t, jose.ES256, "a").PublicKey(), signerFor(t, jose.RS256, "a").PublicKey())
	require.NoError(t, err)
	require.Len(t, same.Keys(), 2, "an identical key counts once")
	require.NoError(t, find(t, same, jose.RS256, "a"))
	require.NoError(t, find(t, same, jose.ES256, "a"))
	require.ErrorIs(t, find(t, same, jose.EdDSA, "a"), jose.ErrAlgorithm)

	unbound, err := jose.NewKey("a", "", testKeys()["RSA"].Public())
	require.NoError(t, err)
	ambiguous, err := jose.NewSet(signerFor(t, jose.RS256, "a").PublicKey(), unbound)
	require.NoError(t, err)
	require.ErrorIs(t, find(t, ambiguous, jose.RS256, "a"), jose.ErrAlgorithm)

	require.ErrorIs(t, find(t, new(jose.Set), jose.RS256, "a"), jose.ErrUnknownKey)
	require.ErrorIs(t, find(t, new(jose.Set), jose.RS256, ""), jose.ErrUnknownKey)
	_, err = jose.NewSet(nil)
	require.ErrorIs(t, err, jose.ErrKey)
	_, err = jose.NewSet(unbound, signerFor(t, jose.HS256, "s").PublicKey())
	require.ErrorIs(t, err, jose.ErrKey)
	data, err := json.Marshal(new(jose.Set))
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":[]}`, string(data))
}

func TestParseSetRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"Keys":[]}`, `{"keys":[],"keys":[]}`, `{"keys":[]}x`,
		`{"keys":[]`, `{"keys":[`, `{"keys":[1`, `{"keys":[1,]}`, `{"keys":[1 2]}`, `{"keys":[{"kty":"EC"}`, `{"keys"}`, `{"keys":}`, `{"keys":[]}{}`, "\ufeff{\"keys\":[]}",
		`{"keys":[x]}`, `{"keys":[],}`, `{"KEYS":[]}`, `{"keys":"[]"}`, `null`, `"x"`} {
		_, err := jose.ParseSet([]byte(text))
		require.ErrorIs(t, err, jose.ErrKey, text)
	}
}

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(map[string]any{"a": certificate(t, testKeys()["RSA"]), "b": certificate(t, testKeys()["256"]), "c": "x", "d": 1, "": certificate(t, testKeys()["256"])})
	require.NoError(t, err)
	set, err := jose.ParseCertificates(data)
	require.NoError(t, err)
	require.Len(t, set.Keys(), 2)
	require.Len(t, set.LeftOut(), 3)
	require.NoError(t, find(t, set, jose.RS256, "a"))
	require.NoError(t, find(t, set, jose.ES256, "b"))
	_, err = jose.ParseCertificates([]byte(`[]`))
	require.ErrorIs(t, err, jose.ErrKey)
}
