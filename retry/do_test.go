package retry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/retry"
)

type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.status) }

// failing returns a function that fails with err n times and then succeeds, and
// the times at which it was called.
func failing(n int, err error) (f func(context.Context) (string, error), at *[]time.Duration) {
	start := time.Now()
	at = new([]time.Duration)
	return func(context.Context) (string, error) {
		*at = append(*at, time.Since(start))
		if len(*at) <= n {
			return "partial", err
		}
		return "done", nil
	}, at
}

func seconds(s ...float64) []time.Duration {
	out := make([]time.Duration, len(s))
	for i := range s {
		out[i] = time.Duration(s[i] * float64(time.Second))
	}
	return out
}

// The policy that the project began with: on 429 wait 1 s, 2 s, 4 s, then give up.
func TestSeedPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := retry.Policy{MaxAttempts: 4, Backoff: retry.Exponential(time.Second, 0)}
		f, at := failing(99, &statusError{429})
		_, err := retry.Do(t.Context(), seed, f)
		require.Equal(t, &statusError{429}, err)
		require.Equal(t, seconds(0, 1, 3, 7), *at)

		f, at = failing(3, &statusError{429})
		v, err := retry.Do(t.Context(), seed, f)
		require.NoError(t, err)
		require.Equal(t, "done", v)
		require.Equal(t, seconds(0, 1, 3, 7), *at)
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]retry.Policy{"zero": {}, "Default": retry.Default()} {
		require.Equal(t, 3, p.Attempts(), name)
		require.Equal(t, time.Minute, p.WaitLimit(), name)
		for range 500 {
			require.LessOrEqual(t, p.Delay(1, false), 200*time.Millisecond, name)
			require.LessOrEqual(t, p.Delay(1, true), time.Second, name)
			require.LessOrEqual(t, p.Delay(1000, true), 20*time.Second, name)
		}
		var high, throttled time.Duration
		for range 500 {
			high, throttled = max(high, p.Delay(2, false)), max(throttled, p.Delay(2, true))
		}
		require.Greater(t, high, 300*time.Millisecond, name)
		require.Greater(t, throttled, 1500*time.Millisecond, name)
	}
}

func TestPolicyEdges(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, retry.Never.Attempts())
	require.Equal(t, 1, retry.Policy{MaxAttempts: -3}.Attempts())
	require.Zero(t, retry.Policy{MaxWait: -1}.WaitLimit())
	bad := retry.Policy{Backoff: func(int) time.Duration { return -time.Hour }, Throttled: func(n int) time.Duration { return time.Duration(n) }}
	require.Zero(t, bad.Delay(1, false))
	require.Equal(t, time.Duration(1), bad.Delay(-4, true), "attempts count from 1")
}

func TestNeverMakesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		f, at := failing(99, boom)
		v, err := retry.Do(t.Context(), retry.Never, f)
		require.Equal(t, boom, err)
		require.Empty(t, v, "no half result beside an error")
		require.Len(t, *at, 1)
	})
}

// C13: exhaustion returns the last error, for errors.Is and errors.As.
func TestC13_ExhaustionReturnsTheLastError(t *testing.T) {
	t.Parallel()
	n := 0
	_, err := retry.Do(t.Context(), retry.Policy{Backoff: retry.Constant(0)}, func(context.Context) (int, error) {
		n++
		return 0, fmt.Errorf("attempt %d: %w", n, &statusError{500 + n})
	})
	e, ok := errors.AsType[*statusError](err)
	require.True(t, ok)
	require.Equal(t, 503, e.status)
	require.EqualError(t, err, "attempt 3: status 503")
}

// C13: when the context ends during a wait, both errors unwrap, and the cause.
func TestC13_ContextEndsDuringTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		start := time.Now()
		f, at := failing(99, &statusError{503})
		_, err := retry.Do(ctx, retry.Policy{Backoff: retry.Constant(time.Hour)}, f)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		e, ok := errors.AsType[*statusError](err)
		require.True(t, ok)
		require.Equal(t, 503, e.status)
		require.Len(t, *at, 1)
		require.Equal(t, time.Second, time.Since(start))
	})
}

// C13, C19
func TestC19_ContextEndsDuringTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		_, err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) (int, error) {
			calls++
			cancel()
			return 0, &statusError{500}
		})
		require.Equal(t, 1, calls)
		require.ErrorIs(t, err, context.Canceled)
		_, ok := errors.AsType[*statusError](err)
		require.True(t, ok)

		ctx, cancel = context.WithCancel(t.Context())
		_, err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) (int, error) {
			cancel()
			<-ctx.Done()
			return 0, ctx.Err()
		})
		require.Equal(t, context.Canceled, err, "said once")
	})
}

