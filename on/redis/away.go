package onredis

import (
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// serveShare does what the limiter's choice for a Redis that is away is.
func (a *lane) serveShare(now, since time.Time) {
	if a.l.cfg.Away == Fail {
		a.failAll(&ratelimit.Error{Err: ErrAway})
		return
	}
	for _, w := range a.peeks {
		w.ready <- nil // what is paused is not known; each process keeps to its own
	}
	a.peeks = nil
	m := a.known()
	if m == 0 && len(a.limits) > 0 {
		a.failAll(&ratelimit.Error{Err: ErrAway})
		return
	}
	if a.local == nil || !a.local.since.Equal(since) {
		a.local = a.newLocal(since, m)
	}
	for len(a.queue) > 0 && !now.Before(a.paused) {
		w := a.queue[0]
		at, ok := a.takeShare(now, m, w.n)
		switch {
		case !ok:
			a.pop(&ratelimit.Error{Err: ErrAway})
		case !at.After(now):
			a.l.stats.granted.Add(int64(w.n))
			a.l.stats.local.Add(int64(w.n))
			a.pop(nil)
		case passes(w, at):
			a.pop(&ratelimit.Error{Wait: at.Sub(now), Err: ratelimit.ErrDeadline})
		default:
			a.local.next = at
			return
		}
	}
}

func passes(w *waiter, at time.Time) bool {
	deadline, ok := w.ctx.Deadline()
	return ok && at.After(deadline)
}

// known returns how many processes there are, as far as anybody has said.
func (a *lane) known() int {
	switch {
	case a.members > 0:
		return a.members
	case a.l.members.Load() > 0:
		return int(a.l.members.Load())
	}
	return a.l.cfg.Members
}

// share returns one of m processes' part of a rate. The parts hold together what the
// whole does: neither their numbers nor their rates add up to more.
func (l Limit) share(m int) Limit {
	l.n /= m
	l.burst = max(min((l.burst+m-1)/m, l.n-1), 1)
	return l
}

// turn is when the last turn ended. One that comes late, by no more than turns may, loses
// nothing.
func (l Limit) turn(last, now time.Time) time.Time { return later(last, now.Add(-l.slack())) }

func (a *lane) newLocal(since time.Time, m int) *local {
	s := &local{since: since, turns: make([]time.Time, len(a.limits)), shares: make([]quotaShare, len(a.limits))}
	for i, lim := range a.l.cfg.Limits {
		switch lim.kind {
		case rateKind:
			s.turns[i] = since.Add(lim.share(m).full())
		case quotaKind:
			s.shares[i] = a.quotaShare(lim, a.limits[i], m)
			if a.spentIn(i) == s.shares[i].ends.UnixMicro() {
				// Of an earlier share, which Redis does not know of yet.
				s.shares[i].left -= a.limits[i].total - a.limits[i].told
			}
		}
	}
	return s
}

// quotaShare is the process's part of what was left of the period when Redis last said.
func (a *lane) quotaShare(lim Limit, k known, m int) quotaShare {
	now := a.l.now()
	q := quotaShare{ends: lim.period.End(now, lim.loc), left: lim.n / m}
	if k.ends == q.ends.UnixMicro() {
		q.left = max(lim.n-int(k.taken-k.back), 0) / m
	}
	return q
}

// takeShare takes n tokens of the share, or returns when they are there; ok is false
// where they never are.
func (a *lane) takeShare(now time.Time, m, n int) (at time.Time, ok bool) {
	at = now
	for i, lim := range a.l.cfg.Limits {
		switch lim.kind {
		case rateKind:
			part := lim.share(m)
			if n > part.burst || part.n < 1 {
				return at, false
			}
			after := part.turn(a.local.turns[i], now).Add(time.Duration(n) * part.every())
			at = later(at, after.Add(-part.full()))
		case quotaKind:
			q := &a.local.shares[i]
			if !a.l.now().Before(q.ends) {
				*q = a.quotaShare(lim, known{}, m)
			}
			switch {
			case n > lim.n/m:
				return at, false
			case n > q.left:
				at = later(at, now.Add(q.ends.Sub(a.l.now())))
			}
		case slotsKind:
			if lim.n < m {
				return at, false
			}
			if a.underway >= lim.n/m {
				at = later(at, now.Add(slotsDenied))
			}
		}
	}
	if at.After(now) {
		return at, true
	}
	for i, lim := range a.l.cfg.Limits {
		switch lim.kind {
		case rateKind:
			part := lim.share(m)
			a.local.turns[i] = part.turn(a.local.turns[i], now).Add(time.Duration(n) * part.every())
		case quotaKind:
			a.local.shares[i].left -= n
			a.spend(i, now, n)
		case slotsKind:
			a.underway++
		}
	}
	a.took(now, n)
	return now, true
}
