package redis_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/internal/stilltest"
)

// What stands still for longer costs turns, and so does settling after it: what was
// reserved is over, and batches grow again.
const (
	costly   = 150 * time.Millisecond
	settling = 300 * time.Millisecond
)

// watchServers watches this process, and how soon the servers respond that do.
func watchServers(t *testing.T, list ...*servers.Server) (stop func() []stilltest.Stretch) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var stops []func() []stilltest.Stretch
	for _, s := range list {
		rdb := connect(s.Addr)
		stops = append(stops, stilltest.Watch(func() { _ = rdb.Ping(ctx).Err() })) // by an error it was not slow
		t.Cleanup(func() { _ = rdb.Close() })
	}
	stop = sync.OnceValue(func() (all []stilltest.Stretch) {
		cancel()
		for _, stop := range stops {
			all = append(all, stop()...)
		}
		return all
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// stood is where anything of a test did that costs turns, with the workers' own.
func stood(servers []stilltest.Stretch, reports []*report) (all []stilltest.Stretch) {
	for _, r := range reports {
		all = append(all, r.Still...)
	}
	all = append(all, servers...)
	all = slices.DeleteFunc(all, func(s stilltest.Stretch) bool { return s.To.Sub(s.From) < costly })
	for i := range all {
		all[i].To = all[i].To.Add(settling)
	}
	slices.SortFunc(all, func(a, b stilltest.Stretch) int { return a.From.Compare(b.From) })
	return all
}

// calm returns how many of the times lie between two moments and where nothing stood
// still, and how long that is together.
func calm(times []time.Time, from, to time.Time, stood []stilltest.Stretch) (n int, long time.Duration) {
	var left []stilltest.Stretch
	for _, s := range stood { // in their order
		if s.From.After(from) {
			left = append(left, stilltest.Stretch{From: from, To: earlier(s.From, to)})
		}
		if s.To.After(from) {
			from = s.To
		}
		if !from.Before(to) {
			break
		}
	}
	if from.Before(to) {
		left = append(left, stilltest.Stretch{From: from, To: to})
	}
	for _, s := range left {
		n += between(times, s.From, s.To)
		long += s.To.Sub(s.From)
	}
	return n, long
}

// rate is calm's number in a second, or nothing where there is too little to tell by.
func rate(t *testing.T, times []time.Time, from, to time.Time, stood []stilltest.Stretch) float64 {
	t.Helper()
	n, long := calm(times, from, to, stood)
	if long < time.Second/2 {
		t.Logf("the machine stood still for all but %v of %v", long, to.Sub(from))
		return 0
	}
	return float64(n) / long.Seconds()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// between returns how many of the times lie between two moments.
func between(times []time.Time, from, to time.Time) (n int) {
	for _, at := range times {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// The measure itself: of two calls a second half are gone, and so is the time.
func TestWhatStoodStillIsLeftOut(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	at := func(d time.Duration) time.Time { return began.Add(d) }
	var times []time.Time
	for d := time.Duration(0); d < 10*time.Second; d += time.Second / 2 {
		if d < 3*time.Second || d >= 6*time.Second {
			times = append(times, at(d))
		}
	}
	long := stilltest.Stretch{From: at(3*time.Second + 1), To: at(5*time.Second + 1)}
	within := stilltest.Stretch{From: at(4 * time.Second), To: at(5 * time.Second)}
	short := stilltest.Stretch{From: at(time.Second), To: at(time.Second + stilltest.Least)}
	all := stood([]stilltest.Stretch{within}, []*report{{Still: []stilltest.Stretch{long, short}}})
	require.Equal(t, []stilltest.Stretch{{From: long.From, To: long.To.Add(settling)}, {From: within.From, To: within.To.Add(settling)}}, all)
	n, d := calm(times, began, at(10*time.Second), all)
	require.Equal(t, 14, n)
	require.Equal(t, 8*time.Second-settling, d)
	n, d = calm(times, at(4*time.Second), at(8*time.Second), all)
	require.Equal(t, 4, n)
	require.Equal(t, 3*time.Second-settling-1, d)
	require.InDelta(t, 2, rate(t, times, began, at(3*time.Second), all), 0.001)

	late := &report{Times: []int64{at(time.Second).UnixNano(), at(5 * time.Second).UnixNano(), at(6 * time.Second).UnixNano()}, Still: []stilltest.Stretch{long}}
	require.Equal(t, []time.Time{time.Unix(0, late.Times[0]), time.Unix(0, late.Times[2])}, late.times())
}
