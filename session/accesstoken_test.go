package session_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J4: scopes are a string of words or a list, in "scope", "scp" or both.
func TestJ4_Scopes(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	for _, p := range []struct {
		verifier *session.Verifier
		token    func(claims) string
	}{
		{verifier(t, i, i.AccessTokens()), i.AccessToken},
		{verifier(t, i, i.Auth0()), i.Auth0Token},
		{verifier(t, i, i.OIDC()), i.IDToken},
		{verifier(t, i, i.ClerkOAuth()), i.ClerkOAuthToken},
		{verifier(t, i, i.Cognito()), i.CognitoToken},
	} {
		for _, tt := range []struct {
			scope, scp any
			want       []string
		}{
			{"a b", absent, []string{"a", "b"}},
			{[]string{"a", "b"}, absent, []string{"a", "b"}},
			{absent, "a  b ", []string{"a", "b"}},
			{absent, []string{"a", "", "b"}, []string{"a", "b"}},
			{absent, []string{"a b"}, []string{"a", "b"}},
			{absent, []string{"a b", "c"}, []string{"a", "b", "c"}},
			{"a b", "b c", []string{"a", "b", "c"}},
			{[]string{"a"}, []string{"b", "a"}, []string{"a", "b"}},
			{nil, "a", []string{"a"}},
			{"", "a", []string{"a"}},
			{"a", nil, []string{"a"}},
			{absent, absent, nil},
			{"", "", nil},
		} {
			s := accepted(t, p.verifier, p.token(claims{"scope": tt.scope, "scp": tt.scp}))
			require.Equal(t, tt.want, s.Scopes, "%v", tt)
			require.False(t, s.HasScope(""))
		}
	}
	// An ID token has no scopes to begin with, so its claims of the name may be anything.
	s := accepted(t, verifier(t, i, i.OIDC()), i.IDToken(claims{"scope": claims{"a": 1}, "scp": 1}))
	require.Empty(t, s.Scopes)
}

