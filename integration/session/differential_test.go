package session_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
)

const (
	diffIssuer   = "https://issuer.example/"
	diffAudience = "client-1"
	diffNow      = 1_800_000_000
)

// party is an issuer that shares no code with the project: keys and signatures are
// the standard library's, and its key set is written by go-jose.
type party struct {
	algorithm string
	key       crypto.Signer
	verifier  *session.Verifier
}

func newParty(t testing.TB, algorithm string) *party {
	t.Helper()
	p := &party{algorithm: algorithm}
	var err error
	switch algorithm {
	case "RS256":
		p.key, err = rsa.GenerateKey(crand.Reader, 2048)
	case "ES256":
		p.key, err = ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	case "EdDSA":
		_, p.key, err = ed25519.GenerateKey(crand.Reader)
	}
	require.NoError(t, err)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: algorithm, Use: "sig"}}})
	require.NoError(t, err)
	p.verifier, err = session.NewVerifier(session.OIDC(diffIssuer, diffAudience), session.WithJWKS(jwks),
		session.WithClock(func() time.Time { return time.Unix(diffNow, 0) }))
	require.NoError(t, err)
	return p
}

func (p *party) sign(header, payload []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64(header) + "." + b64(payload)
	var signature []byte
	var err error
	sum := sha256.Sum256([]byte(input))
	switch k := p.key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(crand.Reader, k, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(crand.Reader, k, sum[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(input))
	}
	if err != nil {
		panic(err)
	}
	return input + "." + b64(signature)
}

func (p *party) header() []byte { return []byte(`{"alg":"` + p.algorithm + `","kid":"k","typ":"JWT"}`) }

const diffPayload = `{"iss":"https://issuer.example/","sub":"u1","aud":["other","client-1"],"iat":1800000000,"nbf":1799999990,"exp":1800003600,` +
	`"auth_time":1799999000,"email":"user@example.com","roles":["a","b"],"o":{"id":"org_1","n":[1,-2.5e3,null,true]},"x":"é\ud83d\ude00\n"}`

// golangJWT is the verdict of golang-jwt v5 on the same question.
func (p *party) golangJWT(raw string) (sub string, err error) {
	claims := gojwt.MapClaims{}
	_, err = gojwt.NewParser(gojwt.WithValidMethods([]string{p.algorithm}), gojwt.WithIssuer(diffIssuer), gojwt.WithAudience(diffAudience),
		gojwt.WithExpirationRequired(), gojwt.WithLeeway(31*time.Second), gojwt.WithTimeFunc(func() time.Time { return time.Unix(diffNow, 0) }),
	).ParseWithClaims(raw, claims, func(*gojwt.Token) (any, error) { return p.key.Public(), nil })
	if err != nil {
		return "", err
	}
	return claims.GetSubject()
}

// goJOSE is the verdict of go-jose v4.
func (p *party) goJOSE(raw string) (sub string, err error) {
	token, err := josejwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(p.algorithm)})
	if err != nil {
		return "", err
	}
	var claims josejwt.Claims
	if err := token.Claims(p.key.Public(), &claims); err != nil {
		return "", err
	}
	if claims.Expiry == nil {
		return "", errors.New("no exp")
	}
	expected := josejwt.Expected{Issuer: diffIssuer, AnyAudience: josejwt.Audience{diffAudience}, Time: time.Unix(diffNow, 0)}
	return claims.Subject, claims.ValidateWithLeeway(expected, 31*time.Second)
}

// agree requires that the other two accept what package session accepts, and mean
// the same user.
func (p *party) agree(t testing.TB, raw string) (accepted bool) {
	s, err := p.verifier.Verify(t.Context(), raw)
	if err != nil {
		return false
	}
	for name, verdict := range map[string]func(string) (string, error){"golang-jwt": p.golangJWT, "go-jose": p.goJOSE} {
		sub, err := verdict(raw)
		if err != nil || sub != s.Subject {
			t.Errorf("laxer than %s: %q, %v: %s", name, sub, err, raw)
		}
	}
	return true
}

