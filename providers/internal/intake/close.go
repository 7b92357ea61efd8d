package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// ErrPaused is in the error of a Flush or a Close that did not wait for its context to
// end: nothing can be sent before then, as the service asked, or after its failures.
var ErrPaused = errors.New("the next attempt comes after the deadline")

// Flush waits until everything that was accepted before is sent or dropped, and does not
// let it wait for others to go with. The error says how much is left when ctx ends; that
// stays in the queue. A wait that the service asked for is not shortened: where it would
// not end in time, Flush returns at once.
func (q *Queue[T]) Flush(ctx context.Context) error {
	if err := q.flush(ctx); err != nil {
		return fmt.Errorf("%s: %s not sent yet: %w", q.config.Name, items(q.Stats().Pending), err)
	}
	return nil
}

// Close accepts nothing more and sends what there is. What is not sent when ctx ends is
// dropped as Unsent, and the error says how much that is. A back-off of the queue's own
// that has begun is cut short; a wait that the service asked for and that would not end
// in time is not waited for. A call of Send that is under way when ctx ends is cancelled
// and not waited for. Closing again finds nothing to do.
func (q *Queue[T]) Close(ctx context.Context) error {
	q.mu.Lock()
	if q.ours {
		q.notBefore = time.Time{}
	}
	q.closed = true
	q.mu.Unlock()
	err := q.flush(ctx)
	if lost := q.end(); lost > 0 {
		return fmt.Errorf("%s: %s not sent: %w", q.config.Name, items(lost), err)
	}
	return nil
}

func items(n int) string {
	if n == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", n)
}

func (q *Queue[T]) flush(ctx context.Context) error {
	f := &flush{done: make(chan error, 1)}
	f.deadline, _ = ctx.Deadline()
	q.mu.Lock()
	f.upTo = q.settled + uint64(q.pending())
	q.flushes = append(q.flushes, f)
	q.tell()
	q.mu.Unlock()
	q.stir()
	select {
	case err := <-f.done:
		return err
	case <-ctx.Done():
		q.mu.Lock()
		q.flushes = slices.DeleteFunc(q.flushes, func(other *flush) bool { return other == f })
		q.mu.Unlock()
		select {
		case err := <-f.done: // which of the two came first is not known
			return err
		default:
			return pause.Err(ctx)
		}
	}
}

// tell ends the flushes that have nothing more to wait for, under the lock.
func (q *Queue[T]) tell() {
	q.flushes = slices.DeleteFunc(q.flushes, func(f *flush) bool {
		switch {
		case f.upTo <= q.told:
			f.done <- nil
		case !f.deadline.IsZero() && f.deadline.Before(q.notBefore):
			f.done <- ErrPaused
		default:
			return false
		}
		return true
	})
}

// end ends the sending for good, drops what is left and returns how much that was.
func (q *Queue[T]) end() int {
	q.mu.Lock()
	q.ended = true
	left := slices.Clone(q.batch)
	for q.waiting.count > 0 {
		left = append(left, q.waiting.pop().item)
	}
	q.batch, q.bytes, q.waiting = nil, 0, ring[T]{}
	if len(left) > 0 {
		q.dropped[Unsent] += uint64(len(left))
		q.settled += uint64(len(left))
	}
	cancel := q.cancel
	q.mu.Unlock()
	cancel()
	q.stir()
	for _, item := range left {
		q.config.Dropped(Unsent, item)
	}
	q.reported(len(left))
	return len(left)
}

// reported is called when the callbacks know of so many more items: what they count is
// whole when a flush ends.
func (q *Queue[T]) reported(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.told += uint64(n)
	q.tell()
}
