package oauthflow

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
)

// DPoP proves possession of a key with each request (RFC 9449), so that a token
// that leaks is of no use to others. It remembers the nonces that servers
// demand. It is safe for concurrent use.
//
// Give it to [New] with [WithDPoP], so that tokens are bound to the key, and
// make the API's requests with [DPoP.Auth]. A refresh token of a public client
// is bound as well: keep the key as long as the token.
type DPoP struct {
	key        *SigningKey
	jwk        json.RawMessage
	thumbprint string
	now        func() time.Time

	mu     sync.Mutex
	nonces map[string]string // by origin
}

// maxNonceOrigins bounds the memory for nonces; a program that talks to more
// servers pays an extra request now and then.
const maxNonceOrigins = 256

// proofBackdate is how far the clock of a server may be behind ours. Servers take
// proofs of a few seconds' age (RFC 9449 section 11.1), so that it is short.
const proofBackdate = 3 * time.Second

// NewDPoP returns a DPoP with the given key; nil means a new P-256 key, which
// is gone when the process ends.
func NewDPoP(key *SigningKey) (*DPoP, error) {
	if key == nil {
		k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // never fails
		key, _ = NewSigningKey(k, "", "")
	}
	if _, err := key.SigningKey(context.Background()); err != nil {
		return nil, fmt.Errorf("oauthflow: dpop: %w", err)
	}
	jwk, _ := key.signer.PublicKey().BareJWK() // a public key has both
	thumbprint, _ := key.signer.PublicKey().Thumbprint()
	return &DPoP{key: key, jwk: jwk, thumbprint: thumbprint, now: time.Now, nonces: map[string]string{}}, nil
}

// WithDPoP binds the tokens that the client obtains to d's key. A token
// response of another token type than "DPoP" is then refused.
func WithDPoP(d *DPoP) Option {
	return func(s *settings) error { s.dpop = d; return nil }
}

// Thumbprint returns the RFC 7638 thumbprint of the key.
func (d *DPoP) Thumbprint() string { return d.thumbprint }

// Proof returns a proof for one request (RFC 9449 section 4.2), with the newest
// nonce of the server. The access token is empty for requests to the
// authorization server. Most callers use [DPoP.Auth].
func (d *DPoP) Proof(method, requestURL, accessToken string) (string, error) {
	proof, err := d.proof(method, requestURL, accessToken)
	if err != nil {
		return "", fmt.Errorf("oauthflow: %w", err)
	}
	return proof, nil
}

func (d *DPoP) proof(method, requestURL, accessToken string) (string, error) {
	u, err := url.Parse(requestURL)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("dpop: the request URL is not absolute")
	}
	payload := map[string]any{
		"jti": rand.Text(), "htm": method, "htu": targetURI(u), "iat": d.now().Add(-proofBackdate).Unix(),
	}
	if accessToken != "" {
		payload["ath"] = accessTokenHash(accessToken)
	}
	if nonce := d.nonce(u); nonce != "" {
		payload["nonce"] = nonce
	}
	// Neither kid nor alg beyond the algorithm's own: the key is in the header.
	proof, err := d.key.signer.SignClaims(map[string]any{"typ": "dpop+jwt", "jwk": d.jwk}, payload)
	if err != nil {
		return "", fmt.Errorf("dpop: %w", err)
	}
	return proof, nil
}

// targetURI is the request's URI without query and fragment.
func targetURI(u *url.URL) string {
	return origin(u) + cmp.Or(u.EscapedPath(), "/")
}

// accessTokenHash is "ath".
func accessTokenHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (d *DPoP) nonce(u *url.URL) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nonces[origin(u)]
}

const maxNonce = 1 << 10

// learn keeps the nonce that a response brought (sections 8 and 8.2) and
// reports whether it is another than the one in the request's proof: only then
// has a replay a chance. What is remembered does not count: a request beside
// this one may have learnt the same nonce a moment ago.
func (d *DPoP) learn(u *url.URL, proof string, h http.Header) bool {
	nonce := h.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.nonces[origin(u)]; !known && len(d.nonces) >= maxNonceOrigins {
		clear(d.nonces)
	}
	d.nonces[origin(u)] = nonce
	return nonce != nonceIn(proof)
}

// nonceIn returns the nonce in a proof of our own.
func nonceIn(proof string) string {
	token, _ := jose.Parse(proof) // what is no proof of ours says nothing, as the zero values do
	set, _ := claims.Parse(token.UnverifiedPayload())
	nonce, _ := set.String("nonce")
	return nonce
}

// proofFor sets the DPoP header of a request to the authorization server.
func (d *DPoP) proofFor(req *http.Request) error {
	proof, err := d.proof(req.Method, req.URL.String(), "")
	if err != nil {
		return err
	}
	req.Header.Set("DPoP", proof)
	return nil
}
