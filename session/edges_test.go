package session_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J4: every claim that a profile reads is of the type that it is to be, or the token
// is malformed; what only some issuers have may be of any type.
func TestJ4_TypesOfClaims(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	clerk1 := func(c claims) string {
		all := claims{"v": 1, "o": absent, "org_id": "org_9", "org_slug": "nine", "org_role": "org:member", "org_permissions": []string{"org:x:read"}}
		for name, value := range c {
			all[name] = value
		}
		return i.ClerkToken(all)
	}
	clerk2 := func(c claims) string {
		o := claims{"id": "org_1", "slg": "one", "rol": "admin", "per": "read", "fpm": "1"}
		for name, value := range c {
			o[name] = value
		}
		return i.ClerkToken(claims{"o": o, "fea": "o:invoices"})
	}
	for _, p := range []struct {
		name      string
		profile   session.Profile
		token     func(claims) string
		malformed []string // as a number
		any       []string
	}{
		{"clerk", i.Clerk(), i.ClerkToken, []string{"sid", "azp", "sts", "o", "fea", "auth_time\x00"}, []string{"email", "events"}},
		{"clerk 1", i.Clerk(), clerk1, []string{"org_id", "org_slug", "org_role", "org_permissions"}, []string{"o", "fea"}},
		{"clerk 2", i.Clerk(), clerk2, []string{"id", "slg", "rol", "per", "fpm"}, []string{"x"}},
		{"clerk oauth", i.ClerkOAuth(), i.ClerkOAuthToken, []string{"client_id", "scope", "scp", "aud", "azp", "sid"}, []string{"roles"}},
		{"auth0", i.Auth0(), i.Auth0Token, []string{"permissions", "scope", "scp", "org_id", "org_name", "azp", "sid", "aud"}, []string{"client_id", "cid", "roles"}},
		{"cognito", i.Cognito(), i.CognitoToken, []string{"token_use", "client_id", "scope", "scp", "aud", "azp", "sid"}, []string{"cognito:groups"}},
		{"workos", i.WorkOS(), i.WorkOSToken, []string{"sid", "org_id", "role", "aud", "azp"}, []string{"roles", "permissions"}},
		{"firebase", i.Firebase(), i.FirebaseToken, []string{"firebase", "aud", "sid", "azp"}, []string{"email"}},
		{"oidc", i.OIDC(), i.IDToken, []string{"sid", "azp", "aud"}, []string{"scope", "scp", "roles", "groups", "client_id", "events"}},
		{"access token", i.AccessTokens(), i.AccessToken, []string{"scope", "scp", "azp", "aud", "sid"}, []string{"roles", "groups", "entitlements", "permissions", "client_id", "typ", "token_use"}},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, i, p.profile)
			accepted(t, v, p.token(nil))
			for _, name := range p.malformed {
				if name == "auth_time\x00" {
					refused(t, v, p.token(claims{"auth_time": "1"}), session.ErrMalformed)
					continue
				}
				refused(t, v, p.token(claims{name: 7}), session.ErrMalformed)
			}
			for _, name := range p.any {
				accepted(t, v, p.token(claims{name: 7}))
				accepted(t, v, p.token(claims{name: claims{"a": 1}}))
			}
		})
	}
	refused(t, verifier(t, i, i.Firebase()), i.FirebaseToken(claims{"firebase": claims{"tenant": 1}}), session.ErrMalformed)
	require.Zero(t, accepted(t, verifier(t, i, i.Clerk()), clerk1(claims{"org_id": absent, "org_slug": 1, "org_permissions": 1})).Organization)
	require.Zero(t, accepted(t, verifier(t, i, i.Clerk()), clerk2(claims{"id": nil, "slg": 1})).Organization)
}

// J10: with a list of parties of its own, that list holds for a token for several
// audiences, and the audience of the verifier does not.
func TestJ10_PartiesAndSeveralAudiences(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	listed, free := verifier(t, i, i.OIDC(), session.WithAuthorizedParties("app")), verifier(t, i, i.OIDC())
	several := []string{sessiontest.ClientID, "other"}
	accepted(t, listed, i.IDToken(claims{"aud": several, "azp": "app"}))
	refused(t, listed, i.IDToken(claims{"aud": several, "azp": sessiontest.ClientID}), session.ErrWrongParty)
	refused(t, free, i.IDToken(claims{"aud": several, "azp": "app"}), session.ErrWrongParty)
	refused(t, free, i.IDToken(claims{"aud": several, "azp": ""}), session.ErrWrongParty)
	accepted(t, free, i.IDToken(claims{"aud": several, "azp": absent}))
	accepted(t, free, i.IDToken(claims{"aud": several[:1], "azp": "app"}))
}

