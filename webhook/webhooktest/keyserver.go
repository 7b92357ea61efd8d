package webhooktest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// KeyServer holds a generated RSA key for the hooks that carry a JSON Web Token
// ([PubSub], [FirebaseBlocking], [Auth0Logout]) and publishes its public half as
// the issuer would: a JWK set, Google's map of certificates, or an OpenID
// discovery document, by the path that is asked for. It is an [http.Handler];
// [KeyServer.Client] needs no network at all. It is safe for concurrent use.
type KeyServer struct {
	key         *rsa.PrivateKey
	id          string
	certificate string // PEM
}

// NewKeyServer generates a key. That takes a while (a tenth of a second or so):
// one key server serves a whole test binary.
func NewKeyServer() *KeyServer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return newKeyServer(key)
}

// ParseKeyServer returns a key server with a key from [KeyServer.PrivatePEM], or
// any other RSA key in PEM of PKCS #8 or PKCS #1, of at least 2048 bits. The
// error does not show the key.
func ParseKeyServer(privatePEM string) (*KeyServer, error) {
	key, _, err := parseRSA(privatePEM)
	if err != nil {
		return nil, fmt.Errorf("webhooktest: %w", err)
	}
	return newKeyServer(key), nil
}

func newKeyServer(key *rsa.PrivateKey) *KeyServer {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "webhooktest"},
		NotBefore:    longAgo,
		NotAfter:     farAhead,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err) // the template is fixed
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &KeyServer{key: key, id: segment(sum[:12]), certificate: pemBlock("CERTIFICATE", der)}
}

// PrivatePEM returns the private key in PEM of PKCS #8, to keep it for another run.
func (k *KeyServer) PrivatePEM() string { return pemPrivateKey(k.key) }

// Generated certificates are valid whatever clock a test chooses.
var (
	longAgo  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	farAhead = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// KeyID returns the kid of the key.
func (k *KeyServer) KeyID() string { return k.id }

// JWKS returns the key set (RFC 7517) with the public key.
func (k *KeyServer) JWKS() []byte {
	return mustJSON(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
		"n": segment(k.key.N.Bytes()),
		"e": segment(big.NewInt(int64(k.key.E)).Bytes()),
	}}})
}

// ServeHTTP publishes the key. A path that ends in
// "/.well-known/openid-configuration" gets a discovery document that points
// back to this server, a path with "/x509/" the certificates by key ID, any
// other path the key set.
func (k *KeyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := k.JWKS()
	if prefix, ok := strings.CutSuffix(r.URL.Path, "/.well-known/openid-configuration"); ok {
		base := "http://"
		if r.TLS != nil || r.URL.Scheme == "https" {
			base = "https://"
		}
		base += r.Host + prefix + "/"
		body = mustJSON(map[string]any{"issuer": base, "jwks_uri": base + ".well-known/jwks.json"})
	} else if strings.Contains(r.URL.Path, "/x509/") {
		body = mustJSON(map[string]string{k.id: k.certificate})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(body) // the reader's going away is its own business
}

// Client returns an HTTP client that has every request answered by k, whatever
// host it names, without a network.
func (k *KeyServer) Client() *http.Client { return inMemory(k) }

// inMemory returns a client whose requests are served by h.
func inMemory(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			defer r.Body.Close()
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		in := r.Clone(r.Context())
		if in.Host == "" {
			in.Host = r.URL.Host
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, in)
		resp := rec.Result()
		resp.Request = r
		return resp, nil
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// token signs claims with RS256 (RFC 7515, RFC 7518 section 3.3). What the body
// holds, a JSON object or nothing, replaces claims; null removes one.
func (k *KeyServer) token(typ string, claims map[string]any, body []byte) (string, error) {
	if len(bytes.TrimSpace(body)) > 0 {
		var more map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&more); err != nil {
			return "", fmt.Errorf("the body must be a JSON object of claims")
		}
		maps.Copy(claims, more)
		maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	}
	text := segment(mustJSON(map[string]any{"alg": "RS256", "typ": typ, "kid": k.id})) + "." + segment(mustJSON(claims))
	digest := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, k.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing failed")
	}
	return text + "." + segment(sig), nil
}

func segment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// mustJSON marshals what is always marshalable: maps of strings, and values that
// came from JSON.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
