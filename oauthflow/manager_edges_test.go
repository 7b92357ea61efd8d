package oauthflow_test

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
)

// numbered is a refresher whose n-th token is "at-n", and lives for life.
func numbered(life time.Duration) *counted {
	n := 0
	return &counted{Refresher: refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
		n++
		return &oauth2.Token{AccessToken: fmt.Sprint("at-", n), RefreshToken: "rt", Expiry: time.Now().Add(life)}, nil
	})}
}

func living(life time.Duration) *oauth2.Token {
	return &oauth2.Token{AccessToken: "at-0", RefreshToken: "rt", Expiry: time.Now().Add(life)}
}

// O7: to the nanosecond. Of 20 ns the last two are early, and the jitter leaves one.
func TestO7_WhenATokenGoesStale(t *testing.T) {
	for _, cold := range []bool{false, true} { // what is in memory, and what is read from the store
		for after, want := range map[time.Duration]string{0: "at-0", 18: "at-0", 19: "at-1", 20: "at-1", 21: "at-1"} {
			synctest.Test(t, func(t *testing.T) {
				store, r := oauthflow.NewMemoryStore(), numbered(time.Hour)
				m := newManager(t, store, r)
				require.NoError(t, m.Put(t.Context(), userKey, living(20)))
				if cold {
					m = newManager(t, store, r)
				}
				time.Sleep(after)
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, want, tok.AccessToken, "after %d ns", after)
			})
		}
	}
	for life, early := range map[time.Duration]time.Duration{time.Hour: time.Minute, 10 * time.Minute: time.Minute, 5 * time.Minute: 30 * time.Second, 0: 0, -time.Hour: 0} {
		synctest.Test(t, func(t *testing.T) {
			r := numbered(time.Hour)
			m := newManager(t, oauthflow.NewMemoryStore(), r)
			require.NoError(t, m.Put(t.Context(), userKey, living(life)))
			time.Sleep(life - early - 1)
			if life > 0 {
				_, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Zero(t, r.count())
			}
			time.Sleep(early/5 + 1)
			_, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, 1, r.count())
		})
	}
}

// The store is asked again after the time of WithRecheck, and not before.
func TestManager_WhenTheStoreIsAskedAgain(t *testing.T) {
	for _, recheck := range []time.Duration{time.Nanosecond, time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			store := &faultyStore{Store: oauthflow.NewMemoryStore()}
			m := newManager(t, store, refresherFunc(nil), oauthflow.WithRecheck(recheck))
			require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a"}))
			before := store.loadCount()
			for _, step := range []struct {
				sleep time.Duration
				loads int
			}{{0, 0}, {recheck - 1, 0}, {1, 1}, {recheck - 1, 1}, {1, 2}} {
				time.Sleep(step.sleep)
				_, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, step.loads, store.loadCount()-before, "%v, %v", recheck, step)
			}
		})
	}
}

// A caller waits a second for a refresh while its token has two seconds or more, to
// the end of the refresh if it has less, and not at all after a failure.
func TestManager_HowLongACallerWaits(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{5 * time.Second: time.Second, 2 * time.Second: time.Second, 2*time.Second - 1: 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			r := numbered(time.Hour)
			slow := refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
				time.Sleep(1500 * time.Millisecond)
				return r.Refresh(ctx, tok)
			})
			m := newManager(t, oauthflow.NewMemoryStore(), slow)
			require.NoError(t, m.Put(t.Context(), userKey, living(100*time.Second)))
			time.Sleep(100*time.Second - left)
			began := time.Now()
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, want, time.Since(began), left)
			require.Equal(t, want > time.Second, tok.AccessToken == "at-1")
			if want > time.Second {
				return
			}
			// The second caller of the same refresh waits for the rest of the second.
			tok, err = m.Token(t.Context(), userKey)
			require.NoError(t, err)
			if left > 3*time.Second {
				require.Equal(t, time.Second, time.Since(began))
				require.Equal(t, "at-0", tok.AccessToken)
			}
			time.Sleep(time.Second)
			tok, err = m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, "at-1", tok.AccessToken)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		n := 0
		m := newManager(t, oauthflow.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			if n++; n > 1 {
				time.Sleep(time.Second)
			}
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 429}
		}))
		require.NoError(t, m.Put(t.Context(), userKey, living(100*time.Second)))
		time.Sleep(95 * time.Second)
		for _, wait := range []time.Duration{0, time.Second - 1, 1} {
			time.Sleep(wait)
			began := time.Now()
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, "at-0", tok.AccessToken)
			require.Zero(t, time.Since(began))
			synctest.Wait()
			require.Equal(t, 1+min(int(wait), 1)/max(int(wait), 1), n, "the pause is a second")
		}
	})
}

