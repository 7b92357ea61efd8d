package intake

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/retry"
)

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := serving(Outcome{})
		q := New(Config[int]{Send: s.send, BatchItems: 10, MaxAge: time.Hour})
		require.NoError(t, q.Flush(t.Context()), "nothing to do")
		q.Offer(0, 1)
		q.Offer(1, 1)
		require.NoError(t, q.Flush(t.Context()))
		require.Zero(t, time.Since(begin), "not an hour later")
		require.Equal(t, [][]int{{0, 1}}, s.batches)

		s.answer = func(ctx context.Context, _ []int) Outcome {
			<-ctx.Done()
			return Outcome{Verdict: Again, Reason: "timeout"}
		}
		q.Offer(2, 1)
		err := q.Flush(within(t, 5*time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "intake: 1 item not sent yet: context deadline exceeded")
		require.Equal(t, 5*time.Second, time.Since(begin))
		require.Equal(t, 1, q.Stats().Pending, "and stays in the queue")
		require.Empty(t, q.flushes, "nobody waits any more")

		synctest.Wait()
		s.answer = func(context.Context, []int) Outcome { return Outcome{} }
		q.Offer(3, 1)
		require.NoError(t, q.Flush(t.Context()))
		require.Equal(t, [][]int{{0, 1}, {2}, {3}}, s.batches)
	})
}

// A Flush that has nothing to wait for has not run out of time, whatever its context.
func TestAFlushOfNothingIsNoErrorUnderAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config[int]{Send: serving(Outcome{}).send})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			require.NoError(t, q.Flush(ctx))
		}
		q.Offer(0, 1)
		require.ErrorIs(t, q.Flush(ctx), context.Canceled)
		require.NoError(t, q.Close(t.Context()))
	})
}

// What the callbacks count is whole when Flush or Close returns.
func TestFlushWaitsForTheCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counted []string
		count := func(what string) {
			time.Sleep(time.Second)
			counted = append(counted, what)
		}
		s := serving(Outcome{}, Outcome{Verdict: Drop}, Outcome{})
		q := New(Config[int]{
			Send: s.send, Delivered: func(int) { count("sent") }, Dropped: func(Reason, int) { count("dropped") },
		})
		q.Offer(0, 1)
		require.NoError(t, q.Flush(t.Context()))
		require.Equal(t, []string{"sent"}, counted)
		q.Offer(1, 1)
		synctest.Wait() // it is settled, and the callback at work
		require.Zero(t, q.Stats().Pending)
		require.NoError(t, q.Flush(t.Context()))
		require.Equal(t, []string{"sent", "dropped"}, counted)
		q.Offer(2, 1)
		require.NoError(t, q.Close(t.Context()))
		require.Equal(t, []string{"sent", "dropped", "sent"}, counted)
	})
}

// Flush waits for what was there before it, not for what comes after.
func TestFlushDoesNotWaitForWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving()
		q := New(Config[int]{Send: s.send})
		s.answer = func(context.Context, []int) Outcome {
			time.Sleep(time.Second)
			q.Offer(1, 1) // for ever
			return Outcome{}
		}
		begin := time.Now()
		q.Offer(0, 1)
		require.NoError(t, q.Flush(t.Context()))
		require.Equal(t, time.Second, time.Since(begin))
		require.NoError(t, q.Close(t.Context()))
		balanced(t, q.Stats())
	})
}

// A pause that would not end in time is not waited for.
func TestAPauseBeyondTheDeadlineIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := serving(Outcome{After: time.Minute}, Outcome{})
		q := New(Config[int]{Send: s.send})
		q.Offer(0, 1)
		synctest.Wait()
		q.Offer(1, 1)
		err := q.Flush(within(t, 59*time.Second))
		require.ErrorIs(t, err, ErrPaused)
		require.EqualError(t, err, "intake: 1 item not sent yet: the next attempt comes after the deadline")
		require.Zero(t, time.Since(begin))
		err = q.Close(within(t, 59*time.Second))
		require.ErrorIs(t, err, ErrPaused)
		require.EqualError(t, err, "intake: 1 item not sent: the next attempt comes after the deadline")
		require.Zero(t, time.Since(begin))
		require.Equal(t, Stats{Offered: 2, Sent: 1, Dropped: map[Reason]uint64{Unsent: 1}}, q.Stats())
	})
	synctest.Test(t, func(t *testing.T) { // a pause that ends in time, and one that begins while Close waits
		begin := time.Now()
		s := serving(Outcome{After: time.Minute}, Outcome{Verdict: Again, After: time.Hour})
		q := New(Config[int]{Send: s.send, GiveUp: 2 * time.Hour})
		q.Offer(0, 1)
		synctest.Wait()
		q.Offer(1, 1)
		require.ErrorIs(t, q.Close(within(t, 10*time.Minute)), ErrPaused)
		require.Less(t, time.Since(begin), 67*time.Second)
		require.GreaterOrEqual(t, time.Since(begin), time.Minute)
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(Outcome{})
		q := New(Config[int]{Send: s.send, BatchItems: 2, MaxAge: time.Hour})
		for i := range 5 {
			q.Offer(i, 1)
		}
		begin := time.Now()
		require.NoError(t, q.Close(t.Context()))
		require.Zero(t, time.Since(begin))
		require.Equal(t, [][]int{{0, 1}, {2, 3}, {4}}, s.batches)
		require.NoError(t, q.Close(t.Context()), "again")
		require.NoError(t, q.Close(canceled(t)), "whatever its context: there is nothing to do")
		require.NoError(t, q.Flush(t.Context()))
		require.Equal(t, Stats{Offered: 5, Sent: 5, Dropped: map[Reason]uint64{}}, q.Stats())
	})
}