// J1, J8: what can be refused without a key causes no traffic to the issuer.
func TestJ8_NoTrafficForWhatIsRefusedAnyway(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	network := &web{}
	v, err := session.NewVerifier(i.Clerk(), session.WithClock(i.Now), session.WithHTTPClient(&http.Client{Transport: network}))
	require.NoError(t, err)
	payload := decode(t, segment(i.ClerkToken(nil), 1))
	refused(t, v, i.Sign([]byte(`{"alg":"PS256","kid":"`+i.KeyID()+`"}`), payload), session.ErrWrongAlgorithm)
	refused(t, v, i.Sign([]byte(`{"alg":"HS256","kid":"`+i.KeyID()+`"}`), payload), session.ErrWrongAlgorithm)
	refused(t, v, i.ClerkToken(claims{"iss": "https://evil.example"}), session.ErrWrongIssuer)
	refused(t, v, i.IDToken(nil), session.ErrWrongIssuer)
	refused(t, v, i.AccessToken(nil), session.ErrWrongType)
	refused(t, v, i.Sign([]byte(`{"alg":"RS256"}`), []byte(`{`)), session.ErrMalformed)
	require.Empty(t, network.asked)
	refused(t, v, i.ClerkToken(nil), session.ErrKeysUnavailable)
	require.Len(t, network.asked, 1)
	var typed *session.Error
	require.ErrorAs(t, v.Warm(t.Context()), &typed)
	require.Equal(t, session.ErrKeysUnavailable, typed.Reason)

	firebase, err := session.NewVerifier(i.Firebase(), session.WithClock(i.Now), session.WithHTTPClient(&http.Client{Transport: network}))
	require.NoError(t, err)
	refused(t, firebase, i.Sign([]byte(`{"alg":"RS256"}`), decode(t, segment(i.FirebaseToken(nil), 1))), session.ErrMalformed)
	require.Len(t, network.asked, 1)
}

// Each reason is a verdict with 401, or the lack of one with 503.
func TestReasonsDecide(t *testing.T) {
	t.Parallel()
	for _, r := range []session.Reason{
		session.ErrMalformed, session.ErrWrongAlgorithm, session.ErrBadSignature, session.ErrUnknownKey, session.ErrWrongType, session.ErrWrongIssuer,
		session.ErrWrongAudience, session.ErrWrongParty, session.ErrExpired, session.ErrNotYetValid, session.ErrPending, session.ErrRevoked,
	} {
		require.True(t, r.Decided(), r)
		require.Equal(t, 401, r.Status(), r)
	}
	for _, r := range []session.Reason{session.ErrKeysUnavailable, session.ErrRevocationUnavailable} {
		require.False(t, r.Decided(), r)
		require.Equal(t, 503, r.Status(), r)
	}
	cause := errors.New("cause")
	require.EqualError(t, &session.Error{Reason: session.ErrRevoked}, "verify session token: revoked")
	require.EqualError(t, &session.Error{Reason: session.ErrRevoked, Err: cause}, "verify session token: revoked: cause")
	require.Equal(t, []error{session.ErrRevoked}, (&session.Error{Reason: session.ErrRevoked}).Unwrap())
	require.Equal(t, []error{session.ErrRevoked, cause}, (&session.Error{Reason: session.ErrRevoked, Err: cause}).Unwrap())
}

// A hook that cannot tell says so, and does not say revoked as well.
func TestTokensValidAfterErrors(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	revoked, err := session.TokensValidAfter(nil).Revoked(t.Context(), &session.Session{})
	require.Error(t, err)
	require.False(t, revoked)
	hook := session.TokensValidAfter(func(context.Context, string) (time.Time, error) { return time.Now(), down })
	revoked, err = hook.Revoked(t.Context(), &session.Session{})
	require.ErrorIs(t, err, down)
	require.False(t, revoked)
	list, err := session.NewLoggedOut(time.Hour, nil)
	require.NoError(t, err)
	require.NoError(t, list.Add("i", "s", ""))
	revoked, err = list.Revoked(t.Context(), &session.Session{Issuer: "i", ID: "s"})
	require.NoError(t, err)
	require.True(t, revoked)
}

