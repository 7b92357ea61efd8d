package ratelimit

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// RetryAfter returns how long a response asks its client to wait before the next
// attempt, and whether it asks at all. It reads, in this order, the retry-after-ms
// and x-ms-retry-after-ms headers (milliseconds; OpenAI, Azure) and Retry-After
// (RFC 9110 §10.2.3: seconds, which may have a fraction here, or any of the three
// HTTP-date forms). Of a header that is repeated the longest wait counts,
// among its first 64 lines.
//
// A date counts against the response's own Date header, so that a clock that is
// wrong on either side cancels out; now stands in where there is none. What is too
// large to represent is the longest [time.Duration], so that it exceeds any limit.
// What is negative, in the past or not of these forms is no wait at all: ok is
// false, and the caller's own backoff applies.
func RetryAfter(h http.Header, now time.Time) (d time.Duration, ok bool) {
	if d, ok = longest(h["Retry-After-Ms"], milliseconds); ok {
		return d, true
	}
	if d, ok = longest(h["X-Ms-Retry-After-Ms"], milliseconds); ok {
		return d, true
	}
	values := h["Retry-After"]
	if len(values) == 0 {
		return 0, false
	}
	return longest(values, func(s string) (time.Duration, bool) {
		if d, ok := decimal(s, time.Second); ok {
			return d, true
		}
		t, ok := date(s)
		if !ok {
			return 0, false
		}
		d := t.Sub(serverTime(h, now))
		return d, d >= 0
	})
}

func longest(values []string, parse func(string) (time.Duration, bool)) (longest time.Duration, ok bool) {
	for _, v := range few(values) {
		if d, valid := parse(strings.Trim(v, " \t")); valid {
			longest, ok = max(longest, d), true
		}
	}
	return longest, ok
}

func milliseconds(s string) (time.Duration, bool) { return decimal(s, time.Millisecond) }

// serverTime returns the response's own idea of the time.
func serverTime(h http.Header, now time.Time) time.Time {
	if lines := h["Date"]; len(lines) == 1 {
		if t, ok := date(lines[0]); ok {
			return t
		}
	}
	return now
}

// date reads an HTTP-date. What is longer than any is not tried: the error would
// repeat it.
func date(s string) (time.Time, bool) {
	if len(s) > maxDate {
		return time.Time{}, false
	}
	t, err := http.ParseTime(s)
	return t, err == nil
}

// decimal reads digits with an optional fraction as that many units, which is a
// second or a millisecond. It rounds up, and what overflows is the longest Duration.
func decimal(s string, unit time.Duration) (time.Duration, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || point && fraction == "" {
		return 0, false
	}
	n, over := int64(0), false
	for _, c := range []byte(whole) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if over = over || n > (math.MaxInt64-9)/10; !over {
			n = n*10 + int64(c-'0')
		}
	}
	part, place, rest := time.Duration(0), unit, false
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if place /= 10; place > 0 {
			part += time.Duration(c-'0') * place
		} else {
			rest = rest || c != '0'
		}
	}
	if rest {
		part++
	}
	if over || n > (math.MaxInt64-int64(part))/int64(unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n)*unit + part, true
}
