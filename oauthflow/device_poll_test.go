package oauthflow_test

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// O10: how long the next poll waits, after each kind of answer.
func TestO10_WhenADevicePollsAgain(t *testing.T) {
	const pending, slow = `{"error":"authorization_pending"}`, `{"error":"slow_down"}`
	for name, tc := range map[string]struct {
		interval   int64
		status     int
		body       string
		retryAfter string
		want       time.Duration
	}{
		"pending":                    {5, 400, pending, "", 5 * time.Second},
		"pending, by default":        {0, 400, pending, "", 5 * time.Second},
		"pending, nonsense":          {-3, 400, pending, "", 5 * time.Second},
		"pending, a second":          {1, 400, pending, "", time.Second},
		"slow down":                  {5, 400, slow, "", 10 * time.Second},
		"slow down, with a status":   {5, 429, slow, "60", 10 * time.Second},
		"throttled":                  {5, 429, `{"error":"x"}`, "", 10 * time.Second},
		"throttled, for longer":      {5, 429, `{"error":"x"}`, "30", 30 * time.Second},
		"throttled, for less":        {5, 429, `{"error":"x"}`, "3", 10 * time.Second},
		"server error":               {5, 503, `{"error":"x"}`, "", 10 * time.Second},
		"server error, for longer":   {5, 503, ``, "100", 100 * time.Second},
		"server error, far apart":    {40, 503, ``, "", time.Minute},
		"server error, very far":     {90, 503, ``, "", 90 * time.Second},
		"no answer":                  {5, 0, ``, "", 10 * time.Second},
		"never sent":                 {5, -1, ``, "", 10 * time.Second},
		"an answer that is no token": {5, 200, `{}`, "", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				c := polling(t, func(int, *http.Request) (*http.Response, error) {
					if at = append(at, time.Now()); len(at) > 1 {
						return plainAnswer(200, `{"access_token":"a"}`), nil
					}
					switch tc.status {
					case 0:
						return nil, errNetwork
					case -1:
						return nil, &net.OpError{Op: "dial", Err: errNetwork}
					}
					resp := plainAnswer(tc.status, tc.body)
					if tc.retryAfter != "" {
						resp.Header.Set("Retry-After", tc.retryAfter)
					}
					return resp, nil
				})
				began := time.Now()
				tok, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Interval: tc.interval})
				require.NoError(t, err)
				require.Equal(t, "a", tok.AccessToken)
				first := time.Duration(tc.interval) * time.Second
				if tc.interval <= 0 {
					first = 5 * time.Second
				}
				require.Equal(t, first, at[0].Sub(began))
				require.Equal(t, tc.want, at[1].Sub(at[0]))
			})
		})
	}
	// What was refused for good is not asked again.
	for _, code := range []string{"access_denied", "expired_token", "invalid_grant", "invalid_client"} {
		synctest.Test(t, func(t *testing.T) {
			polls := 0
			c := polling(t, func(n int, _ *http.Request) (*http.Response, error) {
				polls = n
				return plainAnswer(503, `{"error":"`+code+`"}`), nil
			})
			_, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Expiry: time.Now().Add(time.Minute)})
			require.Error(t, err)
			require.Equal(t, code != "invalid_client", polls == 1, "a code ends it whatever the status, if it is one that does")
		})
	}
	// A code that ends with the next poll is not asked for.
	for left, polls := range map[time.Duration]int{4 * time.Second: 0, 5 * time.Second: 0, 5*time.Second + 1: 1, 10 * time.Second: 1} {
		synctest.Test(t, func(t *testing.T) {
			seen := 0
			c := polling(t, func(n int, _ *http.Request) (*http.Response, error) {
				seen = n
				return plainAnswer(400, pending), nil
			})
			began := time.Now()
			_, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Expiry: began.Add(left)})
			require.ErrorIs(t, err, oauthflow.ErrDeviceExpired)
			require.Equal(t, polls, seen, left)
			require.Equal(t, left, time.Since(began))
		})
	}
	for _, da := range []*oauth2.DeviceAuthResponse{nil, {}} {
		_, err := polling(t, func(int, *http.Request) (*http.Response, error) { return nil, errors.New("asked") }).DeviceToken(t.Context(), da)
		require.ErrorContains(t, err, "the device code is empty")
	}
}

// What a program may show to its user, and open.
func TestDeviceAuthorizationShowsPagesOnly(t *testing.T) {
	t.Parallel()
	for lifetime, want := range map[string]time.Duration{"0": 15 * time.Minute, "-1": 15 * time.Minute, "1": time.Second, `"x"`: 15 * time.Minute} {
		da, err := answering(t, 200, "application/json", `{"device_code":"d","user_code":"U","verification_uri":"https://a.test/","expires_in":`+lifetime+`}`, func(cfg *oauthflow.Config) {
			cfg.Provider.Endpoint.DeviceAuthURL = cfg.Provider.Endpoint.TokenURL
		}).DeviceAuth(t.Context())
		require.NoError(t, err)
		require.Equal(t, epoch.Add(want), da.Expiry, lifetime)
		require.Zero(t, da.Interval)
	}
	device := func(uri string) (*oauth2.DeviceAuthResponse, error) {
		body := `{"device_code":"d","user_code":"U","verification_uri":"https://a.test/","verification_uri_complete":"` + uri + `","interval":7}`
		return answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) {
			cfg.Provider.Endpoint.DeviceAuthURL = cfg.Provider.Endpoint.TokenURL
		}).DeviceAuth(t.Context())
	}
	for uri, ok := range map[string]bool{
		"https://a.test/?code=U": true, "http://a.test/": true, "ftp://a.test/": false, "https://": false, "https:a": false, "//a.test/": false,
		"https://a.test/%zz": false, "https://a.test/\\u0007": false, "": false,
	} {
		da, err := device(uri)
		require.NoError(t, err, uri)
		require.Equal(t, ok, da.VerificationURIComplete != "", uri)
		require.EqualValues(t, 7, da.Interval)
	}
}
