package ratelimit_test

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// C29: dialects with fractions, lists, windows in their names and names of their own,
// with values as the services send them.
func TestC29_DialectsWithFractionsAndLists(t *testing.T) {
	t.Parallel()
	const (
		sec, hour, day = time.Second, time.Hour, 24 * time.Hour
		none           = time.Duration(-1)
	)
	epoch := strconv.FormatInt(noon.Unix()+60, 10)
	for _, tt := range []struct {
		name string
		h    http.Header
		want []ratelimit.Limit
	}{
		{"Reddit", header("X-Ratelimit-Remaining", "598.0", "X-Ratelimit-Used", "2", "X-Ratelimit-Reset", "299"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 598, Reset: 299 * sec}}},
		{"Reddit, through two layers", header("X-Ratelimit-Remaining", "991.0, 98", "X-Ratelimit-Reset", "299"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 98, Reset: 299 * sec}}},
		{"Discord", header("X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", epoch+".123", "X-RateLimit-Reset-After", "1.337", "X-RateLimit-Bucket", "abcd1234"),
			[]ratelimit.Limit{{Name: "abcd1234", Quota: 5, Remaining: 0, Reset: 1337 * time.Millisecond}}},
		{"Discord, without the moment", header("X-RateLimit-Remaining", "1", "X-RateLimit-Reset-After", "1.5"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 1, Reset: 1500 * time.Millisecond}}},
		{"Datadog", header("X-RateLimit-Limit", "300", "X-RateLimit-Remaining", "299", "X-RateLimit-Period", "3600", "X-RateLimit-Reset", "120", "X-RateLimit-Name", "logs_query"),
			[]ratelimit.Limit{{Name: "logs_query", Quota: 300, Remaining: 299, Reset: 120 * sec, Window: hour}}},
		{"Brave", header("X-RateLimit-Limit", "1, 15000", "X-RateLimit-Policy", "1;w=1, 15000;w=2592000", "X-RateLimit-Remaining", "1, 1000", "X-RateLimit-Reset", "1, 1419704"),
			[]ratelimit.Limit{
				{Quota: 1, Remaining: 1, Reset: sec, Window: sec},
				{Name: "#2", Quota: 15000, Remaining: 1000, Reset: 1419704 * sec, Window: 30 * day},
			}},
		{"two of three are lists", header("X-RateLimit-Remaining", "0, 40", "X-RateLimit-Reset", "1, 60"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 0, Reset: sec}, {Name: "#2", Quota: -1, Remaining: 40, Reset: 60 * sec}}},
		{"a list of windows without resets", header("RateLimit-Limit", "10;w=1, 100;w=60", "RateLimit-Remaining", "3, 0"),
			[]ratelimit.Limit{{Quota: 10, Remaining: 3, Reset: none, Window: sec}, {Name: "#2", Quota: 100, Remaining: 0, Reset: none, Window: time.Minute}}},
		{"a list with a member that is none", header("X-RateLimit-Limit", "1, 2, x", "X-RateLimit-Remaining", "x, 0, 5", "X-RateLimit-Reset", "y, 9, z"),
			[]ratelimit.Limit{{Name: "#2", Quota: 2, Remaining: 0, Reset: 9 * sec}, {Name: "#3", Quota: -1, Remaining: 5, Reset: none}}},
		{"lists of different lengths: the strictest", header("X-RateLimit-Limit", "10, 100", "X-RateLimit-Remaining", "9, 0, 4", "X-RateLimit-Reset", "1, 60"),
			[]ratelimit.Limit{{Quota: 10, Remaining: 0, Reset: 60 * sec}}},
		{"lists of which one is shorter", header("X-RateLimit-Limit", "10, 100", "X-RateLimit-Remaining", "9, 0, 4", "X-RateLimit-Reset", "1, 60, 2"),
			[]ratelimit.Limit{{Quota: 10, Remaining: 0, Reset: 60 * sec}}},
		{"lists with policies that are not theirs", header("X-RateLimit-Limit", "1, 2", "X-RateLimit-Remaining", "1, 2", "X-RateLimit-Policy", "1;w=1, 2;w=2, 3;w=3"),
			[]ratelimit.Limit{{Quota: 1, Remaining: 1, Reset: none}, {Name: "#2", Quota: 2, Remaining: 2, Reset: none}}},
		{"a name that is empty", header("X-RateLimit-Remaining", "1", "X-RateLimit-Resource", "", "X-RateLimit-Bucket", "b"),
			[]ratelimit.Limit{{Name: "b", Quota: -1, Remaining: 1, Reset: none}}},
		{"two windows", header("X-RateLimit-Remaining", "1", "X-RateLimit-Period", "10", "X-RateLimit-Window", "20"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 1, Reset: none, Window: 10 * sec}}},
		{"a list beside one number", header("RateLimit-Limit", "10, 100", "RateLimit-Remaining", "9", "RateLimit-Reset", "5"),
			[]ratelimit.Limit{{Quota: 10, Remaining: 9, Reset: 5 * sec}}},
		{"a list named by its resource", header("X-RateLimit-Remaining", "0, 9", "X-RateLimit-Reset", "1, 60", "X-RateLimit-Resource", "search"),
			[]ratelimit.Limit{{Name: "search", Quota: -1, Remaining: 0, Reset: sec}, {Name: "search#2", Quota: -1, Remaining: 9, Reset: 60 * sec}}},
		{"a comma that is a date's", header("X-RateLimit-Remaining", "3, 4", "X-RateLimit-Reset", "Mon, 23 Nov 2026 12:15:00 GMT"),
			[]ratelimit.Limit{{Quota: -1, Remaining: 3, Reset: 15 * time.Minute}}},
		{"a policy of its own", header("RateLimit-Limit", "100", "RateLimit-Remaining", "99", "RateLimit-Policy", "10;w=1, 100;w=900"),
			[]ratelimit.Limit{{Quota: 100, Remaining: 99, Reset: none, Window: 900 * sec}}},
		{"a window of its own", header("ratelimit-limit", "60", "ratelimit-remaining", "59", "ratelimit-window", "30"),
			[]ratelimit.Limit{{Quota: 60, Remaining: 59, Reset: none, Window: 30 * sec}}},
		{"Kong", header("RateLimit-Limit", "5", "RateLimit-Remaining", "4", "RateLimit-Reset", "47", "X-RateLimit-Limit-Minute", "5", "X-RateLimit-Remaining-Minute", "4",
			"X-RateLimit-Limit-Hour", "100", "X-RateLimit-Remaining-Hour", "0"),
			[]ratelimit.Limit{
				{Quota: 5, Remaining: 4, Reset: 47 * sec},
				{Name: "hour", Quota: 100, Remaining: 0, Reset: none, Window: hour},
				{Name: "minute", Quota: 5, Remaining: 4, Reset: none, Window: time.Minute},
			}},
		{"Kong, what is counted is its own affair", header("X-RateLimit-Limit-Videos-Minute", "10", "X-RateLimit-Remaining-Videos-Minute", "0"), nil},
		{"each window with its reset", header("X-RateLimit-Remaining-Day", "7", "X-RateLimit-Reset-Day", epoch),
			[]ratelimit.Limit{{Name: "day", Quota: -1, Remaining: 7, Reset: time.Minute, Window: day}}},
		{"what is counted and its window", header("x-ratelimit-limit-tokens-minute", "500000", "x-ratelimit-remaining-tokens-minute", "499990", "x-ratelimit-reset-tokens-minute", "11.382",
			"x-ratelimit-remaining-requests-day", "14399", "x-ratelimit-remaining-req-month", "7", "x-ratelimit-remaining-images-day", "0"),
			[]ratelimit.Limit{
				{Name: "req-month", Quota: -1, Remaining: 7, Reset: none, Window: 31 * day},
				{Name: "requests-day", Quota: -1, Remaining: 14399, Reset: none, Window: day},
				{Name: "tokens-minute", Quota: 500000, Remaining: 499990, Reset: 11382 * time.Millisecond, Window: time.Minute, Weighted: true},
			}},
		{"every unit", header("X-RateLimit-Remaining-Second", "1", "RateLimit-Remaining-Week", "1", "X-Rate-Limit-Remaining-Year", "1", "X-RateLimit-Remaining-Fortnight", "1"),
			[]ratelimit.Limit{
				{Name: "week", Quota: -1, Remaining: 1, Reset: none, Window: 7 * day},
				{Name: "year", Quota: -1, Remaining: 1, Reset: none, Window: 366 * day},
				{Name: "second", Quota: -1, Remaining: 1, Reset: none, Window: sec},
			}},
		{"Anthropic", header("anthropic-ratelimit-requests-limit", "4000", "anthropic-ratelimit-requests-remaining", "3201", "anthropic-ratelimit-requests-reset", "2026-11-23T12:01:00Z",
			"anthropic-ratelimit-input-tokens-remaining", "0", "anthropic-ratelimit-input-tokens-reset", "2026-11-23T12:00:30Z"),
			[]ratelimit.Limit{
				{Name: "requests", Quota: 4000, Remaining: 3201, Reset: time.Minute, Gradual: true},
				{Name: "input-tokens", Quota: -1, Remaining: 0, Reset: 30 * sec, Weighted: true, Gradual: true},
			}},
		{"HubSpot", header("X-HubSpot-RateLimit-Daily", "250000", "X-HubSpot-RateLimit-Daily-Remaining", "249947", "X-HubSpot-RateLimit-Interval-Milliseconds", "10000",
			"X-HubSpot-RateLimit-Max", "100", "X-HubSpot-RateLimit-Remaining", "80", "X-HubSpot-RateLimit-Secondly", "10", "X-HubSpot-RateLimit-Secondly-Remaining", "0"),
			[]ratelimit.Limit{
				{Name: "interval", Quota: 100, Remaining: 80, Reset: none, Window: 10 * sec},
				{Name: "daily", Quota: 250000, Remaining: 249947, Reset: none, Window: day},
			}},
		{"HubSpot, an interval that is none", header("X-HubSpot-RateLimit-Interval-Milliseconds", "x", "X-HubSpot-RateLimit-Remaining", "80"),
			[]ratelimit.Limit{{Name: "interval", Quota: -1, Remaining: 80, Reset: none}}},
		{"Shopify", header("X-Shopify-Shop-Api-Call-Limit", "32/40"),
			[]ratelimit.Limit{{Name: "bucket", Quota: 40, Remaining: 8, Reset: 16 * sec, Gradual: true}}},
		{"Sentry's API", header("X-Sentry-Rate-Limit-Limit", "40", "X-Sentry-Rate-Limit-Remaining", "39", "X-Sentry-Rate-Limit-Reset", epoch,
			"X-Sentry-Rate-Limit-ConcurrentLimit", "25", "X-Sentry-Rate-Limit-ConcurrentRemaining", "0"),
			[]ratelimit.Limit{{Quota: 40, Remaining: 39, Reset: time.Minute}}},
		{"Shopify, empty", header("X-Shopify-Shop-Api-Call-Limit", "0/80"),
			[]ratelimit.Limit{{Name: "bucket", Quota: 80, Remaining: 80, Gradual: true}}},
		{"Shopify, over the brim", header("X-Shopify-Shop-Api-Call-Limit", "41/40"),
			[]ratelimit.Limit{{Name: "bucket", Quota: 40, Remaining: 0, Reset: 20 * sec, Gradual: true}}},
		{"Shopify, beyond reason", header("X-Shopify-Shop-Api-Call-Limit", "99999999999999999999/99999999999999999999"),
			[]ratelimit.Limit{{Name: "bucket", Quota: math.MaxInt64, Remaining: 0, Reset: 20 * sec, Gradual: true}}},
		{"Shopify, no bucket", header("X-Shopify-Shop-Api-Call-Limit", "1/0"), nil},
		{"Shopify, no slash", header("X-Shopify-Shop-Api-Call-Limit", "32"), nil},
		{"Shopify, no numbers", header("X-Shopify-Shop-Api-Call-Limit", "a/40"), nil},
		{"Shopify, no size", header("X-Shopify-Shop-Api-Call-Limit", "4/x"), nil},
		{"App Store Connect", header("X-Rate-Limit", "user-hour-lim:3600;user-hour-rem:3598;", "X-Rate-Limit", "user-minute-lim:150;user-minute-rem:0;"),
			[]ratelimit.Limit{
				{Name: "user-hour", Quota: 3600, Remaining: 3598, Reset: none, Window: hour},
				{Name: "user-minute", Quota: 150, Remaining: 0, Reset: none, Window: time.Minute},
			}},
		{"App Store Connect, joined", header("X-Rate-Limit", "user-hour-lim:3600;user-hour-rem:3598;, user-minute-rem:0;user-minute-lim:150;x-rem:y;z"),
			[]ratelimit.Limit{
				{Name: "user-hour", Quota: 3600, Remaining: 3598, Reset: none, Window: hour},
				{Name: "user-minute", Quota: -1, Remaining: 0, Reset: none, Window: time.Minute},
			}},
		{"an X-Rate-Limit that is a number", header("X-Rate-Limit", "100"), nil},
	} {
		require.Equal(t, tt.want, ratelimit.ParseLimits(tt.h, noon), tt.name)
	}
}

