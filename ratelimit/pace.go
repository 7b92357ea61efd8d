package ratelimit

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
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
)

// pace is what a [Pacer] knows of one key.
type pace struct {
	cfg settings

	until     time.Time // paused until then
	next      time.Time // no call before then: the gap after the last one
	gap       time.Duration
	throttles int // in a row, without a time

	inFlight int
	touched  time.Time
	quotas   []quotaState
}

// quotaState is a Limit and what has happened to it since it was told.
type quotaState struct {
	Limit
	end     time.Time
	lowered time.Time     // when Remaining was last told to be lower
	span    time.Duration // of the window, as far as is known
	step    time.Duration // until there is room for a call again, where Gradual
	free    time.Time     // when that is, while Remaining is 0
}

func (p *pace) take(now time.Time) bool {
	p.roll(now)
	if p.delay(now, 1) > 0 {
		return false
	}
	p.next = now.Add(p.spacing(now))
	if p.gap -= p.gap / narrowing; p.gap < leastGap {
		p.gap = 0
	}
	for i := range p.quotas {
		if q := &p.quotas[i]; !q.Weighted && q.Remaining > 0 {
			q.Remaining--
		}
	}
	p.inFlight++
	p.touched = now
	return true
}

func (p *pace) give(now time.Time) {
	p.landed(now)
	for i := range p.quotas {
		if q := &p.quotas[i]; !q.Weighted && q.Remaining >= 0 {
			q.Remaining++
		}
	}
}

// roll ends the windows that are over. One that was used up begins anew with
// what is known of it, so that those who waited for it do not overrun it before
// the first of them has been answered.
func (p *pace) roll(now time.Time) {
	kept := p.quotas[:0]
	for _, q := range p.quotas {
		switch {
		case now.Before(q.end):
			if q.Remaining == 0 {
				p.hold(q.refill(now))
			}
			kept = append(kept, q)
		case q.Remaining == 0 && q.Quota > 0 && q.span > 0 && !q.Weighted && !q.Gradual:
			q.Remaining, q.end = q.Quota, now.Add(q.span)
			kept = append(kept, q)
		}
	}
	clear(p.quotas[len(kept):])
	p.quotas = kept
}

// refill returns until when a quota that is used up holds calls back, and makes
// room for one where it fills gradually and enough time has passed.
func (q *quotaState) refill(now time.Time) time.Time {
	if q.step <= 0 {
		return q.end
	}
	if q.free.IsZero() {
		q.free = now.Add(q.step)
	} else if !now.Before(q.free) {
		q.Remaining, q.free = 1, time.Time{}
		return now
	}
	return q.free
}

// hold pauses the key until t at least.
func (p *pace) hold(t time.Time) {
	if t.After(p.until) {
		p.until, p.gap = t, p.cfg.stagger
	}
}

func (p *pace) delay(now time.Time, n int) time.Duration {
	p.roll(now)
	d := max(p.until.Sub(now), p.next.Sub(now), 0)
	if n == 1 {
		return d
	}
	d += time.Duration(n-1) * p.spacing(now)
	for i := range p.quotas {
		if q := &p.quotas[i]; !q.Weighted && !q.Gradual && q.Remaining >= 0 && int64(n) > q.Remaining {
			d = max(d, q.end.Sub(now))
		}
	}
	return d
}

// spacing returns the gap to leave after a call made now.
func (p *pace) spacing(now time.Time) time.Duration {
	gap := p.gap
	for i := range p.quotas {
		if q := &p.quotas[i]; !q.Weighted && q.Remaining > 0 && q.Remaining <= q.Quota/lastPart {
			gap = max(gap, min(q.end.Sub(now)/time.Duration(q.Remaining+1), maxGap))
		}
	}
	return gap
}

func (p *pace) idle(now time.Time) bool {
	p.roll(now)
	if len(p.quotas) > 0 || now.Before(p.until) {
		return false
	}
	return p.inFlight == 0 && p.throttles == 0 || now.Sub(p.touched) > forgetAfter
}

func (p *pace) successor(time.Time) bucket { return &pace{cfg: p.cfg} }

// landed notes that a call is no longer in flight.
func (p *pace) landed(now time.Time) {
	if now.Sub(p.touched) > forgetAfter {
		p.inFlight = 1
	}
	p.inFlight = max(p.inFlight-1, 0)
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
}

func (p *pace) observe(now time.Time, o observation) {
	p.landed(now)
	if o.status == 0 {
		return
	}
	exhausted := false
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
	case o.asked && (o.throttled || o.status == http.StatusServiceUnavailable):
		p.pause(now, o.wait)
	case o.throttled && !exhausted:
		p.pauseUnasked(now)
	case !o.throttled && o.status < http.StatusInternalServerError && !now.Before(p.until):
		p.throttles = 0
	}
}

// learn takes l in and reports whether the service says that it is used up.
func (p *pace) learn(now time.Time, l Limit) bool {
	i := slices.IndexFunc(p.quotas, func(q quotaState) bool { return q.Name == l.Name && q.Weighted == l.Weighted })
	until := l.Reset
	if until < 0 {
		until = l.Window
	}
	if l.Remaining < 0 || until <= 0 {
		if i >= 0 && until == 0 { // it is whole again now
			p.quotas = slices.Delete(p.quotas, i, i+1)
		}
		return false
	}
	q := quotaState{Limit: l, end: now.Add(min(until, p.cfg.maxPause)), lowered: now, span: max(l.Reset, l.Window)}
	if l.Gradual {
		q.step = l.Reset / fillParts(l)
	}
	if !l.Weighted {
		q.Remaining = max(l.Remaining-int64(p.inFlight), 0)
	}
	if i < 0 {
		if len(p.quotas) < maxQuotas {
			q.Name = strings.Clone(l.Name) // does not keep the headers alive
			p.quotas = append(p.quotas, q)
		}
		return l.Remaining == 0
	}
	last := p.quotas[i]
	q.Name, q.span = last.Name, max(q.span, last.span)
	if q.Remaining > last.Remaining && now.Before(last.end) {
		q.lowered = last.lowered
		if q.end.Sub(last.end).Abs() <= reorderWithin && now.Sub(last.lowered) < reorderWithin {
			q.Remaining = last.Remaining // an older answer that came later
		}
	}
	if q.Remaining == 0 {
		q.free = last.free
	}
	p.quotas[i] = q
	return l.Remaining == 0
}

// fillParts returns into how many parts the time to fill a gradual quota falls,
// one for each call. Of a weighted one a call is taken to need a tenth.
func fillParts(l Limit) time.Duration {
	if l.Weighted || l.Quota <= l.Remaining {
		return lastPart
	}
	return time.Duration(l.Quota - l.Remaining)
}

// pause holds the key for d, spread a little so that processes which were told
// the same do not return at the same instant.
func (p *pace) pause(now time.Time, d time.Duration) {
	if d = min(d, p.cfg.maxPause); d > 0 {
		p.hold(now.Add(d + rand.N(min(d/10, maxJitter)+1)))
	}
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
