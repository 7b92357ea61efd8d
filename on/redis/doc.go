// Package onredis lets any number of processes share, through Redis 6 or later or
// Valkey, single or a cluster, what the packages of github.com/standpipe-go/standpipe
// otherwise keep in each: limits ([Limiter]), the pauses that a service asks for
// ([Pacer]), which webhook events were handled ([Guard]), tokens ([TokenStore]) and
// the sessions that have ended ([LoggedOut]).
//
// Most callers need a limiter and a pacer for the client of a service:
//
//	limiter, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{
//		Limits: []onredis.Limit{onredis.Rate(600, time.Minute), onredis.Quota(50_000, ratelimit.Day)},
//	})
//	c, err := client.New(baseURL, client.WithRateLimit(limiter), client.WithPacing(onredis.NewPacer(limiter)))
//
// # What holds
//
// A [Rate] of n is never exceeded, in any span of its length, wherever that begins: by
// the moments at which Wait returns, as long as Redis keeps its state. All limits of a
// key are asked for in one script call, by the clock of Redis, which is read once: a
// call takes of each or of none. Where Redis has lost its state, the processes that
// still run tell it what they were told before; at most one [Limit.Burst] goes out too
// many, and of a [Quota] what no running process knew of.
//
// While Redis is away, a process may use of a [Quota] its share ([Share]): what was left
// when it last heard of the key, divided by the processes that there were then, rounded
// down. It tells Redis what it took in its first call after that, in which it may ask for
// more, or without a call of yours within two seconds of a Redis that responds. For ten
// seconds after a process is back, the shares are kept of those that have not called for
// 2.3 seconds. So the quota holds to the call where all had heard the same. At most too
// many are
//   - of a process that had heard of fewer calls or fewer processes than there were: by
//     how much its share was larger for that;
//   - of one that is killed before it has told, or cut off while the others are not, but
//     for the ten seconds: what it took of its share;
//   - for one that starts before all have told: a share.
//
// A process that is killed has lost what it had reserved: of a rate at most a batch, a
// part of 250 ms of the limit, which is over when its turns are; of a quota the same
// number, which counts as used; its calls [InFlight] have ended after ten seconds.
//
// # What it costs
//
// Eight processes that used up a limit of 1,000 a second on one key, on two cores, made
// 0.06 calls of Redis a grant and got between them 98 % of the limit, each within 2 % of
// the others. At a low rate, below a limit or at it, a grant costs 1.0 to 1.1 calls.
// [InFlight] costs two where calls are few: one for its beginning and one for its end.
// A refusal is not asked for again until the time that Redis named.
//
// # Redis
//
// All that belongs to one key is in one slot of a cluster, by its hash tag. Set
// maxmemory-policy to noeviction: a Redis that evicts keys forgets limits, and events
// that were handled. A failover loses what was not replicated; a node of a cluster that
// is away is away for its keys alone. Set MaxRetries of the client to -1 and
// ContextTimeoutEnabled: a limiter tries again by itself, and gives Redis no more than
// its Timeout. Clients that read from replicas will do for the limiter, whose calls are
// all scripts. Tested are Redis 6.0 and 7.0 and Valkey 8.0, the last two as clusters too.
package onredis
