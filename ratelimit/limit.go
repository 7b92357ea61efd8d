package ratelimit

import (
	"math"
	"strings"
	"time"
)

// Limit is what a service told about one of its limits.
type Limit struct {
	// Name tells limits apart: the policy of the IETF fields ("default"), GitHub's
	// resource ("core"), OpenAI's dimension ("requests", "tokens"), Sentry's
	// category ("error"), a window ("minute"). Empty where the service has but one. Of a
	// list of limits the second has the name of the first and "#2", and so on.
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