// O5: a process that comes later sees the pause end to the nanosecond, and does not
// believe one that cannot be.
func TestO5_WhenAPauseEndsForAnotherProcess(t *testing.T) {
	for after, sent := range map[time.Duration]int{0: 1, time.Second - 1: 1, time.Second: 2, time.Hour: 2, -time.Hour: 2} {
		synctest.Test(t, func(t *testing.T) {
			sends := 0
			r := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				sends++
				return nil, &oauthflow.TokenError{Op: "refresh", Status: 429}
			})
			memory := oauthflow.NewMemoryStore()
			var store oauthflow.Store = memory
			m := newManager(t, store, r)
			require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
			_, err := m.Token(t.Context(), userKey)
			require.Error(t, err)
			if after < 0 { // the writer's clock is ahead
				store = otherClock{memory, -after}
			} else {
				time.Sleep(after)
			}
			_, err = newManager(t, store, r).Token(t.Context(), userKey)
			require.Error(t, err)
			require.Equal(t, sent, sends, after)
		})
	}
}

// O5: a token is refreshed after a 401 only if it is old enough to be worth it: five
// seconds, or a tenth of its life.
func TestO5_WhenATokenIsTooYoung(t *testing.T) {
	for life, limit := range map[time.Duration]time.Duration{time.Hour: 5 * time.Second, 20 * time.Second: 2 * time.Second, 50 * time.Second: 5 * time.Second, 40 * time.Second: 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := numbered(life)
			m := newManager(t, oauthflow.NewMemoryStore(), r)
			require.NoError(t, m.Put(t.Context(), userKey, living(life)))
			tok, err := m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "at-0"})
			require.NoError(t, err, "one that was put is never too young")
			require.Equal(t, "at-1", tok.AccessToken)
			for _, wait := range []time.Duration{0, limit - 1} {
				time.Sleep(wait)
				_, err = m.RefreshToken(t.Context(), userKey, tok)
				require.ErrorIs(t, err, oauthflow.ErrRefreshedRecently)
			}
			time.Sleep(1)
			tok, err = m.RefreshToken(t.Context(), userKey, tok)
			require.NoError(t, err)
			require.Equal(t, "at-2", tok.AccessToken)
		})
	}
}

// A server that gives a token which is over already, or the one that has failed, is
// not asked again at once, and its token is not handed out.
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
				m := newManager(t, oauthflow.NewMemoryStore(), r)
				require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "failed", RefreshToken: "rt"}))
				_, err := m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "failed"})
				refresh, ok := errors.AsType[*oauthflow.RefreshError](err)
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
				time.Sleep(1)
				_, err = m.Token(t.Context(), userKey)
				require.Error(t, err)
				require.Equal(t, 2, r.count())
			})
		})
	}
}

// Who asks for another token than one that failed is not answered by a look that was
// under way for somebody who did not know.
func TestManager_ALookForSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &heldLoad{MemoryStore: oauthflow.NewMemoryStore()}
		r := numbered(time.Hour)
		require.NoError(t, newManager(t, store, r).Put(t.Context(), userKey, living(time.Hour)))
		m := newManager(t, store, r)
		hold := make(chan struct{})
		store.next(hold)
		var first, second *oauth2.Token
		var wg sync.WaitGroup
		wg.Go(func() { first, _ = m.Token(t.Context(), userKey) })
		synctest.Wait()
		wg.Go(func() { second, _ = m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "at-0"}) })
		synctest.Wait()
		close(hold)
		wg.Wait()
		require.Equal(t, "at-0", first.AccessToken)
		require.Equal(t, "at-1", second.AccessToken)
	})
}

