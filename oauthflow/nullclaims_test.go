package oauthflow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// J4, J10: at a sign-in too an optional claim that is null counts as absent, and
// a required one refuses.
func TestJ4_NullClaimsAtSignIn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"picture", "name", "email", "email_verified", "sid", "auth_time", "azp", "at_hash", "acr", "groups"} {
		res, err := signInWith(t, asIs, func(m map[string]any) { m[name] = nil })
		require.NoError(t, err, name)
		require.Equal(t, "alice", res.IDToken.Subject)
		require.False(t, name == "email_verified" && res.IDToken.EmailVerified)
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "nonce"} {
		_, err := signInWith(t, asIs, func(m map[string]any) { m[name] = nil })
		_, ok := errors.AsType[*oauthflow.IDTokenError](err)
		require.True(t, ok, "%s: %v", name, err)
	}
	// What the caller demands is required.
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil, editedIDToken(t, s, func(m map[string]any) { m["auth_time"] = nil }))
	b := newBrowser(t)
	back, err := s.Authorize(b.start(c, oauthflow.WithMaxAge(time.Hour)), "alice")
	require.NoError(t, err)
	_, err = b.finish(c, back)
	require.ErrorContains(t, err, "signed in")
	// Only null is absent: a claim of another type refuses as ever.
	for _, name := range []string{"at_hash", "azp"} {
		for _, value := range []any{"", 0, false, []string{}} {
			_, err := signInWith(t, asIs, func(m map[string]any) { m[name] = value })
			if name == "azp" && value == "" {
				continue // says nothing of anybody
			}
			require.Error(t, err, "%s: %v", name, value)
		}
	}
}
