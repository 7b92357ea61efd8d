package bench

// ownLimiter returns the project's entries of the group Limiter: one limiter.
func ownLimiter() []entry { return nil }

// ownKeyedLimiter returns the project's entries of the group
// Limiter/keyed-10k-parallel.
func ownKeyedLimiter(keys []string) []keyedPeer { return nil }
