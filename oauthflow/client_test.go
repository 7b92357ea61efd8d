package oauthflow_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestParametersOfTheProvider(t *testing.T) {
	t.Parallel()
	var body string
	h := func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}
	c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) {
		cfg.Provider.ClientIDParam, cfg.ClientSecret, cfg.RedirectURL = "client_key", nil, "https://app.test/cb"
		cfg.Provider.Endpoint.AuthURL = "https://auth.test/authorize?tenant=x"
	})
	_, err := c.Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Contains(t, body, "client_key=web")
	require.NotContains(t, body, "client_id")
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(a.URL, "https://auth.test/authorize?tenant=x&"), a.URL)
	require.Equal(t, "web", query(t, a.URL).Get("client_key"))

	c = tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.Provider.JSONBody = true })
	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "s", Audience: []string{"x", "y"}, Resource: []string{"https://r.test"}})
	require.NoError(t, err)
	var sent map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &sent))
	require.Equal(t, []any{"x", "y"}, sent["audience"])
	require.Equal(t, "https://r.test", sent["resource"])
}

// Without scopes none are asked for: an empty "scope" is another request (RFC
// 6749 section 3.3).
func TestNoScopesAreNotEmptyScopes(t *testing.T) {
	t.Parallel()
	var form url.Values
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"a","device_code":"d","user_code":"U","verification_uri":"https://a.test/"}`)
	}, func(cfg *oauthflow.Config) {
		cfg.Provider.Endpoint.AuthURL, cfg.RedirectURL = "https://auth.test/authorize", "https://app.test/cb"
		cfg.Provider.Endpoint.DeviceAuthURL = cfg.Provider.Endpoint.TokenURL
		key, err := oauthflow.NewSigningKey(ecKey(t), "", "")
		require.NoError(t, err)
		cfg.ClientKey = key
	})
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	for param, v := range query(t, a.URL) {
		require.NotEqual(t, []string{""}, v, param)
	}
	require.False(t, query(t, a.URL).Has("scope"))
	for name, call := range map[string]func() error{
		"credentials": func() error { _, err := c.ClientCredentials(t.Context()); return err },
		"device":      func() error { _, err := c.DeviceAuth(t.Context()); return err },
		"bearer":      func() error { _, err := c.JWTBearer(t.Context(), oauthflow.Assertion{}); return err },
		"exchange": func() error {
			_, err := c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "s"})
			return err
		},
		"code": func() error { _, err := c.Exchange(t.Context(), "c", ""); return err },
	} {
		require.NoError(t, call(), name)
		for param, v := range form {
			require.NotEqual(t, []string{""}, v, "%s: %s", name, param)
		}
		require.False(t, form.Has("scope"), name)
	}
	c = tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}, nil)
	_, err = c.Exchange(t.Context(), "c", "")
	require.NoError(t, err)
	require.False(t, form.Has("redirect_uri"))
}

func TestNilOptionsAreTheDefaults(t *testing.T) {
	t.Parallel()
	s := oauthtest.Start(t, oauthtest.Config{})
	c, err := oauthflow.New(s.ClientConfig("web"), oauthflow.WithHTTPClient(nil), oauthflow.WithClock(nil))
	require.NoError(t, err)
	tok, err := c.ClientCredentials(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), tok.Expiry, time.Minute)
}

// A request takes 30 s at most, or as long as its context says.
func TestARequestIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli",
		}, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}))
		require.NoError(t, err)
		for _, limit := range []time.Duration{0, time.Second, time.Hour} {
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if limit > 0 {
				ctx, cancel = context.WithTimeout(ctx, limit)
			}
			start := time.Now()
			_, err = c.ClientCredentials(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, cmp.Or(limit, 30*time.Second), time.Since(start))
			cancel()
		}
	})
}

func TestUnsupportedFlows(t *testing.T) {
	t.Parallel()
	c := answering(t, 200, "", "", nil)
	_, err := c.Introspect(t.Context(), "t")
	require.ErrorIs(t, err, oauthflow.ErrUnsupported)
	_, err = oauthflow.Loopback{Open: func(context.Context, string) error { return nil }}.Run(t.Context(), c)
	require.ErrorIs(t, err, oauthflow.ErrUnsupported)
	_, err = oauthflow.Discover(t.Context(), "https://issuer.test", oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return plainAnswer(403, ""), nil
	})}))
	require.EqualError(t, err, "oauthflow: discover: HTTP status 403: the issuer serves no description")
}
