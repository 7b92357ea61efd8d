package ratelimit_test

import (
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/ratelimit"
)

const mebi = 1 << 20

// fields are those that this package reads, of those that differ only in their names
// two.
var fields = []string{
	"Retry-After-Ms", "X-Ms-Retry-After-Ms", "Retry-After", "Date",
	"Ratelimit", "Ratelimit-Policy", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Resource",
	"X-Sentry-Rate-Limits", "X-Sentry-Rate-Limit-Remaining",
	"X-Ratelimit-Policy", "X-Ratelimit-Remaining-Minute", "X-Rate-Limit", "X-Shopify-Shop-Api-Call-Limit",
	"X-Hubspot-Ratelimit-Interval-Milliseconds",
}

// units are what a hostile value is made of.
var units = []string{
	"", " ", ",", ";", "x", "0", "9,", "a,", "a;r=9,", "b;q=1;w=1,", `"a";r=0;t=9, `, "a;x;y,", ";r=1", `;r="\""`, `\"`, `"`, `"\\",`, ":a:,", "limit=1,",
	"100, 100;w=60,", "60:error;", "60:error:organization,", "60::,", "60:;;", "h-lim:1;h-rem:1;", "9;w=1,", "1/", "1s", "1h1m", ".0", "1.5,",
	"Mon, 23 Nov 2026 12:00:00 GMT", "2026-11-23T12:15:00Z", "é", "\xff",
}

// hostile returns headers in which the field holds size bytes of unit: in one
// line, in one line that begins as an honest one does, and line by line.
func hostile(field, unit string, size int) []http.Header {
	n := size / (len(unit) + 1)
	long := strings.Repeat(unit, n)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = unit
	}
	quoted := `"` + long + `"`
	list := []http.Header{{field: {long}}, {field: {"1;" + long}}, {field: {`"a";r=1;t=1,` + long}}, {field: {quoted + ";r=1;t=1"}}, {field: lines}}
	for _, h := range list {
		for _, other := range fields {
			if h[other] == nil && other != "Date" {
				h[other] = []string{"1"}
			}
		}
		if field != "Ratelimit" {
			h["Ratelimit"] = []string{strings.TrimSuffix(strings.Repeat("a;r=9,", 100), ",")}
		}
	}
	return list
}

// C38, C26: whatever 1 MiB of a field holds, reading it costs at most 4 MiB and a time
// that grows with its length.
func TestC38_AMebibyteOfAnyFieldIsCheap(t *testing.T) {
	for _, field := range fields {
		for i, unit := range units {
			// The detector multiplies what one goroutine costs, and finds nothing in it.
			if (testing.Short() || costtest.Race) && i%8 != 0 {
				continue
			}
			small, full := hostile(field, unit, mebi/16), hostile(field, unit, mebi)
			for shape := range full {
				read := func(h http.Header) {
					ratelimit.RetryAfter(h, noon)
					require.LessOrEqual(t, len(ratelimit.ParseLimits(h, noon)), 64)
				}
				name := fmt.Sprintf("%s of %q, shape %d", field, unit, shape)
				start := time.Now()
				require.LessOrEqual(t, costtest.Allocated(func() { read(full[shape]) }), uint64(4*mebi), name)
				if time.Since(start) > 20*time.Millisecond { // a slow machine, or a quadratic parser, which takes 256 times as long
					require.True(t, costtest.Linear(func() { read(full[shape]) }, func() { read(small[shape]) }), name)
				}
			}
		}
	}
}

// C38: fields do not multiply each other either: every line of one, each with all of
// another.
func TestC38_FieldsDoNotMultiply(t *testing.T) {
	half := mebi / 2
	lines := func(unit string) []string { return strings.Split(strings.Repeat(unit+"\n", half/len(unit)), "\n") }
	for name, h := range map[string]http.Header{
		"limits and policies":      {"Ratelimit": {strings.Repeat("a;r=9,", half/6) + "a"}, "Ratelimit-Policy": {strings.Repeat("b,", half/2) + "b"}},
		"resets and a date":        {"X-Ratelimit-Reset": lines("x"), "Date": {strings.Repeat("Mon, ", half/5)}},
		"waits and a date":         {"Retry-After": lines("Mon, 23 Nov 2026 12:00:00 GMT"), "Date": {strings.Repeat("x", half)}},
		"a name for every limit":   {"X-Ratelimit-Resource": {strings.Repeat("x", half)}, "X-Ratelimit-Remaining": lines("1")},
		"limits and Sentry's":      {"Ratelimit": {strings.Repeat("a;r=9,", half/6) + "a"}, "X-Sentry-Rate-Limits": {strings.Repeat("60:a;", half/5)}},
		"a limit and its policies": {"Ratelimit-Limit": {"1," + strings.Repeat("1;;;;;", half/6)}, "Ratelimit-Remaining": {"1"}},
	} {
		pacer := ratelimit.NewPacer()
		start := time.Now()
		require.LessOrEqual(t, costtest.Allocated(func() { pacer.Observe("k", 429, h, true) }), uint64(4*mebi), name)
		require.Less(t, time.Since(start), 20*time.Second, "%s: minutes once", name)
		require.LessOrEqual(t, len(ratelimit.ParseLimits(h, noon)), 64, name)
	}
}

