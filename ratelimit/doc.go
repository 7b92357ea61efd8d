// Package ratelimit says when a call may go out: by limits that are known in
// advance, and by what the service itself says in its responses.
//
// Most callers should hand one of the constructors to client.WithRateLimit, which
// passes the key, waits, and gives tokens back:
//
//	ratelimit.PerSecond(25)                                  // each key by itself, evenly spaced
//	ratelimit.All(ratelimit.PerSecond(10), ratelimit.Quota(5000, ratelimit.Day))
//	ratelimit.Together(ratelimit.PerMinute(600))               // all keys together
//	ratelimit.InFlight(10)                                   // so many at the same time
//
// Without the client, call Wait before each call, [WaitN] where one costs as much as
// several, and Release at the end of one that [InFlight] let through. The [Pacer],
// which package client runs for every service, needs no numbers: it reads
// Retry-After, RateLimit and the X-RateLimit dialects and slows down before a 429.
// To read these headers directly, use [RetryAfter] and [ParseLimits].
//
// A token bucket from golang.org/x/time/rate counts for each key; the waiting is
// this package's own. Callers wait in the order of arrival and reserve nothing
// ahead: one who gives up, or whose deadline cannot be met, costs those behind
// nothing. Every limiter is bounded in memory, however many keys it sees.
//
// A [Limiter] has a single method, so that one shared between processes can replace
// those of this package, which each process keeps for itself: package onredis, a module
// of its own, has one on Redis, and package limitertest checks yours. What more it may
// be asked for are [Returner], [Weighted], [Delayer] and [Releaser], each by itself.
package ratelimit
