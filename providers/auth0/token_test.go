package auth0_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// globalLimit is what the token endpoint has said in place of a 429.
const globalLimit = `{"error":"access_denied","error_description":"Global limit has been reached"}`

func token(name string) clienttest.Step {
	return clienttest.JSON(200, `{"access_token":"`+name+`","token_type":"Bearer","expires_in":86400}`)
}

// withTokens is a client whose tokens and API are two scripts.
func withTokens(t *testing.T, tokens, api *clienttest.Transport, change func(*auth0.Config)) *client.Client {
	t.Helper()
	cfg := auth0.Config{
		Domain: domain, ClientID: "client", ClientSecret: secret.Static("s3cr3t_canary"),
		HTTPClient: &http.Client{Transport: tokens},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := auth0.New(cfg, client.WithTransport(api), client.WithRetry(retry.Never))
	require.NoError(t, err)
	return c.HTTP
}

func getUser(t *testing.T, c *client.Client) error {
	_, err := auth0.GetUser.Do(t.Context(), c, auth0.UserInput{ID: "auth0|1"})
	return err
}

// One token is fetched, whoever wants it and how many they are, and another shortly
// before it ends.
func TestOneTokenForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := clienttest.NewTransport(t, token("one").After(time.Second), token("two"))
		api := clienttest.NewTransport(t, clienttest.JSON(200, `{"user_id":"auth0|1"}`))
		c := withTokens(t, tokens, api, nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := getUser(t, c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, tokens.Count())
		form, err := url.ParseQuery(string(tokens.Requests()[0].Body))
		require.NoError(t, err)
		require.Equal(t, url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {"s3cr3t_canary"},
			"audience": {"https://" + domain + "/api/v2/"},
		}, form)
		require.Equal(t, "/oauth/token", tokens.Requests()[0].URL)
		for _, r := range api.Requests() {
			require.Equal(t, "Bearer one", r.Header.Get("Authorization"))
		}
		time.Sleep(23 * time.Hour)
		require.NoError(t, getUser(t, c))
		require.Equal(t, 1, tokens.Count())
		time.Sleep(time.Hour)
		require.NoError(t, getUser(t, c))
		require.Equal(t, 2, tokens.Count())
		require.Equal(t, "Bearer two", api.Requests()[api.Count()-1].Header.Get("Authorization"))
	})
}

// A token that the API no longer takes is replaced once for all who met the 401.
func TestA401RenewsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := clienttest.NewTransport(t, token("one"), token("two"))
		taken := "Bearer one"
		api := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != taken {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"user_id":"auth0|1"}`))
		}))
		c := withTokens(t, tokens, api, nil)
		require.NoError(t, getUser(t, c))
		time.Sleep(time.Hour)
		taken = "Bearer two"
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := getUser(t, c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 2, tokens.Count())
	})
}

// An audience and a custom domain.
func TestAudience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := clienttest.NewTransport(t, token("one"))
		c := withTokens(t, tokens, clienttest.NewTransport(t, clienttest.JSON(200, `{}`)), func(cfg *auth0.Config) {
			cfg.Domain, cfg.Audience = "login.example.com", "https://"+domain+"/api/v2/"
		})
		require.NoError(t, getUser(t, c))
		form, err := url.ParseQuery(string(tokens.Requests()[0].Body))
		require.NoError(t, err)
		require.Equal(t, "https://"+domain+"/api/v2/", form.Get("audience"))
		require.Equal(t, "login.example.com", tokens.Requests()[0].Host)
	})
}

// P5: the token endpoint's throttle, a 500 too, is waited for, and is in the end the
// sentinel of every throttle. What will not pass is not tried again.
func TestP5_TheTokenEndpoint(t *testing.T) {
	for name, test := range map[string]struct {
		steps    []clienttest.Step
		requests int
		waited   time.Duration
		code     string
		limited  bool
	}{
		"a 500 that is a throttle": {[]clienttest.Step{clienttest.JSON(500, globalLimit), token("one")}, 2, time.Second, "", false},
		"a 429":                    {[]clienttest.Step{clienttest.JSON(429, `{"error":"too_many_requests"}`).Header("Retry-After", "4"), token("one")}, 2, 4 * time.Second, "", false},
		"a throttle that goes on":  {[]clienttest.Step{clienttest.JSON(500, globalLimit)}, 3, 2 * time.Second, "access_denied", true},
		"a 503 that passes":        {[]clienttest.Step{clienttest.Status(503), token("one")}, 2, 0, "", false},
		"a 503 that does not":      {[]clienttest.Step{clienttest.Status(503)}, 3, 0, "", false},
		"a reset connection":       {[]clienttest.Step{clienttest.Reset(), token("one")}, 2, 0, "", false},
		"a refusal":                {[]clienttest.Step{clienttest.JSON(401, `{"error":"access_denied","error_description":"Unauthorized"}`)}, 1, 0, "access_denied", false},
		"an unknown audience":      {[]clienttest.Step{clienttest.JSON(403, `{"error":"access_denied","error_description":"Service not enabled within domain"}`)}, 1, 0, "access_denied", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens, api := clienttest.NewTransport(t, test.steps...), clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
				c := withTokens(t, tokens, api, nil)
				begin := time.Now()
				err := getUser(t, c)
				require.Equal(t, test.requests, tokens.Count())
				require.GreaterOrEqual(t, time.Since(begin), test.waited)
				require.Less(t, time.Since(begin), test.waited*2+5*time.Second)
				if api.Count() == 1 {
					require.NoError(t, err)
					return
				}
				require.Error(t, err)
				require.Equal(t, test.limited, errors.Is(err, client.ErrRateLimited), err)
				require.NotContains(t, fmt.Sprintf("%v %+v", err, err), "canary")
				e, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				require.Equal(t, client.NoEffect, e.Effect)
				refused, ok := errors.AsType[*oauthflow.TokenError](err)
				require.True(t, ok)
				require.Equal(t, test.code, refused.Code)
			})
		})
	}
}

// The x-ratelimit-reset of Auth0 is a moment, in seconds since 1970, and no duration.
func TestResetIsAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := fmt.Sprint(time.Now().Add(3 * time.Second).Unix())
		limited := clienttest.JSON(429, `{"statusCode":429,"errorCode":"too_many_requests"}`).
			Header("x-ratelimit-limit", "50").Header("x-ratelimit-remaining", "0").Header("x-ratelimit-reset", reset)
		api := clienttest.NewTransport(t, limited, clienttest.JSON(200, `{}`))
		c, err := auth0.New(auth0.Config{Domain: domain, Token: secret.Static("t")}, client.WithTransport(api))
		require.NoError(t, err)
		begin := time.Now()
		require.NoError(t, getUser(t, c.HTTP))
		require.Equal(t, 2, api.Count())
		require.GreaterOrEqual(t, time.Since(begin), 2*time.Second)
		require.Less(t, time.Since(begin), 6*time.Second)
	})
}
