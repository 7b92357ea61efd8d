package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// triple names the headers of a dialect in their canonical form: the three that make
// it, and those that a service may add.
type triple struct {
	limit, remaining, reset string
	after                   string    // seconds left, more precise than reset
	names                   [3]string // that name the limit, the first one present counts
	windows                 [2]string // seconds
	policy                  string    // 100;w=60

	name              string
	window            time.Duration
	weighted, gradual bool
}

// xRateLimit is the dialect in which a service may name what the limit covers.
var xRateLimit = triple{
	limit: "X-Ratelimit-Limit", remaining: "X-Ratelimit-Remaining", reset: "X-Ratelimit-Reset", after: "X-Ratelimit-Reset-After",
	names:   [3]string{"X-Ratelimit-Resource", "X-Ratelimit-Bucket", "X-Ratelimit-Name"},
	windows: [2]string{"X-Ratelimit-Period", "X-Ratelimit-Window"}, policy: "X-Ratelimit-Policy",
}

// triples are the dialects whose names are known in full.
var triples = [...]triple{
	{
		limit: "Ratelimit-Limit", remaining: "Ratelimit-Remaining", reset: "Ratelimit-Reset",
		windows: [2]string{"Ratelimit-Window"}, policy: "Ratelimit-Policy",
	},
	xRateLimit,
	{limit: "X-Rate-Limit-Limit", remaining: "X-Rate-Limit-Remaining", reset: "X-Rate-Limit-Reset"},
	{
		limit: "X-Ratelimit-Limit-Requests", remaining: "X-Ratelimit-Remaining-Requests", reset: "X-Ratelimit-Reset-Requests",
		name: "requests", gradual: true,
	},
	{
		limit: "X-Ratelimit-Limit-Tokens", remaining: "X-Ratelimit-Remaining-Tokens", reset: "X-Ratelimit-Reset-Tokens",
		name: "tokens", weighted: true, gradual: true,
	},
}

// appendTriple reads the headers of one dialect.
func appendTriple(dst []Limit, h http.Header, now time.Time, t *triple) []Limit {
	remaining, reset := h[t.remaining], h[t.reset]
	if after := h[t.after]; t.after != "" && len(after) > 0 {
		reset = after
	}
	if len(remaining) == 0 && len(reset) == 0 {
		return dst
	}
	base := Limit{Name: t.named(h), Quota: -1, Remaining: -1, Reset: -1, Window: t.window, Weighted: t.weighted, Gradual: t.gradual}
	if len(base.Name) > maxName {
		return dst
	}
	for _, name := range t.windows {
		if v := h[name]; len(v) == 1 && base.Window == 0 {
			base.Window = windowOf(v[0])
		}
	}
	limit, policy := h[t.limit], h[t.policy]
	if n := parallel(limit, remaining, reset, now); n > 1 {
		return appendList(dst, base, list{n, one(limit), one(remaining), one(reset), one(policy)}, serverTime(h, now))
	}
	l := base
	for _, v := range few(remaining) {
		l.Remaining = fewest(l.Remaining, v)
	}
	for _, v := range few(reset) {
		l.Reset = max(l.Reset, latest(v, serverTime(h, now)))
	}
	if l.Remaining < 0 && l.Reset < 0 {
		return dst
	}
	if len(limit) > 0 {
		first, policies, _ := strings.Cut(limit[0], ",")
		if n, ok := amount(first); ok {
			l.Quota = n
			l.Window = max(l.Window, policyWindow(policies, n), policyWindow(one(policy), n))
		}
	}
	return append(dst, l)
}

// named returns what the response calls the limit.
func (t *triple) named(h http.Header) string {
	for _, name := range t.names {
		if v := h[name]; name != "" && len(v) == 1 && v[0] != "" {
			return v[0]
		}
	}
	return t.name
}

// one returns the only line of a field.
func one(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}

// list is several limits, told side by side in each of the fields.
type list struct {
	n                               int
	limit, remaining, reset, policy string
}

// parallel returns how many limits the fields tell of: more than one where remaining
// and one of the others at least are lists of the same length, and no other is not.
func parallel(limit, remaining, reset []string, now time.Time) int {
	if len(remaining) != 1 || len(limit) > 1 || len(reset) > 1 || len(limit)+len(reset) == 0 {
		return 1
	}
	n := members(remaining[0])
	if n == 1 || n > maxLimits || len(limit) == 1 && members(limit[0]) != n {
		return 1
	}
	if len(reset) == 1 {
		if _, ok := parseReset(reset[0], now); ok || members(reset[0]) != n { // one date has a comma too
			return 1
		}
	}
	return n
}

func members(s string) int { return strings.Count(s, ",") + 1 }

// appendList reads limits that are told side by side.
func appendList(dst []Limit, base Limit, f list, now time.Time) []Limit {
	if members(f.policy) != f.n {
		f.policy = ""
	}
	for i := range f.n {
		l := base
		if i > 0 {
			l.Name += "#" + strconv.Itoa(i+1)
		}
		if n, ok := amount(next(&f.remaining)); ok {
			l.Remaining = n
		}
		if d, ok := parseReset(next(&f.reset), now); ok {
			l.Reset = d
		}
		limit, policy := next(&f.limit), next(&f.policy)
		if n, ok := amount(limit); ok {
			l.Quota = n
		}
		l.Window = max(l.Window, paramWindow(limit), paramWindow(policy))
		if l.Remaining >= 0 || l.Reset >= 0 {
			dst = append(dst, l)
		}
	}
	return dst
}

