package sessiontest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/session"
)

// Client returns an HTTP client that reaches the issuer and nothing else.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: transport{i}} }

// Options returns the options that make a verifier fetch keys from the issuer and
// use its clock.
func (i *Issuer) Options() []session.Option {
	return []session.Option{session.WithHTTPClient(i.Client()), session.WithClock(i.Now)}
}

// transport hands requests to the issuer without a network.
type transport struct{ issuer *Issuer }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	i := t.issuer
	i.mu.Lock()
	down := i.status == noAnswer
	if down {
		i.fetches++
	}
	i.mu.Unlock()
	if down {
		return nil, errors.New("sessiontest: connection refused")
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// ServeHTTP serves the key sets of all profiles, in the providers' formats and at
// their paths, and the discovery documents of [OIDCIssuer].
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.status != 0 && i.status != http.StatusOK {
		http.Error(w, http.StatusText(i.status), i.status)
		return
	}
	if i.garbage != nil {
		_, _ = w.Write(i.garbage)
		return
	}
	var document any
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/jwks.json"), strings.HasPrefix(r.URL.Path, "/sso/jwks/"):
		set, err := i.keySet()
		if err != nil {
			panic(err)
		}
		document = set
	case strings.HasPrefix(r.URL.Path, "/robot/v1/metadata/x509/"), r.URL.Path == "/identitytoolkit/v3/relyingparty/publicKeys":
		document = i.certificates()
	case r.URL.Path == "/.well-known/openid-configuration", r.URL.Path == "/.well-known/oauth-authorization-server":
		document = map[string]any{
			"issuer":                                OIDCIssuer,
			"jwks_uri":                              OIDCIssuer + "/.well-known/jwks.json",
			"authorization_endpoint":                OIDCIssuer + "/authorize",
			"token_endpoint":                        OIDCIssuer + "/token",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": jose.Asymmetric(),
		}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(i.maxAge/time.Second)))
	_ = json.NewEncoder(w).Encode(document)
}

func (i *Issuer) keySet() (*jose.Set, error) {
	keys := make([]*jose.Key, len(i.keys))
	for n, signer := range i.keys {
		keys[n] = signer.PublicKey()
	}
	return jose.NewSet(keys...)
}

// JWKS returns the key set as a JWK set, for session.WithJWKS.
func (i *Issuer) JWKS() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	set, err := i.keySet()
	if err == nil {
		var data []byte
		if data, err = json.Marshal(set); err == nil {
			return data
		}
	}
	panic(err) // only if the issuer made a key that cannot be published
}

// certificates puts each key into a certificate, which is signed by a key that
// is thrown away: nobody looks at the signature.
func (i *Issuer) certificates() map[string]string {
	signer := newKey(jose.ES256)
	out := map[string]string{}
	for _, k := range i.keys {
		out[k.KeyID()] = certificate(k.PublicKey().Public(), signer, i.time())
	}
	return out
}

func certificate(public crypto.PublicKey, signer crypto.Signer, now time.Time) string {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "securetoken.system.gserviceaccount.com"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(16 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		panic(err) // not for the keys of this package
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
