package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a hop waits.
type patience struct {
	idle    time.Duration // for more of a body
	answers time.Duration // for the response's headers
}

// clock is the one timer of a hop. It serves the call's deadline and, one after the
// other, the attempt's timeout, the drain's and the idle body's. A phase is the time
// for one thing: with the transport, a read, a drain. Only one runs at a time, and
// whatever ends it names it by its number, since another may have begun by then.
type clock struct {
	patience
	call *call // whose deadline it keeps

	mu      sync.Mutex  // the transport's goroutines and the timer's come here too
	timer   *time.Timer // nil until something is bounded
	attempt *attempt    // that it ends; the last one that was followed
	armed   instant     // when the timer fires; zero is not at all
	phase   instant     // when the present phase ends; zero is never
	phases  int         // how many have begun
	since   int32       // how many had when the attempt began
	out     int32       // requests of the attempt that the transport has
	cause   error       // what ends it then
	moving  instant     // since when the request body moves; zero where it does not
	lifted  bool        // the call's deadline does not count any more
	sending bool        // in this phase the transport has the request
	stopped bool        // over: no phase begins, and none is ended

	progress atomic.Int64 // reads of a body in this phase, so that it is not idle
}

// follow makes a the attempt whose time it keeps. It is without a bound of its own
// until it is sent: what it waits for before is not the service's time (C12).
func (k *clock) follow(a *attempt, now instant) {
	k.mu.Lock()
	k.attempt = a
	k.begin(now, 0, nil)
	k.since, k.out = int32(k.phases), 0
	k.mu.Unlock()
}

// enterAt begins a phase of at most d, which the timer ends with cause. A d of zero
// or less begins one without a bound of its own.
func (k *clock) enterAt(now instant, d time.Duration, cause error) (phase int) {
	k.mu.Lock()
	k.begin(now, d, cause)
	phase = k.phases
	k.mu.Unlock()
	return phase
}

// reads begins the phase in which a body is read that is in the hands of the caller, who
// may be gone. It reports whether that is over with the call: a body that waits for
// nothing, from memory say, would be read on for ever.
func (k *clock) reads(now instant, gone bool) (over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return false
	}
	if end := k.deadline(); !gone && end != 0 && now >= end {
		k.attempt.end(errCallDeadline)
		gone = true
	}
	k.begin(now, k.idle, errIdleTimeout)
	return gone
}

// send begins the phase in which a request is with the transport.
func (k *clock) send(now instant) (phase int) {
	k.mu.Lock()
	k.begin(now, k.answers, errAttemptTimeout)
	k.sending = true
	k.out++
	phase = k.phases
	k.mu.Unlock()
	return phase
}

// begin makes one phase follow another. A request body that moved in the last one
// counts for that alone.
func (k *clock) begin(now instant, d time.Duration, cause error) {
	if k.stopped {
		return
	}
	k.phases++
	k.sending = false
	k.stand(now)
	k.bound(now, d, cause)
}

// bound gives the present phase another bound.
func (k *clock) bound(now instant, d time.Duration, cause error) {
	k.phase, k.cause = 0, cause
	// What moved before does not excuse what stands still now.
	if k.progress.Load() != 0 {
		k.progress.Store(0)
	}
	if d > 0 {
		k.phase = now.after(d)
	}
	k.arm(now)
}

// upload notes that the request body of a begins to move: from now on it is bounded by
// the idle timeout, and the call's default deadline stands still. It returns the phase
// that this is a part of, and notYet where nothing is being sent.
func (k *clock) upload(a *attempt, now instant) (phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	// A transport may come late to the body of an attempt that another one has followed.
	// And what is read beside the body that is sent, to be signed say, is not timed.
	if k.attempt != a || k.moving != 0 {
		return noPhase
	}
	// Middleware may read a body, to sign it, or its beginning, to tell its type, before
	// there is anything to time.
	if k.stopped || !k.sending {
		return notYet
	}
	k.moving = now
	k.bound(now, k.idle, errUploadStalled)
	return k.phases
}

// uploads notes that the request body of that phase has moved. Once there is a response
// that excuses nothing any more: what bounds the response bounds what it brings itself.
func (k *clock) uploads(phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.phases == phase && k.moving != 0 {
		k.progress.Add(1)
	}
}

const (
	noPhase = -1 // the number of no phase
	notYet  = -2 // and of none so far
)

