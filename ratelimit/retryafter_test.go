package ratelimit_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// header builds a header from pairs, in canonical form as net/http delivers it.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// C3
func TestC3_RetryAfterForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		h    http.Header
		want time.Duration
	}{
		{"seconds", header("Retry-After", "120"), 2 * time.Minute},
		{"now", header("Retry-After", "0"), 0},
		{"surrounding blanks", header("Retry-After", " 7\t"), 7 * time.Second},
		{"leading zeros", header("Retry-After", "007"), 7 * time.Second},
		{"fraction", header("Retry-After", "1.5"), 1500 * time.Millisecond},
		{"long fraction rounds up", header("Retry-After", "0.0000000001"), 1},
		{"exact long fraction", header("Retry-After", "0.0000000010"), 1},
		{"IMF-fixdate", header("Retry-After", "Mon, 23 Nov 2026 12:00:30 GMT"), 30 * time.Second},
		{"RFC 850", header("Retry-After", "Monday, 23-Nov-26 12:00:30 GMT"), 30 * time.Second},
		{"asctime", header("Retry-After", "Mon Nov 23 12:00:30 2026"), 30 * time.Second},
		{"date that is now", header("Retry-After", "Mon, 23 Nov 2026 12:00:00 GMT"), 0},
		{"date against the response's own Date", header("Date", "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After", "Wed, 21 Oct 2015 07:29:00 GMT"), time.Minute},
		{"date against a Date that is garbage", header("Date", "yesterday", "Retry-After", "Mon, 23 Nov 2026 12:00:30 GMT"), 30 * time.Second},
		{"milliseconds", header("retry-after-ms", "250"), 250 * time.Millisecond},
		{"fraction of milliseconds", header("retry-after-ms", "0.5"), 500 * time.Microsecond},
		{"x-ms", header("x-ms-retry-after-ms", "1500"), 1500 * time.Millisecond},
		{"milliseconds are the finer", header("Retry-After", "2", "retry-after-ms", "1200"), 1200 * time.Millisecond},
		{"garbage in the finer", header("Retry-After", "2", "retry-after-ms", "soon", "x-ms-retry-after-ms", "-1"), 2 * time.Second},
		{"repeated: the longest", header("Retry-After", "3", "Retry-After", "9", "Retry-After", "x"), 9 * time.Second},
	} {
		d, ok := ratelimit.RetryAfter(tt.h, noon)
		require.True(t, ok, tt.name)
		require.Equal(t, tt.want, d, tt.name)
	}
}

// C3: negative, NaN and garbage fall back to backoff, never to 0.
func TestC3_RetryAfterGarbageIsNoAdvice(t *testing.T) {
	t.Parallel()
	for _, v := range []string{
		"", " ", "-1", "-0", "+5", "NaN", "Inf", "-Inf", "1e3", "0x10", "1_000", "1.", ".5", "1.2.3", "1,5", "5s", "soon", "1 2", "٣", "12\x00",
		"Mon, 23 Nov 2026 11:59:59 GMT", // past
		"Mon, 23 Nov 2026 12:00:30 CET", "2026-11-23T12:00:30Z",
	} {
		for _, name := range []string{"Retry-After", "retry-after-ms", "x-ms-retry-after-ms"} {
			d, ok := ratelimit.RetryAfter(header(name, v), noon)
			require.False(t, ok, "%s: %q", name, v)
			require.Zero(t, d)
		}
	}
	_, ok := ratelimit.RetryAfter(nil, noon)
	require.False(t, ok)
	_, ok = ratelimit.RetryAfter(header("Retry-After", "Mon, 23 Nov 2026 12:00:30 GMT", "Date", "Mon, 23 Nov 2026 12:00:31 GMT"), noon)
	require.False(t, ok, "past by the response's own Date")
	_, ok = ratelimit.RetryAfter(header("Retry-After", "soon", "Date", "Mon, 01 Jan 0001 00:00:00 GMT"), noon)
	require.False(t, ok, "garbage is no moment, whatever the clock says")
}

// C2
func TestC2_RetryAfterOverflowIsHugeNeverImmediate(t *testing.T) {
	t.Parallel()
	for _, h := range []http.Header{
		header("Retry-After", "9223372037"),
		header("Retry-After", "9223372036854775807"),
		header("Retry-After", "9223372036854775808"),
		header("Retry-After", "18446744073709551616"),
		header("Retry-After", "99999999999999999999999999999999999999.5"),
		header("retry-after-ms", "9223372036855"),
		header("x-ms-retry-after-ms", "99999999999999999999999"),
		header("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"),
	} {
		d, ok := ratelimit.RetryAfter(h, noon)
		require.True(t, ok, h)
		require.EqualValues(t, int64(math.MaxInt64), d, h)
	}
	d, ok := ratelimit.RetryAfter(header("Retry-After", "9223372036"), noon)
	require.True(t, ok)
	require.Equal(t, 9223372036*time.Second, d, "the last that fits")
}

func TestRetryAfterDoesNotAllocate(t *testing.T) {
	h := header("Retry-After", "12", "Content-Type", "text/plain")
	require.Zero(t, testing.AllocsPerRun(100, func() { ratelimit.RetryAfter(h, noon) }))
}

// L2, C2, C3
func FuzzRetryAfter(f *testing.F) {
	f.Add("Retry-After", "120", "Mon, 23 Nov 2026 12:00:00 GMT")
	f.Fuzz(func(t *testing.T, name, value, date string) {
		h := http.Header{http.CanonicalHeaderKey(name): {value}, "Date": {date}}
		d, ok := ratelimit.RetryAfter(h, noon)
		if d < 0 || !ok && d != 0 {
			t.Fatalf("%q: %v %v", value, d, ok)
		}
		again, okAgain := ratelimit.RetryAfter(h, noon)
		if d != again || ok != okAgain {
			t.Fatal("not a function of its input")
		}
		for _, l := range ratelimit.ParseLimits(h, noon) {
			checkLimit(t, l)
		}
	})
}
