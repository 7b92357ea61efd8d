package ratelimit

import (
	"net/http"
	"slices"
	"time"
)

// ParseLimits returns what the headers of a response say about the service's
// limits, in no particular order; nil when they say nothing. It reads
//
//   - RateLimit and RateLimit-Policy, as lists of policies
//     (draft-ietf-httpapi-ratelimit-headers-08 and later) and as the single
//     limit of the draft's version 07;
//   - RateLimit-Limit, -Remaining and -Reset (the draft's earlier versions; Resend);
//   - X-RateLimit-Limit, -Remaining and -Reset or -Reset-After (Discord), named by
//     X-RateLimit-Resource (GitHub), -Bucket (Discord) or -Name (Datadog), and the
//     spelling X-Rate-Limit-* (X);
//   - the same with a suffix: -Requests and -Tokens (OpenAI), a window such as -Minute
//     (Kong), or both, -Tokens-Minute;
//   - Anthropic-RateLimit-*, X-HubSpot-RateLimit-*, X-Rate-Limit (App Store Connect),
//     X-Shopify-Shop-Api-Call-Limit, X-Sentry-Rate-Limit-* and X-Sentry-Rate-Limits.
//
// A count may have a fraction ("598.0"), of which only whole calls count as left.
// Fields that hold lists of equal length tell of as many limits ("1, 15000", Brave);
// of other lists, and of a field that is repeated, the strictest member counts.
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

// appendLimits does not allocate where there is nothing to append.
func appendLimits(dst []Limit, h http.Header, now time.Time) []Limit {
	dst = appendIETF(dst, h)
	for i := range triples {
		dst = appendTriple(dst, h, now, &triples[i])
	}
	var space [maxSuffixed]string
	suffixed, vendors := others(space[:0], h)
	for _, name := range suffixed {
		dst = appendSuffixed(dst, h, now, name)
	}
	if vendors {
		dst = appendVendors(dst, h, now)
	}
	return appendAppStore(dst, h)
}

// others finds, by one pass over the names, the limits whose names have a suffix, and
// whether any may be in the dialect of a single service.
func others(dst []string, h http.Header) (suffixed []string, vendors bool) {
	for name := range h {
		if len(name) < 4 {
			continue
		}
		switch name[:4] {
		case "Rate", "X-Ra":
			if suffix, _ := suffixOf(name); suffix != "" && len(dst) < maxSuffixed {
				if _, known := wordsOf(suffix); known {
					dst = append(dst, name)
				}
			}
		case "X-Sh", "X-Hu", "X-Se", "Anth":
			vendors = true
		}
	}
	slices.Sort(dst)
	return dst, vendors
}
