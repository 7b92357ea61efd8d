package ratelimit_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the zones below, wherever the tests run

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// sleepUntil moves the bubble's clock.
func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }

func TestQuotaResetsWithThePeriod(t *testing.T) {
	for _, tt := range []struct {
		name      string
		per       ratelimit.Period
		zone      string
		now, next time.Time // in UTC
	}{
		{"hour", ratelimit.Hour, "UTC", time.Date(2026, 3, 1, 10, 59, 59, 0, time.UTC), time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)},
		{"hour, half-hour zone", ratelimit.Hour, "Asia/Kolkata", time.Date(2026, 3, 1, 10, 15, 0, 0, time.UTC), time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)},
		{"hour at which clocks go back", ratelimit.Hour, "Europe/Berlin", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
		{"day", ratelimit.Day, "UTC", time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"day in California", ratelimit.Day, "America/Los_Angeles", time.Date(2026, 7, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 7, 0, 0, 0, time.UTC)},
		{"day of 23 hours", ratelimit.Day, "America/Los_Angeles", time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC), time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)},
		{"day of 25 hours", ratelimit.Day, "America/Los_Angeles", time.Date(2026, 11, 1, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)},
		{"day without a midnight", ratelimit.Day, "Africa/Cairo", time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC), time.Date(2026, 4, 23, 22, 0, 0, 0, time.UTC)},
		{"day without a midnight, west", ratelimit.Day, "America/Havana", time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC)},
		{"day before one that was skipped", ratelimit.Day, "Pacific/Apia", time.Date(2011, 12, 29, 22, 0, 0, 0, time.UTC), time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC)},
		{"month", ratelimit.Month, "UTC", time.Date(2028, 2, 29, 23, 59, 59, 999, time.UTC), time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC)},
		{"month, from the 31st", ratelimit.Month, "Asia/Tokyo", time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC), time.Date(2026, 1, 31, 15, 0, 0, 0, time.UTC)},
		{"December", ratelimit.Month, "UTC", time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loc := zone(t, tt.zone)
			synctest.Test(t, func(t *testing.T) {
				sleepUntil(tt.now)
				limit := ratelimit.Quota(2, tt.per, ratelimit.WithLocation(loc))
				require.True(t, limit.Allow("k"))
				require.True(t, limit.Allow("k"))
				require.False(t, limit.Allow("k"))
				require.True(t, limit.Allow("other"))
				sleepUntil(tt.next.Add(-1))
				require.False(t, limit.Allow("k"), "not before %v", tt.next)
				require.NoError(t, limit.Wait(t.Context(), "k"))
				require.WithinDuration(t, tt.next, time.Now(), tick)
				require.True(t, limit.Allow("k"))
				require.False(t, limit.Allow("k"))
			})
		})
	}
}

func TestQuotaKnowsHowLongALineWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight, UTC, of 2000-01-01
		limit := ratelimit.Quota(2, ratelimit.Hour)
		start := time.Now()
		done := make(chan time.Duration, 7)
		for range 7 {
			go func() {
				if err := limit.Wait(t.Context(), "k"); err != nil {
					t.Error(err)
				}
				done <- time.Since(start)
			}()
			synctest.Wait()
		}
		for _, want := range []time.Duration{0, 0, 1, 1, 2, 2, 3} {
			requireNear(t, want*time.Hour, <-done)
		}
	})
}

// The deadline is told from the period in which the call's turn comes.
func TestC16_AQuotasLineAgainstTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight
		limit := ratelimit.Quota(1, ratelimit.Hour)
		wait := func(limit ratelimit.Limiter, within time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			start := time.Now()
			err := limit.Wait(ctx, "k")
			require.Equal(t, err != nil, time.Since(start) == 0)
			return err
		}
		require.True(t, limit.Allow("k"))
		require.ErrorIs(t, wait(limit, time.Hour), ratelimit.ErrDeadline)
		require.NoError(t, wait(limit, time.Hour+time.Minute))
		var wg sync.WaitGroup
		wg.Go(func() { require.NoError(t, limit.Wait(t.Context(), "k")) })
		synctest.Wait()
		require.ErrorIs(t, wait(limit, 90*time.Minute), ratelimit.ErrDeadline)
		wg.Wait()
	})
}

func TestReturnDoesNotReachIntoAnEndedPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Quota(1, ratelimit.Hour)
		require.True(t, limit.Allow("k"))
		time.Sleep(time.Hour)
		limit.Return("k")
		require.True(t, limit.Allow("k"))
		require.False(t, limit.Allow("k"))
	})
}

func TestInNilIsUTC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := ratelimit.Quota(1, ratelimit.Day, ratelimit.WithLocation(nil))
		require.True(t, limit.Allow("k"))
		time.Sleep(24*time.Hour - 1)
		require.False(t, limit.Allow("k"))
		time.Sleep(time.Nanosecond)
		require.True(t, limit.Allow("k"))
	})
}

// C17: a token that is returned after its calendar period has ended is nobody's: it does
// not make room in the next.
func TestC17_ReturnedAfterItsPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := ratelimit.Quota(3, ratelimit.Hour)
		time.Sleep(59 * time.Minute)
		require.True(t, q.Allow("k"))
		require.True(t, q.Allow("k"))
		time.Sleep(2 * time.Minute) // the next hour has begun
		require.True(t, q.Allow("k"))
		q.ReturnN("k", 2) // those of the last
		require.True(t, q.Allow("k"))
		require.True(t, q.Allow("k"))
		require.False(t, q.Allow("k"), "three of this hour are taken")
		q.Return("k") // one of this
		require.True(t, q.Allow("k"))
		require.False(t, q.Allow("k"))
		time.Sleep(59 * time.Minute)
		require.True(t, q.Allow("k"))
		time.Sleep(15 * time.Minute) // longer than a call takes that is not made
		q.Return("k")
		for range 3 {
			require.True(t, q.Allow("k"))
		}
		require.False(t, q.Allow("k"))
	})
}
