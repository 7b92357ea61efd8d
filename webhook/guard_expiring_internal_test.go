package webhook

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func expiringKey(n int) (h guardHash) {
	h[0], h[1] = byte(n), byte(n>>8)
	return h
}

// Whatever is put, removed and put again, what is held stays within the limit.
func TestExpiringStaysWithinItsLimit(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	m := newExpiring[int](4)
	for n := range 1000 {
		m.put(expiringKey(n), n, now, now.Add(time.Hour))
		if n%3 == 0 {
			m.remove(expiringKey(n))
		}
		require.LessOrEqual(t, len(m.entries), 4)
		require.LessOrEqual(t, len(m.order), 16, "and so do the places")
	}
	for n, want := range map[int]bool{998: true, 997: true, 999: false, 996: false, 995: false} {
		v, ok := m.get(expiringKey(n), now)
		require.Equal(t, want, ok, n)
		if ok {
			require.Equal(t, n, v)
		}
	}
}

// An entry lives for as long as it was put for the last time, and not a moment more.
func TestExpiringGoesByTheLastPut(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	m := newExpiring[string](3)
	a, b := expiringKey(1), expiringKey(2)
	m.put(a, "first", now, now.Add(time.Hour))
	m.put(a, "again", now.Add(time.Minute), now.Add(time.Hour+time.Minute))
	v, ok := m.get(a, now.Add(time.Hour))
	require.True(t, ok)
	require.Equal(t, "again", v)
	m.put(b, "b", now.Add(time.Hour), now.Add(2*time.Hour)) // the first place of a has expired, a has not
	_, ok = m.get(a, now.Add(time.Hour))
	require.True(t, ok)
	_, ok = m.get(a, now.Add(time.Hour+time.Minute))
	require.False(t, ok)
	m.put(expiringKey(3), "c", now.Add(time.Hour+time.Minute), now.Add(3*time.Hour))
	require.NotContains(t, m.entries, a, "and is not held")
	require.Contains(t, m.entries, b)
	v, ok = m.get(expiringKey(9), now)
	require.False(t, ok)
	require.Empty(t, v)
}
