package ratelimit

import (
	"context"
	"net/http"
	"time"
)

// Pacer learns a service's limits from its responses and holds calls back before
// the service has to refuse them. Each key is paced by itself: what was told to
// one key delays no other. Let the key be what the service counts by: mostly the
// origin and the credential; where limits are kept for each route (X) or resource
// (GitHub's search), that too.
//
// Three things hold a key's calls back:
//
//   - a throttle, or a Retry-After on a 503: until the time that was asked for,
//     or as [WithPause] says where none was;
//   - a quota used up, counting what is in flight: until it is told to be whole
//     again; in its last tenth, calls are spaced over the time left, by a second
//     at most;
//   - coming back from either: calls that waited together resume one after
//     another, with the gap of [WithStagger] that narrows from call to call.
//
// No pause is longer than [WithMaxPause]; one that was to be longer ends with a single
// call, and the others wait for what comes of it. A quota that is used up without a
// time at which it is whole again is asked after in this way once a minute. What a
// response says of one route alone holds up only that where the route is told: see
// [Pacer.ObserveRoute].
//
// Do not let a Pacer observe the limits of a 401, which are those of nobody in
// particular, or of a response that came from a cache: call Return. Package client
// sees to that.
//
// Calls wait in the order of arrival. One whose wait would pass its deadline fails
// at once with [ErrDeadline].
//
// After every Wait that returned nil, call Observe, or Return if the call was
// never sent: this is how the pacer knows what is in flight. A Pacer is safe for
// concurrent use and bounded in memory as [WithMaxKeys] says. It is a [Limiter].
type Pacer struct {
	store  store
	before remembered // what was known before this process began
}

// NewPacer returns a Pacer that knows nothing yet. The options that concern it
// are [WithPause], [WithMaxPause], [WithStagger], [WithMaxKeys] and [WithState].
func NewPacer(opts ...Option) *Pacer {
	s := apply(opts)
	p := new(Pacer)
	p.store.init(s.maxKeys, maxWeight, false, func() bucket { return &pace{cfg: s} })
	p.before.init(s.state)
	return p
}

// Wait returns nil when a call with key may be sent. It does not allocate when
// there is nothing to wait for and the key was seen before.
func (p *Pacer) Wait(ctx context.Context, key string) error { return p.WaitN(ctx, key, 1) }

// WaitN is [Pacer.Wait] for a call that the service counts as n. One that counts as
// more than the whole of a quota waits until all of that is left. Less than 1 counts
// as 1. Call ReturnN with n-1 before Observe, which says that one is no longer in flight.
func (p *Pacer) WaitN(ctx context.Context, key string, n int) error {
	p.recall(key)
	return p.store.wait(ctx, key, n, nil)
}

// Return says that a call which Wait let through was not sent.
func (p *Pacer) Return(key string) { p.store.give(key, 1) }

// ReturnN says that n of what WaitN let through are no longer in flight.
func (p *Pacer) ReturnN(key string, n int) { p.store.give(key, n) }

// Observe tells the pacer how a call which Wait let through was answered: the
// status and headers of the response, and whether the service's own rules make it
// a throttle. A 429 is always one. Without any response, status is 0 and h nil. It
// does not keep or change h, and does not allocate where h says nothing about
// limits.
func (p *Pacer) Observe(key string, status int, h http.Header, throttled bool) {
	var space [4]Limit
	p.keep(p.observe(key, read(space[:0], status, h, throttled)), key, nil)
}

// observe returns how long the pause is that is to be kept beyond the process; 0 is none.
func (p *Pacer) observe(key string, o observation) (keep time.Duration) {
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := p.store.now()
	b := p.store.bucket(sh, key, now).(*pace)
	b.observe(now, o)
	if p.before.state == nil {
		return 0
	}
	return b.worthKeeping(now)
}

// read reads a response, its limits into space.
func read(space []Limit, status int, h http.Header, throttled bool) observation {
	o := observation{status: status, throttled: throttled || status == http.StatusTooManyRequests}
	if Informs(h) {
		o.limits = appendLimits(space, h, time.Now())
		o.sentry = sentryLimits(h)
	}
	if status >= 300 || o.throttled {
		o.wait, o.asked = RetryAfter(h, time.Now())
	}
	return o
}

// Informs reports whether h may hold a header about limits beside Retry-After, by
// one pass over its names: a quick way to tell that there is nothing more for
// [Pacer.Observe] to learn.
func Informs(h http.Header) bool {
	for name := range h {
		switch name[:min(len(name), 4)] {
		case "Rate", "X-Ra", "X-Se", "X-Sh", "X-Hu", "Anth":
			return true
		}
	}
	return false
}

// Delay returns how long a call with key would have to wait now, behind those who
// wait already; zero for none. What is known of one route alone is not in it: see
// [Pacer.DelayRoute]. It takes nothing.
func (p *Pacer) Delay(key string) time.Duration { return p.DelayN(key, 1) }

// DelayN is [Pacer.Delay] for a call that the service counts as n.
func (p *Pacer) DelayN(key string, n int) time.Duration {
	p.recall(key)
	return p.store.ahead(key, n)
}

// Idle reports whether nothing is known of key that holds back a call, or may yet.
func (p *Pacer) Idle(key string) bool {
	p.recall(key)
	return p.store.idle(key)
}

func (p *Pacer) most() int { return p.store.most }
func (p *Pacer) take(key string, n int) bool {
	p.recall(key)
	return p.store.take(key, n)
}
func (p *Pacer) delay(key string, ahead, n int) time.Duration {
	p.recall(key)
	return p.store.delay(key, ahead, n)
}
