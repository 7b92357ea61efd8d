package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J12
func TestJ12_Cognito(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, session.Cognito(sessiontest.CognitoIssuer, "client-2", sessiontest.ClientID))
	s := accepted(t, v, i.CognitoToken(nil))
	require.Equal(t, sessiontest.ClientID, s.AuthorizedParty)
	require.Equal(t, []string{"openid", "invoices/read"}, s.Scopes)
	require.True(t, s.HasRole("accountant"))
	require.Equal(t, "client-2", accepted(t, v, i.CognitoToken(claims{"client_id": "client-2"})).AuthorizedParty)
	runChanges(t, v, i.CognitoToken, registeredChanges(now))
	runChanges(t, v, i.CognitoToken, []change{
		{"client of somebody else", claims{"client_id": "client-3"}, session.ErrWrongParty},
		{"client missing", claims{"client_id": absent}, session.ErrWrongParty},
		{"client null", claims{"client_id": nil}, session.ErrWrongParty},
		{"client empty", claims{"client_id": ""}, session.ErrWrongParty},
		{"client list", claims{"client_id": []string{sessiontest.ClientID}}, session.ErrMalformed},
		{"client of other letters", claims{"client_id": strings.ToUpper(sessiontest.ClientID)}, session.ErrWrongParty},
		{"azp instead", claims{"client_id": absent, "azp": sessiontest.ClientID}, session.ErrWrongParty},
		{"ID token", claims{"token_use": "id", "client_id": absent, "aud": sessiontest.ClientID}, session.ErrWrongType},
		{"ID token with a client", claims{"token_use": "id"}, session.ErrWrongType},
		{"use missing", claims{"token_use": absent}, session.ErrWrongType},
		{"use null", claims{"token_use": nil}, session.ErrWrongType},
		{"use list", claims{"token_use": []string{"access"}}, session.ErrMalformed},
		{"use of other letters", claims{"token_use": "Access"}, session.ErrWrongType},
		{"bound to an API", claims{"aud": "https://api.test"}, session.ErrWrongAudience},
		{"aud is the client", claims{"aud": []string{"x", sessiontest.ClientID}}, ""},
		{"aud empty", claims{"aud": []string{}}, session.ErrWrongAudience},
		{"aud number", claims{"aud": 1}, session.ErrMalformed},
		{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
		{"iat missing", claims{"iat": absent}, session.ErrMalformed},
		{"another pool", claims{"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER"}, session.ErrWrongIssuer},
		{"scope number", claims{"scope": 1}, session.ErrMalformed},
		{"no groups", claims{"cognito:groups": absent, "scope": absent}, ""},
	})
}

// J12
func TestJ12_ClerkOAuth(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.ClerkOAuth())
	s := accepted(t, v, i.ClerkOAuthToken(nil))
	require.Equal(t, sessiontest.ClientID, s.AuthorizedParty)
	require.Equal(t, []string{"openid", "read:invoices"}, s.Scopes)
	require.Equal(t, []string{"a", "b"}, accepted(t, v, i.ClerkOAuthToken(claims{"scp": absent, "scope": "a b"})).Scopes)
	runChanges(t, v, i.ClerkOAuthToken, registeredChanges(now))
	runChanges(t, v, i.ClerkOAuthToken, []change{
		{"client of somebody else", claims{"client_id": "client-3"}, session.ErrWrongParty},
		{"client missing", claims{"client_id": absent}, session.ErrWrongParty},
		{"client number", claims{"client_id": 1}, session.ErrMalformed},
		{"bound to an API", claims{"aud": "https://api.test"}, session.ErrWrongAudience},
		{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
		{"scp number", claims{"scp": 1}, session.ErrMalformed},
		{"iat missing", claims{"iat": absent}, ""},
	})
}

