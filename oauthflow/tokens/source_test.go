package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// What a client looks for in a token source.
var _ interface {
	oauth2.TokenSource
	TokenContext(context.Context) (*oauth2.Token, error)
	RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error)
} = (*tokens.Source)(nil)

func TestSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		m, first := signedIn(t, srv, tokens.NewMemoryStore(), client)
		src := m.Source(userKey)
		for range 3 {
			tok, err := src.Token()
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
			tok, err = src.TokenContext(t.Context())
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
		}
		_, err := src.TokenContext(ended(t))
		require.ErrorIs(t, err, context.Canceled)

		second, err := src.RefreshToken(t.Context(), first)
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, second.AccessToken)
		tok, err := src.RefreshToken(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, second.AccessToken, tok.AccessToken)

		// As a token source of golang.org/x/oauth2's client.
		req := httptest.NewRequest(http.MethodGet, "https://api.test/", nil)
		transport := &oauth2.Transport{Source: src, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
			require.Equal(t, "Bearer "+second.AccessToken, r.Header.Get("Authorization"))
			return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
		})}
		_, err = transport.RoundTrip(req)
		require.NoError(t, err)

		_, err = m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		_, err = src.Token()
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired, "a source that was in use notices at once")
		_, err = m.Source("nobody").Token()
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A source whose entry was evicted finds the key again.
func TestSource_OutlivesEviction(t *testing.T) {
	t.Parallel()
	m := newManager(t, &endlessStore{}, tokens.Grant(nil), tokens.WithCapacity(1))
	src := m.Source("mine")
	for i := range 200 {
		tok, err := src.Token()
		require.NoError(t, err)
		require.Equal(t, "mine", tok.AccessToken[:4])
		_, err = m.Token(t.Context(), fmt.Sprint("other", i))
		require.NoError(t, err)
	}
}

func TestGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		var asked atomic.Int64
		grant := tokens.Grant(func(ctx context.Context) (*oauth2.Token, error) {
			asked.Add(1)
			time.Sleep(time.Second)
			return client.ClientCredentials(ctx)
		})
		// Two processes share what one has obtained, and nothing has to be put first.
		store := tokens.NewMemoryStore()
		a, b := newManager(t, store, grant), newManager(t, store, grant)
		got := make(chan string, 20)
		for i := range 20 {
			go func() {
				tok, err := []*tokens.Manager{a, b}[i%2].Token(t.Context(), "app")
				require.NoError(t, err)
				got <- tok.AccessToken
			}()
		}
		first := <-got
		for range 19 {
			require.Equal(t, first, <-got)
		}
		require.EqualValues(t, 1, asked.Load())
		time.Sleep(2 * time.Hour)
		tok, err := b.Token(t.Context(), "app")
		require.NoError(t, err)
		require.NotEqual(t, first, tok.AccessToken)
		require.True(t, srv.Valid(tok.AccessToken))
		require.EqualValues(t, 2, asked.Load())

		// Its failures never need the user.
		failing := newManager(t, tokens.NewMemoryStore(), tokens.Grant(func(context.Context) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "jwt bearer", Status: 400, Code: "invalid_grant"}
		}))
		_, err = failing.Token(t.Context(), "app")
		require.NotErrorIs(t, err, tokens.ErrReauthorizationRequired)
		_, ok := errors.AsType[*tokens.RefreshError](err)
		require.True(t, ok)
		require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	})
}

func TestNewSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		src, err := tokens.NewSource(tokens.GrantFrom(tokenSource(func() (*oauth2.Token, error) {
			n++
			return &oauth2.Token{AccessToken: string(rune('a' + n)), Expiry: time.Now().Add(time.Hour)}, nil
		})))
		require.NoError(t, err)
		first, err := src.Token()
		require.NoError(t, err)
		again, err := src.Token()
		require.NoError(t, err)
		require.Equal(t, first, again)
		time.Sleep(10 * time.Second)
		next, err := src.RefreshToken(t.Context(), first)
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, next.AccessToken)
		require.Equal(t, 2, n)

		_, err = tokens.NewSource(nil)
		require.Error(t, err)
	})
}

// What can be known of a source's arguments is told at construction.
func TestNewSource_BadInput(t *testing.T) {
	t.Parallel()
	_, err := tokens.NewSource(nil)
	require.ErrorContains(t, err, "the grant is nil")
	_, err = tokens.NewSource(func(context.Context) (*oauth2.Token, error) { return signIn("a"), nil }, tokens.WithLease(0))
	require.ErrorContains(t, err, "must be positive")
}

type tokenSource func() (*oauth2.Token, error)

func (f tokenSource) Token() (*oauth2.Token, error) { return f() }

// A token source that hangs does not hang its callers.
func TestGrantFrom_Hangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		src, err := tokens.NewSource(tokens.GrantFrom(tokenSource(func() (*oauth2.Token, error) {
			<-release
			return nil, errors.New("too late")
		})), tokens.WithTimeout(time.Second))
		require.NoError(t, err)
		began := time.Now()
		_, err = src.Token()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(began), 4*time.Second)
		close(release)
	})
}

// A source that caches by itself gives the refused token again: that is an
// error, not a token.
func TestGrantFrom_CachesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, err := tokens.NewSource(tokens.GrantFrom(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "same"})))
		require.NoError(t, err)
		tok, err := src.Token()
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		_, err = src.RefreshToken(t.Context(), tok)
		_, ok := errors.AsType[*tokens.RefreshError](err)
		require.True(t, ok, "%v", err)
	})
}

func TestSource_CachedTokenAllocatesNothing(t *testing.T) {
	m := newManager(t, tokens.NewMemoryStore(), tokens.Grant(nil))
	require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a", Expiry: time.Now().Add(time.Hour)}))
	src, ctx := m.Source(userKey), t.Context()
	_, err := src.Token()
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		_, _ = src.Token()
		_, _ = src.TokenContext(ctx)
		_, _ = m.Token(ctx, userKey)
	}))
}
