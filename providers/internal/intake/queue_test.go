package intake

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// service is what a queue sends to. It keeps what it accepted, and when.
type service struct {
	mu      sync.Mutex
	batches [][]int
	at      []time.Duration
	begin   time.Time
	answer  func(ctx context.Context, batch []int) Outcome
}

func serving(answers ...Outcome) *service {
	s := &service{begin: time.Now()}
	s.answer = func(context.Context, []int) Outcome {
		o := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return o
	}
	return s
}

func (s *service) send(ctx context.Context, batch []int) Outcome {
	s.mu.Lock()
	s.at = append(s.at, time.Since(s.begin))
	s.mu.Unlock()
	o := s.answer(ctx, batch)
	if o.Verdict == Sent {
		s.mu.Lock()
		s.batches = append(s.batches, slices.Clone(batch))
		s.mu.Unlock()
	}
	return o
}

// pass lets time pass in a bubble, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// balanced holds a queue to its law.
func balanced(t *testing.T, s Stats) {
	t.Helper()
	sum := s.Sent + uint64(s.Pending)
	for _, n := range s.Dropped {
		sum += n
	}
	require.Equal(t, s.Offered, sum, "%+v", s)
}

func TestBatches(t *testing.T) {
	for name, tc := range map[string]struct {
		config  Config[int]
		sizes   []int
		batches [][]int
		at      []time.Duration
	}{
		"one at a time by default": {Config[int]{}, []int{1, 1, 1}, [][]int{{0}, {1}, {2}}, []time.Duration{0, 0, 0}},
		"by count": {Config[int]{BatchItems: 2, MaxAge: time.Second}, []int{1, 1, 1, 1, 1},
			[][]int{{0, 1}, {2, 3}, {4}}, []time.Duration{0, 0, time.Second}},
		"by bytes": {Config[int]{BatchItems: 9, BatchBytes: 10, MaxAge: time.Second}, []int{4, 6, 5, 6, 1},
			[][]int{{0, 1}, {2}, {3, 4}}, []time.Duration{0, 0, time.Second}},
		"by age":     {Config[int]{BatchItems: 9, MaxAge: 5 * time.Second}, []int{1, 1}, [][]int{{0, 1}}, []time.Duration{5 * time.Second}},
		"by nothing": {Config[int]{BatchItems: 9}, []int{-1, 0}, [][]int{{0, 1}}, []time.Duration{0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving(Outcome{})
				tc.config.Send = s.send
				q := New(tc.config)
				for i, size := range tc.sizes {
					require.True(t, q.Offer(i, size))
				}
				pass(time.Minute)
				require.Equal(t, tc.batches, s.batches)
				require.Equal(t, tc.at, s.at)
				require.Equal(t, Stats{Offered: uint64(len(tc.sizes)), Sent: uint64(len(tc.sizes)), Dropped: map[Reason]uint64{}}, q.Stats())
			})
		})
	}
}

// A batch does not wait for its age once it is full.
func TestABatchThatFillsIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(Outcome{})
		q := New(Config[int]{Send: s.send, BatchItems: 3, MaxAge: time.Hour})
		for i := range 3 {
			time.Sleep(time.Second)
			q.Offer(i, 1)
		}
		synctest.Wait()
		require.Equal(t, [][]int{{0, 1, 2}}, s.batches)
	})
}

func TestWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		dropped := map[Reason][]int{}
		q := New(Config[int]{
			MaxItems: 3, MaxBytes: 100, BatchBytes: 60,
			Send:    func(context.Context, []int) Outcome { <-release; return Outcome{} },
			Dropped: func(r Reason, i int) { dropped[r] = append(dropped[r], i) },
		})
		require.False(t, q.Offer(1, 61), "no batch has room for it")
		require.True(t, q.Offer(2, 60), "exactly a batch")
		synctest.Wait()
		require.False(t, q.Offer(3, 41), "what is being sent takes room")
		require.True(t, q.Offer(4, 40), "exactly what is left")
		require.False(t, q.Offer(5, 1))
		require.True(t, q.Offer(6, 0))
		require.False(t, q.Offer(7, 0), "three items")
		s := q.Stats()
		balanced(t, s)
		require.Equal(t, Stats{Offered: 7, Dropped: map[Reason]uint64{TooLarge: 1, Full: 3}, Pending: 3, PendingBytes: 100}, s)
		require.EqualValues(t, 3, s.Accepted())

		close(release)
		require.NoError(t, q.Close(t.Context()))
		require.False(t, q.Offer(8, 1))
		s = q.Stats()
		balanced(t, s)
		require.Equal(t, Stats{Offered: 8, Sent: 3, Dropped: map[Reason]uint64{TooLarge: 1, Full: 3, Closed: 1}}, s)
		require.EqualValues(t, 3, s.Accepted())
		require.Equal(t, map[Reason][]int{TooLarge: {1}, Full: {3, 5, 7}, Closed: {8}}, dropped)

		s.Dropped[Full] = 99
		require.EqualValues(t, 3, q.Stats().Dropped[Full], "a copy")
	})
}