// C29: what is left in part is not left.
func TestC29_CountsWithAFraction(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{
		"4.5": 4, "598.0": 598, "0.9": 0, "0.0": 0, " 7.25 ": 7, "5;w=60": 5, "5.5;x": 5, "99999999999999999999.5": math.MaxInt64,
		".5": -1, "5.": -1, "5. 5": -1, "5 .5": -1, "5.x": -1, "1.2.3": -1, "-1.5": -1, "+4": -1, "1e3": -1, "NaN": -1, "4,5": 4,
	} {
		got := ratelimit.ParseLimits(header("X-RateLimit-Limit", "9.75", "X-RateLimit-Remaining", value, "X-RateLimit-Reset", "1"), noon)
		require.Equal(t, []ratelimit.Limit{{Quota: 9, Remaining: want, Reset: time.Second}}, got, "%q", value)
	}
}

// C38: a list is read as far as any other, and so are suffixes.
func TestC38_ListsAndSuffixesAreBounded(t *testing.T) {
	t.Parallel()
	ones := func(n int) string { return strings.TrimSuffix(strings.Repeat("1,", n), ",") }
	require.Len(t, ratelimit.ParseLimits(header("X-RateLimit-Remaining", ones(64), "X-RateLimit-Reset", ones(64)), noon), 64)
	require.Len(t, ratelimit.ParseLimits(header("X-RateLimit-Remaining", ones(65), "X-RateLimit-Reset", ones(65)), noon), 1)
	require.EqualValues(t, 1, ratelimit.ParseLimits(header("X-RateLimit-Remaining", ones(64)+",0"), noon)[0].Remaining, "64 members are read")
	require.EqualValues(t, 0, ratelimit.ParseLimits(header("X-RateLimit-Remaining", ones(63)+",0"), noon)[0].Remaining)

	pairs := strings.Repeat("h-lim:1;h-rem:1;", 64)
	require.Len(t, ratelimit.ParseLimits(header("X-Rate-Limit", pairs), noon), 32, "64 pairs are read")
	name := strings.Repeat("x", 252)
	require.Len(t, ratelimit.ParseLimits(header("X-Rate-Limit", name+"-rem:1"), noon), 1)
	require.Empty(t, ratelimit.ParseLimits(header("X-Rate-Limit", name+"y-rem:1"), noon))

	h := http.Header{}
	for _, prefix := range []string{"X-Ratelimit-Remaining-", "Ratelimit-Remaining-", "X-Rate-Limit-Remaining-"} {
		for _, what := range []string{"", "Requests-", "Tokens-"} {
			for _, unit := range []string{"Second", "Minute", "Hour", "Day", "Week", "Month", "Year"} {
				h[prefix+what+unit] = []string{"1"}
			}
		}
	}
	require.Len(t, ratelimit.ParseLimits(h, noon), 16)
}

