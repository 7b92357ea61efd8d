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
		`{"device_code":"d","verification_uri":"https://a.test/"}`, `{"user_code":"U","verification_uri":"https://a.test/"}`,
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