func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.Panics(t, func() { New(Config[int]{}) })
		release := make(chan struct{})
		var deadline time.Duration
		q := New(Config[int]{Send: func(ctx context.Context, _ []int) Outcome {
			d, _ := ctx.Deadline()
			deadline = time.Until(d)
			<-release
			return Outcome{}
		}})
		require.True(t, q.Offer(0, 8<<20), "8 MiB")
		require.False(t, q.Offer(1, 1))
		for range 999 {
			require.True(t, q.Offer(2, 0))
		}
		require.False(t, q.Offer(3, 0), "1,000 items")
		close(release)
		require.NoError(t, q.Close(t.Context()))
		require.Equal(t, 30*time.Second, deadline)
		require.Equal(t, 5, New(Config[int]{Send: serving(Outcome{}).send, MaxBytes: 5, BatchBytes: 6}).config.BatchBytes, "a batch fits into the queue")
	})
}

// Failures are followed by the queue's back-off, which a success resets.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(Outcome{Verdict: Again}, Outcome{Verdict: Again}, Outcome{}, Outcome{Verdict: Again}, Outcome{})
		q := New(Config[int]{Send: s.send, Backoff: retry.Exponential(time.Second, 0)})
		q.Offer(0, 1)
		q.Offer(1, 1)
		pass(time.Minute)
		require.Equal(t, [][]int{{0}, {1}}, s.batches, "in order")
		require.Equal(t, []time.Duration{0, 1 * time.Second, 3 * time.Second, 3 * time.Second, 4 * time.Second}, s.at)
	})
}

// By default a service that is down is asked about twice a minute.
func TestADeadServiceIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(Outcome{Verdict: Again, Reason: "down"})
		q := New(Config[int]{Send: s.send})
		for i := range 1000 {
			q.Offer(i, 1)
		}
		pass(24 * time.Hour)
		require.Less(t, len(s.at), 24*60*3)
		require.Greater(t, len(s.at), 24*60)
		st := q.Stats()
		balanced(t, st)
		require.Greater(t, st.Dropped["down"], uint64(100), "each batch is given up ten minutes after its first sending")
		_ = q.Close(canceled(t))
	})
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// What the service asks for holds for the whole queue, is never cut short, and comes with
// any verdict.
func TestAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		first   Outcome
		least   time.Duration // until the second sending
		most    time.Duration
		batches [][]int
	}{
		"again":                 {Outcome{Verdict: Again, After: time.Minute}, time.Minute, 66 * time.Second, [][]int{{0}, {1}}},
		"sent":                  {Outcome{After: time.Minute}, time.Minute, 66 * time.Second, [][]int{{0}, {1}}},
		"dropped":               {Outcome{Verdict: Drop, After: time.Minute}, time.Minute, 66 * time.Second, [][]int{{1}}},
		"dropped, at once":      {Outcome{Verdict: Drop}, 0, 0, [][]int{{1}}},
		"dropped, negative":     {Outcome{Verdict: Drop, After: -time.Hour}, 0, 0, [][]int{{1}}},
		"longer than GiveUp":    {Outcome{Verdict: Again, After: time.Hour}, time.Hour, 66 * time.Minute, [][]int{{1}}},
		"longer than a day":     {Outcome{After: 1 << 62}, 24 * time.Hour, 24 * time.Hour, [][]int{{0}, {1}}},
		"an unknown verdict":    {Outcome{Verdict: 9}, 0, 0, [][]int{{1}}},
		"again, negative":       {Outcome{Verdict: Again, After: -1}, 7 * time.Second, 7 * time.Second, [][]int{{0}, {1}}},
		"again, no Retry-After": {Outcome{Verdict: Again}, 7 * time.Second, 7 * time.Second, [][]int{{0}, {1}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving(tc.first, Outcome{})
				var dropped []int
				q := New(Config[int]{Send: s.send, Backoff: retry.Constant(7 * time.Second), Dropped: func(_ Reason, i int) { dropped = append(dropped, i) }})
				q.Offer(0, 1)
				synctest.Wait()
				q.Offer(1, 1)
				pass(48 * time.Hour)
				require.GreaterOrEqual(t, s.at[1], tc.least)
				require.LessOrEqual(t, s.at[1], tc.most)
				require.Equal(t, tc.batches, s.batches)
				balanced(t, q.Stats())
				require.Len(t, slices.Concat(slices.Concat(s.batches...), dropped), 2, "what is not sent is told")
			})
		})
	}
}

