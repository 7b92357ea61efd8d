package session

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// Session is a verified token: who is calling, and as what. Callers must not
// modify it.
type Session struct {
	// Issuer is "iss"; of Google's two always https://accounts.google.com.
	Issuer string
	// Subject is "sub", the user's ID at the issuer; never empty. Only together
	// with the issuer does it name a user for good.
	Subject string
	// ID is "sid", the session at the issuer; "" where the token has none.
	ID string
	// AuthorizedParty is the client that the token was issued to: "azp", or what the
	// profile reads in its place; "" where the token has none.
	AuthorizedParty string
	// Organization is the organization that the user acts for. Its ID is "" when
	// there is none.
	Organization Organization
	// Roles are the user's roles, except for the one in the Organization.
	Roles []string
	// Permissions are what the user may do.
	Permissions []string
	// Scopes are what the user let the client do. A scope says nothing about
	// whether the user may do it.
	Scopes []string
	// AuthTime is when the user signed in, zero where the token does not say.
	AuthTime time.Time
	// IssuedAt is "iat", zero where the token does not say.
	IssuedAt time.Time
	// Expiry is "exp". A long-lived connection should end then.
	Expiry time.Time

	set     claims.Set
	decoder *claims.Decoder
}

// Organization is an organization (Clerk, Auth0) or tenant (Firebase) of an
// application.
type Organization struct {
	// ID is the provider's ID of it, "" for none.
	ID string
	// Name is its slug or name, "" where the token does not say.
	Name string
	// Role is the user's role in it as the provider writes it, such as
	// "org:admin"; "" where the token does not say.
	Role string
}

// Claims decodes all claims into v, a pointer to a struct or map, as
// encoding/json does, except that the case of names matters: a claim "Role" does
// not fill a field named "role". All of them are the issuer's word; none but
// those in the fields of Session has been checked for anything.
func (s *Session) Claims(v any) error {
	if s.decoder == nil {
		return fmt.Errorf("session: not from a verifier")
	}
	return s.decoder.Decode(s.set, v)
}

// HasPermission reports whether the user has the permission.
func (s *Session) HasPermission(permission string) bool {
	return slices.Contains(s.Permissions, permission)
}

// HasRole reports whether the user has the role, globally or in the current
// organization.
func (s *Session) HasRole(role string) bool {
	return role != "" && role == s.Organization.Role || slices.Contains(s.Roles, role)
}

// HasScope reports whether the client was granted the scope.
func (s *Session) HasScope(scope string) bool { return slices.Contains(s.Scopes, scope) }

// String names the session by subject and issuer.
func (s *Session) String() string { return fmt.Sprintf("session of %q at %s", s.Subject, s.Issuer) }

// LogValue gives log/slog the issuer, subject and session ID, none of the other
// claims.
func (s *Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", s.Issuer), slog.String("subject", s.Subject), slog.String("id", s.ID))
}

type contextKey struct{}

// NewContext returns a context that carries the session, as [Middleware] makes
// one: for tests of handlers, and for transports other than HTTP.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// FromContext returns the session that [Middleware] put into the context, and
// whether there is one.
func FromContext(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok && s != nil
}