// A million tokens that were changed on the way: none is accepted.
func TestMutatedTokens(t *testing.T) {
	total := int64(1_000_000)
	if testing.Short() {
		total = 50_000
	}
	var left, done, accepted atomic.Int64
	left.Store(total)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var parties []*party
			var originals []string
			for _, a := range algorithms {
				p := newParty(t, a)
				parties = append(parties, p)
				originals = append(originals, p.sign(p.header(), []byte(diffPayload)))
				if !p.agree(t, originals[len(originals)-1]) {
					t.Errorf("%s: the token itself is refused", a)
				}
			}
			for left.Add(-1) >= 0 {
				// Ed25519 and RSA cost less than half of ECDSA, and the gate is the same.
				n := []int{0, 0, 1, 2, 2}[rand.IntN(5)]
				raw := mutate(originals[n], originals[rand.IntN(len(originals))])
				if raw == originals[n] {
					left.Add(1)
					continue
				}
				done.Add(1)
				if _, err := parties[n].verifier.Verify(t.Context(), raw); err == nil {
					accepted.Add(1)
					t.Errorf("accepted %s", raw)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d mutated tokens, %d accepted", done.Load(), accepted.Load())
	require.Equal(t, total, done.Load())
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func pick(from string) byte { return from[rand.IntN(len(from))] }

// mutate changes a token in one to three ways, as text or inside a segment.
func mutate(raw, other string) string {
	for range 1 + rand.IntN(3) {
		b := []byte(raw)
		if len(b) < 8 {
			return raw + "A"
		}
		at := rand.IntN(len(b))
		switch rand.IntN(12) {
		case 0, 1, 2:
			b[at] = pick(alphabet)
		case 3:
			b[at] ^= 1 << rand.IntN(8)
		case 4:
			b = append(b[:at], b[at+1:]...)
		case 5:
			b = append(b[:at], append([]byte{pick(alphabet)}, b[at:]...)...)
		case 6:
			b = append(b[:at], append([]byte{pick(".=\n\r \x00+/~\xe9{")}, b[at:]...)...)
		case 7: // a segment of another token
			mine, its := strings.Split(raw, "."), strings.Split(other, ".")
			n := rand.IntN(3)
			if len(mine) > n {
				mine[n] = its[n]
			}
			b = []byte(strings.Join(mine, "."))
		case 8:
			b = b[:at]
		case 9:
			b = append(b, other[rand.IntN(len(other)):]...)
		default: // inside a segment, encoded again
			parts := strings.Split(raw, ".")
			n := rand.IntN(len(parts))
			if data, err := base64.RawURLEncoding.DecodeString(parts[n]); err == nil {
				parts[n] = base64.RawURLEncoding.EncodeToString(mutateBytes(data))
			}
			b = []byte(strings.Join(parts, "."))
		}
		raw = string(b)
	}
	return raw
}

func mutateBytes(data []byte) []byte {
	b := bytes.Clone(data)
	for range 1 + rand.IntN(2) {
		if len(b) == 0 {
			return []byte{0}
		}
		at := rand.IntN(len(b))
		switch rand.IntN(6) {
		case 0:
			b[at] ^= 1 << rand.IntN(8)
		case 1:
			b = append(b[:at], b[at+1:]...)
		case 2:
			b = append(b[:at], append([]byte{pick("\"\\{}[]:,0123456789eE.-+ntf u\x00\xff")}, b[at:]...)...)
		case 3:
			b[at] = pick("\"\\{}[]:,0-.eE ")
		case 4:
			to := at + rand.IntN(len(b)-at)
			b = append(b[:to:to], b[at:]...)
		case 5:
			words := []string{`,"sub":"admin"`, `,"Sub":"admin"`, `,"\u0073ub":"admin"`, `,"exp":null`, `"crit":["exp"],`, `null`, `1e999`, `-0`, `\ud800`, "\xef\xbb\xbf", `"alg":"none",`, `,"aud":"client-1"`}
			b = append(b[:at:at], append([]byte(words[rand.IntN(len(words))]), b[at:]...)...)
		}
	}
	return b
}

// Hostile headers and claims under a good signature: whatever package session
// accepts, go-jose and golang-jwt accept as well, for the same user.
func TestNeverLaxer(t *testing.T) {
	total := 200_000
	if testing.Short() {
		total = 10_000
	}
	var wg sync.WaitGroup
	var accepted atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			p := newParty(t, "EdDSA") // signing is cheap; the algorithm does not matter here
			for range total / runtime.GOMAXPROCS(0) {
				header, payload := p.header(), []byte(diffPayload)
				if rand.IntN(3) == 0 {
					header = mutateBytes(header)
				} else {
					payload = mutateBytes(payload)
				}
				if p.agree(t, p.sign(header, payload)) {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d hostile tokens with good signatures, %d accepted by all three", total, accepted.Load())
	require.Positive(t, accepted.Load(), "harmless changes are among them")
}

// FuzzNeverLaxer is TestNeverLaxer with the mutations of the fuzzer.
func FuzzNeverLaxer(f *testing.F) {
	p := newParty(f, "EdDSA")
	f.Add(p.header(), []byte(diffPayload))
	f.Add([]byte(`{"alg":"EdDSA"}`), []byte(`{"iss":"https:\/\/issuer.example\/","sub":"u","aud":"client-1","iat":1.8e9,"exp":1800000001.5}`))
	f.Add([]byte(`{"typ":"jwt","alg":"Ed25519","kid":"k"}`), []byte(diffPayload))
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		if bytes.Contains(header, []byte("Ed25519")) {
			return // the other two do not know the name of RFC 9864
		}
		p.agree(t, p.sign(header, payload))
	})
}
