package secret_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

// vault is an origin that takes a second, counts its calls, and can be rotated.
type vault struct {
	mu        sync.Mutex
	calls     int
	version   int
	refreshes int
	err       error
	fail      func()
}

func (v *vault) Secrets(ctx context.Context) ([]secret.Value, error) {
	v.mu.Lock()
	v.calls++
	version, err, fail := v.version, v.err, v.fail
	v.mu.Unlock()
	if fail != nil {
		fail()
	}
	select {
	case <-time.After(time.Second):
		return []secret.Value{secret.New("v" + strconv.Itoa(version))}, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *vault) Refresh(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refreshes++
	v.version++
	return nil
}

func (v *vault) set(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
}

func TestCacheKeepsForItsLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Minute)
		start := time.Now()
		require.Equal(t, []string{"v1"}, reveal(t, src))
		require.Equal(t, time.Second, time.Since(start))
		v.set(func() { v.version = 2 })
		time.Sleep(time.Minute - 1)
		require.Equal(t, []string{"v1"}, reveal(t, src))
		require.Equal(t, 1, v.calls)
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{"v2"}, reveal(t, src), "X3: without a restart")
		require.Equal(t, 2, v.calls)
	})
}

func TestCacheMakesOneCallWhoeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Minute)
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				if got, err := secret.Current(t.Context(), src); err != nil || got.Reveal() != "v1" {
					t.Errorf("%v %v", got, err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, v.calls)
	})
}

func TestCacheOneCallersCancelFailsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Minute)
		cause := errors.New("client went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		var first error
		var wg sync.WaitGroup
		wg.Go(func() { _, first = src.Secrets(ctx) })
		synctest.Wait()
		wg.Go(func() {
			if got, err := secret.Current(t.Context(), src); err != nil || got.Reveal() != "v1" {
				t.Errorf("%v %v", got, err)
			}
		})
		synctest.Wait()
		cancel(cause)
		wg.Wait()
		require.ErrorIs(t, first, context.Canceled)
		require.ErrorIs(t, first, cause)
		require.Equal(t, 1, v.calls)
	})
}

func TestCacheDoesNotKeepAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sealed := errors.New("sealed")
		v := &vault{version: 1, err: sealed}
		src := secret.Cache(v, time.Minute)
		vs, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, sealed)
		require.Nil(t, vs)
		v.set(func() { v.err = nil })
		require.Equal(t, []string{"v1"}, reveal(t, src))
	})
}

// X3: after a 401 the source is read again, once.
func TestX3_CacheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Hour)
		require.Equal(t, []string{"v1"}, reveal(t, src))
		require.NoError(t, secret.Refresh(t.Context(), src))
		require.Equal(t, 1, v.refreshes, "what lies beneath is refreshed too")
		require.Equal(t, []string{"v2"}, reveal(t, src))
		require.Equal(t, []string{"v2"}, reveal(t, src))
		require.Equal(t, 2, v.calls)
	})
}

// X3: an answer that was under way when the secret was refreshed is not kept.
func TestX3_CacheRefreshDuringACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() {
			if got, err := secret.Current(t.Context(), src); err != nil || got.Reveal() != "v1" {
				t.Errorf("a call in flight keeps the old one: %v %v", got, err)
			}
		})
		synctest.Wait()
		require.NoError(t, secret.Refresh(t.Context(), src))
		wg.Wait()
		require.Equal(t, []string{"v2"}, reveal(t, src))
	})
}

// C15, X3: all who have seen the old secret fail refresh it, and the origin is
// asked by one call at a time; none of them gets what it held before.
func TestX3_CacheIsReadOnceForAllWhoRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{version: 1}
		src := secret.Cache(v, time.Hour)
		require.Equal(t, []string{"v1"}, reveal(t, src))
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond) // the last while the first call is under way
				if err := secret.Refresh(t.Context(), src); err != nil {
					t.Error(err)
				}
				v.mu.Lock()
				refreshed := v.version
				v.mu.Unlock()
				got, err := secret.Current(t.Context(), src)
				if n, _ := strconv.Atoi(got.Reveal()[1:]); err != nil || n < refreshed {
					t.Errorf("%v %v: read before the refresh %d", got.Reveal(), err, refreshed)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 3, v.calls)
	})
}

// C37
func TestC37_APanicInASourceIsAnError(t *testing.T) {
	t.Parallel()
	blows := panicking{}
	for name, f := range map[string]func() error{
		"Current": func() error { _, err := secret.Current(t.Context(), blows); return err },
		"Refresh": func() error { return secret.Refresh(t.Context(), blows) },
		"Check":   func() error { return secret.Check(blows) },
		"Func": func() error {
			_, err := secret.Current(t.Context(), secret.Func(func(context.Context) ([]secret.Value, error) { panic(canary) }))
			return err
		},
		"Join":                  func() error { _, err := secret.Current(t.Context(), secret.Join(blows)); return err },
		"Cache":                 func() error { _, err := secret.Current(t.Context(), secret.Cache(blows, time.Hour)); return err },
		"Refresh through Cache": func() error { return secret.Refresh(t.Context(), secret.Cache(blows, time.Hour)) },
	} {
		err := f()
		require.ErrorContains(t, err, "panicked with a string", name)
		requireHidden(t, err.Error(), name)
	}
}

type panicking struct{}

func (panicking) Secrets(context.Context) ([]secret.Value, error) { panic(canary) }
func (panicking) Refresh(context.Context) error                   { panic(canary) }
func (panicking) Check() error                                    { panic(canary) }

// A source that ignores its context is given up, and does not keep the next
// callers from asking again.
func TestCacheGivesUpASourceThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		hangs.Store(true)
		src := secret.Cache(secret.Func(func(context.Context) ([]secret.Value, error) {
			if hangs.Load() {
				time.Sleep(time.Hour)
			}
			return []secret.Value{secret.New("v")}, nil
		}), time.Minute)
		start := time.Now()
		_, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 31*time.Second, time.Since(start))
		hangs.Store(false)
		require.Equal(t, []string{"v"}, reveal(t, src))
		time.Sleep(time.Hour)
	})
}

func TestCacheSurvivesASourceThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, fail := range map[string]func(){
			"a value": func() { panic(canary) },
			//lint:ignore SA5000 the panic is what is tested
			"nil map":     func() { var m map[string]int; m["x"] = 1 },
			"its own end": runtime.Goexit,
		} {
			v := &vault{version: 1, fail: fail}
			src := secret.Cache(v, time.Minute)
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					vs, err := src.Secrets(t.Context())
					if err == nil || vs != nil {
						t.Errorf("%s: %v %v", name, vs, err)
						return
					}
					requireHidden(t, err.Error(), name)
				})
			}
			wg.Wait()
			v.set(func() { v.fail = nil })
			require.Equal(t, []string{"v1"}, reveal(t, src), "%s: and goes on", name)
		}
	})
}

func TestCacheBoundsASourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := secret.Cache(secret.Func(func(ctx context.Context) ([]secret.Value, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), time.Minute)
		start := time.Now()
		_, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(start))
	})
}

func TestCacheHoldsItsSourceToTheContract(t *testing.T) {
	t.Parallel()
	_, err := secret.Cache(careless{}, time.Minute).Secrets(t.Context())
	require.ErrorIs(t, err, secret.ErrNone)
	_, err = secret.Cache(careless{[]secret.Value{{}}}, time.Minute).Secrets(t.Context())
	require.ErrorIs(t, err, secret.ErrBlank)
}
