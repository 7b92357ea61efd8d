package onredis

import (
	"math"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// refusal is until when Redis has refused what takes n tokens: less may be had.
func (a *lane) refusal(n int) time.Time {
	if n < a.heavy {
		return time.Time{}
	}
	return a.denied
}

// ahead returns a time before which a caller of n tokens cannot be served who is behind
// so many others, of so many tokens.
func (a *lane) ahead(now time.Time, callers, tokens, n int) time.Time {
	t := now
	if a.paused.After(t) {
		t = a.paused
	}
	last := tokens + n - 1 // of the caller's tokens, from 0
	switch {
	case !a.l.slots && last < len(a.pool):
		return later(t, a.pool[last].at)
	case a.l.slots && callers < len(a.pool) && a.pool[callers].n >= n: // see covered
		return later(t, a.pool[callers].at)
	}
	t = later(later(t, a.refusal(n)), a.earliest)
	if a.local != nil {
		return later(t, a.local.next)
	}
	if a.l.every == 0 {
		return t
	}
	rest := times(max(last-a.reserved()-a.l.burst, 0), a.l.every)
	if len(a.pool) > 0 {
		return later(t, a.pool[len(a.pool)-1].at.Add(rest))
	}
	return t.Add(rest)
}

// times returns n times d, or the longest time that there is.
func times(n int, d time.Duration) time.Duration {
	if n > 0 && d > math.MaxInt64/time.Duration(n) {
		return math.MaxInt64
	}
	return time.Duration(n) * d
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (a *lane) delay(n int) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.expire(now)
	tokens := 0
	for _, w := range a.queue {
		tokens += w.n
	}
	d := a.ahead(now, len(a.queue), tokens, n).Sub(now)
	if now.Before(a.full) {
		d = max(d, slotsDenied)
	}
	return d
}

// refuse ends the waits, from the given place in the queue on, that are known to pass
// their deadlines.
func (a *lane) refuse(from int) {
	now := time.Now()
	tokens := 0 // of those in front
	for i := 0; i < len(a.queue); {
		w := a.queue[i]
		if deadline, ok := w.ctx.Deadline(); ok && i >= from {
			if t := a.ahead(now, i, tokens, w.n); t.After(deadline) {
				a.queue = slices.Delete(a.queue, i, i+1)
				w.ready <- &ratelimit.Error{Wait: t.Sub(now), Err: ratelimit.ErrDeadline}
				continue
			}
		}
		tokens += w.n
		i++
	}
}
