package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// memory is a storage of the test's own, which can fail.
type memory struct {
	mu      sync.Mutex
	kept    map[string][]byte
	updates int
	err     error
	panics  bool
}

func (m *memory) Load(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.kept), m.err
}

func (m *memory) Update(_ context.Context, key string, change func(old []byte) []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.panics {
		panic("canary")
	}
	if m.err != nil {
		return m.err
	}
	m.updates++
	change(m.kept[key]) // it may be called more than once
	if text := change(m.kept[key]); text != nil {
		m.kept[key] = text
	} else {
		delete(m.kept, key)
	}
	return nil
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func newMemory() *memory { return &memory{kept: map[string][]byte{}} }

func stateOf(t *testing.T, s ratelimit.Storage) *ratelimit.State {
	t.Helper()
	state, err := ratelimit.NewState(t.Context(), s)
	require.NoError(t, err)
	return state
}

// restarts gives states as process after process has them: over one storage.
var restarts = map[string]func(t *testing.T) func() *ratelimit.State{
	"files": func(t *testing.T) func() *ratelimit.State {
		dir := filepath.Join(t.TempDir(), "made", "[by] it*")
		return func() *ratelimit.State {
			s, err := ratelimit.FileState(dir)
			require.NoError(t, err)
			return s
		}
	},
	"storage": func(t *testing.T) func() *ratelimit.State {
		m := newMemory()
		return func() *ratelimit.State { return stateOf(t, m) }
	},
}

// inEach runs a test with the states of each kind of storage, in a bubble.
func inEach(t *testing.T, test func(t *testing.T, restart func() *ratelimit.State)) {
	for name, open := range restarts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, open(t)) })
		})
	}
}

func refusal(retryAfter string) http.Header { return http.Header{"Retry-After": {retryAfter}} }

// tryFor waits for a limiter, for so long at most.
func tryFor(t *testing.T, l ratelimit.Limiter, key string, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return l.Wait(ctx, key)
}

// C17: a process that crashes and begins again does not call into the pause.
func TestC17_APauseOutlivesItsProcess(t *testing.T) {
	inEach(t, func(t *testing.T, restart func() *ratelimit.State) {
		const key = "https://api.example.com#account"
		sent := 0
		for range 100 {
			p := ratelimit.NewPacer(ratelimit.WithState(restart()))
			require.NoError(t, tryFor(t, p, "other", time.Second), "C17: no other key")
			if tryFor(t, p, key, time.Second) != nil {
				require.False(t, p.Idle(key))
				require.Greater(t, p.Delay(key), time.Second)
				continue
			}
			sent++
			p.Observe(key, http.StatusTooManyRequests, refusal("300"), true)
		}
		require.Equal(t, 1, sent)

		time.Sleep(299 * time.Second)
		require.Error(t, tryFor(t, ratelimit.NewPacer(ratelimit.WithState(restart())), key, time.Second/2))
		time.Sleep(3 * time.Second) // the most that pauses are spread by, and as much again
		p := ratelimit.NewPacer(ratelimit.WithState(restart()))
		require.Zero(t, p.Delay(key))
		require.True(t, p.Idle(key))
		require.NoError(t, tryFor(t, p, key, time.Second/2))
	})
}

// C17: a limit that is used up, and a throttle without a time, hold on as well.
func TestC17_WhateverHoldsAKeyBackOutlivesItsProcess(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		lasts  time.Duration
	}{
		"a limit that is used up":     {200, http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"60"}}, time.Minute},
		"a throttle without a time":   {429, nil, 30 * time.Second},
		"a Retry-After on a 503":      {503, refusal("60"), time.Minute},
		"what is longer than a day":   {429, refusal("604800"), 24 * time.Hour},
		"short":                       {429, refusal("4"), 0},
		"nothing at all":              {200, nil, 0},
		"a limit that is not used up": {200, http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"9"}, "X-Ratelimit-Reset": {"60"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				p := ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m)), ratelimit.WithPause(30*time.Second))
				require.NoError(t, p.Wait(t.Context(), "k"))
				p.Observe("k", c.status, c.header, false)
				require.Equal(t, c.lasts > 0, m.updates == 1, "%d updates", m.updates)
				d := ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m))).Delay("k")
				if c.lasts == 0 {
					require.Zero(t, d)
					return
				}
				require.GreaterOrEqual(t, d, c.lasts)
				require.LessOrEqual(t, d, min(c.lasts+2*time.Second, 24*time.Hour))
			})
		})
	}
}

