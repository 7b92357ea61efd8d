package intake

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
)

// 10,000 items a second for ten seconds, against a service that is slow, then dead, then
// limited: what is held stays within its bounds, what was accepted arrives once and in
// order, and what was not is counted.
func TestRush(t *testing.T) {
	const perSecond, seconds, held = 10_000, 10, 20_000
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var got []int
		limited := false
		q := New(Config[int]{
			MaxItems: held, MaxBytes: held * 100, BatchItems: 1000, BatchBytes: 100_000, MaxAge: time.Second, Timeout: 2 * time.Second,
			Send: func(ctx context.Context, batch []int) Outcome {
				switch second := time.Since(begin) / time.Second; {
				case second < 3: // slow: about a third of what is offered
					time.Sleep(300 * time.Millisecond)
				case second < 6: // dead
					<-ctx.Done()
					return Outcome{Verdict: Again, Reason: "network_error"}
				case second < 10: // limited: a batch a second
					if limited = !limited; limited {
						return Outcome{Verdict: Again, Reason: "limited", After: time.Second}
					}
				}
				got = append(got, batch...)
				return Outcome{}
			},
		})
		accepted := 0
		for i := range perSecond * seconds {
			if q.Offer(i, 100) {
				accepted++
			}
			time.Sleep(time.Second / perSecond)
			if i%100 == 0 {
				s := q.Stats()
				balanced(t, s)
				require.LessOrEqual(t, s.Pending, held)
				require.LessOrEqual(t, s.PendingBytes, held*100)
			}
		}
		require.LessOrEqual(t, len(q.waiting.slots), 2*held)
		require.NoError(t, q.Close(within(t, time.Minute)))
		s := q.Stats()
		balanced(t, s)
		require.EqualValues(t, perSecond*seconds, s.Offered)
		require.EqualValues(t, accepted, s.Accepted())
		require.EqualValues(t, accepted, s.Sent, "what was accepted arrives")
		require.Equal(t, map[Reason]uint64{Full: uint64(perSecond*seconds - accepted)}, s.Dropped)
		require.Len(t, got, accepted)
		for i := 1; i < len(got); i++ {
			require.Less(t, got[i-1], got[i])
		}
		t.Logf("%d offered, %d accepted and sent, %d dropped", s.Offered, accepted, s.Dropped[Full])
	})
}

// A million items for a service that does not respond take the memory of those that are
// held.
func TestMemoryIsBounded(t *testing.T) {
	release := make(chan struct{})
	q := New(Config[[]byte]{
		MaxItems: 1000, MaxBytes: 1 << 20, Send: func(context.Context, [][]byte) Outcome { <-release; return Outcome{} },
	})
	before := heap()
	for range 1_000_000 {
		q.Offer(make([]byte, 1024), 1024)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	close(release)
	require.NoError(t, q.Close(t.Context()))
	s := q.Stats()
	balanced(t, s)
	require.EqualValues(t, 1000, s.Accepted())
}

// What has been sent is nobody's any more.
func TestWhatIsSentIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config[*[64]byte]{Send: func(context.Context, []*[64]byte) Outcome { return Outcome{} }})
		item := new([64]byte)
		gone := weak.Make(item)
		q.Offer(item, 64)
		item = nil
		require.NoError(t, q.Flush(t.Context()))
		synctest.Wait() // who has sent it has ended, too
		runtime.GC()
		require.Nil(t, gone.Value())
		runtime.KeepAlive(q)
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Many goroutines offer, flush, look and close at once.
func TestManyAtOnce(t *testing.T) {
	var mu sync.Mutex
	got := map[int]int{}
	failed := false
	q := New(Config[int]{MaxItems: 100, BatchItems: 7, MaxAge: time.Millisecond, Send: func(_ context.Context, batch []int) Outcome {
		mu.Lock()
		defer mu.Unlock()
		if failed = !failed; failed {
			return Outcome{Verdict: Again, After: time.Microsecond}
		}
		for _, i := range batch {
			got[i]++
		}
		return Outcome{}
	}})
	var accepted sync.Map
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				if n := g*1000 + i; q.Offer(n, 1) {
					accepted.Store(n, true)
				}
				if i%50 == 0 {
					_ = q.Flush(t.Context())
					balanced(t, q.Stats())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, q.Close(t.Context()))
	balanced(t, q.Stats())
	n := 0
	accepted.Range(func(key, _ any) bool { n++; require.Equal(t, 1, got[key.(int)]); return true })
	require.Equal(t, n, len(got))
	require.EqualValues(t, n, q.Stats().Sent)
}
