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

func TestParseHeader(t *testing.T) {
	t.Parallel()
	token, err := jose.Parse(b64(" {\"typ\":\"a\\u0074+jwt\",\r\n\"alg\":\"\\u0052S256\",\"kid\":\"\\ud83d\\ude00\",\"jwk\":{\"kty\":\"oct\"},\"jku\":\"https://evil.example\",\"cty\":7} ") + ".e30.AA")
	require.NoError(t, err)
	require.Equal(t, jose.RS256, token.Header.Algorithm)
	require.Equal(t, "😀", token.Header.KeyID)
	require.Equal(t, "at+jwt", token.Header.Type)
	require.Equal(t, "{}", string(token.UnverifiedPayload()))
}

func TestHeaderHasType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header, typ string
		want        bool
	}{
		{"JWT", "JWT", true}, {"jwt", "JWT", true}, {"application/jwt", "JWT", true}, {"APPLICATION/JWT", "jwt", true},
		{"at+jwt", "application/at+jwt", true}, {"", "", true},
		{"", "JWT", false}, {"JWT", "", false}, {"text/jwt", "JWT", false}, {"application/", "", false}, {"application/x/y", "x/y", false},
		{"jwt ", "JWT", false}, {"at+jwt", "jwt", false},
	} {
		require.Equal(t, tt.want, jose.Header{Type: tt.header}.HasType(tt.typ), "%q %q", tt.header, tt.typ)
	}
}