// C17, C35: a route that is held back by itself is so afterwards, and it alone.
func TestC17_ARoutesPauseOutlivesItsProcess(t *testing.T) {
	inEach(t, func(t *testing.T, restart func() *ratelimit.State) {
		search, user := ratelimit.Route{Method: "GET", Path: "/search"}, ratelimit.Route{Method: "GET", Path: "/user"}
		p := ratelimit.NewPacer(ratelimit.WithState(restart()))
		require.NoError(t, p.WaitRoute(t.Context(), "k", search))
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.ObserveRoute("k", search, http.StatusServiceUnavailable, refusal("60"), false)

		p = ratelimit.NewPacer(ratelimit.WithState(restart()))
		require.GreaterOrEqual(t, p.DelayRoute("k", search), time.Minute)
		require.Zero(t, p.DelayRoute("k", user))
		require.Zero(t, p.Delay("k"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, ratelimit.NewPacer(ratelimit.WithState(restart())).WaitRoute(ctx, "k", search), ratelimit.ErrDeadline)
		require.NoError(t, p.WaitRoute(ctx, "k", user))
		time.Sleep(62 * time.Second)
		require.NoError(t, p.WaitRoute(t.Context(), "k", search))
	})
}

// Calls that were refused together are one pause, written down once.
// Who asks how long a pause lasts hears of one before this process, as who waits does.
func TestC17_APauseIsToldAfterARestart(t *testing.T) {
	t.Parallel()
	storage, route := &memory{kept: map[string][]byte{}}, ratelimit.Route{Method: "GET", Path: "/a"}
	pacer := func() *ratelimit.Pacer {
		state, err := ratelimit.NewState(t.Context(), storage)
		require.NoError(t, err)
		return ratelimit.NewPacer(ratelimit.WithState(state))
	}
	h := http.Header{"Retry-After": {"3600"}}
	p := pacer()
	p.Observe("k", 429, h, true)
	p.ObserveRoute("other", route, 503, h, false)
	p = pacer()
	require.Greater(t, p.Paused("k"), 59*time.Minute)
	require.Greater(t, p.PausedRoute("other", route), 59*time.Minute)
	require.Zero(t, p.Paused("other"))
}

func TestAPauseIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		p := ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m)))
		for range 100 {
			require.NoError(t, p.Wait(t.Context(), "k"))
		}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { p.Observe("k", http.StatusTooManyRequests, refusal("60"), true) })
		}
		wg.Wait()
		require.Equal(t, 1, m.updates)
		p.Observe("k", http.StatusTooManyRequests, refusal("120"), true)
		require.Equal(t, 2, m.updates, "a longer one is another")
		p.Observe("k", http.StatusTooManyRequests, refusal("10"), true)
		require.Equal(t, 2, m.updates, "a shorter one says nothing new")

		// What was read is not written again.
		p = ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m)))
		require.Error(t, tryFor(t, p, "k", time.Second))
		p.Observe("k", http.StatusTooManyRequests, refusal("60"), true)
		require.Equal(t, 2, m.updates)
	})
}

