package retry_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/retry"
)

func TestExponential(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		base, limit time.Duration
		want        map[int]time.Duration
	}{
		{"doubles", time.Second, 0, map[int]time.Duration{1: 1 * time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 11: 1024 * time.Second}},
		{"stops at the limit", time.Second, 5 * time.Second, map[int]time.Duration{3: 4 * time.Second, 4: 5 * time.Second, 5: 5 * time.Second, 1 << 30: 5 * time.Second}},
		{"reaches the limit", time.Second, 4 * time.Second, map[int]time.Duration{2: 2 * time.Second, 3: 4 * time.Second, 4: 4 * time.Second}},
		{"just below the limit", 1, 5, map[int]time.Duration{1: 1, 2: 2, 3: 4, 4: 5}},
		{"limit at base", time.Second, time.Second, map[int]time.Duration{1: time.Second, 2: time.Second}},
		{"shortest base", 1, 0, map[int]time.Duration{62: 1 << 61, 63: 1 << 62, 64: math.MaxInt64, 65: math.MaxInt64}},
		{"limit below base", time.Second, time.Millisecond, map[int]time.Duration{1: time.Millisecond}},
		{"saturates", time.Second, 0, map[int]time.Duration{34: time.Second << 33, 35: math.MaxInt64, 63: math.MaxInt64, 64: math.MaxInt64, math.MaxInt: math.MaxInt64}},
		{"longest base", math.MaxInt64, 0, map[int]time.Duration{1: math.MaxInt64, 2: math.MaxInt64}},
		{"no base", 0, 0, map[int]time.Duration{1: 0, 99: 0}},
		{"negative base", -time.Second, 0, map[int]time.Duration{1: 0, 99: 0}},
		{"negative limit is none", time.Second, -1, map[int]time.Duration{5: 16 * time.Second}},
		{"attempts below one count as one", time.Second, 0, map[int]time.Duration{0: time.Second, -5: time.Second, math.MinInt: time.Second}},
	} {
		for attempt, want := range tt.want {
			require.Equal(t, want, retry.Exponential(tt.base, tt.limit)(attempt), "%s, attempt %d", tt.name, attempt)
		}
	}
}

func TestFullJitterStaysWithinAndFillsTheRange(t *testing.T) {
	t.Parallel()
	backoff := retry.FullJitter(200*time.Millisecond, 20*time.Second)
	for attempt, limit := range map[int]time.Duration{1: 200 * time.Millisecond, 3: 800 * time.Millisecond, 8: 20 * time.Second, math.MaxInt: 20 * time.Second} {
		var low, high, sum time.Duration
		low = math.MaxInt64
		const n = 4000
		for range n {
			d := backoff(attempt)
			low, high, sum = min(low, d), max(high, d), sum+d
		}
		require.GreaterOrEqual(t, low, time.Duration(0))
		require.LessOrEqual(t, high, limit)
		require.Less(t, low, limit/20)
		require.Greater(t, high, limit-limit/20)
		require.InEpsilon(t, float64(limit)/2, float64(sum)/n, 0.1)
	}
	require.Zero(t, retry.FullJitter(0, time.Second)(9))
	require.GreaterOrEqual(t, retry.FullJitter(math.MaxInt64, 0)(9), time.Duration(0))
}

func TestFullJitterIncludesBothEnds(t *testing.T) {
	t.Parallel()
	for _, draw := range []func() time.Duration{
		func() time.Duration { return retry.FullJitter(2, 0)(1) },
		func() time.Duration { return retry.Above(29) - 29 },
	} {
		drawn := map[time.Duration]bool{}
		for range 500 {
			drawn[draw()] = true
		}
		require.Equal(t, map[time.Duration]bool{0: true, 1: true, 2: true}, drawn)
	}
	require.Equal(t, time.Duration(9), retry.Above(9), "a tenth of it is no whole nanosecond")
}

func TestConstant(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Second, retry.Constant(time.Second)(1))
	require.Equal(t, time.Second, retry.Constant(time.Second)(math.MaxInt))
	require.Zero(t, retry.Constant(-time.Second)(1))
}

// C4
func TestAboveOnlyEverAdds(t *testing.T) {
	t.Parallel()
	for range 2000 {
		require.GreaterOrEqual(t, retry.Above(time.Minute), time.Minute)
		require.LessOrEqual(t, retry.Above(time.Minute), time.Minute+6*time.Second)
		require.GreaterOrEqual(t, retry.Above(math.MaxInt64-9), time.Duration(math.MaxInt64-9))
	}
	require.Zero(t, retry.Above(0))
	require.Zero(t, retry.Above(-time.Hour))
	require.Equal(t, time.Duration(math.MaxInt64), retry.Above(math.MaxInt64))
}

func FuzzBackoffNeverNegativeNorAboveTheLimit(f *testing.F) {
	f.Add(int64(time.Second), int64(0), 63)
	f.Fuzz(func(t *testing.T, base, limit int64, attempt int) {
		for _, b := range []retry.Backoff{
			retry.Exponential(time.Duration(base), time.Duration(limit)),
			retry.FullJitter(time.Duration(base), time.Duration(limit)),
		} {
			d := b(attempt)
			if d < 0 || limit > 0 && d > time.Duration(limit) {
				t.Fatalf("base %d, limit %d, attempt %d: %d", base, limit, attempt, d)
			}
		}
	})
}
