package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func TestManager_ATokenThatIsNoUse(t *testing.T) {
	for name, answer := range map[string]func() *oauth2.Token{
		"expired":         func() *oauth2.Token { return living(0) },
		"long expired":    func() *oauth2.Token { return living(-time.Hour) },
		"the failed one":  func() *oauth2.Token { return &oauth2.Token{AccessToken: "failed", RefreshToken: "rt"} },
		"the failed, too": func() *oauth2.Token { return &oauth2.Token{AccessToken: "failed", Expiry: time.Now().Add(time.Hour)} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &counted{Refresher: refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return answer(), nil })}
				m := newManager(t, tokens.NewMemoryStore(), r)
				require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "failed", RefreshToken: "rt"}))
				_, err := m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "failed"})
				refresh, ok := errors.AsType[*tokens.RefreshError](err)
				require.True(t, ok, "%v", err)
				require.ErrorContains(t, err, "expired, or the one that had failed")
				require.Equal(t, userKey, refresh.Key)
				require.Equal(t, 1, r.count())
				if answer().AccessToken == "failed" {
					return
				}
				time.Sleep(time.Second - 1)
				_, err = m.Token(t.Context(), userKey)
				require.ErrorContains(t, err, "expired, or the one that had failed")
				require.Equal(t, 1, r.count())
				time.Sleep(time.Nanosecond)
				_, err = m.Token(t.Context(), userKey)
				require.Error(t, err)
				require.Equal(t, 2, r.count())
			})
		})
	}
}

func TestManager_AContextEndsWhileOthersWrite(t *testing.T) {
	for name, call := range map[string]func(context.Context, *tokens.Manager) error{
		"Put":    func(ctx context.Context, m *tokens.Manager) error { return m.Put(ctx, userKey, signIn("a")) },
		"Delete": func(ctx context.Context, m *tokens.Manager) error { _, err := m.Delete(ctx, userKey); return err },
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := &scripted{MemoryStore: tokens.NewMemoryStore(), at: map[int]func() error{}}
			for _, n := range []int{2, 4, 6} {
				store.at[n] = func() error {
					if n == 6 {
						cancel()
					}
					return tokens.ErrConflict
				}
			}
			require.NoError(t, newManager(t, store.MemoryStore, refresherFunc(nil)).Put(t.Context(), userKey, signIn("old")))
			err := call(ctx, newManager(t, store, refresherFunc(nil)))
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorContains(t, err, `token "`+userKey+`"`)
			require.Equal(t, 6, store.steps)
			_, ok := errors.AsType[*tokens.StoreError](err)
			require.False(t, ok, "%v", err)
		})
	}
}

