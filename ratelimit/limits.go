package ratelimit

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// Limit is what a service told about one of its limits.
type Limit struct {
	// Name tells limits apart: the policy of the IETF fields ("default"), GitHub's
	// resource ("core"), OpenAI's dimension ("requests", "tokens"), Sentry's
	// category ("error"). Empty where the service has but one.
	Name string
	// Quota is how much is let through in a window; -1 where it was not told.
	Quota int64
	// Remaining is how much of it is left; -1 where it was not told.
	Remaining int64
	// Reset is the time until the quota is whole again; -1 where it was not told.
	Reset time.Duration
	// Window is the length of the window; 0 where it was not told.
	Window time.Duration
	// Weighted says that the quota counts something other than calls, such as
	// tokens or bytes, of which a call can use any number.
	Weighted bool
	// Gradual says that the quota fills up evenly and not at one instant, Reset
	// being the time until it is full.
	Gradual bool
}

// ParseLimits returns what the headers of a response say about the service's
// limits, in no particular order; nil when they say nothing. It reads
//
//   - RateLimit and RateLimit-Policy, as lists of policies
//     (draft-ietf-httpapi-ratelimit-headers-08 and later) and as the single
//     limit of the draft's version 07;
//   - RateLimit-Limit, -Remaining and -Reset (the draft's earlier versions; Resend);
//   - X-RateLimit-Limit, -Remaining and -Reset (GitHub, with
//     X-RateLimit-Resource), and the spelling X-Rate-Limit-* (X);
//   - the same with the suffixes -Requests and -Tokens (OpenAI);
//   - X-Sentry-Rate-Limits.
//
// A reset may be seconds left, a duration such as 6m0s, epoch seconds, epoch
// milliseconds or a date. A number is taken for a moment only where that moment is
// at most a day behind and a year ahead of the response's own Date (of now where
// there is none), and for seconds left only up to a year; these ranges do not
// meet. A value of any other form counts as not told.
//
// The cost is linear in the headers' bytes. Of a field that is repeated the first 64
// lines are read, and of its members 64; a limit whose name is longer than 256 bytes
// is left out. No more than 64 limits are returned.
func ParseLimits(h http.Header, now time.Time) []Limit {
	limits := append(appendLimits(nil, h, now), sentryLimits(h)...)
	return limits[:min(len(limits), maxLimits)]
}

// triple names the three headers of a dialect in their canonical form.
type triple struct {
	limit, remaining, reset string
	name                    string
	weighted, gradual       bool
}

// dialect returns the i-th triple of headers to look for.
func dialect(i int) (t triple, ok bool) {
	switch i {
	case 0:
		return triple{limit: "Ratelimit-Limit", remaining: "Ratelimit-Remaining", reset: "Ratelimit-Reset"}, true
	case 1:
		return triple{limit: "X-Ratelimit-Limit", remaining: "X-Ratelimit-Remaining", reset: "X-Ratelimit-Reset"}, true
	case 2:
		return triple{limit: "X-Rate-Limit-Limit", remaining: "X-Rate-Limit-Remaining", reset: "X-Rate-Limit-Reset"}, true
	case 3:
		return triple{
			limit: "X-Ratelimit-Limit-Requests", remaining: "X-Ratelimit-Remaining-Requests", reset: "X-Ratelimit-Reset-Requests",
			name: "requests", gradual: true,
		}, true
	case 4:
		return triple{
			limit: "X-Ratelimit-Limit-Tokens", remaining: "X-Ratelimit-Remaining-Tokens", reset: "X-Ratelimit-Reset-Tokens",
			name: "tokens", weighted: true, gradual: true,
		}, true
	default:
		return triple{}, false
	}
}

// appendLimits does not allocate where there is nothing to append.
func appendLimits(dst []Limit, h http.Header, now time.Time) []Limit {
	dst = appendIETF(dst, h)
	for i := 0; ; i++ {
		t, ok := dialect(i)
		if !ok {
			return dst
		}
		l := Limit{Name: t.name, Quota: -1, Remaining: -1, Reset: -1, Weighted: t.weighted, Gradual: t.gradual}
		if i == 1 && len(h["X-Ratelimit-Resource"]) == 1 {
			l.Name = h["X-Ratelimit-Resource"][0]
		}
		for _, v := range few(h[t.remaining]) { // of a repeated header the strictest counts
			if n, ok := count(v); ok && (l.Remaining < 0 || n < l.Remaining) {
				l.Remaining = n
			}
		}
		for _, v := range few(h[t.reset]) {
			if d, ok := parseReset(v, serverTime(h, now)); ok {
				l.Reset = max(l.Reset, d)
			}
		}
		if len(l.Name) > maxName || l.Remaining < 0 && l.Reset < 0 {
			continue
		}
		if limit := h[t.limit]; len(limit) > 0 {
			l.Quota, l.Window = quota(limit[0])
		}
		dst = append(dst, l)
	}
}

// quota reads "100", and "100, 100;w=60" as the draft's versions up to 06 had it.
func quota(s string) (n int64, window time.Duration) {
	first, policies, _ := strings.Cut(s, ",")
	n, ok := count(first)
	if !ok {
		return -1, 0
	}
	read := 0
	for policy := range strings.SplitSeq(policies, ",") {
		if read++; read > maxLimits {
			break
		}
		q, params, _ := strings.Cut(policy, ";")
		if m, ok := count(q); !ok || m != n {
			continue
		}
		for param := range strings.SplitSeq(params, ";") {
			if read++; read > maxLimits {
				break
			}
			if w, ok := strings.CutPrefix(strings.Trim(param, " \t"), "w="); ok {
				if d, ok := decimal(w, time.Second); ok {
					return n, d
				}
			}
		}
	}
	return n, 0
}

// count reads digits; what overflows is the largest number.
func count(s string) (int64, bool) {
	s = strings.Trim(s, " \t")
	if s == "" {
		return 0, false
	}
	n := int64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// sentryLimits reads "60:error;transaction:organization, 2700::organization":
// seconds, categories (none is all) and what this package has no use for. Groups
// that are not of this form are skipped, as Sentry's SDK documentation asks.
func sentryLimits(h http.Header) []Limit {
	var limits []Limit
	read := 0
	for _, field := range few(h["X-Sentry-Rate-Limits"]) {
		for group := range strings.SplitSeq(field, ",") {
			if read++; read > maxLimits {
				return limits
			}
			seconds, rest, ok := strings.Cut(strings.Trim(group, " \t"), ":")
			d, valid := decimal(seconds, time.Second)
			if !ok || !valid {
				continue
			}
			categories, _, _ := strings.Cut(rest, ":")
			for name := range strings.SplitSeq(categories, ";") {
				if len(limits) == maxLimits {
					return limits
				}
				if len(name) <= maxName {
					limits = append(limits, Limit{Name: name, Quota: -1, Remaining: 0, Reset: d})
				}
			}
		}
	}
	return limits
}
