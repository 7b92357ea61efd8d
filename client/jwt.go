package client

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/serviceaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// JWTConfig describes a token that the client signs itself (RFC 7519, RFC 7515)
// and sends as a bearer. The zero value of an optional field leaves its claim
// out.
type JWTConfig struct {
	// Key yields the private key as PEM: PKCS#8, PKCS#1 or SEC 1, also with its
	// line breaks written as \n, as environment variables hold it. Required.
	Key secret.Source

	// Algorithm is RS256, PS256, ES256, EdDSA and so on (RFC 7518 §3.1, RFC
	// 8037). "" is the usual one for the key: RS256, the ES of its curve, EdDSA.
	Algorithm string

	KeyID    string         // header "kid"
	Issuer   string         // "iss"
	Subject  string         // "sub"
	Audience string         // "aud"
	Claims   map[string]any // further claims; the ones above and the times win
	Lifetime time.Duration  // "exp" after now; 0 is 5 minutes
	Backdate time.Duration  // "iat" before now, for a service whose clock is slow; 0 is none
}

const defaultJWTLifetime = 5 * time.Minute

// JWT signs a token as cfg says and sends it as a bearer. A token is signed once
// and used until a tenth of its life, at most a minute, is left, or until the
// key is rotated.
func JWT(cfg JWTConfig) Auth {
	return &jwtAuth{key: cfg.Key, lifetime: cfg.Lifetime, backdate: cfg.Backdate, recipe: cfg.recipe, renewals: newRenewals[secret.Value](secretSource)}
}

// GitHubApp authenticates as a GitHub App (GitHub Docs, "Generating a JSON Web
// Token (JWT) for a GitHub App"): RS256, dated a minute back, valid for nine of
// the ten minutes that GitHub permits. id is the app's client ID or app ID, key
// its private key as GitHub hands it out.
func GitHubApp(id string, key secret.Source) Auth {
	return JWT(JWTConfig{Key: key, Algorithm: string(jose.RS256), Issuer: id, Lifetime: 9 * time.Minute, Backdate: time.Minute})
}

// GoogleServiceAccount authenticates as a service account with a self-signed
// token (Google, AIP-4111), without a call to a token endpoint. key yields the
// account's JSON key file. Give the scopes, or, for the few services that take
// no scopes, the audience ("https://pubsub.googleapis.com/").
func GoogleServiceAccount(key secret.Source, audience string, scopes ...string) Auth {
	// Google takes no token that lives for longer than an hour from its date, and
	// none from the future.
	return &jwtAuth{key: key, lifetime: 59 * time.Minute, backdate: time.Minute, renewals: newRenewals[secret.Value](secretSource), recipe: func(v secret.Value) (*jwtRecipe, error) {
		return googleRecipe(v, audience, scopes)
	}}
}

// jwtRecipe is a key, parsed, and what is signed with it, but for the times.
type jwtRecipe struct {
	signer *jose.Signer
	claims map[string]any
}

func (cfg *JWTConfig) recipe(v secret.Value) (*jwtRecipe, error) {
	key, err := jose.ParsePrivateKeyPEM(v.Reveal())
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(key, jose.Algorithm(cfg.Algorithm), cfg.KeyID)
	if err != nil {
		return nil, err
	}
	claims := maps.Clone(cfg.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	for name, value := range map[string]string{"iss": cfg.Issuer, "sub": cfg.Subject, "aud": cfg.Audience} {
		if value != "" {
			claims[name] = value
		}
	}
	return &jwtRecipe{signer, claims}, nil
}

func googleRecipe(v secret.Value, audience string, scopes []string) (*jwtRecipe, error) {
	if (audience == "") == (len(scopes) == 0) {
		return nil, failf(ErrConfig, "google service account: give an audience or scopes, and not both")
	}
	file, err := serviceaccount.Parse(v.Reveal())
	if err != nil {
		return nil, failf(ErrConfig, "google service account: the secret is not a service account's JSON key file")
	}
	signer, err := file.Signer(jose.RS256)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{"iss": file.ClientEmail, "sub": file.ClientEmail}
	if audience != "" {
		claims["aud"] = audience
	} else {
		claims["scope"] = strings.Join(scopes, " ")
	}
	return &jwtRecipe{signer, claims}, nil
}

type jwtAuth struct {
	key      secret.Source
	lifetime time.Duration
	backdate time.Duration
	recipe   func(secret.Value) (*jwtRecipe, error)
	renewals *renewals[secret.Value]

	mu      sync.Mutex
	from    string // the key that made what follows
	made    *jwtRecipe
	field   []string
	renewAt time.Time
}

func (*jwtAuth) headerName() string { return "Authorization" }

// Check reports a key that is known to be unusable, without signing anything.
func (a *jwtAuth) Check() error {
	if a.lifetime < 0 || a.backdate < 0 {
		return failf(ErrConfig, "a JWT's lifetime and backdate cannot be negative")
	}
	if err := secret.Check(a.key); err != nil {
		return err
	}
	if _, local := a.key.(secret.Checker); !local {
		return nil
	}
	v, err := secret.Current(context.Background(), a.key)
	if err != nil {
		return err
	}
	_, err = a.recipe(v)
	return err
}

func (a *jwtAuth) Authorize(req *http.Request) error { return setHeader(a, req) }

func (a *jwtAuth) headerValue(ctx context.Context) ([]string, error) {
	v, err := secret.Current(ctx, a.key)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.field == nil || a.from != v.Reveal() || !now.Before(a.renewAt) {
		if err := a.sign(v, now); err != nil {
			return nil, err
		}
	}
	return a.field, nil
}

func (a *jwtAuth) sign(v secret.Value, now time.Time) error {
	if a.made == nil || a.from != v.Reveal() {
		made, err := a.recipe(v)
		if err != nil {
			return err
		}
		a.made, a.from, a.field = made, v.Reveal(), nil // no token of the old key from here on
	}
	lifetime := a.lifetime
	if lifetime == 0 {
		lifetime = defaultJWTLifetime
	}
	claims := maps.Clone(a.made.claims)
	claims["iat"] = now.Add(-a.backdate).Unix()
	claims["exp"] = now.Add(lifetime).Unix()
	token, err := a.made.signer.SignClaims(map[string]any{"typ": "JWT"}, claims)
	if err != nil {
		return err
	}
	a.field = []string{"Bearer " + token}
	a.renewAt = now.Add(lifetime - min(time.Minute, lifetime/10))
	return nil
}

// Challenge reads the key once more; another key signs another token.
func (a *jwtAuth) Challenge(req *http.Request, _ *http.Response) (bool, error) {
	return renewed(req.Context(), a.key, a.renewals, func(now secret.Value) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.from != now.Reveal() || len(a.field) == 1 && a.field[0] != req.Header.Get("Authorization")
	})
}
