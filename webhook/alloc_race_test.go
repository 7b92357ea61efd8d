//go:build race

package webhook_test

// Under the race detector sync.Pool drops items at random.
const raceDetector = true
