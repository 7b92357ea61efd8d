package onredis_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

// D6: a process that is the first to ask a Redis which has lost its state still knows how
// many there are, should Redis go away again.
func TestD6_ShareOfWhoAskedFirst(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	all := make([]*process, 4)
	for range 2 { // so that the first has heard of the last
		for i := range all {
			if all[i] == nil {
				all[i] = newProcess(t, rdb, monthly(40))
			}
			require.Equal(t, 1, all[i].spend(t, 1))
			time.Sleep(300 * time.Millisecond)
		}
	}
	s.FlushAll()
	require.Equal(t, 1, all[0].spend(t, 1))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 6) // as far as it knows
	all[0].cut.on.Store(true)
	require.Equal(t, 34/4, all[0].spend(t, 40))
}

// D6: where Redis has lost its count, it is what the process knows that heard last, and
// what was taken since comes on top, whoever tells first.
func TestD6_QuotaThatTheFirstKnowsLessOf(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	early, late := newProcess(t, rdb, monthly(20)), newProcess(t, rdb, monthly(20))
	require.Equal(t, 2, early.spend(t, 2))
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 10, late.spend(t, 10))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 12)
	s.FlushAll()
	require.Equal(t, 5, early.spend(t, 5))
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 1, late.spend(t, 1))
	require.NoError(t, early.Close(t.Context()))
	require.NoError(t, late.Close(t.Context()))
	counted(t, s, "q:Month", 18)
}

// D6: and where it is an earlier count that Redis has, as of a replica that lagged.
func TestD6_QuotaOfAReplicaThatLagged(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	early, late := newProcess(t, rdb, monthly(20)), newProcess(t, rdb, monthly(20))
	require.Equal(t, 2, early.spend(t, 2))
	time.Sleep(300 * time.Millisecond)
	restore := snapshot(t, s)
	require.Equal(t, 4, early.spend(t, 4))
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 6, late.spend(t, 6))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 12)
	restore()
	require.Equal(t, 5, early.spend(t, 5), "which knows of six")
	time.Sleep(300 * time.Millisecond)
	require.Equal(t, 1, late.spend(t, 1), "which knows of twelve")
	require.NoError(t, early.Close(t.Context()))
	require.NoError(t, late.Close(t.Context()))
	counted(t, s, "q:Month", 18)
}

// D6: a count that goes back beyond the birth of the one that a process knows of is not
// added to that.
func TestD6_QuotaOfAReplicaThatKnowsAnEarlierBirth(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	p := newProcess(t, rdb, monthly(20))
	require.Equal(t, 2, p.spend(t, 2))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 2)
	restore := snapshot(t, s)
	s.FlushAll()
	require.Equal(t, 3, p.spend(t, 3))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 5)
	restore()
	require.Equal(t, 1, p.spend(t, 1))
	time.Sleep(300 * time.Millisecond)
	counted(t, s, "q:Month", 6)
}

// snapshot returns what brings the state of the key back to what it is.
func snapshot(t *testing.T, s *miniredis.Miniredis) (restore func()) {
	t.Helper()
	const state = "standpipe:{=k}:limits"
	kept := map[string]string{}
	fields, err := s.HKeys(state)
	require.NoError(t, err)
	for _, field := range fields {
		kept[field] = s.HGet(state, field)
	}
	return func() {
		s.FlushAll()
		for field, value := range kept {
			s.HSet(state, field, value)
		}
	}
}
