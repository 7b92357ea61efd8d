package bench

import (
	"context"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// ownLimiter returns the project's entries of the group Limiter: one limiter.
func ownLimiter() []entry {
	ctx := context.Background()
	allow := ratelimit.PerSecond(hugeRate, ratelimit.WithBurst(hugeBurst), ratelimit.WithMaxKeys(1))
	wait := ratelimit.PerSecond(hugeRate, ratelimit.WithBurst(hugeBurst), ratelimit.WithMaxKeys(1))
	all := ratelimit.All(ratelimit.PerSecond(hugeRate, ratelimit.WithBurst(hugeBurst)), ratelimit.Quota(hugeBurst, ratelimit.Day))
	pacer := ratelimit.NewPacer()
	return []entry{
		{"own-Allow", func() error { return allowed(allow.Allow("one")) }},
		{"own-Wait", func() error { return wait.Wait(ctx, "one") }},
		{"own-All2-Wait", func() error { return all.Wait(ctx, "one") }},
		{"own-Pacer", func() error {
			err := pacer.Wait(ctx, "one")
			pacer.Observe("one", 200, nil, false)
			return err
		}},
	}
}

// ownKeyedLimiter returns the project's entries of the group
// Limiter/keyed-10k-parallel.
func ownKeyedLimiter(keys []string) []keyedPeer {
	allow := ratelimit.PerSecond(hugeRate, ratelimit.WithBurst(hugeBurst))
	wait := ratelimit.PerSecond(hugeRate, ratelimit.WithBurst(hugeBurst))
	for _, k := range keys {
		_ = allow.Allow(k)
		_ = wait.Allow(k)
	}
	ctx := context.Background()
	return []keyedPeer{
		{"own-Allow", allow.Allow},
		{"own-Wait", func(k string) bool { return wait.Wait(ctx, k) == nil }},
	}
}
