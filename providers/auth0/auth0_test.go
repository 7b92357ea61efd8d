package auth0_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const (
	domain   = "example.eu.auth0.com"
	notFound = `{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}`
)

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, adapter()) }

// P5, by what the Management API's reference lists.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, code, message string) providertest.Said {
		body := fmt.Sprintf(`{"statusCode":%d,"error":%q,"message":%q,"errorCode":%q}`, status, http.StatusText(status), message, code)
		return providertest.Said{Step: clienttest.JSON(status, body), Code: code}
	}
	providertest.BadInput(t, adapter(), providertest.Bad{
		WrongKey:      said(401, "invalid_token", "Invalid token: "+providertest.Key),
		ExpiredKey:    said(401, "invalid_token", "Expired token received for JSON Web Token validation"),
		UnknownObject: said(404, "inexistent_user", "The user does not exist."),
		Invalid:       said(400, "invalid_body", "Payload validation error: 'Object didn't pass validation for format email: x'."),
		RateLimit:     said(429, "too_many_requests", "Global limit has been reached"),
		Outage:        said(500, "internal_error", "Internal Server Error"),
	})
}

func adapter() providertest.Adapter {
	profile := auth0.Profile
	profile.BaseURL = "https://" + domain + "/api/v2" // the tenant's
	return providertest.Adapter{
		Profile: profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := auth0.New(auth0.Config{Domain: domain, Token: key}, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP: c.HTTP,
				Write: func(ctx context.Context) error {
					_, err := auth0.CreateUser.Do(ctx, c.HTTP, auth0.CreateUserInput{Connection: "db", Email: "a@example.com"})
					return err
				},
				Read: func(ctx context.Context) error {
					_, err := auth0.GetUser.Do(ctx, c.HTTP, auth0.UserInput{ID: "auth0|1"})
					return err
				},
			}, nil
		},
		Success: clienttest.JSON(200, `{"user_id":"auth0|1"}`),
		Failure: clienttest.JSON(404, notFound),
		Code:    "inexistent_user",
		Message: "The user does not exist.",
		Throttle: clienttest.JSON(429, `{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}`).
			Header("Retry-After", "0").Header("x-ratelimit-limit", "50").Header("x-ratelimit-remaining", "0").Header("x-ratelimit-reset", "1"),
	}
}

func TestOperationsAreWhole(t *testing.T) { require.NoError(t, auth0.Operations.Check()) }

// newClient is a client at a server that goes through the steps.
func newClient(t *testing.T, steps ...clienttest.Step) (*client.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := auth0.New(auth0.Config{Domain: srv.URL, Token: secret.Static("t")}, client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c.HTTP, srv
}

// A configuration that cannot work is an error before anything is called, and repeats
// nothing of what it was given.
func TestConfig(t *testing.T) {
	id, key := "id", secret.Static("s3cr3t_canary")
	for name, cfg := range map[string]auth0.Config{
		"no domain":            {Token: key},
		"a path":               {Domain: domain + "/canary", Token: key},
		"a query":              {Domain: domain + "?canary", Token: key},
		"user info":            {Domain: "https://canary@" + domain, Token: key},
		"no URL":               {Domain: "exa mple%zz", Token: key},
		"no credential":        {Domain: domain},
		"both credentials":     {Domain: domain, Token: key, ClientID: id, ClientSecret: key},
		"a token and an ID":    {Domain: domain, Token: key, ClientID: id},
		"an ID alone":          {Domain: domain, ClientID: id},
		"a secret alone":       {Domain: domain, ClientSecret: key},
		"an unset secret":      {Domain: domain, ClientID: id, ClientSecret: secret.Env("STANDPIPE_NO_SUCH_VARIABLE")},
		"an unset token":       {Domain: domain, Token: secret.Env("STANDPIPE_NO_SUCH_VARIABLE")},
		"http beyond loopback": {Domain: "http://" + domain, ClientID: id, ClientSecret: key},
	} {
		_, err := auth0.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "canary", name)
		_, err = auth0.HTTPClient(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	for _, given := range []string{domain, "https://" + domain, "https://" + domain + "/"} {
		c, err := auth0.New(auth0.Config{Domain: given, ClientID: id, ClientSecret: key})
		require.NoError(t, err, given)
		require.Equal(t, "https://"+domain+"/api/v2", c.HTTP.BaseURL())
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c.HTTP), "canary")
	}
}

// P6: an SDK's requests go out with our credential, and are known by their routes.
func TestHTTPClient(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{}`))
	hc, err := auth0.HTTPClient(auth0.Config{Domain: srv.URL, Token: secret.Static("t")})
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v2/users/auth0%7C1", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer an_sdks_own")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "Bearer t", srv.Last().Header.Get("Authorization"))
	below := *req
	below.URL = &url.URL{Path: "/users/auth0|1"}
	require.Equal(t, "/users/{id}", auth0.Profile.Route(&below))
}

// The shapes of error that Auth0 sends.
func TestErrors(t *testing.T) {
	for body, want := range map[string][2]string{
		notFound: {"inexistent_user", "The user does not exist."},
		`{"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: read:users","errorCode":"insufficient_scope"}`: {"insufficient_scope", "Insufficient scope, expected any of: read:users"},
		`{"error":"access_denied","error_description":"Unauthorized"}`:                                                                        {"access_denied", "Unauthorized"},
		`{"statusCode":404,"error":"Not Found","message":"Not Found"}`:                                                                        {"", "Not Found"},
		`<html>`: {"", ""},
	} {
		c, _ := newClient(t, clienttest.JSON(404, body))
		_, err := auth0.GetUser.Do(t.Context(), c, auth0.UserInput{ID: "auth0|1"})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, want, [2]string{e.Code, e.Message}, body)
	}
}

func Example() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"access_token":"eyJ…","token_type":"Bearer","expires_in":86400}`),
		clienttest.JSON(200, `{"start":0,"limit":50,"total":1,"users":[{"user_id":"auth0|1","email":"ada@example.com"}]}`),
	)
	defer srv.Close()
	c, err := auth0.New(auth0.Config{
		Domain:       srv.URL, // example.eu.auth0.com
		ClientID:     "client",
		ClientSecret: secret.Static("secret"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	found := auth0.SearchUsers.All(context.Background(), c.HTTP, auth0.SearchUsersInput{Query: `email:"ada@example.com"`})
	for user, err := range found {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.ID, user.Email)
	}
	for _, r := range srv.Requests() {
		fmt.Println(r.Method, r.URL)
	}
	// Output:
	// auth0|1 ada@example.com
	// POST /oauth/token
	// GET /api/v2/users?include_totals=true&q=email%3A%22ada%40example.com%22&search_engine=v3
}
