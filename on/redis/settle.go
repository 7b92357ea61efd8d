package onredis

import (
	"context"
	crand "crypto/rand"
	"math/rand/v2"
	"time"
)

// A process that has used many keys while Redis was away does not tell it of all at once:
// so long, for each of them, up to so long, it takes for that.
const (
	settleEach = 200 * time.Microsecond
	mostSettle = 2 * time.Second
)

// spentIn is the end of the period that the last of a quota's share was taken in, in
// microseconds; 0 where none was.
func (a *lane) spentIn(i int) int64 {
	lim, k := a.l.cfg.Limits[i], &a.limits[i]
	if k.total == 0 {
		return 0
	}
	return lim.period.End(k.last.Add(time.Duration(a.l.offset.Load())), lim.loc).UnixMicro()
}

// spend notes that n of a quota's share are taken.
func (a *lane) spend(i int, now time.Time, n int) {
	if a.account == "" {
		a.account = crand.Text()[:16]
	}
	lim, k := a.l.cfg.Limits[i], &a.limits[i]
	if a.spentIn(i) != lim.period.End(a.l.now(), lim.loc).UnixMicro() {
		k.told = k.total // what was taken of the period that has ended is nobody's
	}
	k.total, k.last = k.total+n, now
}

// unsettled reports whether something was taken that Redis has not said that it counts.
func (a *lane) unsettled() bool {
	for i := range a.limits {
		if k := &a.limits[i]; k.total > k.told {
			return true
		}
	}
	return false
}

// settle has Redis, which is back, told of all keys' shares, also where nobody waits:
// until then the others' quotas are too large.
func (l *Limiter) settle() {
	l.mu.Lock()
	lanes := make([]*lane, 0, len(l.lanes))
	for _, a := range l.lanes {
		lanes = append(lanes, a)
	}
	l.mu.Unlock()
	spread := min(time.Duration(len(lanes)-1)*settleEach, mostSettle)
	for _, a := range lanes {
		a.mu.Lock()
		if a.unsettled() {
			a.settleAt = time.Now().Add(rand.N(spread + 1))
			a.step()
		}
		a.mu.Unlock()
	}
}

// settle tells Redis of the share before the lane, which is closed, is forgotten.
func (a *lane) settle(ctx context.Context) error {
	for range 3 {
		a.mu.Lock()
		q, args := a.question(time.Now(), nil, 0)
		a.mu.Unlock()
		got, err := askScript.Run(ctx, a.l.rdb, []string{a.state, a.pauses}, args...).Result()
		if err != nil {
			return err
		}
		r, err := readAnswer(got, a.l.cfg.Limits)
		if err != nil || r.status != isStale {
			return err
		}
		a.heard(q, r, time.Now())
	}
	return errClock
}
