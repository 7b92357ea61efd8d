package sessiontest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// Each profile of the issuer takes its own tokens.
func TestProfiles(t *testing.T) {
	t.Parallel()
	i := sessiontest.New()
	for name, c := range map[string]struct {
		profile session.Profile
		token   func(sessiontest.Claims) string
	}{
		"clerk":    {i.Clerk(), i.ClerkToken},
		"oauth":    {i.ClerkOAuth(), i.ClerkOAuthToken},
		"cognito":  {i.Cognito(), i.CognitoToken},
		"workos":   {i.WorkOS(), i.WorkOSToken},
		"auth0":    {i.Auth0(), i.Auth0Token},
		"firebase": {i.Firebase(), i.FirebaseToken},
		"cookie":   {i.FirebaseCookie(), i.FirebaseCookieToken},
		"oidc":     {i.OIDC(), i.IDToken},
		"access":   {i.AccessTokens(), i.AccessToken},
	} {
		v, err := session.NewVerifier(c.profile, i.Options()...)
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), c.token(nil))
		require.NoError(t, err, name)
		_, err = v.Verify(t.Context(), c.token(sessiontest.Claims{"sub": sessiontest.Absent}))
		require.ErrorIs(t, err, session.ErrMalformed, name)
		_, err = v.Verify(t.Context(), i.LogoutToken(nil))
		require.ErrorIs(t, err, session.ErrWrongType, name)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	i := sessiontest.New()
	i.StopClock(time.Unix(1_800_000_000, 0))
	i.KeyLifetime(10 * time.Minute)
	v, err := session.NewVerifier(i.OIDC(), i.Options()...)
	require.NoError(t, err)
	require.NoError(t, v.Warm(t.Context()))
	require.Equal(t, 2, i.Fetches(), "the discovery document and the keys")
	old := i.IDToken(nil)
	require.Equal(t, "key-1", i.KeyID())
	i.UseAlgorithm("ES256")
	require.Equal(t, "key-2", i.KeyID())
	require.Equal(t, "ES256", i.Algorithm())
	i.Advance(time.Minute)
	for _, raw := range []string{old, i.IDToken(nil)} {
		_, err = v.Verify(t.Context(), raw)
		require.NoError(t, err)
	}
	i.Withdraw()
	i.Advance(10 * time.Minute)
	_, err = v.Verify(t.Context(), old)
	require.ErrorIs(t, err, session.ErrUnknownKey)
	require.Panics(t, func() { i.UseAlgorithm("HS256") })
}

func TestFaults(t *testing.T) {
	t.Parallel()
	i := sessiontest.New()
	client := i.Client()
	get := func(url string) int {
		resp, err := client.Get(url)
		if err != nil {
			return 0
		}
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	const keys = sessiontest.OIDCIssuer + "/.well-known/jwks.json"
	require.Equal(t, 200, get(keys))
	require.Equal(t, 404, get(sessiontest.OIDCIssuer+"/other"))
	i.Fail(http.StatusTeapot)
	require.Equal(t, 418, get(keys))
	i.Fail(0)
	require.Zero(t, get(keys))
	i.Fail(http.StatusOK)
	require.Equal(t, 200, get(keys))
	require.Equal(t, 5, i.Fetches())

	i.Corrupt([]byte(`{"keys":[]`))
	v, err := session.NewVerifier(i.Clerk(), i.Options()...)
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), i.ClerkToken(nil))
	require.ErrorIs(t, err, session.ErrKeysUnavailable)
	i.Corrupt(nil)
	i.Advance(2 * time.Second)
	_, err = v.Verify(t.Context(), i.ClerkToken(nil))
	require.NoError(t, err)
	require.Panics(t, func() { i.IDToken(sessiontest.Claims{"x": func() {}}) })
}
