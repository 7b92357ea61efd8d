package session_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J4: an optional claim that is null is absent, down to the session that comes of
// it; a required one that is null is missing.
func TestJ4_NullClaims(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	templates := verifier(t, i, i.Clerk(), session.AllowTemplateTokens())
	native := verifier(t, i, i.Clerk(), session.AllowMissingAuthorizedParty())
	clerk1 := func(c claims) string {
		base := claims{"v": absent, "o": absent, "org_id": "org_9", "org_slug": "nine", "org_role": "org:member", "org_permissions": []string{"org:x:read"}}
		maps.Copy(base, c)
		return i.ClerkToken(base)
	}
	for _, p := range []struct {
		name               string
		verifier           *session.Verifier
		token              func(claims) string
		optional, required []string
	}{
		{"clerk", verifier(t, i, i.Clerk()), i.ClerkToken, []string{"sts", "v", "o", "fea", "iat", "events", "aud"}, []string{"iss", "sub", "exp", "nbf", "sid", "azp"}},
		{"clerk 1", verifier(t, i, i.Clerk()), clerk1, []string{"v", "org_id", "org_slug", "org_role", "org_permissions", "auth_time"}, nil},
		{"clerk template", templates, clerk1, []string{"sid", "org_id", "org_role"}, []string{"azp"}},
		{"clerk native", native, i.ClerkToken, []string{"azp"}, []string{"sid"}},
		{"auth0", verifier(t, i, i.Auth0()), i.Auth0Token, []string{"nonce", "cnf", "azp", "permissions", "scope", "org_id", "org_name", "sid", "iat", "nbf", "auth_time"}, []string{"iss", "aud", "sub", "exp"}},
		{"firebase", verifier(t, i, i.Firebase()), i.FirebaseToken, []string{"firebase", "azp", "email", "nbf", "sid"}, []string{"iss", "aud", "sub", "exp", "iat", "auth_time"}},
		{"oidc", verifier(t, i, i.OIDC()), i.IDToken, []string{"sid", "auth_time", "azp", "roles", "groups", "name", "events", "nbf"}, []string{"iss", "aud", "sub", "exp", "iat"}},
		{"access token", verifier(t, i, i.AccessTokens()), i.AccessToken, []string{"cnf", "azp", "scope", "roles", "groups", "entitlements", "permissions", "iat", "client_id"}, []string{"iss", "aud", "sub", "exp"}},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range p.optional {
				want, got := accepted(t, p.verifier, p.token(claims{name: absent})), accepted(t, p.verifier, p.token(claims{name: nil}))
				require.Equal(t, fields(want), fields(got), name)
			}
			for _, name := range p.required {
				want, got := reason(t, p.verifier, p.token(claims{name: absent})), reason(t, p.verifier, p.token(claims{name: nil}))
				require.Equal(t, want, got, name)
			}
		})
	}
	// Inside of a claim it is the same.
	v := verifier(t, i, i.Clerk())
	s := accepted(t, v, i.ClerkToken(claims{"o": claims{"id": "org_1", "slg": nil, "rol": nil, "per": nil, "fpm": nil}}))
	require.Equal(t, session.Organization{ID: "org_1"}, s.Organization)
	require.Zero(t, accepted(t, v, i.ClerkToken(claims{"o": claims{"id": nil, "rol": "admin"}})).Organization)
	f := verifier(t, i, i.Firebase())
	require.Zero(t, accepted(t, f, i.FirebaseToken(claims{"firebase": claims{"tenant": nil}})).Organization)
	// What marks a token of another kind need not have a value to do so.
	refused(t, v, i.ClerkToken(claims{"events": claims{"http://schemas.openid.net/event/backchannel-logout": nil}}), session.ErrWrongType)
	// Null in a list is no string.
	refused(t, verifier(t, i, i.Auth0()), i.Auth0Token(claims{"permissions": []any{nil}}), session.ErrMalformed)
	refused(t, verifier(t, i, i.OIDC()), i.IDToken(claims{"aud": []any{sessiontest.ClientID, nil}}), session.ErrMalformed)
}

// fields returns what a session says, without the claims that it refers to.
func fields(s *session.Session) []any {
	return []any{s.Issuer, s.Subject, s.ID, s.AuthorizedParty, s.Organization, s.Roles, s.Permissions, s.Scopes, s.AuthTime, s.IssuedAt, s.Expiry}
}

func reason(t *testing.T, v *session.Verifier, raw string) session.Reason {
	t.Helper()
	s, err := v.Verify(t.Context(), raw)
	require.Nil(t, s)
	var e *session.Error
	require.ErrorAs(t, err, &e)
	return e.Reason
}
