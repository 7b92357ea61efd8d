package oauthflow_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestO10_DeviceFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		c := newClient(t, s, "cli", nil)
		da, err := c.DeviceAuth(t.Context())
		require.NoError(t, err)
		require.Equal(t, s.URL+"/device", da.VerificationURI)
		require.Contains(t, da.VerificationURIComplete, da.UserCode)
		require.EqualValues(t, 5, da.Interval)
		require.Equal(t, 10*time.Minute, time.Until(da.Expiry))

		time.AfterFunc(12*time.Second, func() { _ = s.ApproveDevice(da.UserCode, "alice") })
		begin := time.Now()
		tok, err := c.DeviceToken(t.Context(), da)
		require.NoError(t, err)
		require.True(t, s.Valid(tok.AccessToken))
		require.Equal(t, 15*time.Second, time.Since(begin), "three polls, five seconds apart")
		require.Len(t, s.Requests(), 3)

		id, err := c.VerifyIDToken(t.Context(), tok, oauthflow.IDTokenCheck{})
		require.NoError(t, err)
		require.Equal(t, "alice", id.Subject)
	})
}

func TestO10_DeviceSlowDownIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{DeviceInterval: 7 * time.Second})
		c := newClient(t, s, "cli", nil)
		da, err := c.DeviceAuth(t.Context())
		require.NoError(t, err)
		da.Interval = 3 // a client that is too fast
		time.AfterFunc(25*time.Second, func() { _ = s.ApproveDevice(da.UserCode, "alice") })
		_, err = c.DeviceToken(t.Context(), da)
		require.NoError(t, err)
		var codes []string
		for _, r := range s.Requests() {
			codes = append(codes, r.Error)
		}
		// At 3 s pending, at 6 s too fast; from then on every 8 s: at 14, 22 and 30 s.
		require.Equal(t, []string{"authorization_pending", "slow_down", "authorization_pending", "authorization_pending", ""}, codes)
	})
}

func TestO10_DevicePollSurvivesTheNetwork(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]oauthtest.Fault{
		"drop":        {oauthtest.DropBefore, oauthtest.DropBefore},
		"bad gateway": {oauthtest.BadGatewayBefore},
		"unavailable": {oauthtest.Unavailable},
		"half JSON":   {oauthtest.DropBefore, oauthtest.BadGatewayBefore, oauthtest.DropBefore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := oauthtest.New(oauthtest.Config{})
				c := newClient(t, s, "cli", nil)
				da, err := c.DeviceAuth(t.Context())
				require.NoError(t, err)
				require.NoError(t, s.ApproveDevice(da.UserCode, "alice"))
				s.Inject(faults...)
				begin := time.Now()
				_, err = c.DeviceToken(t.Context(), da)
				require.NoError(t, err)
				// 5 s, then doubled for each failure.
				require.Equal(t, time.Duration(1<<(len(faults)+1)-1)*5*time.Second, time.Since(begin))
			})
		})
	}
}

func TestO10_DeviceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		c := newClient(t, s, "cli", nil)
		device := func() *oauth2.DeviceAuthResponse {
			da, err := c.DeviceAuth(t.Context())
			require.NoError(t, err)
			return da
		}

		denied := device()
		require.NoError(t, s.DenyDevice(denied.UserCode))
		_, err := c.DeviceToken(t.Context(), denied)
		require.ErrorIs(t, err, oauthflow.ErrAccessDenied)

		begin := time.Now()
		_, err = c.DeviceToken(t.Context(), device())
		require.ErrorIs(t, err, oauthflow.ErrDeviceExpired)
		require.LessOrEqual(t, time.Since(begin), 10*time.Minute+5*time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		_, err = c.DeviceToken(ctx, device())
		require.ErrorIs(t, err, context.DeadlineExceeded)

		_, err = c.DeviceToken(t.Context(), nil)
		require.Error(t, err)
		_, err = c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "made up", Expiry: time.Now().Add(time.Minute)})
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	})
}

