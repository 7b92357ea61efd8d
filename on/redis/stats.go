package onredis

// Stats is what a [Limiter] has done since it was made.
type Stats struct {
	// Asked is how many script calls were sent to Redis, Granted how many tokens the
	// callers were given.
	Asked, Granted int64
	// Local is how many of these were of the local share, while Redis was away.
	Local int64
	// Clamped is how often a time lay too far in the future and was cut: the clock of
	// Redis has gone back, as it may in a failover.
	Clamped int64
	// Away is whether Redis is away now, or in a cluster the node of any key.
	Away bool
}

// Stats returns what the limiter has done.
func (l *Limiter) Stats() Stats {
	return Stats{
		Asked: l.stats.asked.Load(), Granted: l.stats.granted.Load(), Local: l.stats.local.Load(),
		Clamped: l.stats.clamped.Load(), Away: l.away.Load() > 0,
	}
}