// Processes that share a state do not shorten each other's pauses, and who writes one
// down learns of a longer one.
func TestTheLongestPauseOfAllProcessesCounts(t *testing.T) {
	inEach(t, func(t *testing.T, restart func() *ratelimit.State) {
		var all []*ratelimit.Pacer
		for range 3 {
			p := ratelimit.NewPacer(ratelimit.WithState(restart()))
			require.NoError(t, p.Wait(t.Context(), "k"))
			all = append(all, p)
		}
		var wg sync.WaitGroup
		for i, seconds := range []string{"60", "600", "6"} {
			wg.Go(func() { all[i].Observe("k", http.StatusTooManyRequests, refusal(seconds), true) })
		}
		wg.Wait()
		require.GreaterOrEqual(t, ratelimit.NewPacer(ratelimit.WithState(restart())).Delay("k"), 600*time.Second)

		late := ratelimit.NewPacer(ratelimit.WithState(restart()))
		all[0].Observe("k", http.StatusTooManyRequests, refusal("120"), true)
		require.GreaterOrEqual(t, all[0].Delay("k"), 600*time.Second, "it has learned of the other's")
		require.GreaterOrEqual(t, late.Delay("k"), 600*time.Second)
	})
}

// take makes as many calls as a limiter lets through at once, up to n.
func take(l *ratelimit.Keyed, key string, n int) (taken int) {
	for range n {
		if !l.Allow(key) {
			break
		}
		taken++
	}
	return taken
}

// C17: a quota of 100 a day over 20 restarts stays within 100, and of it no more is
// wasted than the bound that State states.
func TestC17_AQuotaOutlivesItsProcess(t *testing.T) {
	inEach(t, func(t *testing.T, restart func() *ratelimit.State) {
		made, wasted := 0, 0
		for run := range 20 {
			quota := ratelimit.Quota(100, ratelimit.Day, ratelimit.WithState(restart()))
			got := take(quota, "k", run%5+1) // and the process is killed
			made += got
			wasted += min(got, 2-1) // 2 % of 100, of which one at least was used
		}
		require.LessOrEqual(t, made, 100)
		last := ratelimit.Quota(100, ratelimit.Day, ratelimit.WithState(restart()))
		made += take(last, "k", 1000)
		require.LessOrEqual(t, made, 100)
		require.GreaterOrEqual(t, made, 100-wasted)
		require.ErrorIs(t, tryFor(t, last, "k", time.Minute), ratelimit.ErrDeadline)
		require.True(t, last.Allow("other"))
		require.Greater(t, last.Delay("k"), 23*time.Hour)

		require.NoError(t, tryFor(t, last, "k", 25*time.Hour), "the next day")
		require.Equal(t, 99, take(ratelimit.Quota(100, ratelimit.Day, ratelimit.WithState(restart())), "k", 1000)+take(last, "k", 1000))
	})
}

// One that ends after each call wastes nothing, however large the quota.
func TestAQuotaOfShortProcessesIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		for range 300 {
			require.True(t, ratelimit.Quota(300, ratelimit.Hour, ratelimit.WithState(stateOf(t, m))).Allow("k"))
		}
		require.False(t, ratelimit.Quota(300, ratelimit.Hour, ratelimit.WithState(stateOf(t, m))).Allow("k"))
	})
}

// A call is not a write.
func TestAQuotaIsReservedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		quota := ratelimit.Quota(100_000, ratelimit.Day, ratelimit.WithState(stateOf(t, m)))
		require.Equal(t, 10_000, take(quota, "k", 10_000))
		require.LessOrEqual(t, m.updates, 107) // 1, 2, 4 … 64, and then 100 each
		before := m.updates
		require.NoError(t, quota.WaitN(t.Context(), "k", 5000))
		require.Equal(t, before+1, m.updates)
		require.ErrorIs(t, quota.WaitN(t.Context(), "k", 100_001), ratelimit.ErrNever)
		quota.ReturnN("k", 5000)
		before = m.updates
		require.Equal(t, 5000, take(quota, "k", 5000))
		require.Equal(t, before, m.updates, "what came back is this process's")
	})
}

