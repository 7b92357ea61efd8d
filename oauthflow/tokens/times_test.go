package tokens_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

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

func TestO7_WhenATokenGoesStale(t *testing.T) {
	for _, cold := range []bool{false, true} { // what is in memory, and what is read from the store
		for after, want := range map[time.Duration]string{0: "at-0", 18: "at-0", 19: "at-1", 20: "at-1", 21: "at-1"} {
			synctest.Test(t, func(t *testing.T) {
				store, r := tokens.NewMemoryStore(), numbered(time.Hour)
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
			m := newManager(t, tokens.NewMemoryStore(), r)
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

func TestManager_WhenTheStoreIsAskedAgain(t *testing.T) {
	for _, recheck := range []time.Duration{time.Nanosecond, time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			store := &faultyStore{Store: tokens.NewMemoryStore()}
			m := newManager(t, store, refresherFunc(nil), tokens.WithRecheck(recheck))
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

func TestManager_HowLongACallerWaits(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{5 * time.Second: time.Second, 2 * time.Second: time.Second, 2*time.Second - 1: 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			r := numbered(time.Hour)
			slow := refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
				time.Sleep(1500 * time.Millisecond)
				return r.Refresh(ctx, tok)
			})
			m := newManager(t, tokens.NewMemoryStore(), slow)
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
		m := newManager(t, tokens.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
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

func TestO5_WhenAPauseEndsForAnotherProcess(t *testing.T) {
	for after, sent := range map[time.Duration]int{0: 1, time.Second - 1: 1, time.Second: 2, time.Hour: 2, -time.Hour: 2} {
		synctest.Test(t, func(t *testing.T) {
			sends := 0
			r := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				sends++
				return nil, &oauthflow.TokenError{Op: "refresh", Status: 429}
			})
			memory := tokens.NewMemoryStore()
			var store tokens.Store = memory
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

func TestO5_WhenATokenIsTooYoung(t *testing.T) {
	for life, limit := range map[time.Duration]time.Duration{time.Hour: 5 * time.Second, 20 * time.Second: 2 * time.Second, 50 * time.Second: 5 * time.Second, 40 * time.Second: 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := numbered(life)
			m := newManager(t, tokens.NewMemoryStore(), r)
			require.NoError(t, m.Put(t.Context(), userKey, living(life)))
			tok, err := m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "at-0"})
			require.NoError(t, err, "one that was put is never too young")
			require.Equal(t, "at-1", tok.AccessToken)
			for _, wait := range []time.Duration{0, limit - 1} {
				time.Sleep(wait)
				_, err = m.RefreshToken(t.Context(), userKey, tok)
				require.ErrorIs(t, err, tokens.ErrRefreshedRecently)
			}
			time.Sleep(time.Nanosecond)
			tok, err = m.RefreshToken(t.Context(), userKey, tok)
			require.NoError(t, err)
			require.Equal(t, "at-2", tok.AccessToken)
		})
	}
}
