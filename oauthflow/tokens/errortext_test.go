package tokens_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// An error says what it says once, on one line, and names the package that was
// called and no other.
func TestErrorsDoNotRepeatThemselves(t *testing.T) {
	requireOnce := func(t *testing.T, err error, want string) {
		t.Helper()
		require.EqualError(t, err, want)
		require.NotContains(t, want, "\n")
		require.Empty(t, errtext.Repeated(want), want)
	}
	synctest.Test(t, func(t *testing.T) {
		inner := tokens.NewMemoryStore()
		_, err := inner.Save(t.Context(), "k", tokens.Record{Data: []byte("junk")})
		require.NoError(t, err)
		sealed := encrypted(t, inner, sealKey(1))
		refused := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 401, Code: "invalid_client"}
		})
		m := newManager(t, sealed, refused)
		_, err = m.Token(t.Context(), "k")
		requireOnce(t, err, `tokens: load token "k": sealed record: the stored record cannot be opened: unknown format`)
		require.ErrorIs(t, err, tokens.ErrCorrupt)
		_, err = m.Token(t.Context(), "none")
		requireOnce(t, err, `tokens: token "none": the user must authorize again: no token is stored under this key`)
		require.NoError(t, m.Put(t.Context(), "user", &oauth2.Token{RefreshToken: "rt"}))
		_, err = m.Token(t.Context(), "user")
		requireOnce(t, err, `tokens: refresh token "user": oauthflow: refresh: "invalid_client" (HTTP status 401)`)
		_, err = sealed.Reseal(t.Context())
		requireOnce(t, err, `tokens: reseal "k": sealed record: the stored record cannot be opened: unknown format`)
		_, err = tokens.Encrypt(inner, emptySource{})
		requireOnce(t, err, "tokens: encryption keys: no secret")
		for _, err := range newManager(t, plainStore{inner}, refused).Keys(t.Context(), "") {
			require.ErrorIs(t, err, errors.ErrUnsupported)
			requireOnce(t, err, `tokens: list token "": list keys: tokens_test.plainStore: unsupported operation`)
		}
	})
}