// C17: however many processes there are, never more than the quota is let through. The
// processes wait for files in real time, which is noon, in the zone that the test is in.
func TestC17_ProcessesShareAQuota(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	noon := time.FixedZone("", 12*3600-(now.Hour()*3600+now.Minute()*60))
	for name, open := range restarts {
		t.Run(name, func(t *testing.T) {
			restart := open(t)
			var made, failed atomic.Int64
			var wg sync.WaitGroup
			for range 4 {
				quota := ratelimit.Quota(500, ratelimit.Day, ratelimit.WithState(restart()), ratelimit.WithLocation(noon))
				for range 4 {
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						for {
							switch err := quota.Wait(ctx, "k"); {
							case err == nil:
								made.Add(1)
							case errors.Is(err, ratelimit.ErrState): // another one held the files for too long
								failed.Add(1)
							default:
								if !errors.Is(err, ratelimit.ErrDeadline) {
									t.Error(err)
								}
								return
							}
						}
					})
				}
			}
			wg.Wait()
			require.LessOrEqual(t, made.Load(), int64(500))
			if failed.Load() == 0 {
				require.EqualValues(t, 500, made.Load(), "the last fifty are reserved one by one")
			}
		})
	}
}

// What was written by a clock that is ahead holds no longer than it was to hold then.
func TestAClockThatGoesBackLengthensNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		p := ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m)))
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", http.StatusTooManyRequests, refusal("60"), true)
		for key, text := range m.kept { // as it would have been an hour ahead
			for _, year := range []string{"2000-01-01T00:"} {
				text = bytes.ReplaceAll(text, []byte(year), []byte("2000-01-01T01:"))
			}
			m.kept[key] = text
		}
		d := ratelimit.NewPacer(ratelimit.WithState(stateOf(t, m))).Delay("k")
		require.GreaterOrEqual(t, d, time.Minute)
		require.Less(t, d, time.Minute+3*time.Second)
	})
}

// A clock that goes back lets no more of a quota through, and one that was years ahead
// stops nobody for years.
func TestAClockThatGoesBackLetsNoMoreThrough(t *testing.T) {
	for from, until := range map[string]time.Duration{
		"2000-01-02": 48 * time.Hour, // a day ahead: that day has begun, and goes on
		"2030-01-02": 24 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			require.Equal(t, 10, take(ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(stateOf(t, m))), "k", 10))
			for key, text := range m.kept {
				m.kept[key] = bytes.ReplaceAll(text, []byte(`"until":"2000-01-02`), []byte(`"until":"`+map[string]string{"2000-01-02": "2000-01-03", "2030-01-02": "2030-01-02"}[from]))
			}
			quota := ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(stateOf(t, m)))
			require.False(t, quota.Allow("k"))
			require.NoError(t, quota.Wait(t.Context(), "k"))
			requireNear(t, until, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
		})
	}
}

// logged is a log and what was said in it.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

// A full disk costs no pause of this process, and a quota fails at once, with the
// reason; it is one line in the log, and one when it is over.
func TestWhatCannotBeKept(t *testing.T) {
	for name, limiter := range map[string]func(opt ratelimit.Option) ratelimit.Limiter{
		"quota": func(opt ratelimit.Option) ratelimit.Limiter { return ratelimit.Quota(10, ratelimit.Day, opt) },
		"all": func(opt ratelimit.Option) ratelimit.Limiter {
			return ratelimit.All(ratelimit.PerSecond(100, ratelimit.WithBurst(100)), ratelimit.Quota(10, ratelimit.Day, opt))
		},
		"together": func(opt ratelimit.Option) ratelimit.Limiter {
			return ratelimit.All(ratelimit.Together(ratelimit.Quota(10, ratelimit.Day, opt)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				log, said := logged()
				state, err := ratelimit.NewState(t.Context(), m, ratelimit.WithLogger(log))
				require.NoError(t, err)
				quota, pacer := limiter(ratelimit.WithState(state)), ratelimit.NewPacer(ratelimit.WithState(state))
				require.NoError(t, quota.Wait(t.Context(), "k"))
				m.fail(syscall.ENOSPC)
				for range 3 {
					start := time.Now()
					err := quota.Wait(t.Context(), "k")
					require.ErrorIs(t, err, ratelimit.ErrState)
					require.ErrorIs(t, err, syscall.ENOSPC)
					require.NotErrorIs(t, err, ratelimit.ErrNever)
					require.Zero(t, time.Since(start))
					require.EqualError(t, err, "ratelimit: wait: the count that outlives the process cannot be kept: no space left on device")
				}
				require.NoError(t, pacer.Wait(t.Context(), "k"))
				pacer.Observe("k", http.StatusTooManyRequests, refusal("60"), true)
				require.Error(t, tryFor(t, pacer, "k", time.Second), "it holds in this process")
				require.Equal(t, 1, strings.Count(said.String(), "\n"), said.String())
				require.Contains(t, said.String(), `level=WARN msg="rate limits cannot be kept beyond this process" error="no space left on device"`)

				m.fail(nil)
				require.ErrorIs(t, quota.Wait(t.Context(), "k"), ratelimit.ErrState, "it is tried again a second later")
				time.Sleep(time.Second)
				require.NoError(t, quota.Wait(t.Context(), "k"))
				for range 5 {
					require.NoError(t, quota.Wait(t.Context(), "k"))
				}
				require.Equal(t, 2, strings.Count(said.String(), "\n"), said.String())
				require.Contains(t, said.String(), "are kept beyond this process again")
			})
		})
	}
}

