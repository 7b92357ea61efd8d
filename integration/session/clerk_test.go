package session_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	clerkjwt "github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/go-jose/go-jose/v3"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// clerkKey is the issuer's key as clerk-sdk-go wants it.
func clerkKey(t *testing.T, i *sessiontest.Issuer) *clerk.JSONWebKey {
	t.Helper()
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(i.JWKS(), &set))
	require.Len(t, set.Keys, 1)
	k := set.Keys[0]
	return &clerk.JSONWebKey{Key: k.Key, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: k.Use}
}

// Clerk's own library reads from each token what package session reads, and takes
// every token that package session takes.
func TestClerkLibraryAgrees(t *testing.T) {
	i := sessiontest.New()
	v, err := session.NewVerifier(i.Clerk(), i.Options()...)
	require.NoError(t, err)
	key := clerkKey(t, i)
	type claims = sessiontest.Claims
	absent := sessiontest.Absent
	for name, change := range map[string]claims{
		"version 2":                    nil,
		"version 2, no organization":   {"o": absent, "fea": absent},
		"version 2, two features":      {"fea": "o:invoices,o:teams", "o": claims{"id": "org_1", "rol": "member", "slg": "acme", "per": "read,manage,delete", "fpm": "5,2"}},
		"version 2, feature of a user": {"fea": "u:profile,o:teams", "o": claims{"id": "org_1", "rol": "member", "slg": "acme", "per": "read,manage", "fpm": "0,2"}},
		"version 2, both scopes":       {"fea": "uo:x,o:y", "o": claims{"id": "org_1", "rol": "owner", "slg": "acme", "per": "read", "fpm": "1,1"}},
		"version 2, no permissions":    {"o": claims{"id": "org_1", "rol": "member", "slg": "acme"}},
		"version 1":                    {"v": absent, "o": absent, "sts": absent, "org_id": "org_2", "org_slug": "two", "org_role": "org:admin", "org_permissions": []string{"org:a:read"}},
		"version 1, no organization":   {"v": absent, "o": absent},
		"other party":                  {"azp": "https://evil.example"},
		"expired":                      {"exp": time.Now().Unix() - 60},
		"not yet valid":                {"nbf": time.Now().Unix() + 600},
		"other issuer":                 {"iss": "https://evil.example"},
		"pending":                      {"sts": "pending"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := i.ClerkToken(change)
			theirs, theirErr := clerkjwt.Verify(t.Context(), &clerkjwt.VerifyParams{
				Token: raw, JWK: key, AuthorizedPartyHandler: func(p string) bool { return p == sessiontest.AuthorizedParty },
			})
			ours, err := v.Verify(t.Context(), raw)
			if err != nil {
				if name != "pending" { // which their library leaves to the caller
					require.Error(t, theirErr)
				}
				return
			}
			require.NoError(t, theirErr)
			require.Equal(t, theirs.Subject, ours.Subject)
			require.Equal(t, theirs.SessionID, ours.ID)
			require.Equal(t, theirs.AuthorizedParty, ours.AuthorizedParty)
			require.Equal(t, session.Organization{ID: theirs.ActiveOrganizationID, Name: theirs.ActiveOrganizationSlug, Role: theirs.ActiveOrganizationRole}, ours.Organization)
			require.ElementsMatch(t, theirs.ActiveOrganizationPermissions, ours.Permissions)
			require.Equal(t, *theirs.Expiry, ours.Expiry.Unix())
			for _, p := range append(slices.Clone(ours.Permissions), "org:none:none", strings.ToUpper(sessiontest.Subject)) {
				require.Equal(t, theirs.HasPermission(p), ours.HasPermission(p))
			}
		})
	}
}
