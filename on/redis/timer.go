package onredis

import "time"

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
