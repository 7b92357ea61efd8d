package client_test

import (
	"context"
	"net/http"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// witness keeps what an observer is told. before, if there, runs first.
type witness struct {
	mu     sync.Mutex
	told   []client.Observation
	before func(n int)
}

func (s *witness) Observe(_ context.Context, o client.Observation) {
	s.mu.Lock()
	s.told = append(s.told, o)
	n := len(s.told)
	s.mu.Unlock()
	if s.before != nil {
		s.before(n)
	}
}

// kinds names what was told, in its order, once it is still.
func (s *witness) kinds() (names []string) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.told {
		names = append(names, reflect.TypeOf(o).Name())
	}
	return names
}

// T5: what an observer is told of a call, whatever the observer does with it: each call
// that has begun ends once.
func TestT5_WhatAnObserverIsTold(t *testing.T) {
	for name, before := range map[string]func(int){
		"listens": nil, "panics": func(int) { panic("canary") }, "ends its goroutine": func(int) { runtime.Goexit() },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &witness{before: before}
			c, _ := scripted(t, "503, 200 {}", client.WithObserver(s), client.WithProfile(client.Profile{Name: "example"}))
			_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x/1", Route: "/x/{id}"})
			require.NoError(t, err)
			require.Equal(t, []string{"CallBegun", "AttemptEnded", "Waited", "AttemptEnded", "CallEnded"}, s.kinds(), name)
			begun := s.told[0].(client.CallBegun).Call
			require.NotZero(t, begun.ID)
			require.Equal(t, client.CallID{ID: begun.ID, Provider: "example", Method: "GET", Host: "api.example.com", Route: "/x/{id}"}, begun)
			require.Equal(t, 503, s.told[1].(client.AttemptEnded).Attempt.Status)
			waited := s.told[2].(client.Waited)
			require.Equal(t, client.WaitBackoff, waited.For)
			ended := s.told[4].(client.CallEnded)
			require.Equal(t, []any{200, 2, waited.Wait, nil}, []any{ended.Status, ended.Attempts, ended.Duration, ended.Err})

			s.told = nil
			c, _ = scripted(t, "500", client.WithObserver(s), client.WithRetry(retry.Never))
			_, err = client.Post[thing](t.Context(), c, "/x", thing{})
			require.Error(t, err)
			require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded"}, s.kinds(), name)
			ended = s.told[2].(client.CallEnded)
			require.Equal(t, []any{500, 1, client.MaybeApplied}, []any{ended.Status, ended.Attempts, ended.Effect})
			require.ErrorIs(t, ended.Err, client.ErrUnavailable)
			require.Greater(t, ended.Call.ID, begun.ID)
		})
	}
}

// What holds calls back, and when that changes.
func TestAnObserverIsToldOfLimitsAndBreakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(witness)
		rt := clienttest.NewTransport(t, clienttest.MustParse("503, 200 {}, 200 {}")...)
		c := over(t, rt, client.WithObserver(s), client.WithRetry(retry.Never), client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second}))
		var states []bool
		for range 3 {
			_, _ = client.Get[thing](t.Context(), c, "/x")
			time.Sleep(time.Second)
		}
		s.kinds()
		for _, o := range s.told {
			if b, ok := o.(client.BreakerChanged); ok {
				states = append(states, b.State.Open)
			}
		}
		require.Equal(t, []bool{true, true, false}, states, "opened, probed, closed, and no news of it afterwards")

		s.told = nil
		limited := over(t, clienttest.NewTransport(t, clienttest.JSON(200, "{}")), client.WithObserver(s), client.WithRateLimit(ratelimit.PerSecond(1)))
		for range 2 {
			_, err := client.Get[thing](t.Context(), limited, "/x")
			require.NoError(t, err)
		}
		require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded", "CallBegun", "Waited", "AttemptEnded", "CallEnded"}, s.kinds())
		require.Equal(t, client.WaitLimit, s.told[4].(client.Waited).For)

		s.told = nil
		paced := over(t, clienttest.NewTransport(t, clienttest.Status(429).Header("Retry-After", "9")), client.WithObserver(s), client.WithRetry(retry.Never), client.WithPacing(ratelimit.NewPacer()))
		_, err := client.Get[thing](t.Context(), paced, "/x")
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Contains(t, s.kinds(), "LimitChanged")
	})
	// A response that was the last for a while says so in its headers alone.
	for script, want := range map[string][]time.Duration{
		"200 X-RateLimit-Limit=60 X-RateLimit-Remaining=0 X-RateLimit-Reset=30 {}":       {30 * time.Second},
		"404 RateLimit-Remaining=0 RateLimit-Reset=30":                                   {30 * time.Second},
		"200 X-RateLimit-Limit=60 X-RateLimit-Remaining=7 X-RateLimit-Reset=30 {}":       nil,
		"200 Age=5 X-RateLimit-Limit=60 X-RateLimit-Remaining=0 X-RateLimit-Reset=30 {}": nil,
		"200 {}": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := new(witness)
			c, _ := scripted(t, script, client.WithObserver(s), client.WithPacing(ratelimit.NewPacer()))
			_, _ = client.Get[thing](t.Context(), c, "/x")
			require.Contains(t, s.kinds(), "CallEnded", script)
			var waits []time.Duration
			for _, o := range s.told {
				if l, ok := o.(client.LimitChanged); ok {
					waits = append(waits, l.Wait)
				}
			}
			require.Equal(t, want, waits, script)
		})
	}
}

// T2: one that is too slow holds up nobody, and hears how much it has missed.
func TestT2_ASlowObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := &witness{before: func(n int) {
			if n == 1 {
				<-gate
			}
		}}
		c, _ := scripted(t, "200 {}", client.WithObserver(s), client.WithTransport(answering(200, http.Header{})))
		const calls = 400 // of three values each
		start := time.Now()
		for range calls {
			_, _ = client.Get[[]byte](t.Context(), c, "/x")
			synctest.Wait() // it has begun with the first value
		}
		require.Zero(t, time.Since(start))
		close(gate)
		kinds := s.kinds()
		require.Len(t, kinds, 1+1024+1)
		require.Equal(t, client.Missed{Count: 3*calls - 1 - 1024}, s.told[len(s.told)-1])
		s.told = nil
		_, _ = client.Get[[]byte](t.Context(), c, "/x")
		require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded"}, s.kinds())
	})
}
