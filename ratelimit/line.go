package ratelimit

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// minSleep keeps a wait that rounding left at nearly zero from spinning.
const minSleep = 100 * time.Microsecond

// line is a first-come queue of callers who wait for tokens of one bucket. Only
// the caller at its head runs a timer and takes; nothing is reserved ahead, so a
// caller who leaves gives up nothing that those behind would have to wait out.
// Its owner's mutex guards it.
type line struct {
	head, tail *waiter
	n          int
	weight     int64         // tokens that those in line wait for
	look       chan struct{} // the head is to look again
}

type waiter struct {
	weight     int
	turn       chan struct{} // closed when the waiter becomes the head
	prev, next *waiter
}

func newLine() *line { return &line{look: make(chan struct{}, 1)} }

// waiting returns for how many tokens those in line wait; nobody waits in a nil line.
func (l *line) waiting() int {
	if l == nil {
		return 0
	}
	return int(min(l.weight, maxWeight))
}

// rouse makes the head look again before its time: something was given back.
func (l *line) rouse() {
	if l == nil {
		return
	}
	select {
	case l.look <- struct{}{}:
	default:
	}
}

func (l *line) join(weight int) *waiter {
	w := &waiter{weight: weight, turn: make(chan struct{}), prev: l.tail}
	if l.tail == nil {
		l.head = w
		close(w.turn)
	} else {
		l.tail.next = w
	}
	l.tail = w
	l.n++
	l.weight += int64(weight)
	return w
}

func (l *line) leave(w *waiter) {
	if w.next == nil {
		l.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.head = w.next
		if w.next != nil {
			close(w.next.turn)
		}
	}
	l.n--
	l.weight -= int64(w.weight)
}

// await queues in l, for so many tokens, until try succeeds. delay tells how long that
// takes once ahead tokens have been taken by others. It is called with mu held and
// returns with it released; try, delay and done are called with it held, done once and
// after the caller has left the line. prepare, if there is one, is called without mu
// before each try, by the caller at the head alone.
func (l *line) await(ctx context.Context, mu *sync.Mutex, weight int, prepare func(), try func() bool, delay func(ahead int) time.Duration, done func()) error {
	wait := delay(l.waiting())
	w := l.join(weight)
	leave := func(wait time.Duration, err error) error {
		l.leave(w)
		done()
		mu.Unlock()
		if err == nil {
			return nil
		}
		return &Error{Wait: wait, Err: err}
	}
	if err := hopeless(ctx, wait); err != nil {
		return leave(wait, err)
	}
	mu.Unlock()
	select {
	case <-w.turn:
	case <-ctx.Done():
		mu.Lock()
		return leave(0, pause.Err(ctx))
	}
	for {
		if prepare != nil {
			prepare()
		}
		mu.Lock()
		if ctx.Err() != nil {
			return leave(0, pause.Err(ctx))
		}
		if try() {
			return leave(0, nil)
		}
		wait = max(delay(0), minSleep)
		if err := hopeless(ctx, wait); err != nil {
			return leave(wait, err)
		}
		mu.Unlock()
		l.rest(ctx, wait) // the top of the loop sees ctx end
	}
}

// rest waits d, or until the head is to look again, or ctx ends.
func (l *line) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.look:
	case <-ctx.Done():
	}
}

// hopeless returns why a wait need not be begun, if so.
func hopeless(ctx context.Context, wait time.Duration) error {
	switch {
	case wait == math.MaxInt64:
		return ErrNever
	case !pause.Fits(ctx, wait):
		return ErrDeadline
	default:
		return nil
	}
}