// A batch that the service fails on is given up, for the service's own reason, and what
// is behind it arrives.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving()
		s.answer = func(_ context.Context, batch []int) Outcome {
			if batch[0] == 0 {
				return Outcome{Verdict: Again, Reason: "server_error"}
			}
			return Outcome{}
		}
		q := New(Config[int]{Send: s.send, Backoff: retry.Constant(time.Second), GiveUp: 3 * time.Second})
		q.Offer(0, 1)
		q.Offer(1, 1)
		pass(time.Minute)
		require.Equal(t, []time.Duration{0, 1 * time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, s.at, "at 3 s the next would be too late")
		require.Equal(t, [][]int{{1}}, s.batches)
		require.Equal(t, map[Reason]uint64{"server_error": 1}, q.Stats().Dropped)
	})
}

// C37: a Send that panics, or ends its goroutine, costs its batch and no more.
func TestC37_ASendThatPanics(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("s3cret") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving()
				s.answer = func(_ context.Context, batch []int) Outcome {
					if batch[0] == 0 {
						fail()
					}
					return Outcome{}
				}
				q := New(Config[int]{Send: s.send})
				q.Offer(0, 1)
				q.Offer(1, 1)
				require.NoError(t, q.Flush(t.Context()))
				require.Equal(t, [][]int{{1}}, s.batches)
				require.Equal(t, map[Reason]uint64{Panicked: 1}, q.Stats().Dropped)
				balanced(t, q.Stats())
			})
		})
	}
}

// L1: a queue that has nothing to send has no goroutine, closed or not; a bubble does not
// end before its goroutines do.
func TestL1_AnIdleQueueHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving(Outcome{After: time.Hour})
		q := New(Config[int]{Send: s.send})
		q.Offer(0, 1)
		synctest.Wait()
		running := func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.running }
		require.False(t, running(), "although it may not send for an hour")
		q.Offer(1, 1)
		require.True(t, running())
		pass(3 * time.Hour)
		require.Equal(t, [][]int{{0}, {1}}, s.batches)
		require.GreaterOrEqual(t, s.at[1], time.Hour)
	})
}

// Offering neither waits for a Send that hangs, nor allocates once the queue has grown.
func TestOfferDoesNotWaitOrAllocate(t *testing.T) {
	release := make(chan struct{})
	q := New(Config[int]{Send: func(context.Context, []int) Outcome { <-release; return Outcome{} }, MaxItems: 1 << 12, BatchItems: 1 << 12})
	for i := range 1 << 13 {
		q.Offer(i, 1)
	}
	require.Zero(t, testing.AllocsPerRun(1000, func() { q.Offer(1, 1) }), "refused")
	close(release)
	require.NoError(t, q.Flush(t.Context()))
	hold := make(chan struct{})
	q.config.Send = func(context.Context, []int) Outcome { <-hold; return Outcome{} }
	require.True(t, q.Offer(0, 1))
	require.Zero(t, testing.AllocsPerRun(1000, func() { q.Offer(1, 1) }), "accepted")
	require.Equal(t, 1002, q.Stats().Pending)
	close(hold)
	require.NoError(t, q.Close(t.Context()))
	balanced(t, q.Stats())
}

func BenchmarkOffer(b *testing.B) {
	q := New(Config[int]{Send: func(context.Context, []int) Outcome { return Outcome{} }, BatchItems: 100, MaxAge: time.Second})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			q.Offer(1, 1)
		}
	})
	_ = q.Close(context.Background())
}