// C29: a window whose end nobody told holds calls back for a minute at most; then one
// call finds out whether it is over.
func TestC29_AWindowWithoutAnEndIsAskedAfter(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.Header
		held time.Duration
		over bool // it is over then, and nobody need ask
	}{
		"an hour":          {header("X-RateLimit-Limit-Hour", "100", "X-RateLimit-Remaining-Hour", "0"), time.Minute, false},
		"a minute":         {header("X-RateLimit-Limit-Minute", "10", "X-RateLimit-Remaining-Minute", "0"), time.Minute, true},
		"ten seconds":      {header("X-HubSpot-RateLimit-Interval-Milliseconds", "10000", "X-HubSpot-RateLimit-Max", "100", "X-HubSpot-RateLimit-Remaining", "0"), 10 * time.Second, true},
		"a day, HubSpot's": {header("X-HubSpot-RateLimit-Daily", "100", "X-HubSpot-RateLimit-Daily-Remaining", "0"), time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := ratelimit.NewPacer(ratelimit.WithStagger(0))
				require.NoError(t, p.Wait(t.Context(), "k"))
				p.Observe("k", 200, tt.h, false)
				start := time.Now()
				require.NoError(t, p.Wait(t.Context(), "k"))
				requireNear(t, tt.held, time.Since(start))
				require.Equal(t, tt.over, p.Delay("k") == 0, "one call at a time asks")
				p.Observe("k", 200, tt.h, false)
				require.NoError(t, p.Wait(t.Context(), "k"))
				requireNear(t, 2*tt.held, time.Since(start), "and is told again")
				p.Observe("k", 200, header("X-RateLimit-Remaining-Hour", "100"), false)
				require.NoError(t, p.Wait(t.Context(), "k"))
				require.NoError(t, p.Wait(t.Context(), "k"))
				requireNear(t, 2*tt.held, time.Since(start))
			})
		})
	}
}

