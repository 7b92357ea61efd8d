package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// Verifier verifies the tokens of one issuer. Make one per issuer with
// [NewVerifier] and keep it: it holds the issuer's keys. It is immutable and safe
// for concurrent use, and has no goroutine when idle, so that it needs no Close.
type Verifier struct {
	profile    Profile
	settings   config
	rules      claims.Rules
	algorithms []jose.Algorithm
	keys       keyset.Source
	decoder    claims.Decoder
}

// NewVerifier returns a verifier for the profile. It makes no request: the keys
// are fetched by the first [Verifier.Verify], or by [Verifier.Warm]. An error
// means that the profile or an option cannot work; nothing is guessed.
func NewVerifier(p Profile, options ...Option) (*Verifier, error) {
	v, err := newVerifier(p, options)
	if err != nil {
		return nil, fmt.Errorf("session: new verifier: %w", err)
	}
	return v, nil
}

func newVerifier(p Profile, options []Option) (*Verifier, error) {
	if p.read == nil {
		return nil, errors.New("no profile")
	}
	if p.err != nil {
		return nil, p.err
	}
	v := &Verifier{profile: p, rules: p.rules, algorithms: p.algorithms}
	s := &v.settings
	s.now = time.Now
	if err := option.Apply(s, options); err != nil {
		return nil, err
	}
	if err := v.checkCombination(); err != nil {
		return nil, err
	}
	if s.algorithms != nil {
		v.algorithms = s.algorithms
	}
	v.rules.Leeway, v.rules.ExpiryLeeway, v.rules.Tenants = s.leeway, s.expiryLeeway, s.tenants
	if s.audience != nil {
		v.rules.Audience = s.audience
	}
	if err := v.rules.Validate(); err != nil {
		return nil, err
	}
	var err error
	v.keys, err = s.source(&p, v.algorithms)
	return v, err
}

// checkCombination refuses options that would do nothing, or not what their names
// say, with this profile.
func (v *Verifier) checkCombination() error {
	s, clerk := &v.settings, v.profile.parties == partyRequired
	switch {
	case s.now == nil:
		return errors.New("nil clock")
	case (s.allowNoParty || s.allowTemplates) && !clerk:
		return errors.New("AllowMissingAuthorizedParty and AllowTemplateTokens are for Clerk")
	case clerk && s.parties != nil:
		return errors.New("the authorized parties of Clerk are arguments of the profile")
	case v.profile.parties == partyIsClient && s.parties != nil:
		return errors.New("the client IDs are arguments of the profile")
	case s.audience != nil && len(v.profile.rules.Audience) > 0:
		return errors.New("the audience is an argument of the profile")
	case s.untypedAccess && !v.profile.accessToken:
		return errors.New("AllowUntypedAccessTokens is for AccessToken")
	case clerk && len(v.profile.partyList) == 0 && !s.allowNoParty:
		return errors.New("no authorized party given")
	case s.unsignedEmulator && !v.profile.firebase:
		return errors.New("DangerouslyAcceptUnsignedEmulatorTokens is for Firebase")
	case s.unsignedEmulator && (len(s.static) > 0 || s.keysURL != ""):
		return errors.New("a verifier of unsigned tokens has no keys")
	case v.profile.firebase && s.parties != nil:
		return errors.New("tokens of Firebase have no authorized party")
	}
	return nil
}

// Warm fetches the keys if there are none yet. Call it at start, so that the first
// requests need not wait, and treat an error as a warning: the keys are fetched
// again when they are needed.
func (v *Verifier) Warm(ctx context.Context) error {
	if err := v.keys.Warm(ctx); err != nil {
		return classify(err)
	}
	return nil
}

// Verify returns the session that the compact JWS raw stands for. All errors are
// of type *[Error]; the session is nil then. It waits for nothing, except for
// keys when there are none or the key of this token is not among them, within the
// bounds of ctx and of [KeyCache], and for revocation hooks.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Session, error) {
	s, err := v.verify(ctx, raw)
	if err != nil {
		return nil, classify(err)
	}
	return s, nil
}