// J1, J2, J5, J6, J7
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	header := func(s string) string { return b64(s) + ".e30.AA" }
	for name, raw := range map[string]string{
		"J5 empty":                "",
		"J5 one segment":          "AA",
		"J5 two segments":         b64(`{"alg":"RS256"}`) + ".e30",
		"J5 four segments":        b64(`{"alg":"RS256"}`) + ".e30.AA.AA",
		"J5 five segments":        b64(`{"alg":"RS256"}`) + ".a.b.c.d",
		"J5 dots":                 "..",
		"J5 empty header":         ".e30.AA",
		"J5 empty signature":      b64(`{"alg":"RS256"}`) + ".e30.",
		"J5 padding":              base64.URLEncoding.EncodeToString([]byte(`{"alg":"RS256"} `)) + "=.e30.AA",
		"J5 padded signature":     b64(`{"alg":"RS256"}`) + ".e30.AA==",
		"J5 newline at the end":   b64(`{"alg":"RS256"}`) + ".e30.AA\n",
		"J5 newline in front":     "\n" + b64(`{"alg":"RS256"}`) + ".e30.AA",
		"J5 CRLF inside":          b64(`{"alg":"RS256"}`) + ".e3\r\n0.AA",
		"J5 space":                b64(`{"alg":"RS256"}`) + ".e30 .AA",
		"J5 NUL":                  b64(`{"alg":"RS256"}`) + ".e30.AA\x00",
		"J5 tail bits, header":    strings.TrimSuffix(b64(`{"alg":"RS256"}  `), "A") + "B.e30.AA",
		"J5 tail bits, payload":   b64(`{"alg":"RS256"}`) + ".e31.AA",
		"J5 tail bits, signature": b64(`{"alg":"RS256"}`) + ".e30.AB",
		"J5 length of 1 mod 4":    b64(`{"alg":"RS256"}`) + ".e30.AAAAA",
		"J5 standard alphabet":    b64(`{"alg":"RS256"}`) + ".e30.+/",
		"J5 not UTF-8":            b64(`{"alg":"RS256"}`) + ".e30.\xff\xff",
		"J5 header array":         header(`[]`),
		"J5 header null":          header(`null`),
		"J5 header trailing":      header(`{"alg":"RS256"}x`),
		"J5 header two":           header(`{"alg":"RS256"}{}`),
		"J5 header BOM":           header("\xef\xbb\xbf" + `{"alg":"RS256"}`),
		"J5 header invalid UTF-8": header("{\"alg\":\"RS256\",\"x\":\"\xff\"}"),
		"J5 header surrogate":     header(`{"alg":"RS256","x":"\udead"}`),
		"J5 header deep":          header(`{"alg":"RS256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`),
		"J2 duplicate alg":        header(`{"alg":"RS256","alg":"RS256"}`),
		"J2 duplicate by escape":  header(`{"alg":"none","\u0061lg":"RS256"}`),
		"J2 duplicate deep":       header(`{"alg":"RS256","jwk":{"kty":"EC","kty":"RSA"}}`),
		"J2 ALG":                  header(`{"ALG":"RS256"}`),
		"J2 Alg":                  header(`{"Alg":"RS256"}`),
		"J1 no alg":               header(`{}`),
		"J1 alg null":             header(`{"alg":null}`),
		"J1 alg list":             header(`{"alg":["RS256"]}`),
		"J1 crit":                 header(`{"alg":"RS256","crit":["exp"],"exp":1}`),
		"J1 crit empty":           header(`{"alg":"RS256","crit":[]}`),
		"J1 crit null":            header(`{"alg":"RS256","crit":null}`),
		"J1 crit names alg":       header(`{"alg":"RS256","crit":["alg"]}`),
		"J1 b64 false":            header(`{"alg":"RS256","b64":false,"crit":["b64"]}`),
		"J1 b64 true":             header(`{"alg":"RS256","b64":true}`),
		"J1 zip":                  header(`{"alg":"RS256","zip":"DEF"}`),
		"J7 kid empty":            header(`{"alg":"RS256","kid":""}`),
		"J7 kid null":             header(`{"alg":"RS256","kid":null}`),
		"J7 kid number":           header(`{"alg":"RS256","kid":7}`),
		"J4 typ number":           header(`{"alg":"RS256","typ":7}`),
		"J6 too large":            strings.Repeat("A", jose.MaxTokenBytes+1),
		"J6 dots":                 strings.Repeat(".", 10<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := jose.Parse(raw)
			require.ErrorIs(t, err, jose.ErrMalformed)
			require.Zero(t, token) // J10
			require.Less(t, len(err.Error()), 200)
			_, _, err = jose.ParseUnsecured(raw)
			require.Error(t, err)
		})
	}
	for _, alg := range []string{"none", "None", "NONE", "", "HS1", "rs256", "RS256 ", "ES256K", "Ed448", "A128GCM", "RSA-OAEP"} {
		_, err := jose.Parse(header(`{"alg":"` + alg + `"}`))
		require.ErrorIs(t, err, jose.ErrAlgorithm, alg)
	}
	largest := b64(`{"alg":"RS256"}`) + "." + strings.Repeat("A", jose.MaxTokenBytes-len(b64(`{"alg":"RS256"}`))-4) + ".AA"
	require.Len(t, largest, jose.MaxTokenBytes)
	_, err := jose.Parse(largest)
	require.NoError(t, err)
}

func TestParseUnsecured(t *testing.T) {
	t.Parallel()
	h, payload, err := jose.ParseUnsecured(b64(`{"alg":"none","typ":"JWT"}`) + ".e30.")
	require.NoError(t, err)
	require.Equal(t, "JWT", h.Type)
	require.Equal(t, "{}", string(payload))
	for _, raw := range []string{
		b64(`{"alg":"none"}`) + ".e30.AA", b64(`{"alg":"None"}`) + ".e30.", b64(`{"alg":"RS256"}`) + ".e30.",
		b64(`{"alg":"none","crit":[]}`) + ".e30.", b64(`{"alg":"none"}`) + ".e31.", b64(`{"alg":"none"}`) + ".e30", ".e30.", "..",
	} {
		_, _, err := jose.ParseUnsecured(raw)
		require.Error(t, err, raw)
	}
}

