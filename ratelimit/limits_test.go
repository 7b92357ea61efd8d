package ratelimit_test

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// C29: every dialect, with values as the services send them.
func TestC29_Dialects(t *testing.T) {
	t.Parallel()
	epoch := strconv.FormatInt(noon.Add(15*time.Minute).Unix(), 10)
	epochMS := strconv.FormatInt(noon.Add(15*time.Minute).UnixMilli(), 10)
	for _, tt := range []struct {
		name string
		h    http.Header
		want []ratelimit.Limit
	}{
		{"nothing", header("Content-Type", "application/json"), nil},
		{"IETF", header("RateLimit", `"default";r=50;t=30`, "RateLimit-Policy", `"default";q=100;w=60`),
			[]ratelimit.Limit{{Name: "default", Quota: 100, Remaining: 50, Reset: 30 * time.Second, Window: time.Minute}}},
		{"IETF, several", header("RateLimit", `"burst";r=0;t=1, "daily" ; r=9`, "RateLimit-Policy", `"burst";q=10;w=1`, "RateLimit-Policy", `"daily";q=1000;w=86400;pk=:dGVzdA==:`),
			nil}, // a blank before a semicolon is not a valid field: ignored whole
		{"IETF, over lines", header("RateLimit", `"burst";r=0;t=1`, "RateLimit", `"daily";r=9`, "RateLimit-Policy", `"burst";q=10;w=1`, "RateLimit-Policy", `"daily";q=1000;w=86400;pk=:dGVzdA==:`),
			[]ratelimit.Limit{
				{Name: "burst", Quota: 10, Remaining: 0, Reset: time.Second, Window: time.Second},
				{Name: "daily", Quota: 1000, Remaining: 9, Reset: -1, Window: 24 * time.Hour},
			}},
		{"IETF, of bytes", header("RateLimit", `"size";r=5000;t=10`, "RateLimit-Policy", `"size";q=10000;w=10;qu="content-bytes"`),
			[]ratelimit.Limit{{Name: "size", Quota: 10000, Remaining: 5000, Reset: 10 * time.Second, Window: 10 * time.Second, Weighted: true}}},
		{"IETF, version 07", header("RateLimit", "limit=100, remaining=50, reset=5", "RateLimit-Policy", "10;w=1, 100;w=60"),
			[]ratelimit.Limit{{Quota: 100, Remaining: 50, Reset: 5 * time.Second, Window: time.Minute}}},
		{"IETF, a parameter twice", header("RateLimit", `"a";r=1;r=2;t=3`),
			[]ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 2, Reset: 3 * time.Second}}},
		{"Resend", header("ratelimit-limit", "2", "ratelimit-remaining", "1", "ratelimit-reset", "1"),
			[]ratelimit.Limit{{Quota: 2, Remaining: 1, Reset: time.Second}}},
		{"draft with policies", header("RateLimit-Limit", "100, 10;w=1, 100;w=60", "RateLimit-Remaining", "99", "RateLimit-Reset", "50"),
			[]ratelimit.Limit{{Quota: 100, Remaining: 99, Reset: 50 * time.Second, Window: time.Minute}}},
		{"GitHub", header("X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "4999", "X-RateLimit-Reset", epoch, "X-RateLimit-Used", "1", "X-RateLimit-Resource", "core"),
			[]ratelimit.Limit{{Name: "core", Quota: 5000, Remaining: 4999, Reset: 15 * time.Minute}}},
		{"X", header("x-rate-limit-limit", "900", "x-rate-limit-remaining", "0", "x-rate-limit-reset", epoch),
			[]ratelimit.Limit{{Quota: 900, Remaining: 0, Reset: 15 * time.Minute}}},
		{"OpenAI", header("x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s",
			"x-ratelimit-limit-tokens", "150000", "x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "6m0s"),
			[]ratelimit.Limit{
				{Name: "requests", Quota: 60, Remaining: 59, Reset: time.Second, Gradual: true},
				{Name: "tokens", Quota: 150000, Remaining: 149984, Reset: 6 * time.Minute, Weighted: true, Gradual: true},
			}},
		{"OpenAI, milliseconds", header("x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "17ms"),
			[]ratelimit.Limit{{Name: "requests", Quota: -1, Remaining: 0, Reset: 17 * time.Millisecond, Gradual: true}}},
		{"Slack has Retry-After alone", header("Retry-After", "30"), nil},
		{"Sentry", header("X-Sentry-Rate-Limits", "60:error;transaction:organization, 2700::organization:quota_exceeded, junk, x:y:z"),
			[]ratelimit.Limit{
				{Name: "error", Quota: -1, Reset: time.Minute},
				{Name: "transaction", Quota: -1, Reset: time.Minute},
				{Name: "", Quota: -1, Reset: 45 * time.Minute},
			}},
		{"epoch milliseconds", header("X-RateLimit-Remaining", "3", "X-RateLimit-Reset", epochMS),
			[]ratelimit.Limit{{Quota: -1, Remaining: 3, Reset: 15 * time.Minute}}},
		{"a date", header("X-RateLimit-Remaining", "3", "X-RateLimit-Reset", "Mon, 23 Nov 2026 12:15:00 GMT"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 3, Reset: 15 * time.Minute}}},
		{"an RFC 3339 date", header("X-RateLimit-Remaining", "3", "X-RateLimit-Reset", "2026-11-23T12:15:00Z"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 3, Reset: 15 * time.Minute}}},
		{"repeated: the strictest", header("X-RateLimit-Remaining", "30", "X-RateLimit-Remaining", "3", "X-RateLimit-Reset", "5", "X-RateLimit-Reset", "50"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 3, Reset: 50 * time.Second}}},
		{"counts that are none", header("X-RateLimit-Limit", "many", "X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", "9"),
			[]ratelimit.Limit{{Quota: -1, Remaining: -1, Reset: 9 * time.Second}}},
		{"all garbage", header("X-RateLimit-Remaining", "x", "X-RateLimit-Reset", "y"), nil},
		{"repeated: nothing is the strictest", header("X-RateLimit-Remaining", "0", "X-RateLimit-Remaining", "3"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 0, Reset: -1}}},
		{"a reset alone, which is now", header("X-RateLimit-Remaining", "x", "X-RateLimit-Reset", "0"),
			[]ratelimit.Limit{{Quota: -1, Remaining: -1, Reset: 0}}},
		{"the largest count but twelve", header("RateLimit-Remaining", "9223372036854775795"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 9223372036854775795, Reset: -1}}},
		{"a count that overflows", header("RateLimit-Remaining", "99999999999999999999999"),
			[]ratelimit.Limit{{Quota: -1, Remaining: math.MaxInt64, Reset: -1}}},
	} {
		require.Equal(t, tt.want, ratelimit.ParseLimits(tt.h, noon), tt.name)
	}
}

