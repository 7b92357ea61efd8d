//go:build !race

package costtest

// Race reports whether the race detector is on. It multiplies time and allocations, and
// has a sync.Pool drop items at random.
const Race = false
