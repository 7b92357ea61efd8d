package sessiontest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/session"
)

// Who the tokens are from and for, unless claims are changed.
const (
	ClerkIssuer     = "https://clerk.example.com"
	AuthorizedParty = "https://app.example.com"
	Auth0Domain     = "example.us.auth0.com"
	FirebaseProject = "demo-example"
	OIDCIssuer      = "https://issuer.example.com"
	CognitoIssuer   = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE"
	ClientID        = "client-1"         // audience of ID tokens, client of access tokens
	Audience        = "https://api.test" // audience of access tokens
	Subject         = "user_1"
	SessionID       = "sess_1"
)

// Issuer signs tokens and serves its keys. Make one with [New]. It is safe for
// concurrent use.
type Issuer struct {
	mu      sync.Mutex
	keys    []*jose.Signer // the last one signs
	serial  int
	now     time.Time // zero: the real time
	offset  time.Duration
	status  int
	garbage []byte // served in place of every document
	maxAge  time.Duration
	fetches int
	alg     jose.Algorithm
}

// New returns an issuer with one RS256 key and the clock of the machine.
func New() *Issuer {
	i := &Issuer{alg: jose.RS256, maxAge: time.Hour}
	i.Rotate()
	return i
}

// Clerk returns the profile for [Issuer.ClerkToken].
func (i *Issuer) Clerk() session.Profile { return session.Clerk(ClerkIssuer, AuthorizedParty) }

// ClerkOAuth returns the profile for [Issuer.ClerkOAuthToken].
func (i *Issuer) ClerkOAuth() session.Profile { return session.ClerkOAuth(ClerkIssuer, ClientID) }

// Cognito returns the profile for [Issuer.CognitoToken].
func (i *Issuer) Cognito() session.Profile { return session.Cognito(CognitoIssuer, ClientID) }

// WorkOS returns the profile for [Issuer.WorkOSToken].
func (i *Issuer) WorkOS() session.Profile { return session.WorkOS(ClientID) }

// Auth0 returns the profile for [Issuer.Auth0Token].
func (i *Issuer) Auth0() session.Profile { return session.Auth0(Auth0Domain, Audience) }

// Firebase returns the profile for [Issuer.FirebaseToken].
func (i *Issuer) Firebase() session.Profile { return session.Firebase(FirebaseProject) }

// FirebaseCookie returns the profile for [Issuer.FirebaseCookieToken].
func (i *Issuer) FirebaseCookie() session.Profile { return session.FirebaseCookie(FirebaseProject) }

// OIDC returns the profile for [Issuer.IDToken].
func (i *Issuer) OIDC() session.Profile { return session.OIDC(OIDCIssuer, ClientID) }

// AccessTokens returns the profile for [Issuer.AccessToken].
func (i *Issuer) AccessTokens() session.Profile { return session.AccessToken(OIDCIssuer, Audience) }

// Now returns the issuer's time.
func (i *Issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.time()
}

func (i *Issuer) time() time.Time {
	if i.now.IsZero() {
		return time.Now().Add(i.offset)
	}
	return i.now.Add(i.offset)
}

// StopClock makes time stand still at now; [Issuer.Advance] moves it.
func (i *Issuer) StopClock(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now, i.offset = now, 0
}

// Advance moves the clock.
func (i *Issuer) Advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.offset += d
}

// Rotate makes a new key, of the algorithm last set, that signs from now on. The
// older ones stay in the key set.
func (i *Issuer) Rotate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serial++
	signer, err := jose.NewSigner(newKey(i.alg), i.alg, fmt.Sprintf("key-%d", i.serial))
	if err != nil {
		panic(err) // only if newKey does not make what the algorithm needs
	}
	i.keys = append(i.keys, signer)
}

// UseAlgorithm rotates to a key of another algorithm: one of RS256, RS384, RS512,
// PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA. It panics on another name.
func (i *Issuer) UseAlgorithm(name string) {
	if !jose.IsAsymmetric(jose.Algorithm(name)) {
		panic("sessiontest: unknown algorithm " + name)
	}
	i.mu.Lock()
	i.alg = jose.Algorithm(name)
	i.mu.Unlock()
	i.Rotate()
}

// Withdraw takes all keys but the signing one out of the key set.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[len(i.keys)-1:]
}

func newKey(a jose.Algorithm) crypto.Signer {
	var key crypto.Signer
	var err error
	switch a {
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES512:
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jose.EdDSA, jose.Ed25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return key
}

// noAnswer stands for a connection error.
const noAnswer = -1

// Fail makes the key server answer with this status, or not at all (a
// connection error) if it is 0, until Fail(http.StatusOK).
func (i *Issuer) Fail(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if status == 0 {
		status = noAnswer
	}
	i.status = status
}

// Corrupt makes the key server send this in place of every document, with status
// 200, until Corrupt(nil).
func (i *Issuer) Corrupt(body []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.garbage = body
}

// KeyLifetime sets the max-age that the key server announces, in whole seconds;
// an hour at first.
func (i *Issuer) KeyLifetime(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.maxAge = d
}

// Fetches returns how many requests the key server has had.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}
