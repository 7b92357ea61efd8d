package ratelimit

import (
	"net/http"
	"strings"
	"time"
)

// anthropic are the limits of Anthropic's API ("Rate limits: Response headers"): token
// buckets, which fill up continuously.
var anthropic = [...]triple{
	anthropicTriple("Requests", false),
	anthropicTriple("Tokens", true),
	anthropicTriple("Input-Tokens", true),
	anthropicTriple("Output-Tokens", true),
}

func anthropicTriple(what string, weighted bool) triple {
	prefix := "Anthropic-Ratelimit-" + what
	return triple{
		limit: prefix + "-Limit", remaining: prefix + "-Remaining", reset: prefix + "-Reset",
		name: strings.ToLower(what), weighted: weighted, gradual: true,
	}
}

// hubspot are the limits of HubSpot's APIs ("API usage guidelines and limits"). What it
// tells per second it no longer enforces.
var hubspot = [...]triple{
	{limit: "X-Hubspot-Ratelimit-Max", remaining: "X-Hubspot-Ratelimit-Remaining", name: "interval"},
	{limit: "X-Hubspot-Ratelimit-Daily", remaining: "X-Hubspot-Ratelimit-Daily-Remaining", name: "daily", window: 24 * time.Hour},
}

// sentryAPI is the limit of an endpoint of Sentry's API, which its envelopes do not count
// against ("Rate Limits", Sentry API docs).
var sentryAPI = triple{limit: "X-Sentry-Rate-Limit-Limit", remaining: "X-Sentry-Rate-Limit-Remaining", reset: "X-Sentry-Rate-Limit-Reset"}

// appendVendors reads the dialects of single services.
func appendVendors(dst []Limit, h http.Header, now time.Time) []Limit {
	for i := range anthropic {
		dst = appendTriple(dst, h, now, &anthropic[i])
	}
	for i := range hubspot {
		t := hubspot[i]
		if t.window == 0 {
			if d, ok := milliseconds(strings.Trim(one(h["X-Hubspot-Ratelimit-Interval-Milliseconds"]), " \t")); ok && d <= futureReset {
				t.window = d
			}
		}
		dst = appendTriple(dst, h, now, &t)
	}
	dst = appendTriple(dst, h, now, &sentryAPI)
	return appendShopify(dst, h)
}

// shopifyLeak is how long a full bucket of Shopify's REST Admin API takes to empty
// ("REST Admin API rate limits": 40 requests leak at 2 a second, 400 at 20).
const shopifyLeak = 20 * time.Second

// appendShopify reads "32/40": so many of so many requests are in the bucket.
func appendShopify(dst []Limit, h http.Header) []Limit {
	used, size, ok := strings.Cut(one(h["X-Shopify-Shop-Api-Call-Limit"]), "/")
	if !ok {
		return dst
	}
	n, counted := amount(used)
	quota, sized := amount(size)
	if !counted || !sized || quota == 0 {
		return dst
	}
	n = min(n, quota)
	return append(dst, Limit{
		Name: "bucket", Quota: quota, Remaining: quota - n,
		Reset: time.Duration(float64(shopifyLeak) * (float64(n) / float64(quota))), Gradual: true,
	})
}

// appendAppStore reads "user-hour-lim:3600;user-hour-rem:3598;" of App Store Connect
// ("Identifying rate limits"), a line or a member for each window.
func appendAppStore(dst []Limit, h http.Header) []Limit {
	read := 0
	for _, line := range few(h["X-Rate-Limit"]) {
		l := Limit{Quota: -1, Remaining: -1, Reset: -1}
		for pair := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			if read++; read > maxLimits {
				return dst
			}
			key, value, _ := strings.Cut(pair, ":")
			n, ok := amount(value)
			if !ok || len(key) > maxName {
				continue
			}
			if name, ok := strings.CutSuffix(key, "-lim"); ok {
				l = Limit{Name: name, Quota: n, Remaining: -1, Reset: -1, Window: unitOf(name[strings.LastIndexByte(name, '-')+1:])}
			} else if name, ok := strings.CutSuffix(key, "-rem"); ok {
				if name != l.Name {
					l = Limit{Name: name, Quota: -1, Window: unitOf(name[strings.LastIndexByte(name, '-')+1:])}
				}
				l.Remaining, l.Reset = n, -1
				dst = append(dst, l)
			}
		}
	}
	return dst
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
