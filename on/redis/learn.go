package onredis

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// heard takes in what the clock of Redis said, half-way through the call.
func (a *lane) heard(q question, r answer, now time.Time) {
	a.l.offset.Store(r.now*1000 - q.sent.Add(now.Sub(q.sent)/2).UnixNano())
}

// answered takes in what Redis said.
func (a *lane) answered(q question, got any, err error) {
	a.asking = false
	var r answer
	if err == nil {
		r, err = readAnswer(got, a.l.cfg.Limits)
	}
	now := time.Now()
	if err == nil && r.status == isStale {
		a.heard(q, r, now)
		if a.staled++; a.staled <= 2 {
			return // asked again at once, with a better clock
		}
		err = errClock
	}
	if err != nil {
		a.failed(err)
		return
	}
	a.staled = 0
	a.worked(now)
	a.l.checkMemory()
	a.l.stats.clamped.Add(r.clamped)
	a.heard(q, r, now)
	a.fresh = q.sent.Add(lease)
	if r.members >= a.members || !now.Before(a.counted) {
		a.members, a.counted = r.members, now.Add(memberLease)
	}
	a.l.members.Store(int64(r.members))
	_, _, a.returns = a.breaker.state()
	ends := a.learn(q, r, now)
	a.learnPauses(now, r.pauses)
	if r.status != isGranted && r.wait > lease {
		if a.yield(q.first); a.asking {
			return
		}
	}
	switch r.status {
	case isGranted:
		a.pooled(q, r, now, ends)
	case isLate:
		a.earliest = now.Add(r.wait - time.Duration(q.first.n-1)*a.l.every)
		if i := index(a.queue, q.first); i >= 0 {
			a.queue = append(a.queue[:i], a.queue[i+1:]...)
			q.first.ready <- &ratelimit.Error{Wait: r.wait, Err: ratelimit.ErrDeadline}
		}
	default:
		if a.spare > 0 {
			// There may be enough with what nobody here has used.
			if a.give(0); a.asking {
				return
			}
		}
		if !now.Before(a.paused) {
			a.heavy = 1
			if q.first != nil {
				a.heavy = q.first.n
			}
			a.denied = now.Add(r.wait + rand.N(min(r.wait/20, 10*time.Millisecond)+1))
			if a.l.slots && r.wait == slotsDenied {
				a.full = now.Add(lease)
			}
			if a.recheck = a.denied; a.l.quotas && r.wait > leastRecheck {
				a.recheck = now.Add(min(leastRecheck<<min(a.refusals, 10), mostRecheck))
				a.refusals++
			}
		}
	}
	a.refuse(0)
}

func index(queue []*waiter, w *waiter) int {
	for i := range queue {
		if queue[i] == w {
			return i
		}
	}
	return -1
}

// learn takes in the state of the limits. It returns when the first period ends, in
// microseconds from the script's run.
func (a *lane) learn(q question, r answer, now time.Time) (ends time.Duration) {
	ends = -1
	for i, lim := range a.l.cfg.Limits {
		k := &a.limits[i]
		switch lim.kind {
		case rateKind:
			k.turn = r.limits[i]
		case quotaKind:
			var over int64
			_, _ = fmt.Sscan(r.limits[i], &over, &k.taken, &k.back, &k.birth) // readAnswer has tried
			k.told = max(k.told, q.spent[i])
			if over != k.ends {
				if k.ends != 0 {
					k.old, k.oldUntil = k.mine+k.before, now.Add(2*mayReturn)
					a.spare = 0 // it was of the period that has ended
				}
				k.mine, k.before, k.ends = 0, 0, over
			}
			if d := time.Duration(over-r.now) * time.Microsecond; ends < 0 || d < ends {
				ends = d
			}
		}
	}
	return ends
}

// pooled takes in what was granted. A turn is counted from the script's run, which was
// after the call was sent and before its response came: it begins at the later of
// the two and ends at the earlier, so that it lies within what Redis has granted.
func (a *lane) pooled(q question, r answer, now time.Time, ends time.Duration) {
	if len(r.grants) == 0 {
		return
	}
	a.granted, a.denied, a.refusals = now, time.Time{}, 0
	for i, d := range r.grants {
		t := token{at: now.Add(d), until: q.sent.Add(d + a.l.slack), n: 1}
		if ends >= 0 {
			t.until = earlier(t.until, q.sent.Add(ends))
		}
		weight := 1
		if i == 0 && q.first != nil {
			weight = q.first.n
		}
		if a.l.slots {
			t.n, weight = weight, 1
		}
		for range weight {
			a.pool = append(a.pool, t)
		}
	}
	a.last = a.pool[len(a.pool)-1].at
	if len(r.grants) < q.asked { // there are no more: not before these have been used
		a.askAt = later(now, a.last.Add(-lead))
	}
	if now.Before(a.paused) {
		a.drop()
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