// C29: of limits told in a list, each holds back by itself.
func TestC29_EachLimitOfAListHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer(ratelimit.WithStagger(0))
		told := func(remaining, reset string) {
			p.Observe("k", 200, header("X-RateLimit-Limit", "1, 100", "X-RateLimit-Remaining", remaining, "X-RateLimit-Reset", reset), false)
		}
		told("0, 50", "1, 3600")
		requireNear(t, time.Second, p.Delay("k"))
		time.Sleep(time.Second)
		told("1, 0", "1, 3599")
		requireNear(t, 3599*time.Second, p.Delay("k"))
	})
}

// C35: Discord's buckets and Datadog's names are of the route, as GitHub's resources are.
func TestC35_ALimitThatNamesWhatItCovers(t *testing.T) {
	for _, name := range []string{"X-RateLimit-Resource", "X-RateLimit-Bucket", "X-RateLimit-Name"} {
		for _, lists := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				p := ratelimit.NewPacer()
				h := header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset-After", "30.5", "Retry-After", "30.5", name, "b1")
				if lists {
					h = header("X-RateLimit-Remaining", "5, 0", "X-RateLimit-Reset", "1, 30.5", name, "b1")
				}
				r := ratelimit.Route{Method: "GET", Path: "/a"}
				p.ObserveRoute("k", r, 429, h, true)
				require.Zero(t, p.Delay("k"), name)
				require.GreaterOrEqual(t, p.DelayRoute("k", r), 30500*time.Millisecond, name)
				r.Keyed = true
				p.ObserveRoute("keyed", r, 429, h, true)
				require.GreaterOrEqual(t, p.Delay("keyed"), 30500*time.Millisecond, name)
			})
		}
	}
}