// C37
// hanging is a storage that never answers.
type hanging struct{ memory }

func (*hanging) Update(ctx context.Context, _ string, _ func(old []byte) []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

// C17: of a storage that does not answer one call finds that out, and those behind it,
// of whatever key, fail at once.
func TestC17_AStorageThatDoesNotAnswerIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, err := ratelimit.NewState(t.Context(), &hanging{}, ratelimit.WithLogger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
		l := ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(state))
		begin := time.Now()
		for _, key := range []string{"a", "a", "b", "c", "a"} {
			require.ErrorIs(t, l.Wait(t.Context(), key), ratelimit.ErrState)
			require.Equal(t, 2*time.Second, time.Since(begin), key)
		}
		l.Seed("d", 1)
		require.Equal(t, 2*time.Second, time.Since(begin))
		time.Sleep(time.Second)
		require.ErrorIs(t, l.Wait(t.Context(), "b"), ratelimit.ErrState)
		require.Equal(t, 5*time.Second, time.Since(begin), "it is tried again a second later")
	})
}

// late is a storage that does not heed its context.
type late struct{}

func (late) Load(context.Context) (map[string][]byte, error) { return nil, nil }
func (late) Update(_ context.Context, _ string, change func(old []byte) []byte) error {
	time.Sleep(time.Minute)
	change(nil)
	return nil
}

// L1: it is at work yet when the call has long been given up.
func TestAStorageThatIsLateRacesWithNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, err := ratelimit.NewState(t.Context(), late{}, ratelimit.WithLogger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
		q := ratelimit.Quota(5, ratelimit.Month, ratelimit.WithState(state))
		require.ErrorIs(t, q.Wait(t.Context(), "k"), ratelimit.ErrState)
		time.Sleep(time.Hour)
	})
}

func TestC37_AStorageThatPanicsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		log, said := logged()
		state, err := ratelimit.NewState(t.Context(), m, ratelimit.WithLogger(log))
		require.NoError(t, err)
		m.panics = true
		err = ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(state)).Wait(t.Context(), "k")
		require.ErrorIs(t, err, ratelimit.ErrState)
		require.ErrorContains(t, err, "the storage panicked with a string")
		require.NotContains(t, err.Error()+said.String(), "canary")
		p := ratelimit.NewPacer(ratelimit.WithState(state))
		require.NoError(t, p.Wait(t.Context(), "k"))
		p.Observe("k", http.StatusTooManyRequests, refusal("60"), true)
	})
}

func TestNewState_BadInput(t *testing.T) {
	t.Parallel()
	_, err := ratelimit.NewState(t.Context(), nil)
	require.Error(t, err)
	away := errors.New("away")
	_, err = ratelimit.NewState(t.Context(), &memory{err: away})
	require.ErrorIs(t, err, away)
	for _, text := range []string{
		"", "x", "{}", "[]", "null", `{"v":2,"until":"2030-01-01T00:00:00Z","noted":"2026-01-01T00:00:00Z"}`, `{"v":1}`,
		`{"v":1,"until":"2030-01-01T00:00:00Z"}`, `{"v":1,"until":"2030-01-01T00:00:00Z","noted":"2026-01-01T00:00:00Z","used":-1}`, `{"v":1,"until":9}`,
	} {
		_, err = ratelimit.NewState(t.Context(), &memory{kept: map[string][]byte{"pause-1": []byte(text)}})
		require.EqualError(t, err, `ratelimit: state: what is kept as "pause-1" is no record of this version: remove it to begin anew`, "%q", text)
	}
}

