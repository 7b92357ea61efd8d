package ratelimit

import (
	"math"
	"strconv"
	"time"
)

// Period is the span over which a [Quota] counts.
type Period int

// The periods begin on the hour, at midnight, and at midnight of the first of the
// month, in the time zone set with [WithLocation].
const (
	Hour Period = iota + 1
	Day
	Month
)

// Quota returns a limiter of n calls for each key in each period. A period's
// calls may all be made at its start; combine it with [PerSecond] through [All]
// to spread them. The count is kept in memory: it is lost when the process ends,
// and each process counts for itself, unless [WithState] keeps it elsewhere. An n of
// zero or less, or an unknown period, lets nothing through.
//
// Periods follow the wall clock, daylight saving time included. A clock that is
// set back makes a period longer and never lets more through.
//
// A call that is given back after its period has ended makes room for no other. A key
// does not tell to which period its call belonged: in the first ten minutes of a period,
// what comes back is taken for a call of the period before, as long as that one has calls
// that may come back.
func Quota(n int, per Period, opts ...Option) *Keyed {
	s := apply(opts)
	if per < Hour || per > Month {
		n = 0
	}
	k := &Keyed{state: s.state}
	k.store.init(s.maxKeys, max(n, 0), true, func() bucket {
		w := &window{quota: max(n, 0), per: per, loc: s.location}
		if s.state != nil {
			w.reserved = &reserved{state: s.state, left: -1}
		}
		return w
	})
	return k
}

// Seed says that the service itself has told that no more than n calls of key are left
// in the period, others' calls and those of an earlier process included: see
// [ParseLimits]. The limiter, if it is a [Quota], then lets no more through in it. It
// never lets more through than it would without.
func (k *Keyed) Seed(key string, n int) {
	n = max(n, 0)
	sh := k.store.shard(key)
	for {
		sh.mu.Lock()
		now := k.store.now()
		w, ok := k.store.bucket(sh, key, now).(*window)
		if !ok {
			sh.mu.Unlock()
			return
		}
		a, own := w.seed(&sh.mu, now, n)
		sh.mu.Unlock()
		if a != nil {
			<-a.done
		}
		if own {
			return
		}
	}
}

// returnWithin is how long after a period's end its calls may come back.
const returnWithin = 10 * time.Minute

// window counts the calls of the period that ends at end.
type window struct {
	quota    int
	used     int // in this period, by this process
	last     int // in the one before, that may yet come back
	per      Period
	loc      *time.Location
	began    time.Time
	end      time.Time
	reserved *reserved // what a State has reserved; nil without one
}

func (w *window) roll(now time.Time) {
	if now.Before(w.end) {
		return
	}
	w.last, w.began = w.used, w.end
	w.used, w.end = 0, w.per.End(now, w.loc)
	if w.reserved != nil {
		w.reserved.reset()
	}
}

func (w *window) take(now time.Time, n int) bool {
	w.roll(now)
	switch r := w.reserved; {
	case r == nil:
		if n > w.quota-w.used {
			return false
		}
	case n > w.quota || n > r.free: // see Keyed.prepare
		return false
	default:
		r.free -= n
	}
	w.used += n
	return true
}

// give does not reach into a period that has ended: its calls no longer count.
func (w *window) give(now time.Time, n int) {
	w.roll(now)
	if now.Sub(w.began) < returnWithin {
		old := min(n, w.last)
		w.last -= old
		n -= old
	}
	n = min(n, w.used)
	w.used -= n
	if w.reserved != nil {
		w.reserved.free += n
	}
}

// available returns how many calls are left, as far as is known here.
func (w *window) available() int {
	if w.reserved == nil {
		return w.quota - w.used
	}
	return w.reserved.available(w.quota)
}

func (w *window) delay(now time.Time, ahead, n int) time.Duration {
	if w.quota == 0 {
		return math.MaxInt64
	}
	w.roll(now)
	if r := w.reserved; r != nil && n > r.free && (r.key == "" || r.failed != nil && r.out(now)) {
		return math.MaxInt64 // nobody knows
	}
	n += ahead - w.available()
	if n <= 0 {
		return 0
	}
	end := w.end
	for n -= w.quota; n > 0; n -= w.quota {
		end = w.per.End(end, w.loc)
	}
	return end.Sub(now)
}

func (w *window) idle(now time.Time) bool {
	if !now.Before(w.end) {
		return true
	}
	if w.reserved != nil {
		return w.reserved.free == 0 && w.reserved.asking == nil // the State knows the rest
	}
	return w.used == 0
}

func (w *window) successor(now time.Time) bucket {
	w.roll(now)
	next := *w
	if w.reserved != nil {
		next.reserved = &reserved{state: w.reserved.state, left: -1}
	}
	return &next
}

// named is told which key the window is of.
func (w *window) named(key string) {
	if w.reserved != nil {
		w.reserved.key = stateKey(quotaKind, strconv.Itoa(int(w.per)), key)
	}
}

// End returns when the period of the calendar that holds t ends, in the time zone loc,
// or in UTC where that is nil: the first moment of the next, which is after t. It is for
// limiters that count elsewhere. A period that is none ends as a Month does.
func (p Period) End(t time.Time, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	t = t.In(loc)
	if p == Hour {
		_, offset := t.Zone() // hours do not repeat or vanish when counted from the offset
		local := t.Unix() + int64(offset)
		return time.Unix(local-mod(local, 3600)+3600-int64(offset), 0)
	}
	year, month, day := t.Date()
	if p == Day {
		day++
	} else {
		month, day = month+1, 1
	}
	end := time.Date(year, month, day, 0, 0, 0, 0, loc)
	if end.Hour() == 23 {
		end = end.Add(time.Hour) // a midnight skipped by daylight saving time
	}
	for !end.After(t) {
		end = end.Add(24 * time.Hour) // a day skipped at the date line
	}
	return end.Round(0)
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }
