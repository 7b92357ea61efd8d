package client_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// counting counts tokens taken and given back.
type counting struct {
	mu           sync.Mutex
	taken, given int
	keys         map[string]int
}

func (l *counting) Wait(ctx context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]int{}
	}
	l.taken++
	l.keys[key]++
	return nil
}

func (l *counting) Return(string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given++
}

func TestC16_EveryAttemptTakesAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, rt := scripted(t, "503, 503, 200 {}", client.WithRateLimit(l))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, 3, l.taken)
		require.Equal(t, 3, rt.Count())
		require.Len(t, l.keys, 1)
		for k := range l.keys {
			require.NotContains(t, k, key, "the limiter's key holds no secret")
		}
	})
}

func TestC16_AWaitPastTheDeadlineFailsAtOnceAndTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "200 {}", client.WithRateLimit(ratelimit.PerMinute(1)))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		for range 100 {
			_, err = client.Post[thing](ctx, c, "/x", thing{})
			require.ErrorIs(t, err, client.ErrRateLimited)
			require.Equal(t, client.NeverSent, asError(t, err).Effect)
			require.Len(t, asError(t, err).Attempts, 1, "and it is not retried")
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, 1, rt.Count())
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.InDelta(t, time.Minute, time.Since(start), float64(time.Millisecond), "the hundred took nothing")
	})
}

func TestC16_OpenBreakerAndFailingTokenBurnNoQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, rt := scripted(t, "503", client.WithRateLimit(l), client.WithBreaker(client.Breaker{Failures: 2, Cooldown: 10 * time.Second}),
			client.WithRetry(retry.Never))
		for range 10 {
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.Error(t, err)
		}
		require.Equal(t, 2, l.taken, "an open breaker takes no token")
		require.Equal(t, 2, rt.Count())
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrCircuitOpen)

		time.Sleep(10 * time.Second)
		rt.Script(clienttest.JSON(200, "{}"))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err, "one success closes it")

		l = &counting{}
		c, rt = scripted(t, "200 {}", client.WithRateLimit(l), client.WithAuth(client.Bearer(secret.Func(func(context.Context) ([]secret.Value, error) {
			return nil, context.DeadlineExceeded
		}))))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.Error(t, err)
		require.Equal(t, 1, l.given, "a token that was not used is given back")
		require.Zero(t, rt.Count())
	})
}

func TestBreakerHalfOpenLetsOneThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503", client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second}), client.WithRetry(retry.Never))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrUnavailable)
		time.Sleep(time.Second)
		rt.Script(clienttest.Status(503).After(time.Second))
		var wg sync.WaitGroup
		var mu sync.Mutex
		open := 0
		for range 10 {
			wg.Go(func() {
				_, err := client.Get[thing](t.Context(), c, "/x")
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, client.ErrCircuitOpen) {
					open++
				}
			})
		}
		wg.Wait()
		require.Equal(t, 9, open)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrCircuitOpen, "a failed probe opens it again")
	})
	_, err := client.New(base, client.WithBreaker(client.Breaker{Failures: -1}))
	require.ErrorIs(t, err, client.ErrConfig)
}

func TestC17_AThrottleOnOneKeyDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttledKey := "Bearer key-a"
		var mu sync.Mutex
		told := false
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Header.Get("Authorization") == throttledKey && !told {
				told = true
				w.Header().Set("Retry-After", "10")
				w.WriteHeader(429)
				return
			}
			_, _ = w.Write([]byte("{}"))
		}))
		pacer := ratelimit.NewPacer()
		mk := func(key string) *client.Client {
			return over(t, rt, client.WithAuth(client.Bearer(secret.Static(key))), client.WithPacing(pacer))
		}
		a, b := mk("key-a"), mk("key-b")
		start := time.Now()
		_, err := client.Call[thing](t.Context(), a, client.Request{Path: "/x", Timeout: time.Second})
		require.ErrorIs(t, err, client.ErrRateLimited)

		_, err = client.Get[thing](t.Context(), b, "/x")
		require.NoError(t, err)
		require.Less(t, time.Since(start), time.Second, "key B is not delayed")

		var wg sync.WaitGroup
		ends := make([]time.Duration, 20)
		for i := range ends {
			wg.Go(func() {
				if _, err := client.Get[thing](t.Context(), a, "/x"); err != nil {
					t.Error(err)
				}
				ends[i] = time.Since(start)
			})
		}
		wg.Wait()
		distinct := map[time.Duration]bool{}
		for _, d := range ends {
			require.GreaterOrEqual(t, d, 10*time.Second, "concurrent calls on A pause together")
			distinct[d] = true
		}
		require.Greater(t, len(distinct), 10, "and resume staggered")
	})
}

// C17: a program that crashes and begins again, a hundred times inside one pause, sends
// one request.
func TestC17_AHundredRestartsInsideOnePauseSendOneRequest(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CLIENT_TEST_KEY", "canary")
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`429 Retry-After=300, 200 {}`)...)
		begin := func() error { // a process, as far as it can be seen
			state, err := ratelimit.FileState(dir)
			require.NoError(t, err)
			c := over(t, rt, client.WithAuth(client.Bearer(secret.Env("CLIENT_TEST_KEY"))), client.WithPacing(ratelimit.NewPacer(ratelimit.WithState(state))))
			_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Timeout: 10 * time.Second})
			return err
		}
		for range 100 {
			require.ErrorIs(t, begin(), client.ErrRateLimited)
			time.Sleep(time.Second)
		}
		require.Len(t, rt.Requests(), 1)
		time.Sleep(203 * time.Second)
		require.NoError(t, begin())
	})
}

func TestC29_RemainingCountSlowsTheClientBeforeA429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, window = 10, 60
		var mu sync.Mutex
		used, refused := 0, 0
		windowEnds := time.Now().Add(window * time.Second)
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); !now.Before(windowEnds) {
				used, windowEnds = 0, now.Add(window*time.Second)
			}
			used++
			left := int(time.Until(windowEnds).Seconds() + 0.999)
			w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
			w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(limit-used, 0)))
			w.Header().Set("X-RateLimit-Reset", strconv.Itoa(left))
			if used > limit {
				refused++
				w.WriteHeader(429)
				return
			}
			_, _ = w.Write([]byte("{}"))
		}))
		c := over(t, rt, client.WithPacing(ratelimit.NewPacer()), client.WithTimeout(client.NoTimeout))
		for range 35 {
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.NoError(t, err)
		}
		require.Zero(t, refused, "the client waited before it was refused")
	})
}

func TestC29_WhatCountsAsThrottlingIsTheProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		github := client.Profile{
			Name:         "hub",
			ThrottleWait: time.Minute,
			Throttled: func(status int, h http.Header, body []byte) bool {
				return status == 403 && (h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0" || string(body) == `{"message":"secondary rate limit"}`)
			},
		}
		c, rt := scripted(t, `403 {"message":"secondary rate limit"}, 200 {}`, client.WithProfile(github), client.WithTimeout(time.Hour))
		start := time.Now()
		_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
		require.NoError(t, err)
		require.Equal(t, 2, rt.Count(), "a throttle was refused, so a POST is retried too")
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "without a header at least a minute")

		c, rt = scripted(t, `403 {"message":"no access"}`, client.WithProfile(github))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrForbidden)
		require.NotErrorIs(t, err, client.ErrRateLimited)
		require.Equal(t, 1, rt.Count())

		c, _ = scripted(t, `403 Retry-After=300 {"message":"x"}`, client.WithProfile(github))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.NotErrorIs(t, err, client.ErrForbidden)
	})
}

// C37
func TestAPanicHoldsNeitherTheProbeNorATokenNorATimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		rt := clienttest.NewTransport(t, clienttest.Status(503))
		blow := false
		c := over(t, rt, client.WithRetry(retry.Never), client.WithRateLimit(l), client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second}),
			client.WithAuth(authFunc(func(*http.Request) {
				if blow {
					panic("mine")
				}
			})))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrUnavailable)
		time.Sleep(time.Second)
		blow = true
		_, err = client.Get[thing](t.Context(), c, "/x")
		panicked, ok := errors.AsType[*client.PanicError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "mine", panicked.Value())
		require.Equal(t, 1, l.given, "the token was not used")
		blow = false
		rt.Script(clienttest.JSON(200, "{}"))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err, "the next probe is let through")
	})
}

// routed is a pacer that counts what it is told of routes and keys.
type routed struct {
	*ratelimit.Pacer
	routeWaits, routeReturns, routeObserved, returned int
}

func (p *routed) WaitRoute(ctx context.Context, key string, r ratelimit.Route) error {
	p.routeWaits++
	return p.Pacer.WaitRoute(ctx, key, r)
}

func (p *routed) ReturnRoute(key string, r ratelimit.Route) {
	p.routeReturns++
	p.Pacer.ReturnRoute(key, r)
}

func (p *routed) ObserveRoute(key string, r ratelimit.Route, status int, h http.Header, throttled bool) {
	p.routeObserved++
	p.Pacer.ObserveRoute(key, r, status, h, throttled)
}

func (p *routed) Return(key string) { p.returned++; p.Pacer.Return(key) }

// plainPacer is one that can be told of answers alone.
type plainPacer struct{ waits, unanswered, answered int }

func (p *plainPacer) Wait(context.Context, string) error { p.waits++; return nil }
func (p *plainPacer) Observe(_ string, status int, _ http.Header, _ bool) {
	if status == 0 {
		p.unanswered++
	} else {
		p.answered++
	}
}

// C16: whatever stops a request after its route let it through is told to the route.
func TestC16_WhatIsNotSentIsGivenBackToItsRoute(t *testing.T) {
	refused := errors.New("no credential")
	for name, tc := range map[string]struct {
		opt      client.Option
		observed int
		returned int
	}{
		"sent":       {client.WithHeader("X", "y"), 1, 0},
		"the limit":  {client.WithRateLimit(neverAllowing{}), 0, 1},
		"the caller": {client.WithAuth(failingAuth{refused}), 0, 1},
	} {
		p := &routed{Pacer: ratelimit.NewPacer()}
		c, _ := scripted(t, "200 {}", client.WithPacing(p), tc.opt)
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.Equal(t, name == "sent", err == nil)
		require.Equal(t, []int{1, tc.observed, tc.returned}, []int{p.routeWaits, p.routeObserved, p.routeReturns}, name)
	}
	p := new(plainPacer)
	c, _ := scripted(t, "200 {}", client.WithPacing(p), client.WithAuth(failingAuth{refused}))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, refused)
	require.Equal(t, plainPacer{waits: p.waits, unanswered: p.waits}, *p, "one that takes nothing back is told of no answer")
}

type failingAuth struct{ err error }

func (a failingAuth) Authorize(*http.Request) error { return a.err }

// saying is a limiter from elsewhere with a reason of its own.
type saying struct{ err error }

func (l saying) Wait(context.Context, string) error { return l.err }

// What a limiter from elsewhere says comes as it is.
func TestALimitersOwnReason(t *testing.T) {
	full := errors.New("the shared store is away")
	c, rt := scripted(t, "200 {}", client.WithPacing(nil), client.WithRateLimit(saying{full}))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, full)
	_, ours := errors.AsType[*ratelimit.Error](err)
	require.False(t, ours)
	require.Zero(t, rt.Count())
}
