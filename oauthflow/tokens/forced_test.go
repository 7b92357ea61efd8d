package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func TestManager_RefreshTokenAfter401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		m, first := signedIn(t, srv, store, client)
		m2 := newManager(t, store, client)
		_, err := m2.Token(t.Context(), userKey)
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)

		// Many calls fail at once, in two processes.
		srv.SetLatency(time.Second)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				tok, err := []*tokens.Manager{m, m2}[i%2].RefreshToken(t.Context(), userKey, first)
				require.NoError(t, err)
				require.NotEqual(t, first.AccessToken, tok.AccessToken)
				require.True(t, srv.Valid(tok.AccessToken))
			})
		}
		wg.Wait()
		require.Equal(t, 1, refreshes(srv))

		// A straggler that still has the first token gets the second.
		second, err := m.RefreshToken(t.Context(), userKey, first)
		require.NoError(t, err)
		require.Equal(t, 1, refreshes(srv))
		require.NotEqual(t, first.AccessToken, second.AccessToken)

		// A service that answers 401 to everything does not make us hammer the server.
		for range 100 {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			if _, err = m.RefreshToken(t.Context(), userKey, tok); err != nil {
				require.ErrorIs(t, err, tokens.ErrRefreshedRecently)
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, refreshes(srv), 4)

		none, err := m.RefreshToken(t.Context(), userKey, nil)
		require.NoError(t, err, "nothing failed: any token will do")
		require.NotEmpty(t, none.AccessToken)
	})
}

// O5: the access token was refused and the refresh token is dead, which ends the
// grant. The access token is handed out for as long as it lives: that a service has
// refused it is not stored, so the next call fails as this one did and says why.
func TestO5_RefusedAndDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		told := 0
		m, first := signedIn(t, srv, store, client, tokens.OnReauth(func(context.Context, *tokens.ReauthError) { told++ }))
		other := newManager(t, store, client)
		srv.Revoke(first.RefreshToken)
		for _, m := range []*tokens.Manager{m, other, m} {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
			_, err = m.RefreshToken(t.Context(), userKey, tok)
			reauth, ok := errors.AsType[*tokens.ReauthError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "invalid_grant", reauth.Code)
		}
		require.Equal(t, 1, refreshes(srv))
		synctest.Wait()
		require.Equal(t, 1, told)
		time.Sleep(2 * time.Hour)
		_, err := m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
	})
}

// O5: one 401 says nothing of a token that cannot be refreshed: the caller learns
// that there is no other, and nothing is stored, for nobody.
func TestO5_A401IsNotStored(t *testing.T) {
	for name, tok := range map[string]*oauth2.Token{
		"that does not expire": {AccessToken: "gho_x"},
		"that expires":         {AccessToken: "gho_x", Expiry: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := tokens.NewMemoryStore()
				r := &counted{Refresher: refresherFunc(nil)}
				never := tokens.OnReauth(func(context.Context, *tokens.ReauthError) { t.Error("nothing has ended") })
				m, other := newManager(t, store, r, never), newManager(t, store, r, never)
				require.NoError(t, m.Put(t.Context(), userKey, tok))
				before, err := store.Load(t.Context(), userKey)
				require.NoError(t, err)
				for range 3 {
					for _, m := range []*tokens.Manager{m, other} {
						got, err := m.Token(t.Context(), userKey)
						require.NoError(t, err)
						require.Equal(t, "gho_x", got.AccessToken)
						_, err = m.RefreshToken(t.Context(), userKey, got)
						require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
						require.ErrorContains(t, err, "a service has refused the access token")
					}
					time.Sleep(10 * time.Second)
				}
				after, err := store.Load(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, before.Version, after.Version)
				require.Zero(t, r.count())
			})
		})
	}
}

// O5: nor does a 401 end a grant whose refresh has had no answer, under
// WithoutReplay: the end of the access token does.
func TestO5_A401IsNotStoredWithoutReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		lost := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 502, MaybeApplied: true}
		})
		m := newManager(t, store, lost, tokens.WithoutReplay())
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "at", RefreshToken: "rt", Expiry: time.Now().Add(time.Hour)}))
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		_, err = m.RefreshToken(t.Context(), userKey, tok)
		require.Error(t, err)
		time.Sleep(2 * time.Minute)
		_, err = m.RefreshToken(t.Context(), userKey, tok)
		reauth, ok := errors.AsType[*tokens.ReauthError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, 1, reauth.Unanswered)
		_, err = m.Token(t.Context(), userKey)
		require.NoError(t, err, "it lives")
		time.Sleep(time.Hour)
		_, err = m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
	})
}