// C38: the bounds themselves, to the entry.
func TestC38_WhatIsRead(t *testing.T) {
	repeat := func(n int, s string) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(s+"\n", n), "\n"), "\n")
	}
	long := strings.Repeat("n", 257)
	for name, tt := range map[string]struct {
		h    http.Header
		want int
	}{
		"limits in a line":      {http.Header{"Ratelimit": {strings.Join(repeat(64, "a;r=1"), ",")}}, 64},
		"too many":              {http.Header{"Ratelimit": {strings.Join(repeat(65, "a;r=1"), ",")}}, 64},
		"junk behind them":      {http.Header{"Ratelimit": {strings.Join(repeat(64, "a;r=1"), ",") + ",=="}}, 64},
		"junk among them":       {http.Header{"Ratelimit": {strings.Join(repeat(63, "a;r=1"), ",") + ",=="}}, 0},
		"limits in lines":       {http.Header{"Ratelimit": repeat(65, "a;r=1")}, 64},
		"Sentry":                {http.Header{"X-Sentry-Rate-Limits": repeat(65, "60:a")}, 64},
		"Sentry's categories":   {http.Header{"X-Sentry-Rate-Limits": {"60:" + strings.Join(repeat(65, "a"), ";")}}, 64},
		"Sentry's last group":   {http.Header{"X-Sentry-Rate-Limits": {strings.Repeat("x,", 63) + "60:a"}}, 1},
		"Sentry's group beyond": {http.Header{"X-Sentry-Rate-Limits": {strings.Repeat("x,", 64) + "60:a"}}, 0},
		"both":                  {http.Header{"Ratelimit": repeat(40, "a;r=1"), "X-Sentry-Rate-Limits": repeat(40, "60:a")}, 64},
		"a name":                {http.Header{"Ratelimit": {long[1:] + ";r=1"}}, 1},
		"a name too long":       {http.Header{"Ratelimit": {long + ";r=1, b;r=1"}}, 1},
		"a resource":            {http.Header{"X-Ratelimit-Remaining": {"1"}, "X-Ratelimit-Resource": {long[1:]}}, 1},
		"a resource too long":   {http.Header{"X-Ratelimit-Remaining": {"1"}, "X-Ratelimit-Resource": {long}}, 0},
		"a category":            {http.Header{"X-Sentry-Rate-Limits": {"60:" + long[1:]}}, 1},
		"a category too long":   {http.Header{"X-Sentry-Rate-Limits": {"60:" + long + ";b"}}, 1},
		"a count in line 64":    {http.Header{"Ratelimit-Remaining": append(repeat(63, "x"), "5")}, 1},
		"a count in line 65":    {http.Header{"Ratelimit-Remaining": append(repeat(64, "x"), "5")}, 0},
		"a reset in line 64":    {http.Header{"Ratelimit-Reset": append(repeat(63, "x"), "5")}, 1},
		"a reset in line 65":    {http.Header{"Ratelimit-Reset": append(repeat(64, "x"), "5")}, 0},
	} {
		require.Len(t, ratelimit.ParseLimits(tt.h, noon), tt.want, name)
	}
	for policies, want := range map[int]time.Duration{62: time.Minute, 64: 0} {
		limits := ratelimit.ParseLimits(http.Header{"Ratelimit-Remaining": {"1"}, "Ratelimit-Limit": {"7" + strings.Repeat(",9;w=1", policies) + ",7;w=60"}}, noon)
		require.Equal(t, want, limits[0].Window, "behind %d policies", policies)
	}
	d, ok := ratelimit.RetryAfter(http.Header{"Retry-After": append(repeat(63, "1"), "5", "9")}, noon)
	require.True(t, ok)
	require.Equal(t, 5*time.Second, d, "of the first 64 lines the longest")
	_, ok = ratelimit.RetryAfter(http.Header{"Retry-After": {strings.Repeat(" ", 65) + "x"}}, noon)
	require.False(t, ok)
	d, ok = ratelimit.RetryAfter(http.Header{"Retry-After": {strings.Repeat("9", mebi)}}, noon)
	require.True(t, ok)
	require.Equal(t, time.Duration(math.MaxInt64), d, "a number of any length is one that is too large (C2)")
}

// What a pacer keeps of hostile headers does not hold them in memory.
func TestC38_APacerKeepsNoHeaders(t *testing.T) {
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	pacer := ratelimit.NewPacer()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, key := range keys {
		pacer.Observe(key, 200, http.Header{"Ratelimit": {`"` + strings.Repeat("n", 200) + `";r=5;t=60, pad;x="` + strings.Repeat("p", mebi) + `"`}}, false)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4*mebi))
	runtime.KeepAlive(pacer)
}
