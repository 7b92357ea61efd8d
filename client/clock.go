package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a hop waits.
type patience struct {
	idle    time.Duration // for more of a body
	answers time.Duration // for the response's headers
}

// clock is the one timer of a hop. It serves the call's deadline and, one
// after the other, the attempt's timeout, the drain's and the idle body's.
type clock struct {
	patience
	call *call

	mu      sync.Mutex
	timer   *time.Timer
	attempt *attempt
	armed   time.Time // when the timer fires; zero is not at all
	phase   time.Time // when the present phase ends; zero is never
	phases  int       // how many have begun
	cause   error     // what ended it then
	moving  time.Time // since when the request body is moving in this phase; zero where none is
	lifted  bool      // the call's deadline does not count any more
	sending bool      // in this phase the transport has the request
	stopped bool

	progress atomic.Int64 // reads of a body in this phase, so that it is not idle
}

// follow makes a the attempt whose time it keeps.
func (k *clock) follow(a *attempt, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.attempt = a
	k.begin(now, 0, nil)
}

// enterAt begins a phase of at most d, which the timer ends with cause. A d of zero
// or less begins one without a bound of its own.
func (k *clock) enterAt(now time.Time, d time.Duration, cause error) (phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begin(now, d, cause)
	return k.phases
}

// send begins the phase in which a request is with the transport.
func (k *clock) send(now time.Time) (phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begin(now, k.answers, errAttemptTimeout)
	k.sending = true
	return k.phases
}

func (k *clock) begin(now time.Time, d time.Duration, cause error) {
	if k.stopped {
		return
	}
	k.phases++
	k.sending = false
	k.stand(now)
	k.bound(now, d, cause)
}

// bound gives the present phase another bound.
func (k *clock) bound(now time.Time, d time.Duration, cause error) {
	k.phase, k.cause = time.Time{}, cause
	k.progress.Store(0)
	if d > 0 {
		k.phase = now.Add(d)
	}
	k.arm(now)
}

// upload notes that the request body begins to move: from now on it is bounded by the
// idle timeout, and the call's default deadline stands still. It returns the phase
// that this is a part of.
func (k *clock) upload(now time.Time) (phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.stopped && k.sending {
		k.moving = now
		k.bound(now, k.idle, errUploadStalled)
	}
	return k.phases
}

// uploaded notes that the request body of that phase has gone out whole: what is left
// is bounded by the attempt's timeout (C12).
func (k *clock) uploaded(phase int, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped || k.phases != phase || k.moving.IsZero() {
		return
	}
	k.stand(now)
	k.bound(now, k.answers, errAttemptTimeout)
}

// stand makes good for the time in which the default deadline stood still.
func (k *clock) stand(now time.Time) {
	if !k.moving.IsZero() {
		k.call.stood.Add(int64(now.Sub(k.moving)))
		k.moving = time.Time{}
	}
}

// leave ends the phase. The timer is left to run: it finds nothing to do.
func (k *clock) leave() {
	k.mu.Lock()
	k.left()
	k.mu.Unlock()
}

func (k *clock) left() {
	k.phase, k.sending = time.Time{}, false
	if !k.moving.IsZero() {
		now := time.Now()
		k.stand(now)
		k.arm(now)
	}
}

// leavePhase ends that phase, if no other has begun.
func (k *clock) leavePhase(phase int) {
	k.mu.Lock()
	if k.phases == phase {
		k.left()
	}
	k.mu.Unlock()
}

// lift ends the reach of the call's deadline, for a stream.
func (k *clock) lift() {
	k.mu.Lock()
	k.lifted = true
	k.mu.Unlock()
}

func (k *clock) deadline() time.Time {
	if k.lifted || k.call.foreign || !k.moving.IsZero() && !k.call.explicit {
		return time.Time{}
	}
	return k.call.until()
}

// arm sees to it that the timer fires by the next bound. One that fires too
// early costs less than resetting it at each step: it finds nothing to do.
func (k *clock) arm(now time.Time) {
	next := k.deadline()
	if !k.phase.IsZero() && (next.IsZero() || k.phase.Before(next)) {
		next = k.phase
	}
	if next.IsZero() || !k.armed.IsZero() && !next.Before(k.armed) {
		return
	}
	if soon := now.Add(k.answers); k.timer == nil && k.answers > 0 && soon.Before(next) {
		next = soon // the first request's, which would reset it
	}
	k.armed = next
	d := max(next.Sub(now), 0)
	if k.timer == nil {
		k.timer = time.AfterFunc(d, k.fire)
	} else {
		k.timer.Reset(d)
	}
}

func (k *clock) fire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	now := time.Now()
	k.armed = time.Time{}
	switch deadline := k.deadline(); {
	case !deadline.IsZero() && !now.Before(deadline):
		k.attempt.end(errCallDeadline)
	case !k.phase.IsZero() && !now.Before(k.phase):
		if n := k.progress.Swap(0); n > 0 {
			k.bound(now, k.idle, k.cause)
			return
		}
		k.attempt.end(k.cause)
	default:
		k.arm(now)
	}
}

// stop ends the hop: the timer, and the context of its last attempt.
func (k *clock) stop() {
	k.mu.Lock()
	k.stopped = true
	if k.timer != nil {
		k.timer.Stop()
	}
	a := k.attempt
	k.mu.Unlock()
	a.end(nil)
}

// release lets the last attempt live on without a bound, for a connection that
// has been handed over.
func (k *clock) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

// restart readies a stopped clock for the next hop.
func (k *clock) restart() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped, k.armed, k.phase, k.attempt = false, time.Time{}, time.Time{}, nil
}

// Why the clock ended something. The texts are read by people.
var (
	errCallDeadline   = failWrap(ErrTimeout, "the call's deadline passed", context.DeadlineExceeded)
	errUploadStalled  = failf(ErrTimeout, "the request body stalled")
	errTooSlow        = failf(ErrTimeout, "a body moved by less than 1 KiB a second for a minute")
	errAttemptTimeout = failf(ErrTimeout, "no response headers within the attempt's timeout")
	errDrainTimeout   = failf(ErrTimeout, "the error body did not arrive in time")
	errIdleTimeout    = failf(ErrTimeout, "the response body stalled")
)
