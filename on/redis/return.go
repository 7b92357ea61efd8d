package onredis

import (
	"slices"
	"time"
)

// giveBack takes back n tokens that were given out and not used.
func (a *lane) giveBack(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.l.slots {
		a.underway = max(a.underway-1, 0)
		a.dirty = true
	}
	now := time.Now()
	a.expire(now)
	rest := n
	if !a.stale(now, n) {
		a.recent = slices.DeleteFunc(a.recent, func(t token) bool { return !now.Before(t.until) })
		for rest > 0 && len(a.recent) > 0 {
			rest -= a.revive()
		}
		if a.l.quotas && a.heavy > 1 {
			a.denied = time.Time{} // with what Redis has left there may be enough
		}
		if a.l.quotas && rest > 0 {
			a.unused(rest)
		}
	}
	if a.l.slots {
		a.denied, a.full = time.Time{}, time.Time{}
	}
	a.step()
}

// revive puts a turn that was taken back into the pool, and returns for how many tokens.
// Which one it was is not known. The one that ends first will do: who takes it from
// now on takes it within the turn that was not used.
func (a *lane) revive() int {
	first := 0
	for i, t := range a.recent {
		if t.until.Before(a.recent[first].until) {
			first = i
		}
	}
	t := a.recent[first]
	a.recent = slices.Delete(a.recent, first, first+1)
	t.back = true
	i, _ := slices.BinarySearchFunc(a.pool, t, func(x, y token) int { return x.at.Compare(y.at) })
	a.pool = slices.Insert(a.pool, i, t)
	return t.n
}

// stale reports whether n tokens that come back may be of a quota's period that has
// ended: then they are nobody's (C17). The older ones are taken to come back first.
func (a *lane) stale(now time.Time, n int) (stale bool) {
	for i := range a.limits {
		if k := &a.limits[i]; k.old > 0 {
			if !now.Before(k.oldUntil) {
				k.old = 0
				continue
			}
			k.old = max(k.old-n, 0)
			stale = true
		}
	}
	return stale
}

// release ends a call.
func (a *lane) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.underway == 0 {
		return
	}
	a.underway--
	a.dirty, a.denied, a.full = true, time.Time{}, time.Time{}
	a.step()
}