// A store is tried three times, unless what it says is an answer.
func TestManager_HowOftenAStoreIsTried(t *testing.T) {
	for _, tc := range []struct {
		err   error
		loads int
	}{
		{errDatabase, 3}, {oauthflow.ErrNotFound, 1}, {oauthflow.ErrCorrupt, 1}, {oauthflow.ErrConflict, 1},
		{context.Canceled, 1}, {context.DeadlineExceeded, 1}, {fmt.Errorf("x: %w", oauthflow.ErrCorrupt), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &faultyStore{Store: oauthflow.NewMemoryStore()}
			store.set(func(context.Context) error { return tc.err }, nil, nil)
			m := newManager(t, store, refresherFunc(nil))
			began := time.Now()
			_, err := m.Token(t.Context(), userKey)
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.loads, store.loadCount(), tc.err)
			require.Equal(t, time.Duration(tc.loads/3)*120*time.Millisecond, time.Since(began))
		})
	}
	synctest.Test(t, func(t *testing.T) { // the context of the caller ends the tries
		store := &faultyStore{Store: oauthflow.NewMemoryStore()}
		ctx, cancel := context.WithCancel(t.Context())
		store.set(func(context.Context) error { cancel(); return errDatabase }, nil, nil)
		m := newManager(t, store, refresherFunc(nil))
		require.ErrorIs(t, m.Put(ctx, userKey, signIn("a")), errDatabase)
		require.Equal(t, 1, store.loadCount())
	})
}

// blindStore does not tell the version of a record that it cannot open.
type blindStore struct {
	*oauthflow.MemoryStore
	opens   bool
	deletes int
	delete  func() error
}

func (s *blindStore) Load(ctx context.Context, key string) (oauthflow.Record, error) {
	if !s.opens {
		return oauthflow.Record{}, oauthflow.ErrCorrupt
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *blindStore) Delete(ctx context.Context, key string) error {
	if s.deletes++; s.delete != nil {
		return s.delete()
	}
	s.opens = true
	return s.MemoryStore.Delete(ctx, key)
}

// versionless is a store that does not say what version a record is.
type versionless struct{ *oauthflow.MemoryStore }

func (s versionless) Load(ctx context.Context, key string) (oauthflow.Record, error) {
	r, err := s.MemoryStore.Load(ctx, key)
	r.Version = 0
	return r, err
}

func TestManager_ARecordWithoutAVersion(t *testing.T) {
	t.Parallel()
	store := oauthflow.NewMemoryStore()
	require.NoError(t, newManager(t, store, refresherFunc(nil)).Put(t.Context(), userKey, signIn("a")))
	_, err := newManager(t, versionless{store}, refresherFunc(nil)).Token(t.Context(), userKey)
	requireStoreError(t, err, "load")
	require.ErrorContains(t, err, "it has no version")
}

func TestManager_ARecordWhoseVersionIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &blindStore{MemoryStore: oauthflow.NewMemoryStore()}
		_, err := store.Save(t.Context(), userKey, oauthflow.Record{Data: []byte("junk")})
		require.NoError(t, err)
		m := newManager(t, store, refresherFunc(nil))
		store.delete = func() error { return errDatabase }
		requireStoreError(t, m.Put(t.Context(), userKey, signIn("a")), "delete")
		_, err = m.Delete(t.Context(), userKey)
		requireStoreError(t, err, "delete")
		require.ErrorIs(t, err, errDatabase)
		require.Equal(t, 6, store.deletes)
		store.delete = nil
		require.NoError(t, m.Put(t.Context(), userKey, signIn("a")))
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-a", tok.AccessToken)
		store.opens = false
		gone, err := m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.Nil(t, gone)
		_, err = store.MemoryStore.Load(t.Context(), userKey)
		require.ErrorIs(t, err, oauthflow.ErrNotFound)
	})
}