func TestManager_HowLongADeleteWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		beats bool
		limit time.Duration
		wait  time.Duration
	}{
		"alive": {true, time.Hour, 20 * time.Second}, "dead": {false, time.Hour, 5 * time.Second}, "impatient": {true, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := make(chan struct{})
				store := tokens.NewMemoryStore()
				victim := &crashing{store, make(chan struct{}), end}
				b, err := tokens.New(victim, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
					if !tc.beats {
						close(victim.dead)
					}
					<-end
					return nil, errDatabase
				}))
				require.NoError(t, err)
				require.NoError(t, b.Put(t.Context(), userKey, living(-time.Hour)))
				go func() { _, _ = b.Token(context.Background(), userKey) }()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), tc.limit)
				defer cancel()
				began := time.Now()
				gone, err := newManager(t, store, refresherFunc(nil)).Delete(ctx, userKey)
				require.InDelta(t, tc.wait.Seconds(), time.Since(began).Seconds(), 0.3)
				if tc.limit < tc.wait+time.Millisecond {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.ErrorContains(t, err, userKey)
				} else {
					require.NoError(t, err)
					require.Equal(t, "at-0", gone.AccessToken)
				}
				close(end)
				_ = b.Shutdown(ended(t))
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestManager_ShutdownInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, life := range []time.Duration{-time.Hour, time.Hour} {
			store := &heldLoad{MemoryStore: tokens.NewMemoryStore()}
			r := numbered(time.Hour)
			m := newManager(t, store, r)
			require.NoError(t, m.Put(t.Context(), userKey, living(life)))
			time.Sleep(max(0, life-10*time.Second))
			hold := make(chan struct{})
			store.next(hold)
			var err error
			var tok *oauth2.Token
			var wg sync.WaitGroup
			wg.Go(func() { tok, err = m.Token(t.Context(), userKey) })
			synctest.Wait()
			wg.Go(func() { require.NoError(t, m.Shutdown(t.Context())) })
			synctest.Wait()
			close(hold)
			wg.Wait()
			if life > 0 {
				require.NoError(t, err)
				require.Equal(t, "at-0", tok.AccessToken, "what lives is handed out")
				tok, err = m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, "at-0", tok.AccessToken)
			} else {
				require.ErrorIs(t, err, tokens.ErrManagerClosed)
				_, err = m.Token(t.Context(), "never seen")
				require.ErrorIs(t, err, tokens.ErrManagerClosed)
			}
			require.Zero(t, r.count())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		for _, maybe := range []bool{true, false} {
			sent := 0
			m := newManager(t, tokens.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				sent++
				time.Sleep(time.Second)
				return nil, &oauthflow.TokenError{Op: "refresh", MaybeApplied: maybe}
			}))
			require.NoError(t, m.Put(t.Context(), userKey, living(-time.Hour)))
			go func() { _, _ = m.Token(context.Background(), userKey) }()
			synctest.Wait()
			began := time.Now()
			require.NoError(t, m.Shutdown(t.Context()))
			require.Equal(t, time.Second, time.Since(began))
			require.Equal(t, 1, sent)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		store, r := tokens.NewMemoryStore(), numbered(time.Hour)
		_, err := store.Save(t.Context(), userKey, tokens.Record{Data: []byte(`{"format":1,"refresh_token":"r","refresh":{"owner":"other","beat":"2000-01-01T00:00:00Z"}}`)})
		require.NoError(t, err)
		m := newManager(t, store, r)
		var wg sync.WaitGroup
		wg.Go(func() { _, err = m.Token(t.Context(), userKey) })
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, m.Shutdown(t.Context()))
		wg.Wait()
		require.ErrorIs(t, err, tokens.ErrRefreshInProgress)
		require.LessOrEqual(t, time.Since(began), 250*time.Millisecond)
		require.Zero(t, r.count())
	})
}

func TestO4_CallersAreToldOnceThatItCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &scripted{MemoryStore: tokens.NewMemoryStore(), at: map[int]func() error{}}
		told := 0
		m := newManager(t, store, numbered(time.Hour), tokens.OnFailure(func(_ context.Context, _ string, err error) {
			requireStoreError(t, err, "save")
			told++
		}))
		require.NoError(t, m.Put(t.Context(), userKey, living(-time.Hour)))
		first := store.steps
		for n := first + 3; n < first+60; n++ {
			store.fails(n)
		}
		began := time.Now()
		_, err := m.Token(t.Context(), userKey)
		requireStoreError(t, err, "save")
		require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		require.Less(t, time.Since(began), 10*time.Second)
		time.Sleep(10 * time.Minute)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-1", tok.AccessToken)
		require.Equal(t, 1, told)
	})
}

func TestO5_NoReplayForAMarkThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		other := newManager(t, store, refresherFunc(nil))
		sent := 0
		m := newManager(t, store, refresherFunc(func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
			sent++
			time.Sleep(time.Second)
			if err := other.Put(ctx, userKey, signIn("new")); err != nil {
				return nil, err
			}
			time.Sleep(3 * time.Second) // signs of life are due, and find another record
			return nil, errDatabase
		}))
		require.NoError(t, m.Put(t.Context(), userKey, living(-time.Hour)))
		_, err := m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, errDatabase)
		require.Equal(t, 1, sent)
		time.Sleep(time.Second)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-new", tok.AccessToken)
	})
}
