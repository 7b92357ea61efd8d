package inbox

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var errBad = errors.New("a bad row")

// fakeTable counts what it is given, some time for each transaction.
type fakeTable struct {
	mu    sync.Mutex
	sizes []int
	took  time.Duration
	now   atomic.Int32
	most  int32
	away  bool
}

func (f *fakeTable) insert(_ context.Context, all [][]row) error {
	n := f.now.Add(1)
	defer f.now.Add(-1)
	f.mu.Lock()
	f.sizes = append(f.sizes, len(all))
	f.most = max(f.most, n)
	f.mu.Unlock()
	time.Sleep(f.took)
	if f.away {
		return errors.New("it does not answer")
	}
	for _, rows := range all {
		switch rows[0].id {
		case "bad":
			return errBad
		case "panic":
			panic("driver")
		}
	}
	return nil
}

func one(id string) []row { return []row{{id: id}} }

func TestDeliveriesThatComeAtOnceShareTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTable{took: time.Second}
		g := group[[]row]{limit: 1, commit: f.insert}
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() { require.NoError(t, g.do(t.Context(), one("a"))) })
		}
		begun := time.Now()
		wg.Wait()
		require.LessOrEqual(t, len(f.sizes), 4)
		require.LessOrEqual(t, time.Since(begun), 4*time.Second)
		require.EqualValues(t, 1, f.most, "one writer")
		sum := 0
		for _, n := range f.sizes {
			require.LessOrEqual(t, n, maxGroup)
			sum += n
		}
		require.Equal(t, 300, sum)
		synctest.Wait()
		require.Zero(t, g.writing, "and none is left")
	})
}

// D1: many deliveries of many events each, or of large bodies, are committed, as each
// would be by itself.
func TestD1_LargeDeliveriesThatComeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ib, err := New(new(sql.DB), SQLite)
		require.NoError(t, err)
		var most time.Duration
		ib.intake.commit = func(_ context.Context, all [][]row) error {
			var took time.Duration // over a network, to a disk that others write to as well
			for _, rows := range all {
				bytes := len(rows[0].body)
				for _, r := range rows {
					bytes += len(r.meta)
				}
				took += time.Duration(len(rows))*time.Millisecond + time.Duration(bytes)*100
			}
			most = max(most, took)
			time.Sleep(min(took, callLimit))
			if took > callLimit {
				return context.DeadlineExceeded
			}
			return nil
		}
		large := make([]byte, 4<<20)
		for name, delivery := range map[string]func(i int) []row{
			"of many events":         func(i int) []row { return make([]row, 100+100*(i%5)) },
			"of large bodies":        func(i int) []row { return []row{{body: large[:len(large)/(1+i%3)]}} },
			"of one body each":       func(int) []row { return []row{{body: large}, {body: large}} },
			"of large payloads":      func(int) []row { return []row{{}, {meta: large[:1<<20]}} },
			"one of too many events": func(int) []row { return make([]row, 2*maxSize) },
		} {
			most = 0
			var wg sync.WaitGroup
			for i := range maxGroup {
				wg.Go(func() { require.NoError(t, ib.intake.do(t.Context(), delivery(i)), name) })
			}
			wg.Wait()
			require.Greater(t, most, callLimit/100, name)
		}
	})
}

func TestSeveralWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTable{took: time.Second}
		g := group[[]row]{limit: 3, commit: f.insert}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() { require.NoError(t, g.do(t.Context(), one("a"))) })
			synctest.Wait()
		}
		wg.Wait()
		require.EqualValues(t, 3, f.most)
		require.Equal(t, []int{1, 1, 1, 3}, f.sizes)
	})
}

// One that the database refuses costs the others nothing.
func TestABadDeliveryFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, bad := range []string{"bad", "panic"} {
			f := &fakeTable{took: 10 * time.Millisecond}
			g := group[[]row]{limit: 1, commit: f.insert}
			var wg sync.WaitGroup
			for _, id := range []string{"first", "a", bad, "b"} {
				wg.Go(func() {
					err := g.do(t.Context(), one(id))
					if id == bad {
						require.Error(t, err)
					} else {
						require.NoError(t, err, id)
					}
				})
				synctest.Wait()
			}
			wg.Wait()
			require.Equal(t, []int{1, 3, 1, 1, 1}, f.sizes)
		}
	})
}

// A database that does not answer is not asked once for each that waits.
func TestADatabaseThatIsAwayIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTable{took: 2 * time.Second, away: true}
		g := group[[]row]{limit: 1, commit: f.insert}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { require.Error(t, g.do(t.Context(), one("a"))) })
		}
		wg.Wait()
		require.LessOrEqual(t, len(f.sizes), 3)
	})
}

// Whoever has gone is not inserted any more, and waits for nothing.
func TestASenderThatHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTable{took: time.Minute}
		g := group[[]row]{limit: 1, commit: f.insert}
		var wg sync.WaitGroup
		wg.Go(func() { require.NoError(t, g.do(t.Context(), one("a"))) })
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBad)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, g.do(ctx, one("late")), errBad)
		require.Equal(t, time.Second, time.Since(begun))
		wg.Wait()
		synctest.Wait()
		require.Equal(t, []int{1}, f.sizes)
	})
}
