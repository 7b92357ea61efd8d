package ratelimit

import (
	"slices"
	"strings"
	"time"
)

// told is a [Limit] and what has happened to it since it was told. Remaining is
// the lowest that was told of late; the calls in flight come off it.
type told struct {
	Limit
	end     time.Time
	lowered time.Time     // when Remaining was last told to be lower
	cut     bool          // it may well last longer than it is believed here
	span    time.Duration // of the window, as far as is known
	step    time.Duration // until there is room for a call again, where Gradual
	free    time.Time     // when that is, while Remaining is 0
}

// left returns how many calls may still be made.
func (q *told) left(inFlight int) int64 { return max(q.Remaining-int64(inFlight), 0) }

// need returns how many of the quota's a call has to find left that the service counts as
// n: never more than there can be, and one where no more than one is ever waited for.
func (q *told) need(n int) int64 {
	switch {
	case q.Gradual:
		return 1
	case q.Quota > 0:
		return min(int64(n), q.Quota)
	}
	return int64(n)
}

// spend counts a call whose response said nothing about the quota.
func (q *told) spend(limits []Limit) {
	if !q.Weighted && q.Remaining > 0 && !slices.ContainsFunc(limits, q.same) {
		q.Remaining--
	}
}

func (q *told) same(l Limit) bool { return q.Name == l.Name && q.Weighted == l.Weighted }

// refill returns until when a quota that is used up holds calls back, and makes
// room for one where it fills gradually and enough time has passed.
func (q *told) refill(now time.Time, inFlight int) time.Time {
	if q.step <= 0 {
		return q.end
	}
	if q.free.IsZero() {
		q.free = now.Add(q.step)
	} else if !now.Before(q.free) {
		q.Remaining, q.free = int64(inFlight)+1, time.Time{}
		return now
	}
	return q.free
}

// learn takes l in and reports whether the service says that it is used up.
func (p *pace) learn(now time.Time, l Limit) bool {
	i := slices.IndexFunc(p.quotas, func(q told) bool { return q.same(l) })
	until, cut := l.Reset, false
	if until < 0 { // nobody knows how much of the window is left
		until, cut = min(l.Window, askAgain), l.Window > askAgain
	}
	if l.Remaining < 0 || until <= 0 {
		if i >= 0 && until == 0 { // it is whole again now
			p.quotas = slices.Delete(p.quotas, i, i+1)
		}
		return false
	}
	q := told{Limit: l, end: now.Add(min(until, p.cfg.maxPause)), cut: cut || until > p.cfg.maxPause, lowered: now, span: max(l.Reset, l.Window)}
	if l.Gradual {
		q.step = l.Reset / fillParts(l)
	}
	if i < 0 {
		if len(p.quotas) == maxQuotas {
			return false
		}
		q.Name = strings.Clone(l.Name) // does not keep the headers alive
		p.quotas = append(p.quotas, q)
		return l.Remaining == 0
	}
	last := p.quotas[i]
	q.Name, q.span = last.Name, max(q.span, last.span)
	if q.Remaining >= last.Remaining && now.Before(last.end) {
		q.lowered = last.lowered
		if q.end.Sub(last.end).Abs() <= reorderWithin && now.Sub(last.lowered) < reorderWithin {
			q.Remaining = last.Remaining // an older response that came later
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