// J12
func TestJ12_WorkOS(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.WorkOS())
	s := accepted(t, v, i.WorkOSToken(nil))
	require.Equal(t, sessiontest.ClientID, s.AuthorizedParty)
	require.Equal(t, sessiontest.SessionID, s.ID)
	require.Equal(t, session.Organization{ID: "org_1", Role: "admin"}, s.Organization)
	require.Equal(t, []string{"admin"}, s.Roles)
	require.Equal(t, []string{"invoices:read"}, s.Permissions)
	require.Zero(t, accepted(t, v, i.WorkOSToken(claims{"org_id": absent})).Organization, "a role in no organization")
	runChanges(t, v, i.WorkOSToken, registeredChanges(now))
	runChanges(t, v, i.WorkOSToken, []change{
		{"another client", claims{"iss": "https://api.workos.com/user_management/client-3"}, session.ErrWrongIssuer},
		{"no client", claims{"iss": "https://api.workos.com"}, session.ErrWrongIssuer},
		{"sid missing", claims{"sid": absent}, session.ErrWrongType},
		{"sid empty", claims{"sid": ""}, session.ErrWrongType},
		{"iat missing", claims{"iat": absent}, session.ErrMalformed},
		{"aud other", claims{"aud": "https://api.test"}, session.ErrWrongAudience},
		{"aud is the client", claims{"aud": sessiontest.ClientID}, ""},
		{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
		{"organization number", claims{"org_id": 1}, session.ErrMalformed},
		{"role number", claims{"role": 1}, session.ErrMalformed},
	})
}

// J12: profiles that need an audience go on refusing tokens without one.
func TestJ12_NoAudience(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	oidc := verifier(t, i, session.OIDC(sessiontest.CognitoIssuer, sessiontest.ClientID), session.WithJWKS(i.JWKS()))
	access := verifier(t, i, session.AccessToken(sessiontest.CognitoIssuer, sessiontest.ClientID), session.WithJWKS(i.JWKS()), session.AllowUntypedAccessTokens())
	refused(t, oidc, i.CognitoToken(nil), session.ErrWrongAudience)
	refused(t, access, i.CognitoToken(nil), session.ErrWrongAudience)
	refused(t, verifier(t, i, session.AccessToken(sessiontest.ClerkIssuer, sessiontest.ClientID), session.WithJWKS(i.JWKS())), i.ClerkOAuthToken(nil), session.ErrWrongAudience)
	// A pool's token that is bound to an API is for AccessToken.
	accepted(t, access, i.CognitoToken(claims{"aud": sessiontest.ClientID}))
}

// J12: an empty list is an error at construction, as is all that could not work.
func TestJ12_Construction(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]session.Profile{
		"cognito, no client":     session.Cognito(sessiontest.CognitoIssuer),
		"cognito, blank client":  session.Cognito(sessiontest.CognitoIssuer, sessiontest.ClientID, " "),
		"cognito, no issuer":     session.Cognito("", sessiontest.ClientID),
		"cognito, no pool":       session.Cognito("https://cognito-idp.eu-west-1.amazonaws.com", sessiontest.ClientID),
		"cognito, empty pool":    session.Cognito("https://cognito-idp.eu-west-1.amazonaws.com/", sessiontest.ClientID),
		"cognito, slash":         session.Cognito(sessiontest.CognitoIssuer+"/", sessiontest.ClientID),
		"cognito, pool ID alone": session.Cognito("eu-west-1_EXAMPLE", sessiontest.ClientID),
		"cognito, http":          session.Cognito("http://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE", sessiontest.ClientID),
		"oauth, no client":       session.ClerkOAuth(sessiontest.ClerkIssuer),
		"oauth, blank client":    session.ClerkOAuth(sessiontest.ClerkIssuer, ""),
		"oauth, no issuer":       session.ClerkOAuth("", sessiontest.ClientID),
		"workos, no client":      session.WorkOS(""),
		"workos, blank client":   session.WorkOS(" "),
		"workos, path":           session.WorkOS("a/b"),
		"workos, query":          session.WorkOS("a?b"),
	} {
		_, err := session.NewVerifier(p)
		require.Error(t, err, name)
	}
	i, _ := shared()
	for _, p := range []session.Profile{i.Cognito(), i.ClerkOAuth(), i.WorkOS()} {
		_, err := session.NewVerifier(p, session.WithAuthorizedParties(sessiontest.ClientID))
		require.Error(t, err, "the list is an argument of the profile")
	}
	clients := []string{sessiontest.ClientID}
	p := session.Cognito(sessiontest.CognitoIssuer, clients...)
	clients[0] = "client-3"
	accepted(t, verifier(t, i, p), i.CognitoToken(nil))
}
