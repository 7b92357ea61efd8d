package onredis_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// D6: what a process took of a key that it had never asked Redis for is told too.
func TestD6_SettledByWhoHadNotAskedBefore(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(10))
	p.away(t)
	require.Equal(t, 5, p.spend(t, 20), "its share")
	p.back(t)
	require.NoError(t, p.Wait(t.Context(), "k"))
	require.NoError(t, p.Close(t.Context()))
	counted(t, s, "q:Month", 6)
}

// D6: a process tells it also where nobody waits there any more.
func TestD6_SettledWhereNobodyWaits(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(10))
	require.NoError(t, p.Wait(t.Context(), "k"))
	counted(t, s, "q:Month", 1)
	p.cut.on.Store(true)
	require.Equal(t, 3, p.spend(t, 3))
	require.True(t, p.Stats().Away)
	p.cut.on.Store(false)
	counted(t, s, "q:Month", 4)
}

// D6: and where it is closed before it has told it.
func TestD6_SettledByClose(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)) // which the process does not know
	p := newProcess(t, rdb, monthly(10))
	p.cut.on.Store(true)
	require.Equal(t, 3, p.spend(t, 3))
	p.cut.on.Store(false)
	require.NoError(t, p.Close(t.Context()))
	counted(t, s, "q:Month", 3)
}

// D6: what was told counts once, however many responses were lost.
func TestD6_SettledOnce(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(20))
	require.NoError(t, p.Wait(t.Context(), "k"))
	key := "k"
	p.cut.on.Store(true)
	require.Equal(t, 3, p.spend(t, 3))
	p.deaf.to.Store(&key)
	p.cut.on.Store(false)
	require.Eventually(t, func() bool { return p.deaf.lost.Load() >= 3 }, time.Minute, time.Millisecond)
	counted(t, s, "q:Month", 4)
	require.Equal(t, 2, p.spend(t, 2), "meanwhile")
	p.deaf.to.Store(nil)
	counted(t, s, "q:Month", 6)
	require.NoError(t, p.Close(t.Context()))
	counted(t, s, "q:Month", 6)
}

// D6: a process whose first try fails tries again, though nobody waits and Redis is
// there.
func TestD6_SettledAfterAFailure(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(20))
	require.NoError(t, p.Wait(t.Context(), "k"))
	time.Sleep(300 * time.Millisecond)
	key := "k"
	p.deaf.mute.Store(true)
	p.deaf.to.Store(&key)
	p.away(t)
	require.Equal(t, 3, p.spend(t, 3))
	lost := p.deaf.lost.Load()
	p.backByAnother(t, "paused")
	require.Eventually(t, func() bool { return p.deaf.lost.Load() > lost }, time.Minute, 100*time.Microsecond)
	p.deaf.to.Store(nil)
	counted(t, s, "q:Month", 4)
}

// D6: a process whose key Redis does not respond for, between two times that it is away,
// has the same share in both.
func TestD6_OneShareUntilItIsSettled(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(20))
	require.NoError(t, p.Wait(t.Context(), "k"))
	time.Sleep(300 * time.Millisecond) // what it has reserved beside is over
	key := "k"
	p.deaf.to.Store(&key)
	p.away(t)
	spent := p.spend(t, 12)
	require.Equal(t, 12, spent)
	for i := range 3 {
		p.backByAnother(t, "paused "+strconv.Itoa(i))
		p.away(t)
		spent += p.spend(t, 20)
	}
	require.LessOrEqual(t, spent, 19, "of 20, of which one was taken before")
	p.deaf.to.Store(nil)
	p.back(t)
	counted(t, s, "q:Month", 1+spent)
}

// D6: what was taken of a period that began while Redis was away is told of it, and what
// was taken of the one before is nobody's.
func TestD6_SettledInItsPeriod(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 23, 59, 59, 0, time.UTC))
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(40, ratelimit.Month), onredis.Quota(20, ratelimit.Day)}}
	p := newProcess(t, rdb, cfg)
	require.NoError(t, p.Wait(t.Context(), "k"))
	midnight := time.Now().Add(time.Second)
	p.cut.on.Store(true)
	require.Equal(t, 3, p.spend(t, 3))
	require.True(t, time.Now().Before(midnight), "yesterday")
	time.Sleep(time.Until(midnight.Add(10 * time.Millisecond)))
	require.Equal(t, 2, p.spend(t, 2))
	s.SetTime(time.Date(2031, 5, 2, 0, 0, 1, 0, time.UTC))
	p.cut.on.Store(false)
	counted(t, s, "q:Day", 2)
	counted(t, s, "q:Month", 6)
}

// D6: what was settled stays so where Redis then finds that the process' clock is wrong,
// as it does by another limit.
func TestD6_SettledByAClockThatIsBehind(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 23, 59, 59, 0, time.UTC))
	p := newProcess(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(40, ratelimit.Month), onredis.Quota(20, ratelimit.Day)}})
	require.NoError(t, p.Wait(t.Context(), "k"))
	p.cut.on.Store(true)
	require.Equal(t, 3, p.spend(t, 3))
	s.SetTime(time.Date(2031, 5, 2, 0, 0, 0, 500_000_000, time.UTC))
	p.cut.on.Store(false)
	counted(t, s, "q:Month", 4)
}

// D6: a key whose share is used up is not forgotten, and begun anew, while Redis is away.
func TestD6_SharesAreNotForgotten(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	p := newProcess(t, rdb, monthly(4))
	p.cut.on.Store(true)
	require.Equal(t, 2, p.spend(t, 20))
	for i := range 10_001 {
		require.NoError(t, p.Wait(t.Context(), strconv.Itoa(i)))
	}
	require.Zero(t, p.spend(t, 20))
}

// What was told of shares is forgotten when it no longer matters.
func TestSettlementsAreForgotten(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	s.SetTime(time.Date(2031, 5, 1, 12, 30, 0, 0, time.UTC))
	settlements := func() (n int) {
		fields, err := s.HKeys("standpipe:{=k}:limits")
		require.NoError(t, err)
		for _, field := range fields {
			if strings.HasPrefix(field, "w:") {
				n++
			}
		}
		return n
	}
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(40, ratelimit.Month), onredis.Quota(20, ratelimit.Hour)}, Members: 2}
	one, other := newProcess(t, rdb, cfg), newProcess(t, rdb, cfg)
	for _, p := range []*process{one, other} {
		p.cut.on.Store(true)
		require.Equal(t, 2, p.spend(t, 2))
		p.cut.on.Store(false)
	}
	counted(t, s, "q:Hour", 4)
	require.Equal(t, 4, settlements())
	// It has heard that it counts, or is about to, and says so when it asks the next
	// time: not before it has used what it has.
	for range 5 {
		if require.NoError(t, one.Wait(t.Context(), "k")); settlements() == 2 {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	require.Equal(t, 2, settlements())
	s.SetTime(time.Date(2031, 5, 1, 13, 0, 1, 0, time.UTC))
	require.NoError(t, limiter(t, rdb, cfg).Wait(t.Context(), "k"))
	require.Equal(t, 1, settlements(), "of the month")
}
