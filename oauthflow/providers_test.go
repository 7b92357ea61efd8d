package oauthflow_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/endpoints"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

func providers(t *testing.T) map[string]oauthflow.Provider {
	t.Helper()
	shop, err := oauthflow.Shopify("example.myshopify.com")
	require.NoError(t, err)
	return map[string]oauthflow.Provider{
		"google": oauthflow.Google(), "google offline": oauthflow.GoogleOffline(), "github": oauthflow.GitHub(), "github app": oauthflow.GitHubApp(),
		"x": oauthflow.X(), "slack": oauthflow.Slack(), "slack user": oauthflow.SlackUser(), "slack sign-in": oauthflow.SlackSignIn(),
		"microsoft": oauthflow.Microsoft("8eaef023-2b34-4da1-9baa-8bc8c9d6a490"), "microsoft, two": oauthflow.Microsoft("a", "b"),
		"auth0": oauthflow.Auth0("example.eu.auth0.com", "https://api.example.com"), "clerk": oauthflow.Clerk("clerk.example.com"),
		"okta": oauthflow.Okta("https://example.okta.com"), "okta custom": oauthflow.Okta("https://example.okta.com/oauth2/default"),
		"stripe": oauthflow.StripeConnect(), "shopify": shop, "gitlab": oauthflow.GitLab("https://gitlab.com"), "discord": oauthflow.Discord(),
	}
}

// Every provider's data makes a working client, and a request that says what
// its data says.
func TestO1_EveryProviderBegins(t *testing.T) {
	t.Parallel()
	for name, p := range providers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := oauthflow.New(oauthflow.Config{
				Provider: p, ClientID: "id", ClientSecret: secret.Static("s"), RedirectURL: "https://app.test/cb", Scopes: []string{"a", "b"},
			})
			require.NoError(t, err)
			_, err = c.Begin(t.Context(), oauthflow.WithScopes("openid"))
			require.Equal(t, p.Issuer == "", err != nil, "who signs in where there are no ID tokens would stay unknown")
			a, err := c.Begin(t.Context())
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(a.URL, p.Endpoint.AuthURL+"?"), a.URL)
			q := query(t, a.URL)
			require.Equal(t, !p.NoPKCE, q.Has("code_challenge"))
			require.Equal(t, a.State, q.Get("state"))
			scope, sep := "scope", " "
			if p.ScopeParam != "" {
				scope = p.ScopeParam
			}
			if p.ScopeSeparator != "" {
				sep = p.ScopeSeparator
			}
			require.Equal(t, "a"+sep+"b", q.Get(scope))
			for k, v := range p.AuthParams {
				require.Equal(t, v, q.Get(k))
			}
			require.NotEqual(t, oauth2.AuthStyleAutoDetect, p.Endpoint.AuthStyle)
			require.Equal(t, p.Issuer != "", p.JWKSURL != "", "ID tokens need both")
			u, err := url.Parse(p.Endpoint.TokenURL)
			require.NoError(t, err)
			require.Equal(t, "https", u.Scheme)
		})
	}
}

// Where golang.org/x/oauth2 knows an endpoint too, both say the same.
func TestProvidersAgainstXOAuth2(t *testing.T) {
	t.Parallel()
	all := providers(t)
	for name, theirs := range map[string]oauth2.Endpoint{
		"google": endpoints.Google, "github": endpoints.GitHub, "x": endpoints.X, "slack": endpoints.Slack,
		"gitlab": endpoints.GitLab, "discord": endpoints.Discord, "shopify": endpoints.Shopify("example.myshopify.com"),
		"microsoft": endpoints.AzureAD("8eaef023-2b34-4da1-9baa-8bc8c9d6a490"),
	} {
		ours := all[name].Endpoint
		require.Equal(t, theirs.TokenURL, ours.TokenURL, name)
		require.Equal(t, theirs.DeviceAuthURL, ours.DeviceAuthURL, name)
		if name != "google" { // both of Google's are served; the discovery document names the newer
			require.Equal(t, theirs.AuthURL, ours.AuthURL, name)
		}
	}
}

func TestProviderPeculiarities(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://example.eu.auth0.com/", oauthflow.Auth0("example.eu.auth0.com", "").Issuer, "with the slash")
	require.Empty(t, oauthflow.Auth0("example.eu.auth0.com", "").AuthParams)
	require.Equal(t, "https://example.okta.com/oauth2/v1/token", oauthflow.Okta("https://example.okta.com").Endpoint.TokenURL)
	require.Equal(t, "https://example.okta.com/oauth2/default/v1/token", oauthflow.Okta("https://example.okta.com/oauth2/default").Endpoint.TokenURL)
	require.Contains(t, oauthflow.Google().IssuerAliases, "accounts.google.com")
	require.Equal(t, "offline", oauthflow.GoogleOffline().AuthParams["access_type"])
	require.Nil(t, oauthflow.Google().AuthParams, "a copy of its own")
	require.Equal(t, "https://login.microsoftonline.com/common/oauth2/v2.0/token", oauthflow.Microsoft("a", "b").Endpoint.TokenURL)
}

func TestFromOAuth2(t *testing.T) {
	t.Parallel()
	cfg := oauthflow.FromOAuth2(&oauth2.Config{
		ClientID: "id", ClientSecret: "canary", RedirectURL: "https://app.test/cb", Scopes: []string{"a"}, Endpoint: endpoints.GitHub,
	})
	_, err := oauthflow.New(cfg)
	require.ErrorContains(t, err, "AuthStyle", "x/oauth2 would find out by trying")
	cfg.Provider.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	_, err = oauthflow.New(cfg)
	require.NoError(t, err)
	require.NotContains(t, printed(t, cfg), "canary")
	public := oauthflow.FromOAuth2(&oauth2.Config{ClientID: "id", Endpoint: endpoints.GitHub})
	require.Nil(t, public.ClientSecret)
}