func (v *Verifier) verify(ctx context.Context, raw string) (*Session, error) {
	set, err := v.signed(ctx, raw)
	if err != nil {
		return nil, err
	}
	now := v.settings.now()
	registered, err := v.rules.Check(set, now)
	if err != nil {
		return nil, err
	}
	s := &Session{
		Issuer:   registered.Issuer,
		Subject:  registered.Subject,
		Expiry:   registered.Expiry,
		IssuedAt: registered.IssuedAt,
		set:      set,
		decoder:  &v.decoder,
	}
	r := reading{set: set, registered: registered, settings: &v.settings, rules: v.rules, now: now, session: s}
	if err := r.common(); err != nil {
		return nil, err
	}
	if err := v.profile.read(&r); err != nil {
		return nil, err
	}
	for _, hook := range v.settings.revocations {
		revoked, err := panics.Do(ctx, "the revocation hook", func(ctx context.Context) (bool, error) { return hook.Revoked(ctx, s) })
		if err != nil {
			return nil, &Error{Reason: ErrRevocationUnavailable, Err: err}
		}
		if revoked {
			return nil, &Error{Reason: ErrRevoked}
		}
	}
	return s, nil
}

// signed returns the claims of a token that the issuer signed.
func (v *Verifier) signed(ctx context.Context, raw string) (claims.Set, error) {
	if v.settings.unsignedEmulator {
		return v.unsigned(raw)
	}
	token, err := jose.Parse(raw)
	if err != nil {
		return claims.Set{}, err
	}
	set, err := v.claims(token.Header, token.UnverifiedPayload())
	if err != nil {
		return claims.Set{}, err
	}
	if !slices.Contains(v.algorithms, token.Header.Algorithm) {
		return claims.Set{}, jose.ErrAlgorithm
	}
	if v.profile.firebase && token.Header.KeyID == "" {
		return claims.Set{}, refuse(ErrMalformed, `no "kid"`)
	}
	key, err := v.keys.Key(ctx, token.Header)
	if err != nil {
		return claims.Set{}, err
	}
	if _, err := token.Verify(key, v.algorithms...); err != nil {
		return claims.Set{}, err
	}
	return set, nil
}

func (v *Verifier) unsigned(raw string) (claims.Set, error) {
	header, payload, err := jose.ParseUnsecured(raw)
	if err != nil {
		return claims.Set{}, err
	}
	return v.claims(header, payload)
}

// claims reads what can be told before the signature is checked: whether this is
// a token for the profile at all. Whoever sends another causes no traffic to the
// issuer.
func (v *Verifier) claims(h jose.Header, payload []byte) (claims.Set, error) {
	typed := lists(v.profile.types, h)
	if !typed && !(v.settings.untypedAccess && lists([]string{"", "JWT"}, h)) {
		return claims.Set{}, refuse(ErrWrongType, `"typ" is that of another kind of token`)
	}
	set, err := claims.Parse(payload)
	if err != nil {
		return claims.Set{}, err
	}
	if err := v.rules.CheckIssuer(set); err != nil {
		return claims.Set{}, err
	}
	if !typed {
		if err := refuseIDToken(set); err != nil {
			return claims.Set{}, err
		}
		return set, refuseOtherKinds(set)
	}
	return set, nil
}

// common reads the claims that mean the same everywhere.
func (r *reading) common() (err error) {
	s := r.session
	if err := r.refuseLogoutToken(); err != nil {
		return err
	}
	if s.ID, err = r.set.String("sid"); err != nil {
		return err
	}
	if s.AuthorizedParty, err = r.set.String("azp"); err != nil {
		return err
	}
	if s.AuthTime, err = r.set.Time("auth_time"); err != nil {
		return err
	}
	if !r.rules.Passed(s.AuthTime, r.now) {
		return refuse(ErrNotYetValid, `"auth_time" lies in the future`)
	}
	return nil
}
