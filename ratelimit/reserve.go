package ratelimit

import (
	"context"
	"fmt"
	"time"
)

const (
	mostReserved  = 100         // calls of a quota ahead, at most
	partReserved  = 50          // of what is left, at most this part
	tryStateAgain = time.Second // after it could not be had, or had nothing left
)

// reserved is what this process may use of a quota that a [State] counts. It belongs to
// the window of one key.
type reserved struct {
	state *State
	key   string // of the state; empty is that of nobody, which has nothing

	free   int       // reserved and not taken
	left   int       // of the whole quota, when the state was last asked; -1 is unknown
	chunk  int       // reserved last
	asked  time.Time // when the state last did not give what it was asked for
	failed error     // why, if it could not be had
}

func (r *reserved) reset() { r.free, r.left, r.chunk, r.asked, r.failed = 0, -1, 0, time.Time{}, nil }

// available returns how many calls of the period this process may hope for.
func (r *reserved) available(quota int) int {
	if r.left < 0 {
		return quota
	}
	return r.free + r.left
}

// out reports whether it is too early to ask the state again.
func (r *reserved) out(now time.Time) bool {
	since := now.Sub(r.asked)
	return !r.asked.IsZero() && since >= 0 && since < tryStateAgain
}

// reserve makes n calls of w's period free, if so many are left.
func (w *window) reserve(now time.Time, n int) bool {
	r := w.reserved
	switch {
	case r.free >= n:
		return true
	case r.key == "" || r.out(now):
		return false
	}
	got := 0
	end, left, err := w.count(now, func(kept *record) {
		got = 0
		left := max(w.quota-kept.Used, 0)
		if missing := n - r.free; missing <= left {
			got = max(missing, min(max(2*r.chunk, 1), mostReserved, left/partReserved))
			kept.Used += got
		}
	})
	if r.failed = err; err != nil {
		r.asked = time.Now() // after the wait for a storage that does not answer, which others need not repeat
		return false
	}
	w.end, r.left = end, left
	if got == 0 {
		r.asked = now
		return false
	}
	r.chunk, r.asked = got, time.Time{}
	r.free += got
	return true
}

// count changes what is kept of w's period, and returns when that ends and how many of
// its calls nobody has reserved.
func (w *window) count(now time.Time, change func(kept *record)) (end time.Time, left int, err error) {
	r := w.reserved
	if err := r.state.mute(); err != nil {
		return end, left, err
	}
	var foreign error
	err = r.state.update(context.Background(), r.key, func(old []byte) []byte {
		var kept record
		if kept, foreign = readRecord(old); foreign != nil {
			return old
		}
		kept = w.counted(kept, now)
		change(&kept)
		end, left = kept.Until, max(w.quota-kept.Used, 0)
		return kept.text()
	})
	if foreign != nil {
		err = fmt.Errorf("what is kept as %q %w", r.key, foreign)
	}
	return end, left, err
}

// counted is what is kept of the period that w is in. One that ends later was begun
// before the clock was set back, and goes on; but no longer than the period after this
// one, so that a clock which was once years ahead stops nobody for years.
func (w *window) counted(kept record, now time.Time) record {
	switch {
	case !kept.Until.After(now):
		kept = record{Until: w.end}
	case kept.Until.After(w.per.End(w.end, w.loc)):
		kept.Until = w.end
	}
	kept.Noted = now
	return kept
}

// seed lowers what is left of w's period to n, what is reserved here included.
func (w *window) seed(now time.Time, n int) {
	w.roll(now)
	n = max(n, 0)
	r := w.reserved
	if r == nil {
		w.used = max(w.used, w.quota-n)
		return
	}
	r.free = min(r.free, n)
	if r.key == "" {
		return
	}
	end, left, err := w.count(now, func(kept *record) { kept.Used = max(kept.Used, w.quota-n+r.free) })
	if r.failed = err; err != nil {
		r.asked = time.Now()
		return
	}
	w.end, r.left = end, left
}

// fault returns why nothing can be reserved for key, if that is so.
func (k *Keyed) fault(key string) error {
	if k.state == nil {
		return nil
	}
	sh := k.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w, ok := sh.known(key).(*window)
	switch {
	case !ok:
		return nil
	case w.reserved.key == "":
		return fmt.Errorf("%w: there are more keys than are kept apart", ErrState)
	case w.reserved.failed != nil:
		return fmt.Errorf("%w: %w", ErrState, w.reserved.failed)
	}
	return nil
}