// next cuts the next member off a list.
func next(s *string) string {
	member, rest, _ := strings.Cut(*s, ",")
	*s = rest
	return member
}

// fewest returns the lowest count in a list, and n, where not -1, if that is lower.
func fewest(n int64, s string) int64 {
	for range maxLimits {
		if m, ok := amount(next(&s)); ok && (n < 0 || m < n) {
			n = m
		}
		if s == "" {
			break
		}
	}
	return n
}

// latest returns the longest time left in a list of resets, or -1.
func latest(s string, now time.Time) time.Duration {
	if d, ok := parseReset(s, now); ok || !strings.Contains(s, ",") {
		if !ok {
			d = -1
		}
		return d
	}
	d := time.Duration(-1)
	for range maxLimits {
		if left, ok := parseReset(next(&s), now); ok {
			d = max(d, left)
		}
		if s == "" {
			break
		}
	}
	return d
}

// policyWindow finds the window of the policy with the quota n in "10;w=1, 100;w=60",
// as the draft's versions up to 06 had it; 0 is not told.
func policyWindow(policies string, n int64) time.Duration {
	for range maxLimits {
		policy := next(&policies)
		if m, ok := amount(policy); ok && m == n {
			if w := paramWindow(policy); w > 0 {
				return w
			}
		}
		if policies == "" {
			break
		}
	}
	return 0
}

// paramWindow reads the parameter w of a policy; 0 is not told.
func paramWindow(policy string) time.Duration {
	_, params, _ := strings.Cut(policy, ";")
	for range maxLimits {
		if params == "" {
			break
		}
		var param string
		param, params, _ = strings.Cut(params, ";")
		if w, ok := strings.CutPrefix(strings.Trim(param, " \t"), "w="); ok {
			if d := windowOf(w); d > 0 {
				return d
			}
		}
	}
	return 0
}

// windowOf reads the seconds of a window; 0 is not told.
func windowOf(s string) time.Duration {
	d, ok := decimal(strings.Trim(s, " \t"), time.Second)
	if !ok || d > futureReset {
		return 0
	}
	return d
}

// amount reads the count in front of a member's parameters. Of a fraction what is
// whole counts: half a call cannot be made.
func amount(member string) (int64, bool) {
	s, _, _ := strings.Cut(member, ";")
	whole, fraction, point := strings.Cut(strings.Trim(s, " \t"), ".")
	if point {
		if _, ok := count(fraction); !ok || strings.Trim(fraction, " \t") != fraction || strings.Trim(whole, " \t") != whole {
			return 0, false
		}
	}
	return count(whole)
}

// maxSuffixed is how many limits with a suffix are read.
const maxSuffixed = 16

// prefixes are what the suffix of a dialect follows.
var prefixes = [...][3]string{
	{"X-Ratelimit-Remaining-", "X-Ratelimit-Limit-", "X-Ratelimit-Reset-"},
	{"Ratelimit-Remaining-", "Ratelimit-Limit-", "Ratelimit-Reset-"},
	{"X-Rate-Limit-Remaining-", "X-Rate-Limit-Limit-", "X-Rate-Limit-Reset-"},
}

// appendSuffixed reads a limit whose headers name a window, or what is counted and a
// window, in the end: X-RateLimit-Remaining-Minute.
func appendSuffixed(dst []Limit, h http.Header, now time.Time, remaining string) []Limit {
	suffix, p := suffixOf(remaining)
	t, _ := wordsOf(suffix)
	t.name = strings.ToLower(suffix)
	t.remaining, t.limit, t.reset = remaining, p[1]+suffix, p[2]+suffix
	return appendTriple(dst, h, now, &t)
}

func suffixOf(name string) (suffix string, prefix *[3]string) {
	for i := range prefixes {
		if s, ok := strings.CutPrefix(name, prefixes[i][0]); ok {
			return s, &prefixes[i]
		}
	}
	return "", nil
}

// wordsOf reads a suffix as what it says of a limit. It has to name a window: what is not
// known could be about anything.
func wordsOf(suffix string) (t triple, known bool) {
	what, unit, two := strings.Cut(suffix, "-")
	if two {
		switch what {
		case "Requests", "Req":
		case "Tokens":
			t.weighted = true
		default:
			return t, false
		}
	} else {
		unit = what
	}
	t.window = unitOf(unit)
	return t, t.window > 0
}

// unitOf returns the length of a window that is called by its unit; a month has at most
// 31 days, a year 366.
func unitOf(word string) time.Duration {
	const day = 24 * time.Hour
	switch word {
	case "Second", "second":
		return time.Second
	case "Minute", "minute":
		return time.Minute
	case "Hour", "hour":
		return time.Hour
	case "Day", "day":
		return day
	case "Week", "week":
		return 7 * day
	case "Month", "month":
		return 31 * day
	case "Year", "year":
		return 366 * day
	}
	return 0
}