// J4: an issuer's access token without "typ", or with JWT, passes where that was
// asked for, the audience is the API and nothing says that it is an ID token.
func TestJ4_UntypedAccessTokens(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	strict, v := verifier(t, i, i.AccessTokens()), verifier(t, i, i.AccessTokens(), session.AllowUntypedAccessTokens())
	token := func(typ string) func(claims) string {
		return func(c claims) string {
			payload := decode(t, segment(i.AccessToken(c), 1))
			if typ != "" {
				typ := `,"typ":"` + typ + `"`
				return i.Sign([]byte(`{"alg":"RS256","kid":"`+i.KeyID()+`"`+typ+`}`), payload)
			}
			return i.Sign([]byte(`{"alg":"RS256","kid":"`+i.KeyID()+`"}`), payload)
		}
	}
	accepted(t, v, i.AccessToken(nil))
	accepted(t, v, i.AccessToken(claims{"nonce": "n"})) // it says what it is
	for _, typ := range []string{"", "JWT", "application/jwt"} {
		refused(t, strict, token(typ)(nil), session.ErrWrongType)
		accepted(t, v, token(typ)(nil))
		runChanges(t, v, token(typ), []change{
			{"ID token by aud", claims{"aud": sessiontest.ClientID}, session.ErrWrongAudience},
			{"ID token by nonce", claims{"nonce": "n"}, session.ErrWrongType},
			{"ID token by at_hash", claims{"at_hash": "x"}, session.ErrWrongType},
			{"ID token by c_hash", claims{"c_hash": "x"}, session.ErrWrongType},
			{"ID token of Keycloak", claims{"typ": "ID"}, session.ErrWrongType},
			{"refresh token of Keycloak", claims{"typ": "Refresh"}, session.ErrWrongType},
			{"ID token of Cognito", claims{"token_use": "id"}, session.ErrWrongType},
			{"access token of Keycloak", claims{"typ": "Bearer"}, ""},
			{"access token of Cognito", claims{"token_use": "access"}, ""},
			{"null nonce", claims{"nonce": nil, "typ": nil, "token_use": nil}, ""},
			{"a typ of another type", claims{"typ": 1}, ""},
			{"no aud", claims{"aud": absent}, session.ErrWrongAudience},
			{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
			{"logout event", claims{"events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}}}, session.ErrWrongType},
		})
	}
	for _, typ := range []string{"logout+jwt", "dpop+jwt", "id_token"} {
		refused(t, v, token(typ)(nil), session.ErrWrongType)
	}
	for _, p := range []session.Profile{i.OIDC(), i.Auth0(), i.Clerk(), i.Cognito()} {
		_, err := session.NewVerifier(p, session.AllowUntypedAccessTokens())
		require.Error(t, err)
	}
}

// J10: the list of parties holds whichever claim names the client.
func TestJ10_AuthorizedParties(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	access := verifier(t, i, i.AccessTokens(), session.WithAuthorizedParties("app", "other-app"))
	auth0 := verifier(t, i, i.Auth0(), session.WithAuthorizedParties("app", "other-app"))
	oidc := verifier(t, i, i.OIDC(), session.WithAuthorizedParties("app", "other-app"))
	with := func(c claims) claims {
		all := claims{"azp": absent, "client_id": absent}
		for name, value := range c {
			all[name] = value
		}
		return all
	}
	for _, tt := range []struct {
		claims claims
		party  string
		want   session.Reason
	}{
		{claims{"azp": "app"}, "app", ""},
		{claims{"client_id": "app"}, "app", ""},
		{claims{"cid": "app"}, "app", ""},
		{claims{"appid": "app"}, "app", ""},
		{claims{"azp": "app", "client_id": "other-app"}, "app", ""},
		{claims{"azp": nil, "client_id": "other-app"}, "other-app", ""},
		{claims{"azp": "evil"}, "", session.ErrWrongParty},
		{claims{"client_id": "evil"}, "", session.ErrWrongParty},
		{claims{"cid": "evil"}, "", session.ErrWrongParty},
		{claims{"appid": "evil"}, "", session.ErrWrongParty},
		{claims{"azp": "app", "client_id": "evil"}, "", session.ErrWrongParty},
		{claims{"azp": "evil", "client_id": "app"}, "", session.ErrWrongParty},
		{claims{"client_id": ""}, "", session.ErrWrongParty},
		{claims{"client_id": []string{"app"}}, "", session.ErrMalformed},
		{claims{"azp": 1}, "", session.ErrMalformed},
	} {
		for v, token := range map[*session.Verifier]string{
			access: i.AccessToken(with(tt.claims)), auth0: i.Auth0Token(with(tt.claims)), oidc: i.IDToken(with(tt.claims)),
		} {
			if tt.want != "" {
				refused(t, v, token, tt.want)
				continue
			}
			require.Equal(t, tt.party, accepted(t, v, token).AuthorizedParty)
		}
	}
	refused(t, access, i.AccessToken(with(nil)), session.ErrWrongParty)
	refused(t, auth0, i.Auth0Token(with(nil)), session.ErrWrongParty)
	require.Empty(t, accepted(t, oidc, i.IDToken(with(nil))).AuthorizedParty, "the audience is the client")

	// Without a list they are told and not judged.
	free := verifier(t, i, i.AccessTokens())
	require.Equal(t, sessiontest.ClientID, accepted(t, free, i.AccessToken(nil)).AuthorizedParty)
	require.Equal(t, "x", accepted(t, free, i.AccessToken(claims{"azp": "x"})).AuthorizedParty)
	require.Empty(t, accepted(t, free, i.AccessToken(claims{"client_id": 1})).AuthorizedParty)
	refused(t, free, i.AccessToken(claims{"azp": 1}), session.ErrMalformed)
}

// J10: Google writes its issuer in two ways; the user is one.
func TestJ10_GoogleIssuers(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	google := verifier(t, i, session.OIDC("https://accounts.google.com", sessiontest.ClientID), session.WithJWKS(i.JWKS()))
	for _, iss := range []string{"https://accounts.google.com", "accounts.google.com"} {
		require.Equal(t, "https://accounts.google.com", accepted(t, google, i.IDToken(claims{"iss": iss})).Issuer)
	}
	for _, iss := range []string{"https://accounts.google.com/", "http://accounts.google.com", "accounts.google.com/", "Accounts.Google.com", "//accounts.google.com", "google.com", ""} {
		refused(t, google, i.IDToken(claims{"iss": iss}), session.ErrWrongIssuer)
	}
	refused(t, google, i.IDToken(claims{"iss": []string{"accounts.google.com"}}), session.ErrMalformed)
	// Nobody else has two names.
	host := sessiontest.OIDCIssuer[len("https://"):]
	refused(t, verifier(t, i, i.OIDC()), i.IDToken(claims{"iss": host}), session.ErrWrongIssuer)
}

// J11: a template that ends in a slash, as Entra ID's of version 1 does.
func TestJ11_TenantTemplateWithSlash(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	const issuer = "https://sts.example.com/{tenantid}/"
	const document = "https://sts.example.com/common/.well-known/openid-configuration"
	network := &web{pages: map[string]string{
		document:                       `{"issuer":"` + issuer + `","jwks_uri":"https://sts.example.com/keys"}`,
		"https://sts.example.com/keys": string(i.JWKS()),
	}}
	for _, p := range []session.Profile{session.OIDC(issuer, sessiontest.ClientID), session.AccessToken(issuer, sessiontest.ClientID)} {
		network.asked = nil
		v, err := session.NewVerifier(p, session.WithTenants("t-1"), session.WithClock(i.Now), session.WithHTTPClient(&http.Client{Transport: network}))
		require.NoError(t, err)
		require.NoError(t, v.Warm(t.Context()))
		require.Equal(t, []string{document, "https://sts.example.com/keys"}, network.asked)
	}
}

// Fixed keys that cannot verify what is admitted are a mistake to be told at once.
func TestAlgorithmsThatNoKeyVerifies(t *testing.T) {
	t.Parallel()
	i, _ := shared() // RS256
	ec := sessiontest.New()
	ec.UseAlgorithm("ES256")
	ec.Withdraw()
	for name, v := range map[string]struct {
		profile session.Profile
		options []session.Option
	}{
		"by option":  {i.OIDC(), []session.Option{session.WithJWKS(i.JWKS()), session.WithAlgorithms("ES256", "EdDSA")}},
		"by profile": {i.Clerk(), []session.Option{session.WithJWKS(ec.JWKS())}},
		"by the key": {i.OIDC(), []session.Option{session.WithJWKS(i.JWKS()), session.WithAlgorithms("RS512")}},
	} {
		_, err := session.NewVerifier(v.profile, v.options...)
		require.ErrorContains(t, err, "can verify any of the algorithms", name)
	}
	for _, options := range [][]session.Option{
		{session.WithJWKS(i.JWKS()), session.WithAlgorithms("ES256", "RS256")},
		{session.WithJWKS(i.JWKS()), session.WithJWKS(ec.JWKS()), session.WithAlgorithms("ES256")},
	} {
		_, err := session.NewVerifier(i.OIDC(), options...)
		require.NoError(t, err)
	}
}
