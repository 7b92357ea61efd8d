package onredis

import (
	"context"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

func (a *lane) wait(ctx context.Context, n int) error {
	w := &waiter{ctx: ctx, n: n, ready: make(chan error, 1)}
	a.mu.Lock()
	if n == 0 {
		a.peeks = append(a.peeks, w)
	} else {
		a.queue = append(a.queue, w)
		a.expire(time.Now())
		a.refuse(len(a.queue) - 1) // before Redis is asked for somebody who cannot wait
	}
	a.step()
	a.mu.Unlock()
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.remove(w) {
		return <-w.ready // its turn came first
	}
	a.step()
	return &ratelimit.Error{Err: cause(ctx)}
}

func (a *lane) remove(w *waiter) bool {
	list := &a.queue
	if w.n == 0 {
		list = &a.peeks
	}
	i := slices.Index(*list, w)
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	return i >= 0
}

// step is called with a locked, after anything has changed.
func (a *lane) step() {
	now := time.Now()
	if a.closed {
		a.failAll(&ratelimit.Error{Err: ErrClosed})
		return
	}
	a.expire(now)
	away, since, _ := a.breaker.state()
	a.serve(now)
	if away {
		// Before they are served: who has his share cares for Redis all the same.
		a.probe(now)
		a.serveShare(now, since)
	} else {
		a.local = nil
		a.request(now)
	}
	a.arm(now, away)
}

// serve hands tokens to those who wait, first come, first served.
func (a *lane) serve(now time.Time) {
	if !now.Before(a.fresh) {
		return
	}
	for _, w := range a.peeks {
		w.ready <- nil
	}
	clear(a.peeks)
	a.peeks = a.peeks[:0]
	if now.Before(a.paused) {
		return
	}
	for len(a.queue) > 0 && a.take(now, a.queue[0].n) {
		a.l.stats.granted.Add(int64(a.queue[0].n))
		a.pop(nil)
	}
}

// pop ends the wait of who is first.
func (a *lane) pop(err error) {
	w := a.queue[0]
	a.queue[0] = nil
	a.queue = a.queue[1:]
	w.ready <- err
}

func (a *lane) failAll(err error) {
	for len(a.queue) > 0 {
		a.pop(err)
	}
	for _, w := range a.peeks {
		w.ready <- err
	}
	a.peeks = nil
}

// take takes n tokens of the pool whose turn it is.
func (a *lane) take(now time.Time, n int) bool {
	if len(a.l.cfg.Limits) == 0 {
		return true
	}
	k := a.covered(n)
	if k == 0 || a.pool[k-1].at.After(now) {
		return false
	}
	if len(a.recent) >= keptRecent {
		a.recent = slices.DeleteFunc(a.recent, func(t token) bool { return !now.Before(t.until) })
		if over := len(a.recent) - keptRecent/2; over > 0 {
			a.recent = slices.Delete(a.recent, 0, over)
		}
	}
	a.used = now
	a.recent = append(a.recent, a.pool[:k]...)
	a.pool = slices.Delete(a.pool, 0, k)
	if a.l.slots {
		a.underway++
	}
	a.took(now, n)
	return true
}

// took counts what this process has taken of the quotas.
func (a *lane) took(now time.Time, n int) {
	if !a.l.quotas {
		return
	}
	for i := range a.limits {
		k := &a.limits[i]
		if now.Sub(k.counted) >= mayReturn {
			k.before, k.mine, k.counted = k.mine, 0, now
		}
		k.mine += n
	}
}

// covered returns how many entries of the pool are n tokens, or 0 where they are not
// there. Where calls are counted, an entry is the right to one call.
func (a *lane) covered(n int) int {
	if len(a.pool) == 0 {
		return 0
	}
	if a.pool[0].n >= n {
		return 1
	}
	if a.l.slots || len(a.pool) < n {
		return 0
	}
	return n // an entry holds one then
}

// expire drops the turns that are over.
func (a *lane) expire(now time.Time) {
	lost := 0
	a.pool = slices.DeleteFunc(a.pool, func(t token) bool {
		over := !now.Before(t.until)
		if over {
			lost += t.n
		}
		return over
	})
	if lost > 0 {
		a.unused(lost)
		a.batch = max(1, a.batch-lost)
	}
}

// unused notes tokens that nobody will use.
func (a *lane) unused(n int) {
	if a.l.quotas {
		a.spare += n
		a.denied = time.Time{} // there will be more than Redis said
	}
	a.dirty = a.l.slots
}

// drop gives up what is in the pool: the key is paused.
func (a *lane) drop() {
	if n := a.reserved(); n > 0 {
		a.unused(n)
	}
	a.pool = a.pool[:0]
}

// reserved returns how many tokens are in the pool.
func (a *lane) reserved() (n int) {
	for _, t := range a.pool {
		n += t.n
	}
	return n
}

// idle reports whether nothing is lost when the lane is forgotten.
func (a *lane) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if away, _, _ := a.breaker.state(); a.l.breaker == nil && away || a.owes() {
		return false // nobody else knows of it
	}
	now := time.Now()
	a.expire(now)
	return len(a.queue)+len(a.peeks)+len(a.pool)+a.underway+a.spare == 0 && !a.asking && !a.dirty && !a.unsettled() && !now.Before(a.paused)
}

// leastSleep keeps a wait that rounding left from spinning.
const leastSleep = 200 * time.Microsecond

// arm sets the timer to when something is to be done next.
func (a *lane) arm(now time.Time, away bool) {
	next := now.Add(time.Hour)
	soon := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	if len(a.pool) > 0 {
		soon(a.pool[0].at)
		soon(a.pool[0].until)
		soon(a.pool[0].at.Add(-lead))
		soon(a.pool[len(a.pool)-1].at.Add(-lead))
		soon(a.granted.Add(lease))
	}
	if len(a.queue)+len(a.peeks)+a.spare > 0 || a.dirty || a.unsettled() {
		soon(a.settleAt)
		soon(a.askAt)
		soon(a.denied)
		if a.denied.After(a.recheck) && len(a.queue) > 0 {
			soon(a.recheck)
		}
		soon(a.paused)
		soon(a.fresh)
	}
	if away && a.cares() {
		soon(a.askAt)
		soon(a.breaker.next())
	}
	if a.underway > 0 {
		soon(a.asked.Add(heartbeat))
		soon(a.askAt)
	}
	if a.local != nil && len(a.queue) > 0 {
		soon(a.local.next)
	}
	d := max(next.Sub(now), leastSleep)
	switch {
	case d >= time.Hour-time.Second && a.timer != nil:
		a.timer.Stop()
	case d >= time.Hour-time.Second:
	case a.timer == nil:
		a.timer = time.AfterFunc(d, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.step()
		})
	default:
		a.timer.Reset(d)
	}
}
