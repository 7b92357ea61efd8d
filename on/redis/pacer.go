package onredis

import (
	"context"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// Pacer is a [ratelimit.Pacer] whose pauses hold in all processes: for client.WithPacing.
// What a response asks for, by a throttle, a Retry-After or a quota that is used up,
// is written to Redis, where the longer pause wins, and read by all others before their
// next call, at most 250 ms later. No pause is longer than 24 hours. What merely spaces
// calls is each process's own. Make it with [NewPacer]; it is safe for concurrent use.
//
// Beside the limiter that it was made with, in the same client, it costs no call of its
// own: what that limiter hears from Redis is what it knows. By itself it asks once
// in 250 ms for each key in use. While Redis is away each process keeps to what it was
// told itself, or fails where the limiter's [Away] is [Fail].
type Pacer struct {
	l     *Limiter
	local *ratelimit.Pacer
}

// NewPacer returns a pacer that shares pauses through l, which may have no limits. The
// options are those of [ratelimit.NewPacer].
func NewPacer(l *Limiter, opts ...ratelimit.Option) *Pacer {
	p := &Pacer{l: l, local: ratelimit.NewPacer(opts...)}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []*Pacer{p}
	if before := l.pacers.Load(); before != nil {
		all = append(all, *before...)
	}
	l.pacers.Store(&all)
	return p
}

// held is called where another process, or a response here, has paused the key.
func (p *Pacer) held(key, route string, d time.Duration) {
	if route == "" {
		p.local.Hold(key, d)
	} else {
		p.local.HoldRoute(key, routeOf(route), d)
	}
}

// Wait returns nil when a call with key may be sent.
func (p *Pacer) Wait(ctx context.Context, key string) error { return p.WaitN(ctx, key, 1) }

// WaitN is [Pacer.Wait] for a call that the service counts as n.
func (p *Pacer) WaitN(ctx context.Context, key string, n int) error {
	for {
		if err := p.local.WaitN(ctx, key, n); err != nil {
			return err
		}
		paused, err := p.l.abide(ctx, key, "")
		if err == nil && paused == 0 {
			return nil
		}
		// The pause holds the key here too by now: whoever is let through after it is let
		// through one after another.
		p.local.ReturnN(key, max(n, 1))
		if err != nil {
			return err
		}
	}
}

// WaitRoute returns nil when what is known of r alone lets a call be sent; see
// [ratelimit.Pacer.WaitRoute].
func (p *Pacer) WaitRoute(ctx context.Context, key string, r ratelimit.Route) error {
	for {
		if err := p.local.WaitRoute(ctx, key, r); err != nil {
			return err
		}
		paused, err := p.l.abide(ctx, key, routeName(r))
		if err == nil && (paused == 0 || p.local.Paused(key) > 0) {
			return nil // what holds the whole key is waited for afterwards
		}
		p.local.ReturnRoute(key, r)
		if err != nil {
			return err
		}
	}
}

// Return says that a call which Wait let through was not sent.
func (p *Pacer) Return(key string) { p.local.Return(key) }

// ReturnN says that n of what WaitN let through are no longer in flight.
func (p *Pacer) ReturnN(key string, n int) { p.local.ReturnN(key, n) }

// ReturnRoute says that a call which WaitRoute let through was not sent.
func (p *Pacer) ReturnRoute(key string, r ratelimit.Route) { p.local.ReturnRoute(key, r) }

// Observe tells all processes how a call was answered; see [ratelimit.Pacer.Observe].
func (p *Pacer) Observe(key string, status int, h http.Header, throttled bool) {
	p.local.Observe(key, status, h, throttled)
	if tells(status, h, throttled) {
		if d := p.local.Paused(key); d > 0 {
			p.l.tell(key, "", d)
		}
	}
}

// ObserveRoute is [Pacer.Observe] for a call that is known to be of a route.
func (p *Pacer) ObserveRoute(key string, r ratelimit.Route, status int, h http.Header, throttled bool) {
	p.local.ObserveRoute(key, r, status, h, throttled)
	if !tells(status, h, throttled) {
		return
	}
	if d := p.local.Paused(key); d > 0 {
		p.l.tell(key, "", d)
	}
	if d := p.local.PausedRoute(key, r); d > 0 {
		p.l.tell(key, routeName(r), d)
	}
}

// tells reports whether a response may pause anything.
func tells(status int, h http.Header, throttled bool) bool {
	return throttled || status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || ratelimit.Informs(h)
}

// Delay returns how long a call with key would have to wait now, as far as this process
// knows.
func (p *Pacer) Delay(key string) time.Duration { return p.local.Delay(key) }

// DelayN is [Pacer.Delay] for a call that the service counts as n.
func (p *Pacer) DelayN(key string, n int) time.Duration { return p.local.DelayN(key, n) }

// DelayRoute is [Pacer.Delay] for what is known of r alone.
func (p *Pacer) DelayRoute(key string, r ratelimit.Route) time.Duration {
	return p.local.DelayRoute(key, r)
}
