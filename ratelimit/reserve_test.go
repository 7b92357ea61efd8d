package ratelimit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// slow is a storage that takes a while for each update, whoever waits for it.
type slow struct {
	memory
	takes   time.Duration
	begun   int
	ignores chan struct{} // if set, an update goes on until it is closed
}

func (s *slow) Update(ctx context.Context, key string, change func(old []byte) []byte) error {
	s.mu.Lock()
	s.begun++
	s.mu.Unlock()
	if s.ignores != nil {
		<-s.ignores
		return s.memory.Update(ctx, key, change)
	}
	select {
	case <-time.After(s.takes):
		return s.memory.Update(ctx, key, change)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slow) updated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

func slowQuota(t *testing.T, n int, s *slow) (*ratelimit.Keyed, *ratelimit.State) {
	t.Helper()
	s.kept = map[string][]byte{}
	state, err := ratelimit.NewState(t.Context(), s, ratelimit.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	return ratelimit.Quota(n, ratelimit.Day, ratelimit.WithState(state), ratelimit.WithMaxKeys(100)), state // one shard
}

// C17: while the storage is asked for one key, no other waits, in the same shard too.
func TestC17_AStorageThatIsSlowHoldsUpItsKeyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := slowQuota(t, 1000, &slow{takes: time.Second})
		require.NoError(t, l.Wait(t.Context(), "other"))
		require.NoError(t, l.Wait(t.Context(), "other")) // of two more that are reserved one is left
		var done sync.WaitGroup
		done.Go(func() { require.NoError(t, l.Wait(t.Context(), "key")) })
		synctest.Wait()
		began := time.Now()
		require.NoError(t, l.Wait(t.Context(), "other"))
		require.Zero(t, l.Delay("other"))
		require.False(t, l.Idle("key"), "its reservation is not to be forgotten")
		l.Return("other")
		require.True(t, l.Allow("other"))
		require.Zero(t, time.Since(began))
		done.Wait()
		require.Equal(t, time.Second, time.Since(began))
	})
}

// C13: a caller who gives up goes at once. What was begun for it is there for the next.
func TestC13_ACallerNeedNotWaitForTheStorage(t *testing.T) {
	for name, limiter := range map[string]func(l *ratelimit.Keyed) ratelimit.Limiter{
		"alone":  func(l *ratelimit.Keyed) ratelimit.Limiter { return l },
		"of all": func(l *ratelimit.Keyed) ratelimit.Limiter { return ratelimit.All(ratelimit.PerSecond(1000), l) },
		"together": func(l *ratelimit.Keyed) ratelimit.Limiter {
			return ratelimit.All(ratelimit.Together(l), ratelimit.PerSecond(1000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{takes: time.Second}
				quota, _ := slowQuota(t, 1000, s)
				l := limiter(quota)
				began := time.Now()
				ctx, cancel := context.WithCancelCause(t.Context())
				why := errors.New("the user has gone")
				time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
				err := l.Wait(ctx, "key")
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, why)
				require.Equal(t, 10*time.Millisecond, time.Since(began))

				short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer end()
				require.ErrorIs(t, l.Wait(short, "key"), context.DeadlineExceeded)
				require.Equal(t, 20*time.Millisecond, time.Since(began))

				require.NoError(t, l.Wait(t.Context(), "key"))
				require.Equal(t, time.Second, time.Since(began), "it was under way")
				require.Equal(t, 1, s.updated())
			})
		})
	}
}

// C17: many callers of one key share what is asked for, and none gets more than there is.
func TestC17_ManyCallersShareAReservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: 100 * time.Millisecond}
		many, _ := slowQuota(t, 100_000, s)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() { require.NoError(t, many.Wait(t.Context(), "key")) })
		}
		all.Wait()
		require.Equal(t, 7, s.updated(), "1, 2, 4, 8, 16, 32 and 64 at a time")

		s = &slow{takes: 100 * time.Millisecond}
		l, _ := slowQuota(t, 50, s)
		var let, refused int
		var mu sync.Mutex
		var done sync.WaitGroup
		for range 64 {
			done.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := l.Wait(ctx, "key")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					let++
					return
				}
				require.ErrorIs(t, err, ratelimit.ErrDeadline)
				refused++
			})
		}
		done.Wait()
		require.Equal(t, 50, let)
		require.Equal(t, 14, refused)
		require.LessOrEqual(t, s.updated(), 52, "what was left was small: each call of the quota, and that there is none")
	})
}

// C17: that nothing is left is asked once, however long it takes to hear of it.
func TestC17_NothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: 1500 * time.Millisecond}
		l, _ := slowQuota(t, 1, s)
		require.NoError(t, l.Wait(t.Context(), "key"))
		began, before := time.Now(), s.updated()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.ErrorIs(t, l.Wait(ctx, "key"), ratelimit.ErrDeadline)
		require.Equal(t, 1500*time.Millisecond, time.Since(began))
		require.Equal(t, before+1, s.updated())
		require.ErrorIs(t, l.Wait(ctx, "key"), ratelimit.ErrDeadline)
		require.False(t, l.Allow("key"))
		require.Equal(t, 1500*time.Millisecond, time.Since(began))
	})
}

// C17: a storage that ignores its context holds up nobody for longer than another.
func TestC17_AStorageThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{ignores: make(chan struct{})}
		l, state := slowQuota(t, 100, s)
		began := time.Now()
		require.ErrorIs(t, l.Wait(t.Context(), "key"), ratelimit.ErrState)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.ErrorIs(t, l.Wait(t.Context(), "another"), ratelimit.ErrState)
		require.False(t, l.Allow("key"))
		p := ratelimit.NewPacer(ratelimit.WithState(state))
		for _, key := range []string{"a", "b", "c"} {
			require.NoError(t, p.Wait(t.Context(), key))
			p.Observe(key, http.StatusTooManyRequests, refusal("60"), true)
			require.Greater(t, p.Delay(key), 59*time.Second, "it holds in this process all the same")
		}
		require.Equal(t, 2*time.Second, time.Since(began), "that it hangs is known")
		for range 20 {
			time.Sleep(time.Second)
			require.ErrorIs(t, l.Wait(t.Context(), "key"), ratelimit.ErrState)
		}
		require.Equal(t, 8, s.updated(), "no more of them hang")
		close(s.ignores)
		synctest.Wait()
		time.Sleep(time.Second)
		require.NoError(t, l.Wait(t.Context(), "key"))
	})
}

// C17: what a service says of what is left holds for what is being reserved, too.
func TestC17_ASeedWhileCallsAreReserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := slowQuota(t, 1000, &slow{takes: time.Second})
		var done sync.WaitGroup
		done.Go(func() { require.NoError(t, l.Wait(t.Context(), "key")) })
		synctest.Wait()
		l.Seed("key", 3)
		done.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		let := 0
		for l.Wait(ctx, "key") == nil {
			let++
		}
		require.LessOrEqual(t, let, 3)
		require.Positive(t, let)
	})
}