// C35: a resource's name is not the beginning of another limit's.
func TestC35_ALimitThatIsNotTheResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ratelimit.NewPacer()
		r := ratelimit.Route{Method: "GET", Path: "/a"}
		p.ObserveRoute("k", r, 200, header("X-RateLimit-Remaining", "9", "X-RateLimit-Reset", "60", "X-RateLimit-Resource", "min", "X-RateLimit-Remaining-Minute", "0"), false)
		require.Positive(t, p.Delay("k"))
		require.Zero(t, p.DelayRoute("k", r))
	})
}

// L2: the dialects of single services, and those with a suffix.
func FuzzParseLimitsVendors(f *testing.F) {
	f.Add("32/40", "user-hour-lim:3600;user-hour-rem:3598;", "10000", "1, 15000", "1;w=1, 15000;w=2592000")
	f.Fuzz(func(t *testing.T, shopify, appStore, millis, amount, policy string) {
		h := http.Header{
			"X-Shopify-Shop-Api-Call-Limit":             {shopify},
			"X-Rate-Limit":                              {appStore, policy},
			"X-Hubspot-Ratelimit-Interval-Milliseconds": {millis},
			"X-Ratelimit-Policy":                        {policy},
			"X-Ratelimit-Period":                        {millis},
			"X-Ratelimit-Reset-After":                   {amount},
		}
		for _, name := range []string{
			"X-Hubspot-Ratelimit-Max", "X-Hubspot-Ratelimit-Remaining", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset",
			"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Limit-Tokens-Minute", "X-Ratelimit-Remaining-Tokens-Minute", "X-Ratelimit-Reset-Tokens-Minute",
		} {
			h[name] = []string{amount}
		}
		limits := ratelimit.ParseLimits(h, noon)
		if len(limits) > 64 {
			t.Fatalf("%d limits", len(limits))
		}
		for _, l := range limits {
			checkLimit(t, l)
			if l.Reset > 366*24*time.Hour || l.Window > 366*24*time.Hour {
				t.Fatalf("a time beyond reason: %+v", l)
			}
		}
	})
}
