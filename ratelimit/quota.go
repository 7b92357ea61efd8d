package ratelimit

import (
	"math"
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
// and each process counts for itself. An n of zero or less, or an unknown period,
// lets nothing through.
//
// Periods follow the wall clock, daylight saving time included. A clock that is
// set back makes a period longer and never lets more through.
func Quota(n int, per Period, opts ...Option) *Keyed {
	s := apply(opts)
	if per < Hour || per > Month {
		n = 0
	}
	k := new(Keyed)
	k.store.init(s.maxKeys, max(n, 0), true, func() bucket {
		return &window{quota: max(n, 0), per: per, loc: s.location}
	})
	return k
}

// window counts the calls of the period that ends at end.
type window struct {
	quota int
	used  int
	per   Period
	loc   *time.Location
	end   time.Time
}

func (w *window) roll(now time.Time) {
	if !now.Before(w.end) {
		w.used, w.end = 0, w.per.end(now, w.loc)
	}
}

func (w *window) take(now time.Time, n int) bool {
	w.roll(now)
	if n > w.quota-w.used {
		return false
	}
	w.used += n
	return true
}

// give does not reach into a period that has ended: its calls no longer count.
func (w *window) give(now time.Time, n int) {
	w.roll(now)
	w.used = max(w.used-n, 0)
}

func (w *window) delay(now time.Time, ahead, n int) time.Duration {
	if w.quota == 0 {
		return math.MaxInt64
	}
	w.roll(now)
	n += ahead - (w.quota - w.used)
	if n <= 0 {
		return 0
	}
	end := w.end
	for n -= w.quota; n > 0; n -= w.quota {
		end = w.per.end(end, w.loc)
	}
	return end.Sub(now)
}

func (w *window) idle(now time.Time) bool {
	return w.used == 0 || !now.Before(w.end)
}

func (w *window) successor(now time.Time) bucket {
	w.roll(now)
	next := *w
	return &next
}

// end returns when the period that holds t ends; it is after t.
func (p Period) end(t time.Time, loc *time.Location) time.Time {
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