// A context that ends ends a Put or a Delete that others keep getting in the way of.
func TestManager_AContextEndsWhileOthersWrite(t *testing.T) {
	for name, call := range map[string]func(context.Context, *oauthflow.Manager) error{
		"Put":    func(ctx context.Context, m *oauthflow.Manager) error { return m.Put(ctx, userKey, signIn("a")) },
		"Delete": func(ctx context.Context, m *oauthflow.Manager) error { _, err := m.Delete(ctx, userKey); return err },
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := &scripted{MemoryStore: oauthflow.NewMemoryStore(), at: map[int]func() error{}}
			for _, n := range []int{2, 4, 6} {
				store.at[n] = func() error {
					if n == 6 {
						cancel()
					}
					return oauthflow.ErrConflict
				}
			}
			require.NoError(t, newManager(t, store.MemoryStore, refresherFunc(nil)).Put(t.Context(), userKey, signIn("old")))
			err := call(ctx, newManager(t, store, refresherFunc(nil)))
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorContains(t, err, `token "`+userKey+`"`)
			require.Equal(t, 6, store.steps)
			_, ok := errors.AsType[*oauthflow.StoreError](err)
			require.False(t, ok, "%v", err)
		})
	}
}

// A Delete waits for the refresh of another process: for as long as that shows signs
// of life, up to the timeout and the lease together; for a lease if it shows none;
// and no longer than its context.
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
				store := oauthflow.NewMemoryStore()
				victim := &crashing{store, make(chan struct{}), end}
				b, err := oauthflow.NewManager(victim, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
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

// After Shutdown nothing is sent: not by a look that began before, nor again by a
// refresh that has failed, nor after waiting for another process.
func TestManager_ShutdownInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, life := range []time.Duration{-time.Hour, time.Hour} {
			store := &heldLoad{MemoryStore: oauthflow.NewMemoryStore()}
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
				require.ErrorIs(t, err, oauthflow.ErrManagerClosed)
				_, err = m.Token(t.Context(), "never seen")
				require.ErrorIs(t, err, oauthflow.ErrManagerClosed)
			}
			require.Zero(t, r.count())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		for _, maybe := range []bool{true, false} {
			sent := 0
			m := newManager(t, oauthflow.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
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
		store, r := oauthflow.NewMemoryStore(), numbered(time.Hour)
		_, err := store.Save(t.Context(), userKey, oauthflow.Record{Data: []byte(`{"format":1,"refresh_token":"r","refresh":{"owner":"other","beat":"2000-01-01T00:00:00Z"}}`)})
		require.NoError(t, err)
		m := newManager(t, store, r)
		var wg sync.WaitGroup
		wg.Go(func() { _, err = m.Token(t.Context(), userKey) })
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, m.Shutdown(t.Context()))
		wg.Wait()
		require.ErrorIs(t, err, oauthflow.ErrRefreshInProgress)
		require.LessOrEqual(t, time.Since(began), 250*time.Millisecond)
		require.Zero(t, r.count())
	})
}

