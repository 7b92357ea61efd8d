package oauthflow_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/internal/visitor"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

// firstButton presses the first button of a page.
func firstButton(t *testing.T) *visitor.Visitor {
	t.Helper()
	v, err := visitor.New(func(_ string, form url.Values) url.Values { return form })
	require.NoError(t, err)
	return v
}

func emulated(t *testing.T, p oauthflow.Provider, scopes ...string) *oauthflow.Client {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	c, err := oauthflow.New(oauthflow.Config{
		Provider: p, ClientID: "example-client-id", ClientSecret: secret.Static("example-client-secret"), RedirectURL: redirectURL, Scopes: scopes,
	}, oauthflow.WithHTTPClient(hc))
	require.NoError(t, err)
	return c
}

func TestO10_GitHubAsEmulated(t *testing.T) {
	s := servers.Emulate(t, "github")
	p := oauthflow.GitHub()
	p.Endpoint.AuthURL, p.Endpoint.TokenURL = s.URL+"/login/oauth/authorize", s.URL+"/login/oauth/access_token"
	p.UserInfoURL = s.URL + "/user"
	c := emulated(t, p, "read:user", "user:email")
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, _, err := firstButton(t).Visit(t.Context(), a.URL, redirectURL)
	require.NoError(t, err)
	res, err := c.Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)
	require.Nil(t, res.IDToken, "GitHub issues none")
	require.True(t, res.Token.Expiry.IsZero(), "OAuth apps' tokens do not expire by themselves")
	var user struct{ Login string }
	require.NoError(t, c.UserInfo(t.Context(), res.Token, &user))
	require.Equal(t, "admin", user.Login)

	// The code again: GitHub reports it in a 200.
	_, err = c.Exchange(t.Context(), back.Query().Get("code"), "")
	require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
}

func TestO10_GoogleAsEmulated(t *testing.T) {
	s := servers.Emulate(t, "google")
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	issuer := "http://localhost:" + u.Port()
	p, err := oauthflow.Discover(t.Context(), issuer, oauthflow.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
	require.NoError(t, err)
	google := oauthflow.GoogleOffline()
	p.AuthParams, p.Endpoint.AuthStyle = google.AuthParams, google.Endpoint.AuthStyle
	c := emulated(t, p, "openid", "email", "profile")
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, _, err := firstButton(t).Visit(t.Context(), a.URL, redirectURL)
	require.NoError(t, err)
	res, err := c.Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)
	require.Equal(t, issuer, res.IDToken.Issuer)
	require.Equal(t, "testuser@gmail.com", res.IDToken.Email)
	require.True(t, res.IDToken.EmailVerified)
	require.NotEmpty(t, res.Token.RefreshToken)

	// Google does not rotate: the refresh token is carried over.
	fresh, err := c.Refresh(t.Context(), res.Token)
	require.NoError(t, err)
	require.Equal(t, res.Token.RefreshToken, fresh.RefreshToken)
	require.NoError(t, c.Revoke(t.Context(), fresh))
}
