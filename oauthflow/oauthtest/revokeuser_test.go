package oauthtest_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestARevokedUserHasNoGrantLeft(t *testing.T) {
	t.Parallel()
	cfg := oauthtest.Config{Users: []oauthtest.User{{Subject: "alice", Name: "Alice"}, {Subject: "bob", Name: "Bob"}}}
	both(t, cfg, func(t *testing.T, s *oauthtest.Server) {
		c := client(t, s)
		first, second, bobs := s.Issue("web", "alice", "read"), s.Issue("web", "alice"), s.Issue("web", "bob")
		s.RevokeUser("nobody")
		require.True(t, s.Valid(first.AccessToken))

		s.RevokeUser("alice")
		for _, tok := range []*oauth2.Token{first, second} {
			require.False(t, s.Valid(tok.AccessToken))
			require.False(t, s.Alive(tok.RefreshToken))
			_, err := c.Refresh(t.Context(), tok)
			require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)

			var info map[string]any
			var refused *oauthflow.TokenError
			require.ErrorAs(t, c.UserInfo(t.Context(), tok, &info), &refused)
			require.Equal(t, http.StatusUnauthorized, refused.Status)
			require.Equal(t, "invalid_token", refused.Code)

			about, err := c.Introspect(t.Context(), tok.AccessToken)
			require.NoError(t, err)
			require.False(t, about.Active)
		}
		require.True(t, s.Valid(bobs.AccessToken))
		_, err := c.Refresh(t.Context(), bobs)
		require.NoError(t, err, "what others have granted stays")

		again := s.Issue("web", "alice")
		require.True(t, s.Valid(again.AccessToken), "the user may sign in again")
		_, err = c.Refresh(t.Context(), again)
		require.NoError(t, err)
	})
}

// What a user has consented to, and the application has not fetched yet, is a grant too.
func TestARevokedUserHasNoGrantUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		pending := code(t, s)
		s.RevokeUser("alice")
		status, body := redeem(t, s, func(f url.Values) { f.Set("code", pending) })
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body, "invalid_grant")

		c := client(t, s)
		device, err := c.DeviceAuth(t.Context())
		require.NoError(t, err)
		undecided, err := c.DeviceAuth(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.ApproveDevice(device.UserCode, "alice"))
		s.RevokeUser("alice")
		s.RevokeUser("")
		_, err = c.DeviceToken(t.Context(), device)
		require.ErrorIs(t, err, oauthflow.ErrAccessDenied)

		require.NoError(t, s.ApproveDevice(undecided.UserCode, "alice"))
		_, err = c.DeviceToken(t.Context(), undecided)
		require.NoError(t, err, "what the user consents to afterwards holds")
	})
}
