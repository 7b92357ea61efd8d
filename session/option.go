package session

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Option adjusts a [Verifier].
type Option func(*config) error

// config is what the options set.
type config struct {
	leeway, expiryLeeway time.Duration
	algorithms           []jose.Algorithm
	parties              []string
	tenants              []string
	audience             []string
	now                  func() time.Time
	client               *http.Client
	logger               *slog.Logger
	keysURL              string
	static               []*jose.Key
	cache                KeyCache
	revocations          []Revocation
	plainLoopback        bool
	allowNoParty         bool
	allowTemplates       bool
	untypedAccess        bool
	unsignedEmulator     bool
}

// WithJWKS uses a fixed JWK set (RFC 7517 section 5) instead of fetching keys.
// The set must hold a key that can be used. Together with [WithPublicKeyPEM]
// the keys add up.
func WithJWKS(jwks []byte) Option {
	return func(s *config) error {
		set, err := jose.ParseSet(jwks)
		if err != nil {
			return err
		}
		if len(set.Keys()) == 0 {
			return errors.Join(append([]error{errors.New("no usable key in the JWK set")}, set.LeftOut()...)...)
		}
		s.static = append(s.static, set.Keys()...)
		return nil
	}
}

// WithPublicKeyPEM uses a fixed public key, or the one in a certificate, instead of
// fetching keys: what Clerk's dashboard calls the JWKS public key. Line breaks
// may be escaped as `\n`. keyID is matched against the token's "kid". If it is
// empty and this is the only key, any "kid" is accepted.
func WithPublicKeyPEM(keyID, text string) Option {
	return func(s *config) error {
		key, err := jose.ParsePublicKeyPEM(text, keyID, "")
		if err != nil {
			return err
		}
		s.static = append(s.static, key)
		return nil
	}
}

// WithKeysURL fetches keys from this address instead of the profile's, in the
// same format.
func WithKeysURL(url string) Option {
	return func(s *config) error {
		s.keysURL = url
		return nil
	}
}

// WithHTTPClient sets the client that fetches keys, http.DefaultClient by default.
// Its redirect policy and cookie jar are not used.
func WithHTTPClient(c *http.Client) Option {
	return func(s *config) error {
		s.client = c
		return nil
	}
}

// WithClock sets the clock, time.Now by default.
func WithClock(now func() time.Time) Option {
	return func(s *config) error {
		s.now = now
		return nil
	}
}

// WithLogger logs failed key fetches as warnings; by default nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(s *config) error {
		s.logger = l
		return nil
	}
}

// WithLeeway sets how far "nbf", "iat" and "auth_time" may lie in the future: at
// most five minutes, 30 seconds by default. It does not prolong tokens, see
// [WithExpiryLeeway].
func WithLeeway(d time.Duration) Option {
	return func(s *config) error {
		if d < 0 {
			return errors.New("negative leeway")
		}
		s.leeway = d
		if d == 0 {
			s.leeway = -1 // none, where zero would be the default
		}
		return nil
	}
}

// WithExpiryLeeway accepts tokens for that long after "exp": at most five
// minutes, none by default. A machine whose clock is ahead needs it.
func WithExpiryLeeway(d time.Duration) Option {
	return func(s *config) error {
		if d < 0 {
			return errors.New("negative leeway")
		}
		s.expiryLeeway = d
		return nil
	}
}

// WithAlgorithms replaces the signature algorithms that the profile admits, by
// their names in RFC 7518 section 3.1 and RFC 8037: of RS256, RS384, RS512, PS256,
// PS384, PS512, ES256, ES384, ES512 and EdDSA. Those of HMAC cannot be named: a
// secret shared with the issuer lets every verifier make tokens.
func WithAlgorithms(names ...string) Option {
	return func(s *config) error {
		s.algorithms = nil
		for _, name := range names {
			if !jose.IsAsymmetric(jose.Algorithm(name)) {
				return fmt.Errorf("algorithm %q cannot be used", name)
			}
			if name == string(jose.Ed25519) {
				name = string(jose.EdDSA)
			}
			s.algorithms = append(s.algorithms, jose.Algorithm(name))
		}
		if len(names) == 0 {
			return errors.New("no algorithm given")
		}
		return nil
	}
}

// WithAuthorizedParties requires the client that a token was issued to to be one of
// these: what "azp" and "client_id" (and "cid" of Okta, "appid" of Entra ID) say,
// each that is there. A token that names no client is refused, except by [OIDC],
// where its audience is the client. For [Clerk], [ClerkOAuth], [Cognito] and
// [WorkOS] an argument of the profile does the same.
func WithAuthorizedParties(parties ...string) Option {
	return func(s *config) error {
		s.parties = slices.Clone(parties)
		return checkList("authorized party", parties)
	}
}

