package intake

import (
	"context"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/retry"
)

// run sends until there is nothing to send.
func (q *Queue[T]) run() {
	// Send may end its goroutine, as a test's FailNow does. What was accepted is not
	// left to nobody.
	var exited bool
	defer func() {
		if exited {
			q.after(Outcome{Verdict: Drop, Reason: Panicked})
			go q.run()
		}
	}()
	for {
		batch := q.next()
		if batch == nil {
			return
		}
		exited = true
		outcome := q.send(batch)
		exited = false
		q.after(outcome)
	}
}

// next waits for a batch that is whole and may be sent. It returns nil where there is
// none to wait for; the goroutine is then no more.
func (q *Queue[T]) next() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.ended || len(q.batch) == 0 && q.waiting.count == 0 {
			q.running = false
			return nil
		}
		wait := time.Until(q.due())
		if wait <= 0 {
			if len(q.batch) == 0 {
				q.take()
			}
			return q.batch
		}
		q.mu.Unlock()
		q.sleep(wait)
		q.mu.Lock()
	}
}

// due is when the next batch may be sent.
func (q *Queue[T]) due() time.Time {
	if len(q.batch) > 0 || len(q.flushes) > 0 || q.closed || q.full() {
		return q.notBefore
	}
	if ready := q.waiting.oldest().at.Add(q.config.MaxAge); ready.After(q.notBefore) {
		return ready
	}
	return q.notBefore
}

func (q *Queue[T]) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.wake:
	}
}

// take makes a batch of what waits.
func (q *Queue[T]) take() {
	q.batch, q.begun = make([]T, 0, min(q.config.BatchItems, q.waiting.count)), time.Now()
	for q.waiting.count > 0 && len(q.batch) < q.config.BatchItems && q.bytes+q.waiting.oldest().size <= q.config.BatchBytes {
		e := q.waiting.pop()
		q.batch = append(q.batch, e.item)
		q.bytes += e.size
	}
}

func (q *Queue[T]) send(batch []T) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), q.config.Timeout)
	defer cancel()
	q.mu.Lock()
	q.cancel = cancel
	ended := q.ended
	q.mu.Unlock()
	if ended {
		return Outcome{Verdict: Again}
	}
	o, err := panics.Do(ctx, "intake: Send", func(ctx context.Context) (Outcome, error) { return q.config.Send(ctx, batch), nil })
	if err != nil {
		return Outcome{Verdict: Drop, Reason: Panicked}
	}
	return o
}

// after does what the outcome of a batch asks for.
func (q *Queue[T]) after(o Outcome) {
	if o.Reason == "" {
		o.Reason = Unknown
	}
	q.mu.Lock()
	if q.ended { // Close has counted the batch
		q.mu.Unlock()
		return
	}
	batch := q.batch
	o = q.pause(o)
	if o.Verdict == Again {
		q.tell()
		q.mu.Unlock()
		return
	}
	if o.Verdict == Sent {
		q.sent += uint64(len(batch))
	} else {
		q.dropped[o.Reason] += uint64(len(batch))
	}
	q.batch, q.bytes = nil, 0
	q.settled += uint64(len(batch))
	q.mu.Unlock()
	defer q.reported(len(batch)) // also where a callback ends the goroutine
	for _, item := range batch {
		if o.Verdict == Sent {
			q.config.Delivered(item)
		} else {
			q.config.Dropped(o.Reason, item)
		}
	}
}

// pause sets when the next batch may be sent, and makes a Drop of an Again that would
// come too late. It is called under the lock.
func (q *Queue[T]) pause(o Outcome) Outcome {
	wait := min(retry.Above(o.After), maxPause)
	q.ours = o.Verdict == Again && wait == 0
	if o.Verdict != Again {
		q.failures = 0
	} else if q.failures++; q.ours {
		wait = max(q.config.Backoff(q.failures), 0)
	}
	now := time.Now()
	q.notBefore = now.Add(wait)
	if o.Verdict == Again && q.notBefore.Sub(q.begun) > q.config.GiveUp {
		o.Verdict = Drop
	}
	return o
}
