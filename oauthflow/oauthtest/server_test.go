package oauthtest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func client(t *testing.T, s *oauthtest.Server) *oauthflow.Client {
	t.Helper()
	c, err := oauthflow.New(s.ClientConfig("web"), oauthflow.WithHTTPClient(s.HTTPClient()))
	require.NoError(t, err)
	return c
}

// both runs a test on loopback, and in memory where time is virtual.
func both(t *testing.T, cfg oauthtest.Config, f func(*testing.T, *oauthtest.Server)) {
	t.Run("loopback", func(t *testing.T) { t.Parallel(); f(t, oauthtest.Start(t, cfg)) })
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { f(t, oauthtest.New(cfg)) })
	})
}

func TestRotationWithReuseDetection(t *testing.T) {
	t.Parallel()
	both(t, oauthtest.Config{}, func(t *testing.T, s *oauthtest.Server) {
		c := client(t, s)
		first := s.Issue("web", "alice", "read")
		require.True(t, s.Valid(first.AccessToken))

		second, err := c.Refresh(t.Context(), first)
		require.NoError(t, err)
		require.NotEqual(t, first.RefreshToken, second.RefreshToken)
		require.True(t, s.Valid(second.AccessToken))
		require.True(t, s.Alive(first.RefreshToken))

		_, err = c.Refresh(t.Context(), first)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
		require.False(t, s.Alive(second.RefreshToken), "reuse revokes the family")
		require.False(t, s.Valid(second.AccessToken))
		_, err = c.Refresh(t.Context(), second)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)

		require.Equal(t, 1, s.Refreshes())
		require.Equal(t, oauthtest.Request{GrantType: "refresh_token", ClientID: "web", Error: "invalid_grant"}, s.Requests()[2])
	})
}

func TestReuseRefreshTokens(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{ReuseRefreshTokens: true})
	c, first := client(t, s), s.Issue("web", "alice")
	for range 3 {
		tok, err := c.Refresh(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, first.RefreshToken, tok.RefreshToken)
	}
}

func TestExpiryAndRevocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{AccessTokenLifetime: 2 * time.Second})
		tok := s.Issue("web", "alice")
		require.True(t, s.Valid(tok.AccessToken))
		time.Sleep(2 * time.Second)
		require.False(t, s.Valid(tok.AccessToken))

		fresh, err := client(t, s).Refresh(t.Context(), tok)
		require.NoError(t, err)
		s.ExpireAccess(fresh.AccessToken)
		require.False(t, s.Valid(fresh.AccessToken))
		require.True(t, s.Alive(fresh.RefreshToken))
		s.Revoke(fresh.RefreshToken)
		require.False(t, s.Alive(fresh.RefreshToken))
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault   oauthtest.Fault
		applied bool // the refresh token is used up
		maybe   bool // and the client cannot know
		status  int
	}{
		{oauthtest.BadGatewayBefore, false, true, 502},
		{oauthtest.BadGatewayAfter, true, true, 502},
		{oauthtest.Unavailable, false, true, 503},
		{oauthtest.DropBefore, false, true, 0},
		{oauthtest.DropAfter, true, true, 0},
		{oauthtest.HangBefore, false, true, 0},
		{oauthtest.HangAfter, true, true, 0},
		{oauthtest.TruncatedJSON, true, true, 200},
		{oauthtest.HalfJSON, true, true, 200},
		{oauthtest.HTML, true, true, 200},
		{oauthtest.EmptyBody, true, true, 200},
		{oauthtest.ErrorIn200, false, false, 200},
		{oauthtest.RedirectBefore, false, false, 307},
		{oauthtest.InvalidGrant, false, false, 400},
		{oauthtest.ServerError, false, true, 500},
	} {
		both(t, oauthtest.Config{}, func(t *testing.T, s *oauthtest.Server) {
			c, tok := client(t, s), s.Issue("web", "alice")
			s.Inject(tc.fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if tc.fault == oauthtest.HangBefore || tc.fault == oauthtest.HangAfter {
				go func() { // the client gives up once the request has got so far
					for ctx.Err() == nil && (s.Faults() > 0 || tc.applied && s.Refreshes() == 0) {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}()
			}
			_, err := c.Refresh(ctx, tok)
			te, ok := errors.AsType[*oauthflow.TokenError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tc.maybe, te.MaybeApplied, "%v", err)
			require.Equal(t, tc.status, te.Status, "%v", err)

			_, err = c.Refresh(t.Context(), tok)
			if tc.applied {
				require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
				require.False(t, s.Alive(tok.RefreshToken))
			} else {
				require.NoError(t, err, "one fault, one request")
			}
		})
	}
}

func TestLenientFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault  oauthtest.Fault
		expiry bool
	}{
		{oauthtest.TextPlain, true}, {oauthtest.FormEncoded, true}, {oauthtest.StringExpiresIn, true},
		{oauthtest.FractionalExpiresIn, true}, {oauthtest.NoExpiresIn, false},
	} {
		both(t, oauthtest.Config{}, func(t *testing.T, s *oauthtest.Server) {
			s.Inject(tc.fault)
			tok, err := client(t, s).Refresh(t.Context(), s.Issue("web", "alice"))
			require.NoError(t, err)
			require.True(t, s.Valid(tok.AccessToken))
			require.Equal(t, tc.expiry, !tok.Expiry.IsZero())
		})
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		s.SetLatency(3 * time.Second)
		begin := time.Now()
		_, err := client(t, s).Refresh(t.Context(), s.Issue("web", "alice"))
		require.NoError(t, err)
		require.Equal(t, 3*time.Second, time.Since(begin))
	})
}

func TestProtect(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	get := func(tok *oauth2.Token) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/userinfo", nil)
		require.NoError(t, err)
		tok.SetAuthHeader(req)
		resp, err := s.HTTPClient().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(t, http.StatusOK, get(s.Issue("web", "alice")))
	require.Equal(t, http.StatusUnauthorized, get(&oauth2.Token{AccessToken: "made up"}))
}
