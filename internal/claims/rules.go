package claims

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// DefaultLeeway is the leeway of [Rules] that say nothing.
const DefaultLeeway = 30 * time.Second

// MaxLeeway is the most leeway that [Rules.Validate] lets pass: beyond it a
// clock is broken.
const MaxLeeway = 5 * time.Minute

// TenantPlaceholder stands for the tenant in an issuer of Microsoft's shape,
// https://login.microsoftonline.com/{tenantid}/v2.0.
const TenantPlaceholder = "{tenantid}"

// Rules says what the registered claims must be.
type Rules struct {
	// Issuer is what "iss" must be, compared byte by byte, a trailing slash
	// included. It must be set. With [TenantPlaceholder] in it, Tenants must be
	// set as well: "tid" must be one of them and, put in the place of the
	// placeholder, give "iss".
	Issuer string
	// Aliases are further names of the same issuer, compared in the same way. What
	// [Rules.Check] returns is Issuer, whichever of the names the token has, so that
	// a user has one identity.
	Aliases []string
	// Tenants is the allow-list for an issuer with a placeholder.
	Tenants []string
	// Audience lists what "aud" may hold: one of these must be in it. Empty
	// means that tokens of this kind are not bound to an audience.
	Audience []string
	// Leeway is how far "nbf" and "iat" may lie in the future: zero means
	// DefaultLeeway, negative means none.
	Leeway time.Duration
	// ExpiryLeeway is how long ago "exp" may have been. Zero means that a token
	// is refused from the very second that it names, as RFC 7519 section 4.1.4
	// has it.
	ExpiryLeeway time.Duration
	// OptionalSubject lets tokens without "sub" pass. An empty one never does.
	OptionalSubject bool
	// RequireIssuedAt refuses tokens without "iat".
	RequireIssuedAt bool
}

// Registered holds the registered claims that passed. Times that the token does
// not have are zero.
type Registered struct {
	Issuer    string
	Subject   string
	Expiry    time.Time
	NotBefore time.Time
	IssuedAt  time.Time
}

// Validate reports what is wrong with the rules themselves, for constructors.
func (r Rules) Validate() error {
	switch {
	case r.Issuer == "":
		return errors.New("claims: no issuer to expect")
	case strings.Contains(r.Issuer, TenantPlaceholder) != (len(r.Tenants) > 0):
		return fmt.Errorf("claims: an issuer with %s and a list of tenants need each other", TenantPlaceholder)
	case slices.Contains(r.Tenants, "") || slices.Contains(r.Audience, "") || slices.Contains(r.Aliases, ""):
		return errors.New("claims: an empty alias, tenant or audience in the list")
	case len(r.Tenants) > 0 && len(r.Aliases) > 0:
		return errors.New("claims: an issuer with tenants has no aliases")
	case r.Leeway > MaxLeeway || r.ExpiryLeeway > MaxLeeway:
		return fmt.Errorf("claims: leeway over %v", MaxLeeway)
	}
	return nil
}

// Check applies the rules at the time now: issuer, audience, subject and then
// the times, so that ErrExpired says of a token that nothing else was wrong with
// its registered claims.
func (r Rules) Check(s Set, now time.Time) (Registered, error) {
	var out Registered
	var err error
	if out.Issuer, err = r.issuer(s); err != nil {
		return Registered{}, err
	}
	if err := r.audience(s); err != nil {
		return Registered{}, err
	}
	if out.Subject, err = r.subject(s); err != nil {
		return Registered{}, err
	}
	if err := r.times(s, now, &out); err != nil {
		return Registered{}, err
	}
	return out, nil
}

// CheckIssuer applies only the rule for "iss": before a key is looked up, so that
// tokens of others cause no traffic to the expected issuer.
func (r Rules) CheckIssuer(s Set) error {
	_, err := r.issuer(s)
	return err
}

func (r Rules) issuer(s Set) (string, error) {
	value := s.Raw("iss")
	if value == nil {
		return "", malformed("iss", "is missing")
	}
	if plain(value, r.Issuer) && len(r.Tenants) == 0 {
		return r.Issuer, nil
	}
	issuer, ok := strictjson.String(value)
	if !ok {
		return "", malformed("iss", "is not a string")
	}
	if len(r.Tenants) == 0 {
		if r.Issuer == "" || issuer != r.Issuer && !slices.Contains(r.Aliases, issuer) {
			return "", fmt.Errorf("%w: expected %q", ErrIssuer, r.Issuer)
		}
		return r.Issuer, nil
	}
	tenant, err := s.String("tid")
	if err != nil {
		return "", err
	}
	if !slices.Contains(r.Tenants, tenant) || strings.ReplaceAll(r.Issuer, TenantPlaceholder, tenant) != issuer {
		return "", fmt.Errorf("%w: expected %q for one of the tenants", ErrIssuer, r.Issuer)
	}
	return issuer, nil
}

// plain reports whether value is the JSON string want without escapes, which
// spares the usual case an allocation.
func plain(value []byte, want string) bool {
	return want != "" && value[0] == '"' && string(value[1:len(value)-1]) == want && !strings.Contains(want, `\`)
}

func (r Rules) audience(s Set) error {
	value := s.Raw("aud")
	if value == nil {
		if len(r.Audience) > 0 {
			return fmt.Errorf("%w: none", ErrAudience)
		}
		return nil
	}
	if len(r.Audience) == 1 && plain(value, r.Audience[0]) {
		return nil
	}
	audience, err := s.StringOrStrings("aud")
	if err != nil {
		return err
	}
	if len(r.Audience) == 0 {
		return nil
	}
	for _, a := range audience {
		if slices.Contains(r.Audience, a) {
			return nil
		}
	}
	return fmt.Errorf("%w: expected %s", ErrAudience, listed(r.Audience))
}

// listed quotes the names and joins them for a sentence.
func listed(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, " or ")
}

func (r Rules) subject(s Set) (string, error) {
	subject, err := s.String("sub")
	if err != nil {
		return "", err
	}
	if subject == "" && (!r.OptionalSubject || s.Has("sub")) {
		return "", malformed("sub", "is missing or empty")
	}
	return subject, nil
}

func (r Rules) times(s Set, now time.Time, out *Registered) (err error) {
	if out.Expiry, err = s.Time("exp"); err != nil {
		return err
	}
	if out.NotBefore, err = s.Time("nbf"); err != nil {
		return err
	}
	if out.IssuedAt, err = s.Time("iat"); err != nil {
		return err
	}
	if out.Expiry.IsZero() {
		return malformed("exp", "is missing")
	}
	if out.IssuedAt.IsZero() && r.RequireIssuedAt {
		return malformed("iat", "is missing")
	}
	if !now.Before(out.Expiry.Add(max(r.ExpiryLeeway, 0))) {
		return ErrExpired
	}
	if !r.Passed(out.NotBefore, now) {
		return fmt.Errorf("%w: %q", ErrNotYetValid, "nbf")
	}
	if !r.Passed(out.IssuedAt, now) {
		return fmt.Errorf("%w: %q", ErrNotYetValid, "iat")
	}
	return nil
}

// Passed reports whether t, the time of some event that must have happened, is
// not in the future of now by more than the leeway. The zero time has passed.
func (r Rules) Passed(t, now time.Time) bool {
	leeway := r.Leeway
	if leeway == 0 {
		leeway = DefaultLeeway
	}
	return !t.After(now.Add(max(leeway, 0)))
}