// WithAudience requires "aud" to name one of these: a token without it, or with another,
// is refused with [ErrWrongAudience]. It is for profiles that have no audience by
// themselves, [Clerk], [ClerkOAuth], [Cognito] and [WorkOS], where the issuer was told
// to put one in; for the others it is an argument of the profile.
func WithAudience(names ...string) Option {
	return func(s *config) error {
		s.audience = slices.Clone(names)
		return checkList("audience", names)
	}
}

// WithTenants lists the tenants ("tid") that an issuer with {tenantid} in it may
// stand for.
func WithTenants(tenants ...string) Option {
	return func(s *config) error {
		s.tenants = slices.Clone(tenants)
		return checkList("tenant", tenants)
	}
}

// WithRevocation asks r about each token that passed everything else. Several
// hooks are asked in order.
func WithRevocation(r Revocation) Option {
	return func(s *config) error {
		if r == nil {
			return errors.New("nil revocation hook")
		}
		s.revocations = append(s.revocations, r)
		return nil
	}
}

// KeyCache tunes how fetched keys are kept. The zero value of each field is its
// default.
type KeyCache struct {
	// Lifetime is how long keys live whose response has no Cache-Control: 15
	// minutes by default. Otherwise max-age counts, from 30 seconds (or Lifetime,
	// if that is less) to 24 hours.
	Lifetime time.Duration
	// StaleFor is how long keys serve beyond their lifetime while the issuer
	// cannot be reached: an hour by default, negative for not at all.
	StaleFor time.Duration
	// Cooldown is the least time between two fetches for unknown key IDs: 10
	// seconds by default, 30 at most.
	Cooldown time.Duration
	// Wait bounds how long a call waits for keys when there are none: 5 seconds
	// by default.
	Wait time.Duration
}

// WithKeyCache sets how fetched keys are kept.
func WithKeyCache(c KeyCache) Option {
	return func(s *config) error {
		s.cache = c
		return nil
	}
}

// AllowPlainHTTPToLoopback admits issuers and keys at http addresses on
// 127.0.0.0/8, [::1] and localhost, for tests and development.
func AllowPlainHTTPToLoopback() Option {
	return func(s *config) error {
		s.plainLoopback = true
		return nil
	}
}

// AllowMissingAuthorizedParty lets tokens of [Clerk] without "azp" pass, as native
// apps get them. One that is there is checked all the same.
func AllowMissingAuthorizedParty() Option {
	return func(s *config) error {
		s.allowNoParty = true
		return nil
	}
}

// AllowTemplateTokens lets tokens of [Clerk] without "sid" pass: those made from a
// JWT template, which cannot hold that claim.
func AllowTemplateTokens() Option {
	return func(s *config) error {
		s.allowTemplates = true
		return nil
	}
}

// AllowUntypedAccessTokens lets [AccessToken] also take tokens whose header has no
// "typ", or "JWT", as Okta, Entra ID and Keycloak issue them. Their audience must be
// this API all the same; those with a "nonce", or anything else that only ID tokens
// have, are refused. Use it only where the name of the API is not the client ID of an
// application: an ID token for that application could pass otherwise.
func AllowUntypedAccessTokens() Option {
	return func(s *config) error {
		s.untypedAccess = true
		return nil
	}
}

// DangerouslyAcceptUnsignedEmulatorTokens makes [Firebase] and [FirebaseCookie]
// accept the tokens of the Firebase Authentication emulator, which nobody signed
// ("alg": "none"), and no others. Anyone can make such a token for any user: with
// this option a server authenticates nobody.
func DangerouslyAcceptUnsignedEmulatorTokens() Option {
	return func(s *config) error {
		s.unsignedEmulator = true
		return nil
	}
}

// source returns where the keys come from. Fixed keys must be able to verify
// something.
func (s *config) source(p *Profile, algorithms []jose.Algorithm) (keyset.Source, error) {
	if len(s.static) > 0 {
		if s.keysURL != "" {
			return nil, errors.New("fixed keys and an address of keys exclude each other")
		}
		set, err := jose.NewSet(s.static...)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(s.static, func(k *jose.Key) bool { return slices.ContainsFunc(algorithms, k.Suits) }) {
			return nil, fmt.Errorf("none of the fixed keys can verify any of the algorithms %q", algorithms)
		}
		return keyset.Static(set), nil
	}
	if s.unsignedEmulator {
		return keyset.Static(new(jose.Set)), nil
	}
	c := p.keys
	if s.keysURL != "" {
		c.URL = s.keysURL
	}
	c.Client, c.Now, c.Logger = s.client, s.now, s.logger
	c.AllowPlainHTTPToLoopback = s.plainLoopback
	c.Lifetime, c.StaleFor, c.Cooldown, c.Wait = s.cache.Lifetime, s.cache.StaleFor, s.cache.Cooldown, s.cache.Wait
	return keyset.New(c)
}
