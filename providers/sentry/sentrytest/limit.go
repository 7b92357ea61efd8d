package sentrytest

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type limit struct {
	until      time.Time
	categories []string // none is all
}

// categories of what can be in an envelope ("Rate Limiting: Definitions", Sentry SDK
// docs).
var categories = map[string]string{"event": "error", "check_in": "monitor", "attachment": "attachment", "client_report": "internal"}

// limited reports whether a type of item is refused, under the lock.
func (s *Server) limited(kind string) bool {
	return slices.ContainsFunc(s.limits, func(l limit) bool {
		return time.Now().Before(l.until) && (len(l.categories) == 0 || slices.Contains(l.categories, categories[kind]))
	})
}

// tellLimits says in a header what is limited now ("Rate Limiting", Sentry SDK docs).
func (s *Server) tellLimits(h http.Header, status int) {
	var groups []string
	longest := 0
	for _, l := range s.limits {
		if left := int(math.Ceil(time.Until(l.until).Seconds())); left > 0 {
			longest = max(longest, left)
			groups = append(groups, fmt.Sprintf("%d:%s:organization:quota_exceeded", left, strings.Join(l.categories, ";")))
		}
	}
	if len(groups) == 0 {
		return
	}
	h.Set("X-Sentry-Rate-Limits", strings.Join(groups, ", "))
	if status == http.StatusTooManyRequests {
		h.Set("Retry-After", strconv.Itoa(longest))
	}
}
