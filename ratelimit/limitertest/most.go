package limitertest

import (
	"slices"
	"time"
)

// Most returns the largest number of the times that lie within one span of the given
// length, wherever it begins; times that are exactly so far apart are in one span. A
// limit of n in per holds where Most(times, per) is at most n. The times may come in
// any order.
func Most(times []time.Time, span time.Duration) int {
	sorted := slices.SortedFunc(slices.Values(times), time.Time.Compare)
	most, first := 0, 0
	for i, t := range sorted {
		for t.Sub(sorted[first]) > span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
