package ratelimit

import (
	"strings"
	"time"
)

const (
	pastReset   = 24 * time.Hour       // how far behind a moment of reset can be
	futureReset = 366 * 24 * time.Hour // and how far ahead
)

// parseReset returns the time from now until the reset that s names, in any of
// the forms that [ParseLimits] lists. A reset that has passed is 0.
func parseReset(s string, now time.Time) (time.Duration, bool) {
	s = strings.Trim(s, " \t")
	if s == "" {
		return 0, false
	}
	if d, ok := decimal(s, time.Second); ok {
		return resetNumber(d, s, now)
	}
	if len(s) > maxDate {
		return 0, false
	}
	if c := s[0]; c >= '0' && c <= '9' {
		if d, err := time.ParseDuration(s); err == nil { // no sign: never negative
			return d, d <= futureReset
		}
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return resetAt(t, now)
		}
		return 0, false
	}
	if t, ok := date(s); ok {
		return resetAt(t, now)
	}
	return 0, false
}

// resetNumber tells seconds left, epoch seconds and epoch milliseconds apart by
// the only one that makes sense.
func resetNumber(d time.Duration, s string, now time.Time) (time.Duration, bool) {
	if d <= futureReset {
		return d, true
	}
	if left, ok := resetAt(time.Unix(0, 0).Add(d), now); ok {
		return left, true
	}
	ms, _ := milliseconds(s) // s is a number
	return resetAt(time.Unix(0, 0).Add(ms), now)
}

func resetAt(t, now time.Time) (time.Duration, bool) {
	left := t.Sub(now)
	return max(left, 0), left >= -pastReset && left <= futureReset
}