func TestManager_SignOutElsewhereIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		m, first := signedIn(t, srv, store, client)
		m2 := newManager(t, store, client)
		tok, err := m2.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, tok.AccessToken)

		other := srv.Issue("web", "alice")
		require.NoError(t, m.Put(t.Context(), userKey, other))
		time.Sleep(61 * time.Second)
		tok, err = m2.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, other.AccessToken, tok.AccessToken, "a sign-in elsewhere")

		_, err = m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		time.Sleep(61 * time.Second)
		_, err = m2.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrNotFound, "a sign-out elsewhere")
	})
}

// Delete waits for a refresh in flight, in another process too, so that what it
// returns is the newest refresh token, which can be revoked.
func TestManager_DeleteWaitsForARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		m, first := signedIn(t, srv, store, client)
		other := newManager(t, store, client)
		time.Sleep(2 * time.Hour)
		srv.SetLatency(3 * time.Second)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = m.Token(t.Context(), userKey) })
		synctest.Wait()
		began := time.Now()
		gone, err := other.Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 2*time.Second)
		wg.Wait()
		require.NotEqual(t, first.RefreshToken, gone.RefreshToken)
		next, err := client.Refresh(t.Context(), gone)
		require.NoError(t, err, "it is the living one")
		require.NotEmpty(t, next.AccessToken)
		_, err = store.Load(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}

// A refresh that ends after a sign-out does not bring the token back.
func TestManager_PutDuringARefreshWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		m, _ := signedIn(t, srv, tokens.NewMemoryStore(), client)
		time.Sleep(2 * time.Hour)
		srv.SetLatency(time.Second)
		var wg sync.WaitGroup
		var got *oauth2.Token
		wg.Go(func() {
			var err error
			got, err = m.Token(context.Background(), userKey)
			require.NoError(t, err)
		})
		synctest.Wait()
		fresh := srv.Issue("web", "alice")
		require.NoError(t, m.Put(t.Context(), userKey, fresh))
		wg.Wait()
		require.Equal(t, fresh.AccessToken, got.AccessToken, "the refresh lost to the sign-in")
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, fresh.AccessToken, tok.AccessToken)
	})
}

func TestManager_Shutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		m, first := signedIn(t, srv, store, client)
		require.NoError(t, m.Put(t.Context(), "fresh", &oauth2.Token{AccessToken: "fresh"}))
		time.Sleep(2 * time.Hour)
		srv.SetLatency(3 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = m.Token(ctx, userKey) }()
		synctest.Wait()
		cancel()
		began := time.Now()
		require.NoError(t, m.Shutdown(t.Context()))
		require.GreaterOrEqual(t, time.Since(began), 3*time.Second, "the refresh was waited for")
		tok, err := newManager(t, store, client).Token(t.Context(), userKey)
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, tok.AccessToken)
		require.Equal(t, 1, refreshes(srv))

		time.Sleep(2 * time.Hour)
		_, err = m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrManagerClosed)
		tok, err = m.Token(t.Context(), "fresh")
		require.NoError(t, err, "what is in memory is handed out")
		require.Equal(t, "fresh", tok.AccessToken)
		require.NoError(t, m.Shutdown(t.Context()))
	})
}

func TestManager_RefresherByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srvA, a := authServer(t, oauthtest.Config{})
		srvB, b := authServer(t, oauthtest.Config{})
		m := newManager(t, tokens.NewMemoryStore(), nil, tokens.WithRefresherFor(func(key string) (tokens.Refresher, error) {
			switch key {
			case "42/a":
				return a, nil
			case "42/b":
				return b, nil
			}
			return nil, fmt.Errorf("no provider for %q", key)
		}))
		require.NoError(t, m.Put(t.Context(), "42/a", srvA.Issue("web", "alice")))
		require.NoError(t, m.Put(t.Context(), "42/b", srvB.Issue("web", "alice")))
		require.ErrorContains(t, m.Put(t.Context(), "42/c", &oauth2.Token{AccessToken: "x"}), "no provider")
		time.Sleep(2 * time.Hour)
		for key, srv := range map[string]*oauthtest.Server{"42/a": srvA, "42/b": srvB} {
			tok, err := m.Token(t.Context(), key)
			require.NoError(t, err)
			require.True(t, srv.Valid(tok.AccessToken))
		}
		_, err := m.Token(t.Context(), "42/c")
		_, ok := errors.AsType[*tokens.RefreshError](err)
		require.True(t, ok, "%v", err)
	})
}
