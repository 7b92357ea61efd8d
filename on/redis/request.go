package onredis

import (
	"slices"
	"time"
)

// hotBatch is from what size on the next batch is asked for before the last is used up,
// also where nobody waits at the moment.
const hotBatch = 4

// probe finds out whether Redis is back, while there is somebody who would care.
func (a *lane) probe(now time.Time) {
	if !a.asking && !now.Before(a.askAt) && a.cares() && a.breaker.allow(now) {
		a.ask(now, nil, 0)
	}
}

// cares reports whether somebody waits for Redis to be back. If it is one node's keys
// that are away, nobody else finds out.
func (a *lane) cares() bool {
	return len(a.queue)+len(a.peeks)+a.underway+a.spare > 0 || a.l.breaker == nil || a.unsettled()
}

// owes reports whether Redis is back and has not been told of what was used meanwhile,
// in a key that has a breaker of its own: it could not be forgotten otherwise.
func (a *lane) owes() bool {
	away, _, returns := a.breaker.state()
	return a.l.breaker == nil && !away && returns != a.returns
}

// request asks Redis, at most once at a time, where there is a reason to.
func (a *lane) request(now time.Time) {
	if a.asking || now.Before(a.askAt) {
		return
	}
	if a.requestTokens(now) {
		return
	}
	switch {
	case len(a.peeks) > 0 && !now.Before(a.fresh),
		a.dirty || a.owes() || a.unsettled() && !now.Before(a.settleAt),
		a.underway > 0 && !now.Before(a.asked.Add(heartbeat)):
		a.ask(now, nil, 0)
	case len(a.queue) == 0 && a.rest() && !now.Before(a.granted.Add(lease)):
		a.giveRest(false)
	case len(a.queue) == 0 && a.spare > 0:
		a.give(0)
	}
}

// requestTokens asks for those who wait, or are about to, and reports whether it did.
func (a *lane) requestTokens(now time.Time) bool {
	if now.Before(a.paused) {
		return false
	}
	if len(a.queue) == 0 {
		hot := a.l.every > 0 && a.batch >= hotBatch && len(a.pool) > 0 && 4*len(a.pool) <= a.batch && now.Sub(a.used) < min(a.l.slack, lease)
		if hot = hot && !now.Before(a.refusal(1)) && !now.Before(a.pool[len(a.pool)-1].at.Add(-lead)); hot {
			a.batch = min(2*a.batch, maxBatch)
			a.ask(now, nil, a.batch)
		}
		return hot
	}
	stale := !now.Before(a.fresh)
	if len(a.l.cfg.Limits) == 0 {
		if stale {
			a.ask(now, nil, 0)
		}
		return stale
	}
	head := a.queue[0]
	if a.covered(head.n) == 0 {
		if now.Before(a.refusal(head.n)) && now.Before(a.recheck) {
			return false
		}
		a.grow(now)
		a.ask(now, head, max(a.batch, a.waiting(1)+1)-1)
		return true
	}
	last := a.pool[len(a.pool)-1].at
	behind := a.l.every > 0 && len(a.queue) > len(a.pool)
	switch {
	case behind && !now.Before(a.refusal(a.queue[len(a.pool)].n)) && !now.Before(last.Add(-lead)):
		a.grow(now)
		a.ask(now, a.queue[len(a.pool)], max(a.batch, a.waiting(len(a.pool)+1)+1)-1)
	case stale && !now.Before(a.pool[0].at.Add(-lead)):
		// What was reserved a while ago is used only after another look at the pauses.
		a.ask(now, nil, a.waiting(len(a.pool)))
	default:
		return false
	}
	return true
}

// grow doubles the batch where the last one was used up while it lasted, and begins
// anew after a quiet time.
func (a *lane) grow(now time.Time) {
	if now.Sub(a.last) < min(a.l.slack, lease) {
		a.batch = min(2*a.batch, maxBatch)
	} else {
		a.batch = 1
	}
}

// waiting returns for how many single tokens those wait who are behind the first so many.
func (a *lane) waiting(first int) int {
	n := 0
	for _, w := range a.queue[min(first, len(a.queue)):] {
		if w.n == 1 {
			n++
		}
	}
	return min(n, maxBatch)
}

// yield gives back what is reserved where it keeps who is first from being served: he
// needs more tokens together, and there would be enough of them with these.
func (a *lane) yield(first *waiter) {
	if first != nil && len(a.queue) > 0 && a.queue[0] == first && a.covered(first.n) == 0 {
		a.giveRest(a.l.every == 0) // of a rate, the turns are worth more
	}
}

// giveRest gives back what is left of the last batch. A turn that was returned stays
// unless returned says otherwise: Redis could give to others only its tokens of quotas.
// But a slot goes back.
func (a *lane) giveRest(returned bool) {
	last, lost := 0, 0
	a.pool = slices.DeleteFunc(a.pool, func(t token) bool {
		if t.back && !a.l.slots && !returned {
			return false
		}
		if lost += t.n; !t.back {
			last += t.n
		}
		return true
	})
	a.unused(lost)
	a.batch = 1
	a.give(last)
}

// rest reports whether there is something for giveRest to give.
func (a *lane) rest() bool {
	return slices.ContainsFunc(a.pool, func(t token) bool { return !t.back || a.l.slots })
}
