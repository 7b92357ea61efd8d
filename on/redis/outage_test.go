package onredis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// D6: the quota holds to the call over an outage of a Redis that keeps its state, where
// all processes had heard the same of it: who is back first leaves the others theirs,
// until they have told what they took.
func TestD6_QuotaOverAnOutage(t *testing.T) {
	t.Parallel()
	for name, took := range map[string]int{"all of the shares": 20, "a part of them": 4, "nothing": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 44
			s, all := stopped(t, n, 4)
			total := hear(t, 2, all...) // so that the first has heard of the last
			counted(t, s, "q:Month", 8)
			for _, p := range all {
				p.cut.on.Store(true)
			}
			for i, p := range all {
				p.away(t)
				if i > 0 {
					total += p.spend(t, took)
				}
			}
			s.SetTime(noon.Add(5 * time.Second))
			all[0].back(t)
			first := all[0].spend(t, n)
			total += first
			require.Equal(t, n/4-2, first, "its own share")
			s.SetTime(noon.Add(12 * time.Second))
			require.Zero(t, all[0].spend(t, n), "for ten seconds")
			for _, p := range all[1:] {
				p.cut.on.Store(false)
			}
			for _, p := range all[1:] {
				p.back(t)
				total += p.spend(t, 1)
			}
			require.Eventually(t, func() bool { // what is reserved comes back
				for _, p := range all {
					total += p.spend(t, n)
				}
				return total >= n
			}, time.Minute, time.Millisecond)
			require.Equal(t, n, total, "no more, and no less")
		})
	}
}

// D6: a process whose first call Redis has handled goes on with its share until it hears
// of that, which the others leave to it.
func TestD6_ShareOfWhoHasNotHeardThatRedisIsBack(t *testing.T) {
	t.Parallel()
	const n = 20
	s, both := stopped(t, n, 2)
	one, other := both[0], both[1]
	total := hear(t, 2, both...)
	counted(t, s, "q:Month", 4)
	one.cut.on.Store(true)
	other.cut.on.Store(true)
	total += one.spend(t, 1) + other.spend(t, 2)
	s.SetTime(noon.Add(5 * time.Second))
	key := "k"
	other.deaf.to.Store(&key)
	other.cut.on.Store(false)
	require.Eventually(t, func() bool { return other.deaf.lost.Load() > 0 }, time.Minute, time.Millisecond)
	one.back(t)
	total += one.spend(t, n)
	require.Equal(t, 4+2+8, total)
	total += other.spend(t, n)
	require.Equal(t, n, total)
}

// D6: who is back first may know of fewer processes than the next.
func TestD6_SharesOfWhomTheFirstDidNotKnow(t *testing.T) {
	t.Parallel()
	const n = 44
	s, all := stopped(t, n, 4)
	total := hear(t, 1, all...)
	// The last have heard of as much as may be then, and the first of itself alone.
	total += hear(t, 1, all[1:]...) + hear(t, 1, all[2:]...)
	counted(t, s, "q:Month", 9)
	for _, p := range all {
		p.away(t)
	}
	s.SetTime(noon.Add(5 * time.Second))
	all[0].back(t)
	all[1].back(t)
	total += all[1].spend(t, 1) + all[0].spend(t, n)
	require.Equal(t, n-2*((n-9)/4), total, "but for two shares")
	for _, p := range all[2:] {
		total += p.spend(t, (n-9)/4)
	}
	require.Equal(t, n, total)
}

// D6: the share of a process that does not come back is the others' after ten seconds.
func TestD6_SharesOfWhomIsGone(t *testing.T) {
	t.Parallel()
	const n = 20
	s, both := stopped(t, n, 2)
	one, gone := both[0], both[1]
	require.Equal(t, 4, hear(t, 2, both...))
	counted(t, s, "q:Month", 4)
	gone.cut.on.Store(true)
	one.away(t)
	s.SetTime(noon.Add(5 * time.Second))
	one.back(t)
	require.Equal(t, 8, one.spend(t, n), "its share")
	s.SetTime(noon.Add(16 * time.Second))
	total := 4 + 8
	require.Eventually(t, func() bool {
		total += one.spend(t, n)
		return total >= n
	}, time.Minute, time.Millisecond)
	require.Equal(t, n, total)
}

// D6: Redis that goes away again, soon after it was back, is no different.
func TestD6_QuotaOverTwoOutages(t *testing.T) {
	t.Parallel()
	const n = 20
	s, both := stopped(t, n, 2)
	away := func() {
		for _, p := range both {
			p.cut.on.Store(true)
		}
		for _, p := range both {
			p.away(t)
		}
	}
	total := hear(t, 2, both...)
	away()
	s.SetTime(noon.Add(5 * time.Second))
	for _, p := range both {
		p.back(t)
	}
	total += hear(t, 1, both...)
	counted(t, s, "q:Month", 6)
	away()
	total += both[1].spend(t, n)
	s.SetTime(noon.Add(9 * time.Second))
	both[0].back(t)
	total += both[0].spend(t, n)
	require.LessOrEqual(t, total, n)
	require.Greater(t, total, n-3)
}
