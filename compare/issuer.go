package compare

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"sync/atomic"
)

const (
	issuerName     = "https://issuer.example.com"
	issuerAudience = "client-1"
	issuerUser     = "user-1"
)

// An issuer signs tokens with the standard library alone, whatever their header and
// claims say, and serves its keys: k1 (ES256), k2 (RS256), and k3, which is for
// encryption.
type issuer struct {
	*server
	keys    []byte
	es      *ecdsa.PrivateKey
	rs      *rsa.PrivateKey
	fetches atomic.Int64
}

var b64 = base64.RawURLEncoding.EncodeToString

func newIssuer() (*issuer, error) {
	i := &issuer{}
	var err error
	if i.es, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if i.rs, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	rsaKey := map[string]any{"kty": "RSA", "n": b64(i.rs.N.Bytes()), "e": b64(big.NewInt(int64(i.rs.E)).Bytes())}
	with := func(key map[string]any, more ...string) map[string]any {
		out := map[string]any{}
		for name, value := range key {
			out[name] = value
		}
		for n := 0; n < len(more); n += 2 {
			out[more[n]] = more[n+1]
		}
		return out
	}
	i.keys, err = json.Marshal(map[string]any{"keys": []any{
		with(ecJWK(&i.es.PublicKey), "kid", "k1", "alg", "ES256", "use", "sig"),
		with(rsaKey, "kid", "k2", "alg", "RS256", "use", "sig"),
		with(rsaKey, "kid", "k3", "alg", "RS256", "use", "enc"),
	}})
	if err != nil {
		return nil, err
	}
	i.server = serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		answerJSON(w, http.StatusOK, string(i.keys))
	})
	return i, nil
}

func ecJWK(key *ecdsa.PublicKey) map[string]any {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		panic(err) // only a key off its curve
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

func (i *issuer) issuer() Issuer {
	return Issuer{Name: issuerName, Audience: issuerAudience, Algorithms: []string{"ES256", "RS256", "PS256"}, KeysURL: i.http.URL + "/keys", Keys: i.keys}
}

// signES and the others return the signature over the first two segments of a token.
func (i *issuer) signES(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, i.es, sum[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func (i *issuer) signRS(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	out, err := rsa.SignPKCS1v15(rand.Reader, i.rs, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return out
}

func (i *issuer) signPS(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	out, err := rsa.SignPSS(rand.Reader, i.rs, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		panic(err)
	}
	return out
}

// token signs header and claims as they are, with k1.
func (i *issuer) token(header, claims string) string {
	input := b64([]byte(header)) + "." + b64([]byte(claims))
	return input + "." + b64(i.signES(input))
}
