package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	mostReserved  = 100         // calls of a quota ahead, at most
	partReserved  = 50          // of what is left, at most this part
	tryStateAgain = time.Second // after it could not be had, or had nothing left
)

// reserved is what this process may use of a quota that a [State] counts. It belongs to
// the window of one key, and its shard's mutex guards it.
type reserved struct {
	state *State
	key   string // of the state; empty is that of nobody, which has nothing

	free   int       // reserved and not taken
	left   int       // of the whole quota, when the state was last asked; -1 is unknown
	chunk  int       // reserved last
	asked  time.Time // when it was known that the state does not give what it was asked for
	failed error     // why, if it could not be had
	asking *asking   // the access to the state that is under way; nil is none
}

// asking is an access to the state for one key, made while its shard is unlocked. done
// is closed when the shard knows what came of it.
type asking struct{ done chan struct{} }

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

// wants reports whether the state is to be asked before n calls can be taken.
func (w *window) wants(now time.Time, n int) bool {
	w.roll(now)
	r := w.reserved
	return r != nil && n > r.free && n <= w.quota && r.key != "" && !r.out(now)
}

// prepare has n calls of key reserved, if so many are left, or waits for whoever does so.
// It returns when they are there or cannot be had, or ctx ends; another may then take
// them first. Whoever holds no lock calls it: it waits for the storage.
func (k *Keyed) prepare(ctx context.Context, key string, n int) {
	if k.state == nil {
		return
	}
	sh := k.store.shard(key)
	for ctx.Err() == nil {
		sh.mu.Lock()
		now := k.store.now()
		w := k.store.bucket(sh, key, now).(*window)
		if !w.wants(now, n) {
			sh.mu.Unlock()
			return
		}
		a := w.reserved.asking
		if a == nil {
			a = w.reserve(&sh.mu, now, n)
		}
		sh.mu.Unlock()
		select {
		case <-a.done:
		case <-ctx.Done(): // what it began goes on, for those who come after
		}
	}
}

// reserve begins to make n calls of w's period free, if so many are left.
func (w *window) reserve(mu *sync.Mutex, now time.Time, n int) *asking {
	r := w.reserved
	quota, free, chunk, got := w.quota, r.free, r.chunk, 0
	return w.ask(mu, now, func(kept *record) {
		got = 0
		left := max(quota-kept.Used, 0)
		if missing := n - free; missing <= left {
			got = max(missing, min(max(2*chunk, 1), mostReserved, left/partReserved))
			kept.Used += got
		}
	}, func() {
		if got == 0 {
			r.asked = time.Now()
			return
		}
		r.chunk, r.asked = got, time.Time{}
		r.free += got
	})
}

// ask begins to change what is kept of w's period. It is called with mu, the shard's
// mutex, held and no other access under way; then is called with it held once the change
// is durable, unless the period has ended meanwhile.
func (w *window) ask(mu *sync.Mutex, now time.Time, change func(kept *record), then func()) *asking {
	r, as := w.reserved, *w
	a := &asking{done: make(chan struct{})}
	r.asking = a
	go func() {
		end, left, err := as.count(now, change)
		mu.Lock()
		defer mu.Unlock()
		defer close(a.done)
		r.asking = nil
		switch {
		case !w.end.Equal(as.end): // what was reserved is lost with its period
		case err != nil:
			r.failed, r.asked = err, time.Now()
		default:
			r.failed, w.end, r.left = nil, end, left
			then()
		}
	}()
	return a
}

// count changes what is kept of w's period, and returns when that ends and how many of
// its calls nobody has reserved.
func (w *window) count(now time.Time, change func(kept *record)) (end time.Time, left int, err error) {
	r := w.reserved
	if err := r.state.mute(); err != nil {
		return end, left, err
	}
	var foreign error
	var kept record
	err = r.state.update(context.Background(), r.key, func(old []byte) []byte {
		if kept, foreign = readRecord(old); foreign != nil {
			return old
		}
		kept = w.counted(kept, now)
		change(&kept)
		return kept.text()
	})
	switch {
	case err != nil: // the storage may be at work yet, and change what it was given
		return time.Time{}, 0, err
	case foreign != nil:
		return time.Time{}, 0, fmt.Errorf("what is kept as %q %w", r.key, foreign)
	}
	return kept.Until, max(w.quota-kept.Used, 0), nil
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

// seed lowers what is left of w's period to n, what is reserved here included. It
// returns the access to the state that is to be waited for, and whether it is its own.
func (w *window) seed(mu *sync.Mutex, now time.Time, n int) (a *asking, own bool) {
	w.roll(now)
	r := w.reserved
	switch {
	case r == nil:
		w.used = max(w.used, w.quota-n)
		return nil, true
	case r.asking != nil:
		return r.asking, false
	}
	r.free = min(r.free, n)
	if r.key == "" {
		return nil, true
	}
	used := w.quota - n + r.free
	return w.ask(mu, now, func(kept *record) { kept.Used = max(kept.Used, used) }, func() {}), true
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
