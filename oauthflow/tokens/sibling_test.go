package tokens_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// once is a server that takes each refresh token a single time.
func once() tokens.Refresher {
	var used atomic.Bool
	return refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
		if used.Swap(true) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		}
		return signIn("new"), nil
	})
}

// O5: a process was stopped before it sent its refresh. Another one has taken over and
// won, and what it got is on its way into the store: nobody need sign in again.
func TestO5_ASiblingHasWonAndNotStoredYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, store := once(), tokens.NewMemoryStore()
		stopped, wake := &faultyStore{Store: store}, make(chan struct{})
		var reauths atomic.Int32
		told := tokens.OnReauth(func(context.Context, *tokens.ReauthError) { reauths.Add(1) })
		a := newManager(t, stopped, refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			<-wake
			return server.Refresh(ctx, tok)
		}), told)
		require.NoError(t, a.Put(t.Context(), userKey, signIn("old")))
		time.Sleep(2 * time.Hour)
		stopped.stopped(wake)

		slow, stored := &faultyStore{Store: store}, make(chan struct{})
		saves := 0
		slow.set(nil, func(context.Context) error {
			if saves++; saves == 2 { // the first is its mark
				<-stored
			}
			return nil
		}, nil)
		b := newManager(t, slow, server, told)

		type result struct {
			tok *oauth2.Token
			err error
		}
		results := make(chan result, 2)
		ask := func(m *tokens.Manager) {
			tok, err := m.Token(context.Background(), userKey)
			results <- result{tok, err}
		}
		go ask(a)
		synctest.Wait()
		go ask(b)
		time.Sleep(7 * time.Second) // b has taken over and is storing
		close(wake)
		time.Sleep(time.Second)
		close(stored)
		for range 2 {
			r := <-results
			require.NoError(t, r.err)
			require.Equal(t, "at-new", r.tok.AccessToken)
		}
		require.Zero(t, reauths.Load())
	})
}

// O3: the result of a Put was lost, and its token is being refreshed by the time that
// this shows. What takes the mark off lets another process send the same refresh token.
func TestO3_APutWhoseResultWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		sent := 0
		refresher := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			sent++
			time.Sleep(time.Second)
			return signIn("new"), nil
		})
		b, c := newManager(t, store, refresher), newManager(t, store, refresher)
		lossy := &faultyStore{Store: store}
		a := newManager(t, lossy, refresher)
		lost := false
		lossy.set(nil, nil, func() error {
			if lost {
				return nil
			}
			lost = true
			go func() { _, _ = b.Token(context.Background(), userKey) }()
			synctest.Wait() // it has put its mark, and sends
			return errDatabase
		})
		old := signIn("old")
		old.Expiry = time.Now().Add(-time.Hour)
		require.NoError(t, a.Put(t.Context(), userKey, old))
		tok, err := c.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-new", tok.AccessToken)
		require.Equal(t, 1, sent)
	})
}

// O5: nor is what such a token has been exchanged for by then: its refresh token is used
// up.
func TestO5_APutWhoseResultWasLostAndWhoseTokenWasRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, server := tokens.NewMemoryStore(), once()
		b := newManager(t, store, server)
		lossy := &faultyStore{Store: store}
		a := newManager(t, lossy, server)
		lost := false
		lossy.set(nil, nil, func() error {
			if lost {
				return nil
			}
			lost = true
			_, err := b.Token(context.Background(), userKey)
			require.NoError(t, err)
			return errDatabase
		})
		old := signIn("old")
		old.Expiry = time.Now().Add(-time.Hour)
		require.NoError(t, a.Put(t.Context(), userKey, old))
		for _, m := range []*tokens.Manager{a, b, newManager(t, store, server)} {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, "at-new", tok.AccessToken)
		}
	})
}

// O5: that the grant is dead was recorded, and the store's result was lost. The process
// that found out is this one all the same, and no other will tell.
func TestO5_ADeadGrantWhoseRecordingWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		var reauths atomic.Int32
		m := newManager(t, store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		}), tokens.OnReauth(func(context.Context, *tokens.ReauthError) { reauths.Add(1) }))
		require.NoError(t, m.Put(t.Context(), userKey, signIn("old")))
		time.Sleep(2 * time.Hour)
		saves := 0
		store.set(nil, nil, func() error {
			if saves++; saves == 2 { // the first is the mark
				return errDatabase
			}
			return nil
		})
		for range 2 {
			_, err := m.Token(t.Context(), userKey)
			require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
			synctest.Wait()
			require.EqualValues(t, 1, reauths.Load())
		}
	})
}

// O5: a user signs in again, for more scopes, while the old token is being refreshed, at
// a server that gives out the same refresh token each time. The sign-in is not lost.
func TestO5_ASignInWithTheSameRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{})
		same := func(access string) *oauth2.Token {
			return &oauth2.Token{AccessToken: access, RefreshToken: "rt", Expiry: time.Now().Add(time.Hour)}
		}
		m := newManager(t, tokens.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			<-wake
			return same("at-narrow"), nil
		}))
		require.NoError(t, m.Put(t.Context(), userKey, same("at-old")))
		time.Sleep(2 * time.Hour)
		go func() { _, _ = m.Token(context.Background(), userKey) }()
		synctest.Wait()
		require.NoError(t, m.Put(t.Context(), userKey, same("at-wide")))
		close(wake)
		synctest.Wait()
		time.Sleep(5 * time.Minute) // so that the store is looked at again
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-wide", tok.AccessToken)
	})
}

// O3, O5: a sign of life was stored, and the store's result was lost. The mark is ours
// all the same: it is kept alive, so that nobody sends the refresh token beside us, and
// what became of the refresh is recorded.
func TestO3_ASignOfLifeWhoseResultWasLost(t *testing.T) {
	lossy := func(store tokens.Store) *faultyStore {
		s, saves := &faultyStore{Store: store}, 0
		s.set(nil, nil, func() error {
			if saves++; saves == 2 { // the first is the mark
				return errDatabase
			}
			return nil
		})
		return s
	}
	t.Run("succeeds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := tokens.NewMemoryStore()
			sent := 0
			slow := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				sent++
				time.Sleep(12 * time.Second)
				return signIn("new"), nil
			})
			a, b := newManager(t, lossy(store), slow), newManager(t, store, slow)
			old := signIn("old")
			old.Expiry = time.Now().Add(-time.Hour)
			require.NoError(t, b.Put(t.Context(), userKey, old))
			go func() { _, _ = a.Token(context.Background(), userKey) }()
			synctest.Wait()
			tok, err := b.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, "at-new", tok.AccessToken)
			require.Equal(t, 1, sent)
		})
	})
	t.Run("fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := tokens.NewMemoryStore()
			down := true
			refresher := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				if !down {
					return signIn("new"), nil
				}
				time.Sleep(3 * time.Second)
				return nil, &oauthflow.TokenError{Op: "refresh", Status: 503, Code: "temporarily_unavailable"}
			})
			a := newManager(t, lossy(store), refresher, tokens.WithoutReplay())
			old := signIn("old")
			old.Expiry = time.Now().Add(-time.Hour)
			require.NoError(t, newManager(t, store, refresher).Put(t.Context(), userKey, old))
			_, err := a.Token(t.Context(), userKey)
			require.ErrorContains(t, err, "temporarily_unavailable")
			down = false
			time.Sleep(time.Hour)
			tok, err := a.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, "at-new", tok.AccessToken)
		})
	})
}