// C29: seconds left, epoch seconds and epoch milliseconds are told apart safely.
func TestC29_ResetForms(t *testing.T) {
	t.Parallel()
	unix := noon.Unix()
	for value, want := range map[string]time.Duration{
		"0":                                     0,
		"0.9":                                   900 * time.Millisecond,
		"0.25":                                  250 * time.Millisecond,
		"31622400":                              366 * 24 * time.Hour,
		"31622401":                              -1, // neither left nor a moment
		"999999999":                             -1,
		strconv.FormatInt(unix, 10):             0,
		strconv.FormatInt(unix-60, 10):          0, // just over
		strconv.FormatInt(unix-86_400, 10):      0,
		strconv.FormatInt(unix-86_401, 10):      -1, // too long ago to mean anything
		strconv.FormatInt(unix+3600, 10):        time.Hour,
		strconv.FormatInt(unix+3600, 10) + ".5": time.Hour + 500*time.Millisecond,
		strconv.FormatInt(unix+367*86_400, 10):  -1,
		strconv.FormatInt(unix*1000+250, 10):    250 * time.Millisecond,
		strconv.FormatInt(unix*1_000_000, 10):   -1, // microseconds are nobody's dialect
		"9223372036854775807":                   -1,
		"99999999999999999999999":               -1,
		"1h2m3s":                                time.Hour + 2*time.Minute + 3*time.Second,
		"17ms":                                  17 * time.Millisecond,
		"9000h":                                 -1,
		"-5":                                    -1,
		"-5s":                                   -1,
		"+5s":                                   -1,
		"NaN":                                   -1,
		"2026-11-23T13:00:00+01:00":             0,
		"Mon, 23 Nov 2026 12:01:00 GMT":         time.Minute,
		"Mon, 23 Nov 1999 12:01:00 GMT":         -1,
		"soon":                                  -1,
		strings.Repeat("0", 62) + "1s":          time.Second,
		strings.Repeat("0", 63) + "1s":          -1, // longer than any
		"9m0s":                                  9 * time.Minute,
		"8784h":                                 366 * 24 * time.Hour,
		"8784h1ns":                              -1,
		"1x":                                    -1,
		"":                                      -1,
	} {
		got := ratelimit.ParseLimits(header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", value), noon)
		require.Len(t, got, 1, value)
		require.Equal(t, want, got[0].Reset, "%q", value)
	}
	skewed := header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", strconv.FormatInt(unix+7260, 10), "Date", "Mon, 23 Nov 2026 14:00:00 GMT")
	require.Equal(t, time.Minute, ratelimit.ParseLimits(skewed, noon)[0].Reset, "counted from the server's own clock")
	for _, garbage := range []string{"1x", "soon"} {
		early := header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", garbage, "Date", "Mon, 01 Jan 0001 00:00:00 GMT")
		require.EqualValues(t, -1, ratelimit.ParseLimits(early, noon)[0].Reset, "garbage is no moment, whatever the clock says")
	}
}

func TestMalformedStructuredFieldsAreIgnoredWhole(t *testing.T) {
	t.Parallel()
	for _, v := range []string{
		``, ` `, `,`, `"a"`, `"a";r=1,`, `"a;r=1`, `"a\x";r=1`, "\"a\x01\";r=1", `"ä";r=1`, `"a";r=1 "b";r=2`, `"a";;r=1`, `"a";r=`, `"a";"r"=1`,
		`, "a";r=1`, `remaining=5, limit=, reset=4`, `"a";r=1;, "b";r=1`, `"a";r=1;x=, "b";r=2`, `"a";r=1;"x"=1`, `"a";r=1;"x", "b";r=2`,
		`"a";r=:AA`, `;r=1`, `=1`, `"a";r=-1`, `"a";r=1.5`, `"a";r="`, `"a";r=1;t=5"`,
	} {
		require.Empty(t, ratelimit.ParseLimits(http.Header{"Ratelimit": {v}}, noon), "%q", v)
	}
	ok := ratelimit.ParseLimits(header("RateLimit", `"a\"b\\c";r=1;x;y=?1;z="q"`), noon)
	require.Equal(t, []ratelimit.Limit{{Name: `a"b\c`, Quota: -1, Remaining: 1, Reset: -1}}, ok)
	ok = ratelimit.ParseLimits(header("RateLimit", `"a";r=1;t=5`, "RateLimit-Policy", `"a;q=broken`), noon)
	require.Equal(t, []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: 5 * time.Second}}, ok, "a broken policy leaves the limit")
}