// C1 in spirit: not after sleeping, not as DeadlineExceeded.
func TestC1_WaitThatPassesTheDeadlineIsNotBegun(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		backoff time.Duration
	}{
		"backoff": {&statusError{503}, 11 * time.Second},
		"asked":   {retry.After(&statusError{503}, 11*time.Second), 0},
		"edge":    {retry.After(&statusError{503}, 10*time.Second), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				f, at := failing(99, tt.err)
				_, err := retry.Do(ctx, retry.Policy{Backoff: retry.Constant(tt.backoff)}, f)
				require.Equal(t, &statusError{503}, err)
				require.Len(t, *at, 1)
				require.Zero(t, time.Since(start))
			})
		})
	}
}

// C13: whichever of the context's error and its cause f's error lacks is added.
func TestC13_WhatTheContextEndedOfIsSaidOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("shutting down")
	both := fmt.Errorf("both: %w: %w", context.Canceled, cause)
	for name, own := range map[string]error{
		"neither": &statusError{503}, "the error": context.Canceled, "the cause": cause, "both": both,
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		asked := 0
		p := retry.Policy{
			Retryable: func(error) bool { asked++; return true },
			Notify:    func(context.Context, retry.Attempt) { asked++ },
		}
		_, err := retry.Do(ctx, p, func(context.Context) (int, error) { cancel(cause); return 0, own })
		for _, want := range []error{own, context.Canceled, cause} {
			require.ErrorIs(t, err, want, name)
		}
		require.Equal(t, own == both, err == own, "%s: %v", name, err)
		require.Zero(t, asked, "%s: nobody is asked about an attempt that cannot follow", name)
	}
}

func TestEndedContextMakesNoAttempt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f, at := failing(0, nil)
	_, err := retry.Do(ctx, retry.Policy{}, f)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, *at)
}

// C19
func TestC19_CancelledIsNeverRetried(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]retry.Policy{
		"default": {Backoff: retry.Constant(0)},
		"even if": {Backoff: retry.Constant(0), Retryable: func(error) bool { return true }},
	} {
		f, at := failing(99, fmt.Errorf("dial: %w", context.Canceled))
		_, err := retry.Do(t.Context(), p, f)
		require.ErrorIs(t, err, context.Canceled, name)
		require.Len(t, *at, 1, name)
	}
}

func TestRetryableDecides(t *testing.T) {
	t.Parallel()
	inner := fmt.Errorf("attempt: %w", context.DeadlineExceeded)
	for _, tt := range []struct {
		name  string
		rule  func(error) bool
		err   error
		calls int
	}{
		{"an attempt's own deadline by default", nil, inner, 3},
		{"a cancellation by default", nil, context.Canceled, 1},
		{"an attempt's own deadline when forbidden", func(err error) bool { return !errors.Is(err, context.DeadlineExceeded) }, inner, 1},
		{"a cancellation when allowed", func(error) bool { return true }, context.Canceled, 1},
		{"anything else by default", nil, errors.New("x"), 3},
		{"forbidden", func(error) bool { return false }, errors.New("x"), 1},
		{"sees no marks", func(err error) bool { return err == inner }, retry.After(inner, 0), 3},
		{"cannot overrule Permanent", func(error) bool { return true }, retry.Permanent(inner), 1},
	} {
		f, at := failing(99, tt.err)
		_, err := retry.Do(t.Context(), retry.Policy{Backoff: retry.Constant(0), Retryable: tt.rule}, f)
		require.Error(t, err, tt.name)
		require.Len(t, *at, tt.calls, tt.name)
	}
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	require.NoError(t, retry.Permanent(nil))
	own := &statusError{404}
	for name, tt := range map[string]struct {
		err  error
		same bool
	}{
		"plain":             {retry.Permanent(own), true},
		"twice":             {retry.Permanent(retry.Permanent(own)), true},
		"with After inside": {retry.Permanent(retry.After(own, time.Second)), true},
		"with After around": {retry.After(retry.Permanent(own), time.Second), true},
		"beneath":           {fmt.Errorf("lookup: %w", retry.Permanent(own)), false},
	} {
		require.ErrorIs(t, tt.err, own, name)
		require.Contains(t, tt.err.Error(), "status 404", name)
		f, at := failing(99, tt.err)
		_, err := retry.Do(t.Context(), retry.Policy{}, f)
		require.Len(t, *at, 1, name)
		require.ErrorIs(t, err, own, name)
		require.Equal(t, tt.same, err == error(own), name)
	}
}

