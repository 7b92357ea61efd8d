package webhook

import (
	"math"
	"net/http"
	"time"
)

// one returns the value of a header that must be there exactly once. The name is
// canonical.
func one(h http.Header, name string) (string, error) {
	switch values := h[name]; {
	case len(values) > 1:
		return "", &Error{Reason: ErrDuplicate, Detail: "header " + name}
	case len(values) == 0 || values[0] == "":
		return "", &Error{Reason: ErrMissing, Detail: "header " + name}
	default:
		return values[0], nil
	}
}

// first returns the value of a header that nothing depends on; empty if it is
// missing or repeated.
func first(h http.Header, name string) string {
	if values := h[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// delivered returns those of names that h has. Names are canonical.
func delivered(h http.Header, names []string) []string {
	n := 0
	for _, name := range names {
		if len(h[name]) > 0 {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(names):
		return names
	}
	out := make([]string, 0, n)
	for _, name := range names {
		if len(h[name]) > 0 {
			out = append(out, name)
		}
	}
	return out
}

const maxSkew = int64(math.MaxInt64 / time.Second)

// within checks a signed time against the clock; a tolerance of 0 is no limit.
// Both are cut to whole seconds, since that is what timestamps are given in: the
// edge second is inside.
func within(signed, now time.Time, tolerance time.Duration) error {
	if tolerance <= 0 {
		return nil
	}
	// A difference that a Duration cannot hold is beyond every tolerance; it must
	// not wrap around into one.
	skew := time.Duration(min(max(now.Unix()-signed.Unix(), -maxSkew), maxSkew)) * time.Second
	switch {
	case skew > tolerance:
		return &Error{Reason: ErrStale, Detail: "signed " + skew.String() + " ago, tolerance " + tolerance.String(), Skew: skew}
	case -skew > tolerance:
		return &Error{Reason: ErrFuture, Detail: "signed " + (-skew).String() + " ahead of this clock, tolerance " + tolerance.String(), Skew: skew}
	}
	return nil
}
