package session_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J12: an ID token of the same issuer, whose audience is the client, is not what a
// profile without an audience verifies.
func TestJ12_NoIDTokenWhereTheClientStandsForTheAudience(t *testing.T) {
	t.Parallel()
	issuer := sessiontest.New()
	for name, kind := range map[string]struct {
		profile session.Profile
		token   func(sessiontest.Claims) string
	}{
		"Clerk OAuth": {issuer.ClerkOAuth(), issuer.ClerkOAuthToken},
		"Cognito":     {issuer.Cognito(), issuer.CognitoToken},
		"WorkOS":      {issuer.WorkOS(), issuer.WorkOSToken},
	} {
		v, err := session.NewVerifier(kind.profile, issuer.Options()...)
		require.NoError(t, err)
		_, err = v.Verify(context.Background(), kind.token(sessiontest.Claims{"aud": sessiontest.ClientID, "nonce": nil, "at_hash": nil}))
		require.NoError(t, err, name)
		for _, mark := range []sessiontest.Claims{{"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}, {"token_use": "id"}, {"typ": "ID"}, {"typ": "Refresh"}} {
			mark["aud"] = sessiontest.ClientID
			_, err = v.Verify(context.Background(), kind.token(mark))
			var e *session.Error
			require.ErrorAs(t, err, &e, name)
			require.Equal(t, session.ErrWrongType, e.Reason, name)
		}
	}
}
