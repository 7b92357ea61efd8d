package flight_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/panics"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

var errMine = errors.New("mine")

// O6: whoever came first may go.
func TestDetachedFromItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		first, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		f := flight.Start(first, time.Minute, "the source", func(ctx context.Context) (string, error) {
			time.Sleep(time.Second)
			return ctx.Value(key{}).(string), ctx.Err()
		}, nil)
		cancel()
		_, err := f.Wait(first)
		require.ErrorIs(t, err, context.Canceled)
		got, err := f.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "value", got)
		got, err = f.Wait(first)
		require.NoError(t, err, "an outcome that is there is handed out")
		require.Equal(t, "value", got)
	})
}

func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := flight.Start(t.Context(), 10*time.Second, "the source", func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, nil)
		_, err := f.Wait(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(began))

		landed := 0
		began = time.Now()
		f = flight.Start(t.Context(), 10*time.Second, "the source", func(context.Context) (int, error) {
			time.Sleep(time.Hour) // ignores its context
			return 1, nil
		}, func(int, error) { landed++ })
		_, err = f.Wait(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "the source has not returned in 10s")
		require.Equal(t, 11*time.Second, time.Since(began))
		time.Sleep(2 * time.Hour)
		_, err = f.Wait(t.Context())
		require.Error(t, err, "what comes late is dropped")
		require.Equal(t, 1, landed)

		f = flight.Start(t.Context(), 0, "the source", func(ctx context.Context) (int, error) {
			_, has := ctx.Deadline()
			require.False(t, has)
			time.Sleep(time.Hour)
			return 1, nil
		}, nil)
		_, err = f.Wait(t.Context())
		require.NoError(t, err, "a limit of zero is none")
	})
}

// C37
func TestAPanicIsTheCallsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			run  func(context.Context) (int, error)
			want func(error) bool
		}{
			"a panic": {func(context.Context) (int, error) { panic("canary") }, func(err error) bool {
				_, ok := errors.AsType[*panics.Error](err)
				return ok
			}},
			"its own end": {func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }, func(err error) bool {
				return errors.Is(err, panics.ErrExited)
			}},
			"an error": {func(context.Context) (int, error) { return 0, errMine }, func(err error) bool {
				return errors.Is(err, errMine)
			}},
		} {
			var landed []error
			f := flight.Start(t.Context(), time.Minute, "the source", c.run, func(_ int, err error) { landed = append(landed, err) })
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if _, err := f.Wait(t.Context()); !c.want(err) {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			wg.Wait()
			require.Len(t, landed, 1)
			require.True(t, c.want(landed[0]), name)
		}
	})
}

func TestGroupJoinsPerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Who: "the source", Limit: time.Minute, Cooldown: time.Second}
		var mu sync.Mutex
		calls := map[string]int{}
		ask := func(key string, err error) (string, error) {
			return g.Do(t.Context(), key, func(context.Context) (string, error) {
				mu.Lock()
				calls[key]++
				mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				return "of " + key, err
			})
		}
		var wg sync.WaitGroup
		for range 100 {
			for _, key := range []string{"a", "b"} {
				wg.Go(func() {
					if got, err := ask(key, nil); err != nil || got != "of "+key {
						t.Errorf("%q %v", got, err)
					}
				})
			}
		}
		wg.Wait()
		require.Equal(t, map[string]int{"a": 1, "b": 1}, calls)

		time.Sleep(time.Second - time.Millisecond)
		_, _ = ask("a", errMine)
		require.Equal(t, 1, calls["a"], "the outcome stands for the cooldown")
		time.Sleep(time.Millisecond)
		_, err := ask("a", errMine)
		require.ErrorIs(t, err, errMine)
		require.Equal(t, 2, calls["a"])
		_, err = ask("a", nil)
		require.ErrorIs(t, err, errMine, "an error stands too")
		require.Equal(t, 2, calls["a"])
	})
}
