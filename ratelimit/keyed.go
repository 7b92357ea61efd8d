package ratelimit

import (
	"context"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// Keyed limits each key by itself. Make one with [PerSecond], [PerMinute] or
// [Quota]; it is safe for concurrent use and must not be copied. Memory is bounded,
// see [WithMaxKeys]: a key is forgotten only once its limiter is as good as new, so
// that forgetting never lets more through.
type Keyed struct {
	store store
	state *State // of a Quota; nil without one
}

// Wait takes a token for key, and waits for it if need be, in the order of
// arrival. It takes none when it fails: at once with [ErrDeadline] when the wait
// would pass ctx's deadline, or with ctx's error when ctx ends first; those who
// wait behind then move up. Without a wait it does not allocate.
func (k *Keyed) Wait(ctx context.Context, key string) error { return k.WaitN(ctx, key, 1) }

// WaitN is [Keyed.Wait] for n tokens, which are taken together: a call that costs as
// much as n others. It fails at once with [ErrNever] where n is more than [WithBurst]
// or the quota allows. Less than 1 counts as 1.
func (k *Keyed) WaitN(ctx context.Context, key string, n int) error {
	if k.state == nil {
		return k.store.wait(ctx, key, n, nil)
	}
	if pause.Err(ctx) == nil && k.store.allow(key, max(n, 1)) {
		return nil
	}
	prepare := func() { k.prepare(ctx, key, max(n, 1)) }
	prepare()
	return explained(k.store.wait(ctx, key, n, prepare), k, key)
}

// Allow takes a token for key if there is one now that nobody waits for, and
// reports whether it did. It does not allocate but for a key not seen before.
//
// With a [State] it may wait for its storage, 2 seconds at most.
func (k *Keyed) Allow(key string) bool {
	if k.store.allow(key, 1) {
		return true
	}
	k.prepare(context.Background(), key, 1) // without a State it does nothing
	return k.state != nil && k.store.allow(key, 1)
}

// Return gives back a token of key that Wait or Allow took and that was not
// used. Only tokens that were taken may be returned.
func (k *Keyed) Return(key string) { k.store.give(key, 1) }

// ReturnN gives back n tokens that [Keyed.WaitN] took and that were not used.
func (k *Keyed) ReturnN(key string, n int) { k.store.give(key, n) }

// Delay returns how long a call with key would have to wait now, behind those who
// wait for a token of it already; [math.MaxInt64] is for ever. It takes nothing, and
// does not begin to keep key apart.
func (k *Keyed) Delay(key string) time.Duration { return k.store.ahead(key, 1) }

// DelayN is [Keyed.Delay] for a call that takes n tokens.
func (k *Keyed) DelayN(key string, n int) time.Duration { return k.store.ahead(key, n) }

// Idle reports whether key is as good as one that was never seen, so that to forget
// it lets nothing more through.
func (k *Keyed) Idle(key string) bool { return k.store.idle(key) }

// Len returns how many keys are kept apart now.
func (k *Keyed) Len() int { return k.store.keys() }

func (k *Keyed) take(key string, n int) bool { return k.store.take(key, n) }
func (k *Keyed) most() int                   { return k.store.most }
func (k *Keyed) delay(key string, ahead, n int) time.Duration {
	return k.store.delay(key, ahead, n)
}