// J1: a public key never acts as a secret, whatever form of it an attacker tries.
func TestJ1_PublicKeyAsSecret(t *testing.T) {
	t.Parallel()
	public := signerFor(t, jose.RS256, "k").PublicKey()
	forms := []string{certificate(t, testKeys()["RSA"])}
	data, err := json.Marshal(public)
	require.NoError(t, err)
	forms = append(forms, string(data))
	for _, form := range forms {
		forger, err := jose.NewSecretSigner([]byte(form), jose.HS256, "k")
		require.NoError(t, err)
		raw, err := forger.Sign(nil, []byte(`{}`))
		require.NoError(t, err)
		token, err := jose.Parse(raw)
		require.NoError(t, err)
		_, err = token.Verify(public, append(jose.Asymmetric(), jose.HS256)...)
		require.ErrorIs(t, err, jose.ErrAlgorithm)
		_, err = token.Verify(forger.PublicKey(), jose.Asymmetric()...)
		require.ErrorIs(t, err, jose.ErrAlgorithm, "a secret verifies only where HMAC is named")
	}
}

// J1: PSS with another salt length than that of the hash.
func TestJ1_PSSSaltLength(t *testing.T) {
	t.Parallel()
	input := b64(`{"alg":"PS256"}`) + ".e30"
	for salt, ok := range map[int]bool{32: true, 1: false, 20: false, 31: false, 33: false, 64: false, 222: false} {
		token, err := jose.Parse(input + "." + base64.RawURLEncoding.EncodeToString(pss(t, input, salt)))
		require.NoError(t, err)
		_, err = token.Verify(signerFor(t, jose.PS256, "").PublicKey(), jose.PS256)
		if ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, jose.ErrSignature, fmt.Sprint(salt))
		}
	}
}

// J1: r = s = 0, and DER where the fixed form belongs.
func TestJ1_ECDSAForms(t *testing.T) {
	t.Parallel()
	key := signerFor(t, jose.ES256, "").PublicKey()
	input := b64(`{"alg":"ES256"}`) + ".e30."
	for _, signature := range []string{strings.Repeat("\x00", 64), strings.Repeat("\xff", 64), "\x30\x06\x02\x01\x01\x02\x01\x01", strings.Repeat("\x00", 63) + "\x01"} {
		token, err := jose.Parse(input + b64(signature))
		require.NoError(t, err)
		_, err = token.Verify(key, jose.ES256)
		require.ErrorIs(t, err, jose.ErrSignature)
	}
}

// J1: an ECDSA signature has the size of its curve and no other, although a number
// stays the same with zeros in front.
func TestJ1_ECDSASizes(t *testing.T) {
	t.Parallel()
	for _, a := range []jose.Algorithm{jose.ES256, jose.ES384, jose.ES512} {
		signer := signerFor(t, a, "")
		raw, err := signer.Sign(nil, []byte("{}"))
		require.NoError(t, err)
		dot := strings.LastIndexByte(raw, '.') + 1
		signature, err := base64.RawURLEncoding.DecodeString(raw[dot:])
		require.NoError(t, err)
		size := len(signature) / 2
		r, s := string(signature[:size]), string(signature[size:])
		for name, other := range map[string]string{
			"as it is": r + s, "zero before s": r + "\x00" + s, "zero before both": "\x00" + r + "\x00" + s, "zero before r": "\x00" + r + s,
			"zero after": r + s + "\x00", "twice": r + s + r + s, "one short": r + s[:size-1], "r alone": r, "one byte": r[:1],
		} {
			token, err := jose.Parse(raw[:dot] + b64(other))
			require.NoError(t, err)
			_, err = token.Verify(signer.PublicKey(), a)
			if name == "as it is" {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, jose.ErrSignature, "%s, %s", a, name)
			}
		}
	}
}

// J6: what a hostile token costs does not grow with its size.
func TestJ6_ParseAllocations(t *testing.T) {
	dots := strings.Repeat(".", 10<<20)
	require.LessOrEqual(t, testing.AllocsPerRun(20, func() { _, _ = jose.Parse(dots) }), 8.)
	segments := strings.Repeat(".", jose.MaxTokenBytes)
	require.LessOrEqual(t, testing.AllocsPerRun(20, func() { _, _ = jose.Parse(segments) }), 8.)
}
