// Package costtest measures what hostile input costs, for tests that bound it.
package costtest

import (
	"runtime"
	"time"
)

// Allocated returns how many bytes f allocates. Nothing else may run meanwhile.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Linear reports whether full, which reads 16 times as much, takes less than four times
// as long as 16 of part: what is quadratic takes 16 times as long. They are measured one
// after the other, so that a machine that is busy is so for both, and again if not.
func Linear(full, part func()) bool {
	took := func(times int, f func()) time.Duration {
		start := time.Now()
		for range times {
			f()
		}
		return time.Since(start)
	}
	for range 5 {
		if took(1, full) < 4*took(16, part) {
			return true
		}
	}
	return false
}