// C4
func TestC4_AfterIsObeyedOrRefusedNeverShortened(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		after  time.Duration
		stops  bool
	}{
		{name: "below the default cap", after: 59 * time.Second},
		{name: "at the default cap", after: 60 * time.Second},
		{name: "above the default cap", after: 60*time.Second + 1, stops: true},
		{name: "overflowing", after: math.MaxInt64, stops: true},
		{name: "raised cap", policy: retry.Policy{MaxWait: time.Hour}, after: time.Hour},
		{name: "no such wait allowed", policy: retry.Policy{MaxWait: -1}, after: 1, stops: true},
		{name: "now", after: 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.policy.Backoff = retry.Constant(1000 * time.Hour) // replaced by what is asked
				f, at := failing(1, fmt.Errorf("call: %w", retry.After(&statusError{429}, tt.after)))
				start := time.Now()
				_, err := retry.Do(t.Context(), tt.policy, f)
				if tt.stops {
					require.EqualError(t, err, "call: status 429")
					require.Len(t, *at, 1)
					require.Zero(t, time.Since(start))
					return
				}
				require.NoError(t, err)
				require.Len(t, *at, 2)
				require.GreaterOrEqual(t, (*at)[1], tt.after)
				require.LessOrEqual(t, (*at)[1], tt.after+tt.after/10)
			})
		})
	}
}

// C4: where the jitter above would pass the deadline and the wait itself does
// not, the wait is made without it.
func TestC4_JitterGivesWayToTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
			f, at := failing(1, retry.After(&statusError{429}, 10*time.Second))
			_, err := retry.Do(ctx, retry.Policy{}, f)
			cancel()
			require.NoError(t, err)
			require.Len(t, *at, 2)
		}
	})
}

// C4: callers who were told the same do not come back together.
func TestC4_WhatIsAskedForIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			f, at := failing(1, retry.After(&statusError{429}, 10*time.Second))
			_, err := retry.Do(t.Context(), retry.Policy{}, f)
			require.NoError(t, err)
			waits[(*at)[1]] = true
		}
		require.Greater(t, len(waits), 10)
	})
}

func TestAfterEdges(t *testing.T) {
	t.Parallel()
	require.NoError(t, retry.After(nil, time.Second))
	own := errors.New("x")
	require.Equal(t, own, retry.After(own, -1), "no advice, so the backoff applies")
	require.EqualError(t, retry.After(own, time.Second), "x")
	f, _ := failing(99, retry.After(own, 0))
	_, err := retry.Do(t.Context(), retry.Policy{}, f)
	require.Equal(t, own, err)
}

func TestNotifyBeforeEachWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		type note struct {
			at time.Duration
			retry.Attempt
		}
		var notes []note
		own := &statusError{429}
		f, _ := failing(2, retry.After(own, time.Second))
		p := retry.Policy{Notify: func(ctx context.Context, a retry.Attempt) {
			require.NoError(t, ctx.Err())
			notes = append(notes, note{time.Since(start), a})
		}}
		_, err := retry.Do(t.Context(), p, f)
		require.NoError(t, err)
		require.Len(t, notes, 2, "not after the last attempt")
		require.Equal(t, note{0, retry.Attempt{Number: 1, Err: own, Wait: notes[0].Wait}}, notes[0])
		require.Equal(t, note{notes[0].Wait, retry.Attempt{Number: 2, Err: own, Wait: notes[1].Wait}}, notes[1])
	})
}

func TestDoDoesNotAllocate(t *testing.T) {
	ctx, p, own := t.Context(), retry.Policy{Backoff: retry.Constant(0)}, errors.New("x")
	n := 0
	f := func(context.Context) (int, error) {
		if n++; n%3 != 0 {
			return 0, own
		}
		return n, nil
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := retry.Do(ctx, p, f); err != nil {
			t.Error(err)
		}
	}))
}

// C37: a function of the policy's that panics ends the call with an error, which
// says what f's was too; what was paid for a retry that was not made is paid back.
func TestC37_APanicInAPolicy(t *testing.T) {
	mine := errors.New("mine")
	for name, blows := range map[string]retry.Policy{
		"Retryable": {Retryable: func(error) bool { panic("canary") }},
		"Backoff":   {Backoff: func(int) time.Duration { panic("canary") }},
		"Notify":    {Notify: func(context.Context, retry.Attempt) { panic("canary") }},
	} {
		budget := retry.NewBudget(retry.RetryCost)
		blows.Budget = budget
		f, at := failing(1, mine)
		got, err := retry.Do(t.Context(), blows, f)
		require.Empty(t, got)
		require.ErrorIs(t, err, mine, name)
		require.ErrorContains(t, err, "the policy panicked with a string")
		require.NotContains(t, err.Error(), "canary")
		require.Len(t, *at, 1)
		require.True(t, budget.Withdraw(retry.RetryCost), name)
	}
}
