package sentry

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// category is what Sentry counts and limits by itself ("Rate Limiting: Definitions",
// Sentry SDK docs). Those that a Reporter sends are all that it knows.
type category string

const (
	all        category = "" // a limit of everything
	failures   category = "error"
	checkIns   category = "monitor"
	attachment category = "attachment"
	internal   category = "internal" // a client report, which only a limit of everything stops
)

// bareThrottle is the limit after a 429 that says nothing ("Rate Limiting: Parse Response
// Headers", Sentry SDK docs).
const bareThrottle = time.Minute

// longestLimit bounds what a response can ask for: then one item asks again.
const longestLimit = 24 * time.Hour

// limits are those that Sentry has told. They are safe for concurrent use.
type limits struct {
	mu    sync.Mutex
	until map[category]time.Time
}

// learn reads a response, whatever its status: a limit can come with a success.
func (l *limits) learn(status int, h http.Header, now time.Time) {
	const name = "X-Sentry-Rate-Limits"
	fields := http.Header{}
	for _, v := range h[name] {
		fields.Add(name, strings.ReplaceAll(v, " ", "")) // which are to be ignored
	}
	told := ratelimit.ParseLimits(fields, now)
	if len(told) == 0 && status == http.StatusTooManyRequests {
		d, ok := ratelimit.RetryAfter(h, now)
		if !ok {
			d = bareThrottle
		}
		told = []ratelimit.Limit{{Reset: d}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, limit := range told {
		switch c := category(strings.ToLower(limit.Name)); c {
		case all, failures, checkIns, attachment:
			if until := now.Add(min(limit.Reset, longestLimit)); until.After(l.until[c]) { // the longer one is kept
				if l.until == nil {
					l.until = map[category]time.Time{}
				}
				l.until[c] = until
			}
		}
	}
}

// limited reports whether nothing of a category may be sent now.
func (l *limits) limited(c category, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.until[all]) || now.Before(l.until[c])
}
