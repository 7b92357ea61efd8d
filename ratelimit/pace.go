package ratelimit

import (
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	maxGap        = time.Second            // between calls in the last tenth of a quota
	lastPart      = 10                     // what "last tenth" is
	longestPause  = time.Minute            // that repeated throttles without a time lead to
	maxJitter     = time.Second            // added to a pause, at most
	narrowing     = 32                     // the gap loses this part with each call
	leastGap      = 100 * time.Microsecond // below which it is gone
	forgetAfter   = time.Minute            // calls in flight that were never observed
	reorderWithin = 2 * time.Second        // responses can overtake each other by this much
	maxQuotas     = 16                     // that are followed for a key
	maxRoutes     = 256                    // that are told apart for a key
	askAgain      = time.Minute            // whether a window is over whose end was not told
	lookAgain     = 20 * time.Millisecond  // for responses to calls in flight
)

// pace is what a [Pacer] knows of one key.
type pace struct {
	cfg config

	until     time.Time // paused until then
	kept      time.Time // until when a State knows it to be paused
	next      time.Time // no call before then: the gap after the last one
	gap       time.Duration
	throttles int  // in a row, without a time
	probe     bool // a pause ended early: one call is to find out whether it is over

	inFlight int
	touched  time.Time
	quotas   []told
	routes   map[route]*pace // what concerns one of the key's routes alone
}

func (p *pace) take(now time.Time, n int) bool {
	if p.delay(now, 0, n) > 0 {
		return false
	}
	p.next = now.Add(p.spacing(now))
	if p.gap -= p.gap / narrowing; p.gap < leastGap {
		p.gap = 0
	}
	p.inFlight += n
	p.touched = now
	return true
}

func (p *pace) give(now time.Time, n int) { p.landed(now, n) }

// roll ends the windows that are over. One that was used up begins anew with
// what is known of it, so that those who waited for it do not overrun it before
// the first of them has been answered.
func (p *pace) roll(now time.Time) {
	kept, fresh := p.quotas[:0], false
	for _, q := range p.quotas {
		switch {
		case now.Before(q.end):
			if q.Remaining == 0 {
				p.hold(q.refill(now, p.inFlight))
			}
			kept = append(kept, q)
		case q.cut:
			p.probe = p.probe || q.left(p.inFlight) == 0
		case q.left(p.inFlight) == 0 && q.Quota > 0 && !q.Weighted && !q.Gradual:
			q.Remaining, q.end, q.lowered = q.Quota, now.Add(q.span), now
			p.gap, fresh = p.cfg.stagger, true
			kept = append(kept, q)
		}
	}
	clear(p.quotas[len(kept):])
	p.quotas = kept
	if fresh { // what is still in flight was counted in the window that ended
		p.inFlight = 0
	}
}

// hold pauses the key until t at least.
func (p *pace) hold(t time.Time) {
	if t.After(p.until) {
		p.until, p.gap = t, p.cfg.stagger
	}
}

func (p *pace) delay(now time.Time, ahead, n int) time.Duration {
	p.roll(now)
	d := max(p.until.Sub(now), p.next.Sub(now), 0)
	for i := range p.quotas {
		q := &p.quotas[i]
		need := q.need(n)
		if q.Weighted || int64(ahead)+need <= q.left(p.inFlight) {
			continue
		}
		wait := q.end.Sub(now)
		if ahead == 0 && need <= q.Remaining || q.Gradual { // the responses in flight may say that there is room
			wait = min(wait, lookAgain)
		}
		d = max(d, wait)
	}
	if p.probe && (ahead > 0 || p.inFlight > 0 && now.Sub(p.touched) <= forgetAfter) {
		d = max(d, lookAgain)
	}
	return d + time.Duration(ahead)*p.spacing(now)
}

// spacing returns the gap to leave after a call made now.
func (p *pace) spacing(now time.Time) time.Duration {
	gap := p.gap
	for i := range p.quotas {
		q := &p.quotas[i]
		if left := q.left(p.inFlight); !q.Weighted && left > 0 && left <= q.Quota/lastPart {
			gap = max(gap, min(q.end.Sub(now)/time.Duration(left+1), maxGap))
		}
	}
	return gap
}

func (p *pace) idle(now time.Time) bool {
	p.roll(now)
	for id, r := range p.routes {
		if r.idle(now) {
			delete(p.routes, id)
		}
	}
	if len(p.quotas) > 0 || len(p.routes) > 0 || now.Before(p.until) || p.probe && now.Sub(p.until) < p.cfg.maxPause {
		return false
	}
	return p.inFlight == 0 && p.throttles == 0 || now.Sub(p.touched) > forgetAfter
}

func (p *pace) successor(time.Time) bucket { return &pace{cfg: p.cfg} }

// landed notes that a call which counts as n is no longer in flight.
func (p *pace) landed(now time.Time, n int) {
	p.inFlight = max(p.inFlight-n, 0)
	if now.Sub(p.touched) > forgetAfter {
		p.inFlight = 0
	}
	p.touched = now
}

// observation is what a response says, read before any lock is taken.
type observation struct {
	status    int
	throttled bool
	limits    []Limit
	sentry    []Limit
	asked     bool
	wait      time.Duration
	explained bool // the throttle is another's: a route's, or the key's
}

// holds reports whether the response asks for quiet: by a Retry-After that is more than
// advice on one request.
func (o *observation) holds() bool {
	return o.asked && (o.throttled || o.status == http.StatusServiceUnavailable)
}

func (p *pace) observe(now time.Time, o observation) {
	p.landed(now, 1)
	for i := range p.quotas {
		p.quotas[i].spend(o.limits)
	}
	if o.status == 0 {
		return
	}
	exhausted := o.explained
	for _, l := range o.limits {
		if p.learn(now, l) {
			exhausted = true
		}
	}
	for _, l := range o.sentry {
		if o.throttled || l.Name == "" { // a limit on one category is no limit on the key
			p.pause(now, l.Reset)
			exhausted = true
		}
	}
	switch {
	case o.holds():
		p.pause(now, o.wait)
	case o.throttled && !exhausted:
		p.pauseUnasked(now)
	case !o.throttled && o.status < http.StatusInternalServerError && !now.Before(p.until):
		p.throttles = 0
	}
	if p.probe && !now.Before(p.until) && !o.throttled {
		p.probe, p.gap = false, p.cfg.stagger // it is over
	}
}

// pause holds the key for d, spread a little so that processes which were told
// the same do not return at the same instant. What is longer than the longest pause
// ends there, with one call to find out whether it is over.
func (p *pace) pause(now time.Time, d time.Duration) {
	if d <= 0 || p.cfg.maxPause <= 0 {
		return
	}
	if d > p.cfg.maxPause {
		d, p.probe = p.cfg.maxPause, true
	}
	p.hold(now.Add(min(d+rand.N(min(d/10, maxJitter)+1), p.cfg.maxPause)))
}

// pauseUnasked holds the key after a throttle that named no time. Throttles that
// arrive during the pause answer calls sent before it, and do not count again.
func (p *pace) pauseUnasked(now time.Time) {
	if now.Before(p.until) || p.cfg.pause <= 0 {
		return
	}
	d := p.cfg.pause
	for range min(p.throttles, 10) {
		if d < max(longestPause, p.cfg.pause) {
			d *= 2
		}
	}
	p.throttles++
	p.pause(now, min(d, max(longestPause, p.cfg.pause)))
}
