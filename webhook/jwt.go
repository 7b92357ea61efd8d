package webhook

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// jwtSpec describes a hook whose proof is a JSON Web Token of the provider's
// issuer. The only algorithm is RS256: all of them use it.
type jwtSpec struct {
	provider, scheme string
	traits
	issuers  []string // any of them, exactly
	audience string
	rules    claims.Rules // issuer and audience are put in
	types    []string     // accepted "typ" values beside none
	keysURL  string
	format   keyset.Format
	// find returns the token of a request.
	find func(r *Request) (string, error)
	// admit checks the claims that are particular to the hook and fills in the
	// receipt.
	admit func(set claims.Set, rec *Receipt) error
}

type jwtCore struct {
	spec jwtSpec
	keys *keyset.Cache
}

func newJWT(spec jwtSpec, opts []Option) (*Scheme, error) {
	if spec.audience == "" {
		return nil, configError(spec.provider, errors.New("no audience"))
	}
	spec.uses = append(spec.uses, "WithHTTPClient")
	s, o, err := newScheme(spec.provider, spec.traits, opts)
	if err != nil {
		return nil, err
	}
	c := &jwtCore{spec: spec}
	c.keys, err = keyset.New(keyset.Config{URL: spec.keysURL, Format: spec.format, Client: o.client})
	if err != nil {
		return nil, configError(spec.provider, err)
	}
	s.verify, s.warm = c.verify, c.keys.Warm
	return s, nil
}

func (c *jwtCore) verify(ctx context.Context, r *Request, now time.Time) (Receipt, error) {
	text, err := c.spec.find(r)
	if err != nil {
		return Receipt{}, err
	}
	token, err := jose.Parse(text)
	if err != nil {
		return Receipt{}, tokenError(err)
	}
	if !c.typed(token.Header) {
		return Receipt{}, &Error{Reason: ErrNotAllowed, Detail: "a token of another type"}
	}
	if token.Header.Algorithm != jose.RS256 {
		return Receipt{}, tokenError(jose.ErrAlgorithm)
	}
	key, err := c.keys.Key(ctx, token.Header)
	if err != nil {
		return Receipt{}, tokenError(err)
	}
	payload, err := token.Verify(key, jose.RS256)
	if err != nil {
		return Receipt{}, tokenError(err)
	}
	set, err := claims.Parse(payload)
	if err != nil {
		return Receipt{}, tokenError(err)
	}
	registered, err := c.registered(set, now)
	if err != nil {
		return Receipt{}, tokenError(err)
	}
	rec := Receipt{Scheme: c.spec.scheme, KeyID: key.ID(), SignedAt: registered.IssuedAt.UTC(), Untrusted: delivered(r.Header, c.spec.untrusted)}
	if err := c.spec.admit(set, &rec); err != nil {
		return Receipt{}, tokenError(err)
	}
	return rec, nil
}

func (c *jwtCore) typed(h jose.Header) bool {
	if h.Type == "" {
		return true
	}
	for _, typ := range c.spec.types {
		if h.HasType(typ) {
			return true
		}
	}
	return false
}

// registered checks the registered claims under whichever issuer the token names.
func (c *jwtCore) registered(set claims.Set, now time.Time) (registered claims.Registered, err error) {
	rules := c.spec.rules
	rules.Audience = []string{c.spec.audience}
	for _, rules.Issuer = range c.spec.issuers {
		if registered, err = rules.Check(set, now); !errors.Is(err, claims.ErrIssuer) {
			break
		}
	}
	return registered, err
}

// tokenError gives the errors of the token packages, which hold nothing of the
// token, a reason of this package.
func tokenError(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, jose.ErrSignature) {
		return &Error{Reason: ErrMismatch, Detail: "token"} // the reason says it
	}
	reason := ErrMalformed
	for _, m := range []struct{ from, to error }{
		{keyset.ErrUnavailable, ErrUnavailable},
		{jose.ErrUnknownKey, ErrMismatch},
		{jose.ErrAlgorithm, ErrMismatch},
		{claims.ErrExpired, ErrStale},
		{claims.ErrNotYetValid, ErrFuture},
		{claims.ErrIssuer, ErrNotAllowed},
		{claims.ErrAudience, ErrNotAllowed},
	} {
		if errors.Is(err, m.from) {
			reason = m.to
			break
		}
	}
	return &Error{Reason: reason, Detail: "token", Err: tokenCause{err}}
}

// tokenCause is an error whose text lacks the words that stand before it already.
type tokenCause struct{ error }

func (e tokenCause) Error() string {
	text := e.error.Error()
	for _, said := range []string{jose.ErrMalformed.Error() + ": ", claims.ErrMalformed.Error() + ": ", "token "} {
		text = strings.TrimPrefix(text, said)
	}
	return text
}

func (e tokenCause) Unwrap() error { return e.error }

// bearerToken returns the token of an Authorization header (RFC 6750 section
// 2.1).
func bearerToken(r *Request) (string, error) {
	header, err := one(r.Header, "Authorization")
	if err != nil {
		return "", err
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", &Error{Reason: ErrMalformed, Detail: "header Authorization is not Bearer"}
	}
	return token, nil
}

// splitClaims hands on the claims of the token in the body as the event's
// payload.
func splitClaims(find func(*Request) (string, error)) func(*Request, Receipt) ([]Raw, error) {
	return func(r *Request, rec Receipt) ([]Raw, error) {
		text, err := find(r)
		if err != nil {
			return nil, &Error{Reason: ErrPayload, Err: err}
		}
		token, err := jose.Parse(text)
		if err != nil {
			return nil, &Error{Reason: ErrPayload, Err: err}
		}
		raw := whole(r, rec)
		raw.Payload = token.UnverifiedPayload() // Verify has verified it
		return []Raw{raw}, nil
	}
}