// What somebody else has written meanwhile is no count.
func TestAQuotaWhoseCountWasOverwrittenLetsNothingThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		quota := ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(stateOf(t, m)))
		require.True(t, quota.Allow("k"))
		for key := range m.kept {
			m.kept[key] = []byte("{}")
		}
		err := quota.Wait(t.Context(), "k")
		require.ErrorIs(t, err, ratelimit.ErrState)
		require.ErrorContains(t, err, "is no record of this version")
	})
}

// What is over goes when the next process begins, and not before a clock could go back
// to it.
func TestWhatIsOverIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := stateOf(t, m)
		p := ratelimit.NewPacer(ratelimit.WithState(s))
		p.Observe("k", http.StatusTooManyRequests, refusal("60"), true)
		require.True(t, ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(s)).Allow("k"))
		require.Len(t, m.kept, 2)
		time.Sleep(48 * time.Hour)
		stateOf(t, m)
		require.Len(t, m.kept, 2)
		time.Sleep(2 * time.Minute)
		stateOf(t, m)
		require.Len(t, m.kept, 1)
		time.Sleep(24 * time.Hour)
		m.fail(nil)
		stateOf(t, m)
		require.Empty(t, m.kept)
	})
}

// X1: what is kept tells neither keys nor anything in them.
func TestX1_AStateHoldsNoKey(t *testing.T) {
	dir := t.TempDir()
	s, err := ratelimit.FileState(dir)
	require.NoError(t, err)
	const key = "https://canary.example.com#canary"
	p := ratelimit.NewPacer(ratelimit.WithState(s))
	p.Observe(key, http.StatusTooManyRequests, refusal("60"), true)
	p.ObserveRoute(key, ratelimit.Route{Method: "GET", Path: "/canary"}, http.StatusServiceUnavailable, refusal("60"), false)
	require.True(t, ratelimit.Quota(10, ratelimit.Day, ratelimit.WithState(s)).Allow(key))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 4, "and the lock")
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		require.NotContains(t, e.Name()+string(text), "canary")
	}
}

// A key for which there is no room apart has no count of its own that could be kept.
func TestAKeyBeyondMaxKeysIsNotLetThroughUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quota := ratelimit.Quota(1000, ratelimit.Day, ratelimit.WithState(stateOf(t, newMemory())), ratelimit.WithMaxKeys(1))
		require.Equal(t, 4, take(quota, "a", 4))
		require.False(t, quota.Idle("a"), "three more are reserved")
		err := quota.Wait(t.Context(), "b")
		require.ErrorIs(t, err, ratelimit.ErrState)
		require.ErrorContains(t, err, "more keys than are kept apart")
	})
}

// C17: a call that comes back after its period has ended is nobody's, also where others
// were made since; one of this period is let through again.
func TestC17_AReturnAfterThePeriodIsNobodys(t *testing.T) {
	for name, opts := range map[string]func(t *testing.T) []ratelimit.Option{
		"in memory": func(*testing.T) []ratelimit.Option { return nil },
		"in a state": func(t *testing.T) []ratelimit.Option {
			return []ratelimit.Option{ratelimit.WithState(stateOf(t, newMemory()))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				quota := ratelimit.Quota(3, ratelimit.Hour, opts(t)...)
				require.Equal(t, 2, take(quota, "k", 2))
				time.Sleep(time.Hour)
				require.Equal(t, 2, take(quota, "k", 2))
				time.Sleep(10*time.Minute - 1)
				quota.ReturnN("k", 2) // those of the last hour
				require.Equal(t, 1, take(quota, "k", 3))
				quota.Return("k") // no others can be
				require.Equal(t, 1, take(quota, "k", 3))

				time.Sleep(50*time.Minute + 1)
				require.Equal(t, 3, take(quota, "k", 4))
				time.Sleep(10 * time.Minute)
				quota.Return("k") // a call of the last hour would have come back by now
				require.Equal(t, 1, take(quota, "k", 3))
			})
		})
	}
}