func TestDeviceAuthorizationResponses(t *testing.T) {
	t.Parallel()
	device := func(body string) (*oauth2.DeviceAuthResponse, error) {
		c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
			require.NoError(t, r.ParseForm())
			id, _, _ := r.BasicAuth()
			require.Equal(t, "web", id)
			require.Equal(t, "a,b", r.PostForm.Get("scope"))
			_, _ = io.WriteString(w, body)
		}, func(cfg *oauthflow.Config) {
			cfg.Provider.Endpoint.DeviceAuthURL = strings.Replace(cfg.Provider.Endpoint.TokenURL, "/token", "/device", 1)
			cfg.Provider.ScopeSeparator = ","
		})
		return c.DeviceAuth(t.Context(), "a", "b")
	}
	da, err := device(`{"device_code":"d","user_code":"U","verification_url":"https://www.google.com/device","expires_in":"1800","interval":5}`)
	require.NoError(t, err)
	require.Equal(t, "https://www.google.com/device", da.VerificationURI, "Google's name for it")
	require.Equal(t, epoch.Add(30*time.Minute), da.Expiry)

	da, err = device(`{"device_code":"d","user_code":"U","verification_uri":"https://a.test/","verification_uri_complete":"file:///etc/passwd"}`)
	require.NoError(t, err)
	require.Empty(t, da.VerificationURIComplete, "never opened")
	require.Equal(t, epoch.Add(15*time.Minute), da.Expiry)

	for _, body := range []string{
		`{}`, `[]`, ``, `{"device_code":"d","user_code":"U","verification_uri":"javascript:alert(1)"}`,
		`{"device_code":"d","verification_uri":"https://a.test/"}`,
		`{"device_code":"d","user_code":"U\u001b[2J","verification_uri":"https://a.test/"}`, `{"device_code":"d","user_code":"U\u009b2J","verification_uri":"https://a.test/"}`,
		`{"user_code":"U","verification_uri":"https://a.test/"}`,
	} {
		_, err := device(body)
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, body)
	}
	_, err = device(`{"error":"unauthorized_client"}`)
	te, ok := errors.AsType[*oauthflow.TokenError](err)
	require.True(t, ok)
	require.Equal(t, "unauthorized_client", te.Code)

	_, err = answering(t, 200, "", "", nil).DeviceAuth(t.Context())
	require.ErrorIs(t, err, oauthflow.ErrUnsupported)
}

// polling lets a device flow poll a transport of the test's own.
func polling(t *testing.T, answer func(poll int, r *http.Request) (*http.Response, error)) *oauthflow.Client {
	t.Helper()
	n := 0
	c, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli",
	}, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		n++
		return answer(n, r)
	})}))
	require.NoError(t, err)
	return c
}

func plainAnswer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: readCloser(body)}
}

// O10: whatever a server says about intervals, the wait ends with the code's life.
func TestO10_DeviceWaitIsBoundedByTheCodesLife(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		interval int64
		answer   func(*http.Response)
	}{
		"interval":    {interval: 1 << 40, answer: func(*http.Response) {}},
		"retry after": {interval: 5, answer: func(r *http.Response) { r.StatusCode = 429; r.Header.Set("Retry-After", "99999999") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := polling(t, func(int, *http.Request) (*http.Response, error) {
					resp := plainAnswer(400, `{"error":"authorization_pending"}`)
					tc.answer(resp)
					if resp.StatusCode == 429 {
						resp.Body = readCloser("")
					}
					return resp, nil
				})
				begin := time.Now()
				_, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{
					DeviceCode: "d", Interval: tc.interval, Expiry: begin.Add(10 * time.Minute),
				})
				require.ErrorIs(t, err, oauthflow.ErrDeviceExpired)
				require.Equal(t, 10*time.Minute, time.Since(begin))
			})
		})
	}
}

// O10: one poll without an answer costs no more than itself, also where the
// caller gave the whole flow a deadline.
func TestO10_DevicePollThatHangsDoesNotEndTheFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := polling(t, func(poll int, r *http.Request) (*http.Response, error) {
			if poll == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return plainAnswer(200, `{"access_token":"a","token_type":"Bearer"}`), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		tok, err := c.DeviceToken(ctx, &oauth2.DeviceAuthResponse{DeviceCode: "d", Expiry: time.Now().Add(10 * time.Minute)})
		require.NoError(t, err)
		require.Equal(t, "a", tok.AccessToken)
	})
}

// O10: a 5xx is no decision of the user's, also when it says why in JSON.
func TestO10_DevicePollSurvivesAnErrorOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := polling(t, func(poll int, _ *http.Request) (*http.Response, error) {
			switch poll {
			case 1:
				return plainAnswer(503, `{"error":"temporarily_unavailable"}`), nil
			case 2:
				return plainAnswer(500, `{"error":"server_error"}`), nil
			}
			return plainAnswer(400, `{"error":"access_denied"}`), nil
		})
		_, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Expiry: time.Now().Add(10 * time.Minute)})
		require.ErrorIs(t, err, oauthflow.ErrAccessDenied)

		c = polling(t, func(int, *http.Request) (*http.Response, error) {
			return plainAnswer(500, `{"error":"expired_token"}`), nil
		})
		begin := time.Now()
		_, err = c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Expiry: time.Now().Add(10 * time.Minute)})
		require.ErrorIs(t, err, oauthflow.ErrDeviceExpired)
		require.Equal(t, 5*time.Second, time.Since(begin), "a decision is one under any status")
	})
}

func TestO10_DevicePollEndsAtAnyOtherRefusal(t *testing.T) {
	for _, body := range []string{`{"error":"invalid_scope"}`, `{"error":"invalid_client"}`, ``, `{"errcode":7,"errmsg":"x"}`} {
		synctest.Test(t, func(t *testing.T) {
			polls := 0
			c := polling(t, func(poll int, _ *http.Request) (*http.Response, error) {
				polls = poll
				return plainAnswer(400, body), nil
			})
			_, err := c.DeviceToken(t.Context(), &oauth2.DeviceAuthResponse{DeviceCode: "d", Interval: 1})
			require.Equal(t, 400, tokenError(t, err).Status)
			require.Equal(t, 1, polls)
		})
	}
}