// uploaded notes that the request body of that phase has gone out whole: what is left
// is bounded by the attempt's timeout (C12).
func (k *clock) uploaded(phase int, now instant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	// A response may come before the body has gone out. Its phase is another one, and
	// must not get the bound of a wait for headers.
	if k.stopped || k.phases != phase || k.moving == 0 {
		return
	}
	k.stand(now)
	k.bound(now, k.answers, errAttemptTimeout)
}

// stand makes good for the time in which the default deadline stood still. That is
// known only when the body has stopped moving; until then the deadline does not count
// at all.
func (k *clock) stand(now instant) {
	if k.moving != 0 {
		k.call.stood.Add(int64(now.since(k.moving)))
		k.moving = 0
	}
}

// leave ends the phase. The timer is left to run: it finds nothing to do.
func (k *clock) leave() {
	k.mu.Lock()
	k.left()
	k.mu.Unlock()
}

func (k *clock) left() {
	k.phase, k.sending = 0, false
	if k.moving != 0 {
		now := k.call.now()
		k.stand(now)
		k.arm(now)
	}
}

// leavePhase ends the wait for the transport, once the request that was sent in that
// phase is the last one back: of two hedged requests one that comes back, or fails, would
// else end the bound of the other.
func (k *clock) leavePhase(phase int, now instant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if phase <= int(k.since) {
		return // of an attempt before this one
	}
	if k.out--; k.out > 0 || !k.sending {
		return
	}
	// That its time was over is found out here where nobody has waited for it.
	if k.phase != 0 && now >= k.phase && !k.attempt.awaited() {
		k.attempt.end(k.cause)
	}
	k.left()
}

// lift ends the reach of the call's deadline, for a stream.
func (k *clock) lift() {
	k.mu.Lock()
	k.lifted = true
	k.mu.Unlock()
}

// deadline is when the call's deadline ends the hop, zero for not at all: a context's
// own ends it by itself, and a default one neither bounds a stream nor runs while a
// body goes out.
func (k *clock) deadline() instant {
	if k.lifted || k.call.foreign || k.moving != 0 && !k.call.explicit {
		return 0
	}
	end := k.call.until()
	if end.IsZero() {
		return 0
	}
	return k.call.instant(end)
}

// patient is how long a read may take from now on that the end of no attempt ends: the
// idle timeout, and not much longer than the call. 0 is without a bound.
func (k *clock) patient(now instant) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := max(k.idle, 0)
	if end := k.deadline(); end != 0 {
		if left := max(end, now).after(afterEnd).since(now); d == 0 || left < d {
			d = left
		}
	}
	return d
}

// watch begins to look after a, for whose end somebody waits from now on.
func (k *clock) watch(a *attempt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.attempt == a && !k.stopped {
		k.check(k.call.now())
	}
}

// arm sees to it that the timer fires by the next bound. One that fires too
// early costs less than resetting it at each step: it finds nothing to do. There is none
// while nobody waits for what it would end.
func (k *clock) arm(now instant) {
	if !k.attempt.awaited() {
		return
	}
	next := k.deadline()
	if k.phase != 0 && (next == 0 || k.phase < next) {
		next = k.phase
	}
	if next == 0 || k.armed != 0 && next >= k.armed {
		return
	}
	if k.timer == nil && k.answers > 0 {
		next = min(next, now.after(k.answers)) // the first request's, which would reset it
	}
	k.armed = next
	d := max(next.since(now), 0)
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
	k.armed = 0
	k.check(k.call.now())
}

// check ends what has run out: the call before the phase, since the call's end is final
// and a phase's may be retried. A bound that was moved meanwhile only arms the timer
// again.
func (k *clock) check(now instant) {
	switch deadline := k.deadline(); {
	case deadline != 0 && now >= deadline:
		k.attempt.end(errCallDeadline)
	case k.phase != 0 && now >= k.phase:
		if n := k.progress.Swap(0); n > 0 {
			// Something was read, so it is not idle. Counting reads costs each of them
			// far less than a timer that is reset.
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
	// Outside of the lock: what waits for the context's end runs now, and may come back
	// here.
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

// restart readies a stopped clock for the next hop. The deadline is the call's and goes
// on, also where the last hop's response was a stream to which it did not apply; the
// phase and its attempt were the last hop's.
func (k *clock) restart() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped, k.lifted, k.attempt = false, false, nil
	k.armed, k.phase = 0, 0
}