// What the options take at their edges.
func TestOptionEdges(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	for _, option := range []session.Option{
		session.WithExpiryLeeway(0), session.WithLeeway(0), session.WithLeeway(5 * time.Minute), session.WithExpiryLeeway(5 * time.Minute),
		session.WithKeyCache(session.KeyCache{Cooldown: 30 * time.Second}),
	} {
		_, err := session.NewVerifier(i.OIDC(), option)
		require.NoError(t, err)
	}
	for want, f := range map[string]func() (*session.Verifier, error){
		"no profile":         func() (*session.Verifier, error) { return session.NewVerifier(session.Profile{}) },
		"option 1 of 1 is":   func() (*session.Verifier, error) { return session.NewVerifier(i.OIDC(), nil) },
		"negative leeway":    func() (*session.Verifier, error) { return session.NewVerifier(i.OIDC(), session.WithLeeway(-1)) },
		"no algorithm given": func() (*session.Verifier, error) { return session.NewVerifier(i.OIDC(), session.WithAlgorithms()) },
		"leeway over": func() (*session.Verifier, error) {
			return session.NewVerifier(i.OIDC(), session.WithExpiryLeeway(5*time.Minute+1))
		},
		"no usable key": func() (*session.Verifier, error) {
			return session.NewVerifier(i.OIDC(), session.WithJWKS([]byte(`{"keys":[]}`)))
		},
		"exclude each other": func() (*session.Verifier, error) {
			return session.NewVerifier(i.OIDC(), session.WithJWKS(i.JWKS()), session.WithKeysURL("https://i.example/k"))
		},
		"has no keys": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Firebase(), session.DangerouslyAcceptUnsignedEmulatorTokens(), session.WithKeysURL("https://i.example/k"))
		},
		"is for Firebase": func() (*session.Verifier, error) {
			return session.NewVerifier(i.OIDC(), session.DangerouslyAcceptUnsignedEmulatorTokens())
		},
		"is for AccessToken": func() (*session.Verifier, error) {
			return session.NewVerifier(i.OIDC(), session.AllowUntypedAccessTokens())
		},
		"are for Clerk": func() (*session.Verifier, error) { return session.NewVerifier(i.OIDC(), session.AllowTemplateTokens()) },
		"parties of Clerk": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Clerk(), session.WithAuthorizedParties("a"))
		},
		"client IDs are": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Cognito(), session.WithAuthorizedParties("a"))
		},
		"tokens of Firebase": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Firebase(), session.WithAuthorizedParties("a"))
		},
		"not a project ID":    func() (*session.Verifier, error) { return session.NewVerifier(session.Firebase("a/b")) },
		"no authorized party": func() (*session.Verifier, error) { return session.NewVerifier(session.Clerk("https://c.example")) },
	} {
		_, err := f()
		require.ErrorContains(t, err, want)
	}
	// Two cookies of the name that agree on nothing are not no cookie.
	h := session.Middleware(verifier(t, i, i.Clerk()), session.FromCookie("__session"), session.Optional())(whoAmI)
	require.Equal(t, 401, call{cookies: []string{"__session=; __session="}}.do(h).Code)
	require.Equal(t, 401, call{cookies: []string{"__session=; __session=x"}}.do(h).Code)
	require.Equal(t, 200, call{cookies: []string{"__session="}}.do(h).Code)
}

// A verifier is immutable: the lists are the caller's own again once it is made.
func TestAVerifierKeepsItsLists(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	parties, tenants := []string{sessiontest.ClientID}, []string{"t1"}
	v := verifier(t, i, i.AccessTokens(), session.WithAuthorizedParties(parties...))
	ofTenants := verifier(t, i, session.OIDC("https://login.example/{tenantid}", "aud"), session.WithKeysURL(sessiontest.OIDCIssuer+"/keys"), session.WithTenants(tenants...))
	parties[0], tenants[0] = "another", "t2"
	_, err := v.Verify(t.Context(), i.AccessToken(claims{"client_id": "another"}))
	require.ErrorIs(t, err, session.ErrWrongParty)
	_, err = ofTenants.Verify(t.Context(), i.IDToken(claims{"iss": "https://login.example/t2", "tid": "t2", "aud": "aud"}))
	require.ErrorIs(t, err, session.ErrWrongIssuer)
}