// Close ends with its context, counts what was not sent, and waits for nobody: not for a
// Send that does not listen to its own context either.
func TestCloseEndsWithItsContext(t *testing.T) {
	for name, hang := range map[string]func(context.Context){
		"Send listens":    func(ctx context.Context) { <-ctx.Done() },
		"Send is deaf":    func(context.Context) { time.Sleep(time.Hour) },
		"Send panics":     func(ctx context.Context) { <-ctx.Done(); panic("x") },
		"Send has it all": func(ctx context.Context) { <-ctx.Done(); time.Sleep(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving()
				s.answer = func(ctx context.Context, _ []int) Outcome { hang(ctx); return Outcome{} }
				var told []int
				q := New(Config[int]{Name: "sentry", Send: s.send, BatchItems: 2, Timeout: time.Hour, Dropped: func(r Reason, i int) {
					require.Equal(t, Unsent, r)
					told = append(told, i)
				}})
				for i := range 5 {
					q.Offer(i, 1)
				}
				begin := time.Now()
				err := q.Close(within(t, 2*time.Second))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.EqualError(t, err, "sentry: 5 items not sent: context deadline exceeded")
				require.Equal(t, 2*time.Second, time.Since(begin))
				require.Equal(t, []int{0, 1, 2, 3, 4}, told)
				want := Stats{Offered: 5, Dropped: map[Reason]uint64{Unsent: 5}}
				require.Equal(t, want, q.Stats())
				pass(2 * time.Hour)
				require.Equal(t, want, q.Stats(), "what Send says now is counted already")
				require.Len(t, s.at, 1, "nothing more is sent")
			})
		})
	}
}

// A program that ends while the queue backs off makes one more attempt, and only one
// that is not as long as the back-off away.
func TestCloseCutsTheQueuesOwnBackoffOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		answers  []Outcome
		sendings int
		err      error
	}{
		"and it arrives":                {[]Outcome{{Verdict: Again}, {}}, 2, nil},
		"and it fails again":            {[]Outcome{{Verdict: Again}}, 2, ErrPaused},
		"but not what the service said": {[]Outcome{{Verdict: Again, After: time.Minute}}, 1, ErrPaused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving(tc.answers...)
				q := New(Config[int]{Send: s.send, Backoff: retry.Constant(time.Minute)})
				q.Offer(0, 1)
				synctest.Wait()
				begin := time.Now()
				require.ErrorIs(t, q.Close(within(t, 10*time.Second)), tc.err)
				require.Zero(t, time.Since(begin))
				require.Len(t, s.at, tc.sendings)
				balanced(t, q.Stats())
			})
		})
	}
}

// Two that close at once both return, each within its own context.
func TestClosedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving()
		s.answer = func(ctx context.Context, _ []int) Outcome { <-ctx.Done(); return Outcome{Verdict: Again} }
		q := New(Config[int]{Send: s.send, Timeout: time.Hour})
		q.Offer(0, 1)
		done := make(chan error, 2)
		go func() { done <- q.Close(within(t, time.Second)) }()
		go func() { done <- q.Close(within(t, time.Minute)) }()
		begin := time.Now()
		require.Error(t, errors.Join(<-done, <-done), "one of them has lost it")
		require.Equal(t, time.Second, time.Since(begin))
		require.Equal(t, Stats{Offered: 1, Dropped: map[Reason]uint64{Unsent: 1}}, q.Stats())
	})
}