// What was reserved and not used ends with its period.
func TestWhatIsReservedEndsWithItsPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		one, other := ratelimit.Quota(1000, ratelimit.Hour, ratelimit.WithState(stateOf(t, m))), ratelimit.Quota(1000, ratelimit.Hour, ratelimit.WithState(stateOf(t, m)))
		require.Equal(t, 4, take(one, "k", 4))
		require.False(t, one.Idle("k"), "three more are reserved")
		time.Sleep(time.Hour)
		require.True(t, one.Idle("k"))
		require.Equal(t, 1000, take(one, "k", 3)+take(other, "k", 2000)+take(one, "k", 2000))
	})
}

// What the service itself says is left lowers what is, and never raises it.
func TestSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		for name, opts := range map[string][]ratelimit.Option{"in memory": nil, "in a state": {ratelimit.WithState(stateOf(t, m))}} {
			quota := ratelimit.Quota(100, ratelimit.Day, opts...)
			key := name
			require.Equal(t, 10, take(quota, key, 10))
			quota.Seed(key, 95)
			quota.Seed(key, 1000)
			require.Equal(t, 1, take(quota, key, 1), name)
			quota.Seed(key, 5) // others have made 84
			require.Equal(t, 5, take(quota, key, 100), name)
			quota.Seed(key, 50)
			require.False(t, quota.Allow(key), name)
			large := ratelimit.Quota(1000, ratelimit.Day, opts...)
			require.Equal(t, 4, take(large, "large "+key, 4)) // of which a state has reserved seven
			large.Seed("large "+key, 5)
			require.Equal(t, 5, take(large, "large "+key, 100), name)
			require.Equal(t, 4, take(large, "larger "+key, 4))
			large.Seed("larger "+key, 2)
			require.Equal(t, 2, take(large, "larger "+key, 100), name)
			quota.Seed("other", -1)
			require.False(t, quota.Allow("other"), name)
			require.Greater(t, quota.Delay(key), time.Hour)
		}
		next := ratelimit.Quota(100, ratelimit.Day, ratelimit.WithState(stateOf(t, m)))
		require.False(t, next.Allow("in a state"), "and is known to the next process")
		m.fail(syscall.EROFS)
		next.Seed("third", 50)
		require.ErrorIs(t, next.Wait(t.Context(), "third"), syscall.EROFS)
		ratelimit.PerSecond(1).Seed("k", 0) // counts no period
	})
}

func ExampleFileState() {
	dir, err := os.MkdirTemp("", "ratelimit")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, run := range []string{"first", "second"} { // of the same program
		state, err := ratelimit.FileState(dir)
		if err != nil {
			fmt.Println(err)
			return
		}
		pacer := ratelimit.NewPacer(ratelimit.WithState(state))                  // for client.WithPacing
		quota := ratelimit.Quota(3, ratelimit.Month, ratelimit.WithState(state)) // for client.WithRateLimit
		fmt.Println(run, "paused:", pacer.Delay("api") > 0, "calls left:", quota.Allow("api"), quota.Allow("api"))
		pacer.Observe("api", http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, true)
	}
	// Output:
	// first paused: false calls left: true true
	// second paused: true calls left: true false
}

// The service counts calls that this program did not make.
func ExampleKeyed_Seed() {
	quota := ratelimit.Quota(1000, ratelimit.Day)
	told := http.Header{"X-Ratelimit-Limit": {"1000"}, "X-Ratelimit-Remaining": {"1"}, "X-Ratelimit-Reset": {"3600"}}
	for _, limit := range ratelimit.ParseLimits(told, time.Now()) {
		if limit.Remaining >= 0 && !limit.Weighted {
			quota.Seed("api", int(limit.Remaining))
		}
	}
	fmt.Println(quota.Allow("api"), quota.Allow("api"))
	// Output: true false
}