// Callers are told after five seconds that a new token cannot be stored, and the
// function of OnFailure once.
func TestO4_CallersAreToldOnceThatItCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &scripted{MemoryStore: oauthflow.NewMemoryStore(), at: map[int]func() error{}}
		told := 0
		m := newManager(t, store, numbered(time.Hour), oauthflow.OnFailure(func(_ context.Context, _ string, err error) {
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

// Who has lost the mark to a sign-in while its request was out does not send again
// what is not stored any more.
func TestO5_NoReplayForAMarkThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := oauthflow.NewMemoryStore()
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

func TestManager_KeysEnd(t *testing.T) {
	t.Parallel()
	store := oauthflow.NewMemoryStore()
	m := newManager(t, store, refresherFunc(nil))
	for _, key := range []string{"a", "b", "c"} {
		require.NoError(t, m.Put(t.Context(), key, signIn(key)))
	}
	var seen []string
	for key := range m.Keys(t.Context(), "") {
		if seen = append(seen, key); key == "b" {
			break
		}
	}
	require.Equal(t, []string{"a", "b"}, seen)
	require.PanicsWithValue(t, "of the loop's own", func() {
		for range m.Keys(t.Context(), "") {
			panic("of the loop's own")
		}
	})
	n := 0
	for key, err := range m.Keys(ended(t), "") {
		n++
		require.Empty(t, key)
		require.ErrorIs(t, err, context.Canceled)
		_, ok := errors.AsType[*oauthflow.StoreError](err)
		require.True(t, ok)
	}
	require.Equal(t, 1, n)
}

func TestManager_EdgesOfItsInput(t *testing.T) {
	t.Parallel()
	long := fmt.Sprintf("%0512d", 1)
	m := newManager(t, oauthflow.NewMemoryStore(), refresherFunc(nil))
	require.NoError(t, m.Put(t.Context(), long, signIn("a")))
	for _, key := range []string{"", "a\nb", "a\x7f", "a\u0085", "\xff", long + "x"} {
		_, err := m.RefreshToken(t.Context(), key, signIn("a"))
		require.ErrorContains(t, err, "the token's key", "%q", key)
	}
	_, err := oauthflow.NewManager(oauthflow.NewMemoryStore(), refresherFunc(nil), oauthflow.WithTimeout(1), oauthflow.WithLease(1), oauthflow.WithRecheck(1), oauthflow.WithCapacity(1))
	require.NoError(t, err)
	for _, opt := range []oauthflow.ManagerOption{oauthflow.WithTimeout(0), oauthflow.WithLease(0), oauthflow.WithRecheck(0), oauthflow.WithCapacity(0), oauthflow.WithCapacity(-1)} {
		_, err := oauthflow.NewManager(oauthflow.NewMemoryStore(), refresherFunc(nil), opt)
		require.ErrorContains(t, err, "must be positive")
	}
	_, err = oauthflow.NewManager(nil, nil)
	require.ErrorContains(t, err, "the store is nil")
	_, err = oauthflow.NewManager(oauthflow.NewMemoryStore(), nil)
	require.ErrorContains(t, err, "no refresher")
	for want, tok := range map[string]*oauth2.Token{
		"nil": nil, "empty": {}, "blank": {AccessToken: " ", RefreshToken: "\t"},
	} {
		require.ErrorContains(t, m.Put(t.Context(), "k", tok), "it is empty", want)
	}
	require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{RefreshToken: "r"}))
	require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: "a"}))
	tok, err := m.RefreshToken(t.Context(), "k", &oauth2.Token{})
	require.NoError(t, err)
	require.Equal(t, "a", tok.AccessToken)

	none := newManager(t, oauthflow.NewMemoryStore(), nil, oauthflow.WithRefresherFor(func(string) (oauthflow.Refresher, error) { return nil, nil }))
	require.ErrorContains(t, none.Put(t.Context(), "k", signIn("a")), "there is no refresher for this key")
	_, err = none.Token(t.Context(), "k")
	require.ErrorContains(t, err, "there is no refresher for this key")

	// The members that a Client's provider names are kept.
	srv := oauthtest.New(oauthtest.Config{})
	c := newClient(t, srv, "web", func(cfg *oauthflow.Config) { cfg.Provider.Metadata = []string{"team"} })
	for _, names := range [][]string{nil, {"host"}} {
		m = newManager(t, oauthflow.NewMemoryStore(), c, oauthflow.WithExtra(names...))
		require.NoError(t, m.Put(t.Context(), "k", signIn("a").WithExtra(map[string]any{"team": "T", "host": "h", "scope": "s", "x": "y"})))
		tok, err = m.Token(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, []any{"T", "s", nil}, []any{tok.Extra("team"), tok.Extra("scope"), tok.Extra("x")})
		require.Equal(t, names != nil, tok.Extra("host") != nil)
	}
}