func checkLimit(t *testing.T, l ratelimit.Limit) {
	t.Helper()
	if l.Quota < -1 || l.Remaining < -1 || l.Reset < -1 || l.Window < 0 || l.Remaining == -1 && l.Reset == -1 {
		t.Fatalf("impossible limit %+v", l)
	}
}

// L2
func FuzzParseLimitsIETF(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"default";q=100;w=60`)
	f.Fuzz(func(t *testing.T, limit, policy string) {
		for _, l := range ratelimit.ParseLimits(http.Header{"Ratelimit": {limit}, "Ratelimit-Policy": {policy}}, noon) {
			checkLimit(t, l)
		}
	})
}

// L2: the three headers of every dialect that has three.
func FuzzParseLimitsTriples(f *testing.F) {
	f.Add("5000", "4999", "1795435200", "core", "6m0s")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, resource, other string) {
		h := http.Header{"X-Ratelimit-Resource": {resource}}
		for _, prefix := range []string{"Ratelimit-%", "X-Ratelimit-%", "X-Rate-Limit-%", "X-Ratelimit-%-Requests", "X-Ratelimit-%-Tokens"} {
			h[strings.Replace(prefix, "%", "Limit", 1)] = []string{limit}
			h[strings.Replace(prefix, "%", "Remaining", 1)] = []string{remaining, other}
			h[strings.Replace(prefix, "%", "Reset", 1)] = []string{reset, other}
		}
		for _, l := range ratelimit.ParseLimits(h, noon) {
			checkLimit(t, l)
			if l.Reset > 366*24*time.Hour {
				t.Fatalf("a reset beyond reason: %v", l.Reset)
			}
		}
	})
}

// L2
func FuzzParseLimitsSentry(f *testing.F) {
	f.Add("60:error;transaction:organization, 2700::organization:quota_exceeded")
	f.Fuzz(func(t *testing.T, value string) {
		for _, l := range ratelimit.ParseLimits(http.Header{"X-Sentry-Rate-Limits": {value}}, noon) {
			checkLimit(t, l)
		}
	})
}

// C29: what does not fit is not told, member by member.
func TestC29_MembersThatSayNothing(t *testing.T) {
	t.Parallel()
	limit := func(quota, remaining int64, reset, window time.Duration) []ratelimit.Limit {
		return []ratelimit.Limit{{Quota: quota, Remaining: remaining, Reset: reset, Window: window}}
	}
	for _, tt := range []struct {
		field, policy string
		want          []ratelimit.Limit
	}{
		{"limit=x, remaining=50, reset=5", "", limit(-1, 50, 5*time.Second, 0)},
		{"limit=9, remaining=x, reset=5", "", limit(9, -1, 5*time.Second, 0)},
		{"limit=9, remaining=5, reset=x", "", limit(9, 5, -1, 0)},
		{"limit=9, remaining=5, reset=31622400", "", limit(9, 5, 366*24*time.Hour, 0)},
		{"limit=9, remaining=5, reset=31622401", "", limit(9, 5, -1, 0)},
		{"limit=9, other=5, reset=0", "", limit(9, -1, 0, 0)},
		{"limit=9, remaining=0", "", limit(9, 0, -1, 0)},
		{"limit=9, remaining=x, reset=x", "", nil},
		{"limit=9", "", nil},
		{"limit=9, remaining=5", "9;w=60", limit(9, 5, -1, time.Minute)},
		{"limit=9, remaining=5", "9;w=x", limit(9, 5, -1, 0)},
		{"limit=9, remaining=5", "x;w=60", limit(9, 5, -1, 0)},
		{"limit=9, remaining=5", "8;w=60", limit(9, 5, -1, 0)},
		{"limit=9, remaining=5", "9;w=31622400", limit(9, 5, -1, 366*24*time.Hour)},
		{"limit=9, remaining=5", "9;w=31622401", limit(9, 5, -1, 0)},
		{"remaining=5", "x;w=60", limit(-1, 5, -1, 0)},
	} {
		h := http.Header{"Ratelimit": {tt.field}}
		if tt.policy != "" {
			h["Ratelimit-Policy"] = []string{tt.policy}
		}
		require.Equal(t, tt.want, ratelimit.ParseLimits(h, noon), "%s with %s", tt.field, tt.policy)
	}
	for _, tt := range []struct {
		field, policy string
		want          []ratelimit.Limit
	}{
		{`"a";r=1;t=31622400`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: 366 * 24 * time.Hour}}},
		{`"a";r=1;t=31622401`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`"a";t=0`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: -1}}},
		{`"a";r=0`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 0, Reset: -1}}},
		{`"a";r=x;t=x`, "", nil},
		{`"a";r=1`, `"a";q=x;w=x`, []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`"a";r=1`, `"a";q=5;w=31622400;qu="requests"`, []ratelimit.Limit{{Name: "a", Quota: 5, Remaining: 1, Reset: -1, Window: 366 * 24 * time.Hour}}},
		{`"a";r=1`, `"a";q=5;w=31622401`, []ratelimit.Limit{{Name: "a", Quota: 5, Remaining: 1, Reset: -1}}},
		{`"a";r=1`, `"b";q=5`, []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`a;r=1`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`"";r=1`, "", []ratelimit.Limit{{Quota: -1, Remaining: 1, Reset: -1}}},
		{`"\"a";r=1`, "", []ratelimit.Limit{{Name: `"a`, Quota: -1, Remaining: 1, Reset: -1}}},
		{`"limit"=5;r=1`, "", nil},
		{`a;r=1;x=:`, "", nil},
		{`a;r=1;x=::`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`a;r=1;x="\\`, "", nil},
		{`a;r=1;x="\`, "", nil},
		{`a;r=1;x="\q"`, "", nil},
		{`a;r=1;x="q`, "", nil},
		{"a;r=1;x=\"\x1f\"", "", nil},
		{"a;r=1;x=\"\x7f\"", "", nil},
		{"a;r=1;x=\" ~\"", "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{`a;  r=1`, "", []ratelimit.Limit{{Name: "a", Quota: -1, Remaining: 1, Reset: -1}}},
		{"a;\tr=1", "", nil},
		{"azAZ09_-.*/:?!#$%&'+^`|~;r=1", "", []ratelimit.Limit{{Name: "azAZ09_-.*/:?!#$%&'+^`|~", Quota: -1, Remaining: 1, Reset: -1}}},
		{"a@;r=1", "", nil},
		{"a[;r=1", "", nil},
		{"a{;r=1", "", nil},
	} {
		h := http.Header{"Ratelimit": {tt.field}}
		if tt.policy != "" {
			h["Ratelimit-Policy"] = []string{tt.policy}
		}
		require.Equal(t, tt.want, ratelimit.ParseLimits(h, noon), "%s with %s", tt.field, tt.policy)
	}
	for field, want := range map[string]ratelimit.Limit{
		"100":                    {Quota: 100},
		"x":                      {Quota: -1},
		"100, 100;w=60":          {Quota: 100, Window: time.Minute},
		"100, 99;w=60":           {Quota: 100},
		"100, x;w=60":            {Quota: 100},
		"100, 100;a=1;w=60":      {Quota: 100, Window: time.Minute},
		"100, 100;w=x":           {Quota: 100},
		"100, 100;w=0, 100;w=60": {Quota: 100, Window: time.Minute},
		"100, 100;60":            {Quota: 100},
		"100" + strings.Repeat(",5", 63) + ",100;w=60": {Quota: 100, Window: time.Minute},
		"100" + strings.Repeat(",5", 64) + ",100;w=60": {Quota: 100}, // too far to be read
		"100, 100;w=x;w=60":                            {Quota: 100, Window: time.Minute},
		"100, 99;w=1, 100;\tw=60":                      {Quota: 100, Window: time.Minute},
	} {
		want.Remaining, want.Reset = 1, -1
		require.Equal(t, []ratelimit.Limit{want}, ratelimit.ParseLimits(header("RateLimit-Limit", field, "RateLimit-Remaining", "1"), noon), field)
	}
}
