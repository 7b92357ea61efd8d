// Package limitertest checks that a [ratelimit.Limiter] keeps its promises. Run it in the
// tests of a limiter of your own, against the real storage where it has one:
//
//	func TestLimiter(t *testing.T) {
//		limitertest.Run(t, func(t *testing.T, n int) ratelimit.Limiter {
//			return newLimiter(t, n, time.Hour)
//		})
//	}
//
// The checks of what a limiter may do beside Wait ([ratelimit.Returner], Weighted,
// Delayer, Releaser) are skipped where it does not. Keys are made up afresh by each
// run, so that storage which is not empty will do. [Most] finds, in the times of calls,
// the span of time that held the most of them.
package limitertest
