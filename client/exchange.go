package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// chain is what the redirect hops of one call share, whoever drives them: Call
// itself, or an http.Client, which passes it on inside resp.Request's context.
type chain struct {
	deadline time.Time // of the call; zero is none
	foreign  bool      // it is the context's own, which needs no timer of ours
	began    time.Time
	explicit bool    // somebody asked for that deadline, so it bounds streams too
	from     origin  // where the call began
	ledger   *Ledger // from the context, may be nil

	mu        sync.Mutex
	wire      *http.Request // the last one sent, with its credential
	bare      *http.Request // the same without
	sent      time.Time     // when it was
	key       string        // the idempotency key
	left      bool          // a hop has left the origins: nothing is attached again
	params    []string      // query parameters that were credentials on an earlier hop
	secrets   []string      // what the credentials were on an earlier hop
	renewed   bool          // the credential has been renewed once
	throttled bool          // the last attempt was
	effect    Effect
	attempts  []Attempt
	few       [1]Attempt // where attempts begins
}

func (h *chain) begin(ctx context.Context, c *Client, timeout time.Duration) {
	h.attempts = h.few[:0]
	h.ledger, _ = ctx.Value(ledgerKey{}).(*Ledger)
	h.explicit = timeout > 0 || c.cfg.callTimeoutSet
	if timeout == 0 {
		timeout = c.cfg.callTimeout
	}
	limit, has := ctx.Deadline()
	h.began = time.Now()
	if timeout > 0 && (h.explicit || !has) {
		h.deadline = h.began.Add(timeout)
	}
	if has && (h.deadline.IsZero() || limit.Before(h.deadline)) {
		h.deadline, h.explicit, h.foreign = limit, true, true
	}
}

// sending notes what goes to the transport.
func (h *chain) sending(wire, bare *http.Request, now time.Time) {
	h.mu.Lock()
	h.wire, h.bare, h.sent = wire, bare, now
	h.mu.Unlock()
}

// reclaimed notes what was sent last, without its credential.
func (h *chain) reclaimed(bare *http.Request) {
	h.mu.Lock()
	h.bare = bare
	h.mu.Unlock()
}

// last returns what was sent last, with and without its credential, and when;
// nil where nothing was.
func (h *chain) last() (wire, bare *http.Request, sent time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wire, h.bare, h.sent
}

// record gives the attempt its number and adds it to the ledger.
func (h *chain) record(a *Attempt, throttled bool) {
	h.mu.Lock()
	h.throttled = throttled
	a.Number = len(h.attempts) + 1
	if n := len(h.attempts); n == len(h.few) && n == cap(h.attempts) {
		h.attempts = append(make([]Attempt, 0, 4), h.attempts...)
	}
	h.attempts = append(h.attempts, *a)
	h.mu.Unlock()
}

// attempts copies the ledger, so that an error does not keep the call alive. A
// request ID is the service's text, which may repeat a credential.
func (x *exchange) attempts() []Attempt {
	h := x.chain
	h.mu.Lock()
	list := append([]Attempt(nil), h.attempts...)
	h.mu.Unlock()
	for i := range list {
		list[i].RequestID = x.scrub(list[i].RequestID)
	}
	return list
}

// renewing reports whether the credential may be renewed: once a call.
func (h *chain) renewing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.renewed
	h.renewed = true
	return first
}

func (h *chain) wasThrottled() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.throttled
}

// worse raises the effect: what may once have been applied stays so.
func (h *chain) worse(e Effect) Effect {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.effect = max(h.effect, e)
	return h.effect
}

// exchange is one hop of a call: the request, its attempts and their timer.
type exchange struct {
	c     *Client
	ctx   context.Context // the caller's
	chain *chain

	out  *outgoing     // as Call and Do build it; never nil
	tmpl *http.Request // what each attempt starts from: no credential, no per-attempt context
	host *hostState

	owned    bool          // tmpl and its header map are ours to change
	inside   bool          // the credential may go to tmpl's URL
	buffered bool          // the body of a success is read inside the loop, for Call
	stream   bool          // the default deadline ends with the headers
	idle     time.Duration // bounds a wait for more of the body
	repeat   bool          // the rule permits to repeat what may have been applied
	lent     string        // the credential's header, while tmpl's header map holds it
	body     replay
	buf      *bytes.Buffer // the body of a success, when buffered
	tried    int           // attempts of this hop that count for the policy
	asked    *http.Request // as the engine got it, for resp.Request; nil in a call of our own
	heard    time.Time     // when the last answer, or failure, came
	trace    sendTrace

	in      bodyReader
	head    peekedBody
	clock   clock
	own     chain
	first   attemptContext
	opening *attemptContext // the first attempt's, made with the request; nil once begun
}

func newExchange(c *Client, ctx context.Context, timeout time.Duration) *exchange {
	made := new(struct {
		exchange
		out outgoing
	})
	x := &made.exchange
	x.c, x.ctx, x.out, x.idle = c, ctx, &made.out, c.cfg.idleTimeout
	x.chain = &x.own
	if x.clock.x = x; ctx != nil {
		x.chain.begin(ctx, c, timeout)
	}
	return x
}

// attemptContext is the context of one attempt: cancelled by the clock, it
// reports the call's deadline, and leads back to the exchange.
type attemptContext struct {
	context.Context
	x      *exchange
	cancel context.CancelCauseFunc

	// As the exchange was when the attempt began: a request of it may go on after
	// the exchange has gone further.
	tmpl   *http.Request
	host   *hostState
	inside bool

	mu sync.Mutex
	tally
}

// tally counts the requests of one attempt. Middleware may send none, or several,
// also at once (hedging).
type tally struct {
	over     bool  // the attempt has been judged: what still runs is accounted for
	admitted bool  // by the breaker
	probe    bool  // the breaker's one probe is among them
	explicit bool  // a header of the caller's took the credential's place
	paced    int32 // let through by the limits, which are to hear what came of it
	sent     int32 // handed to the transport
}

// note changes the tally, unless the attempt is over.
func (a *attemptContext) note(f func(*tally)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		f(&a.tally)
	}
	return !a.over
}

// settle ends the attempt and returns what was counted.
func (a *attemptContext) settle() tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tally
	a.over = true
	return t
}

type attemptKey struct{}

func (a *attemptContext) Value(key any) any {
	switch key {
	case attemptKey{}:
		return a
	case hopKey{}:
		return nil // a call made on the way, for a token say, is none of this one's hops
	}
	return a.Context.Value(key)
}

func (a *attemptContext) Deadline() (time.Time, bool) {
	d := a.x.chain.deadline
	return d, !d.IsZero()
}

// Err is DeadlineExceeded where the clock ended the call, as it would be if the
// deadline were the context's own.
func (a *attemptContext) Err() error {
	err := a.Context.Err()
	if err != nil && errors.Is(context.Cause(a.Context), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

// newAttempt makes the context of the next attempt. Without any timeout there
// is nothing to cancel, and nothing is allocated.
func (x *exchange) newAttempt() *attemptContext {
	a := &x.first
	if a.x != nil {
		a = &attemptContext{}
	}
	a.x, a.Context = x, x.ctx
	cfg := &x.c.cfg
	if cfg.attemptTimeout > 0 || x.idle > 0 || !x.chain.deadline.IsZero() {
		a.Context, a.cancel = context.WithCancelCause(x.ctx)
	}
	x.clock.follow(a)
	return a
}

func (a *attemptContext) end(cause error) {
	if a != nil && a.cancel != nil {
		a.cancel(cause)
	}
}

// clock is the one timer of an exchange. It serves the call's deadline and, one
// after the other, the attempt's timeout, the drain's and the idle body's.
type clock struct {
	x       *exchange
	mu      sync.Mutex
	timer   *time.Timer
	attempt *attemptContext
	armed   time.Time // when the timer fires; zero is not at all
	phase   time.Time // when the present phase ends; zero is never
	phases  int       // how many have begun
	cause   error     // what ended it then
	lifted  bool      // the call's deadline does not count any more
	stopped bool

	progress atomic.Int64 // reads of the body in this phase, so that it is not idle
}

func (k *clock) follow(a *attemptContext) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.attempt = a
	now := k.x.chain.began // close enough for the first attempt
	if a != &k.x.first {
		now = time.Now()
	}
	k.begin(now, 0, nil)
}

// enter begins a phase of at most d, which the timer ends with cause. A d of zero
// or less begins one without a bound of its own.
func (k *clock) enter(d time.Duration, cause error) { k.enterAt(time.Now(), d, cause) }

func (k *clock) enterAt(now time.Time, d time.Duration, cause error) (phase int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begin(now, d, cause)
	return k.phases
}

func (k *clock) begin(now time.Time, d time.Duration, cause error) {
	if k.stopped {
		return
	}
	k.phases++
	k.phase, k.cause = time.Time{}, cause
	k.progress.Store(0)
	if d > 0 {
		k.phase = now.Add(d)
	}
	k.arm(now)
}

// leave ends the phase. The timer is left to run: it finds nothing to do.
func (k *clock) leave() {
	k.mu.Lock()
	k.phase = time.Time{}
	k.mu.Unlock()
}

// leavePhase ends that phase, if no other has begun.
func (k *clock) leavePhase(phase int) {
	k.mu.Lock()
	if k.phases == phase {
		k.phase = time.Time{}
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
	if k.lifted || k.x.chain.foreign {
		return time.Time{}
	}
	return k.x.chain.deadline
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
			k.begin(now, k.x.idle, k.cause)
			return
		}
		k.attempt.end(k.cause)
	default:
		k.arm(now)
	}
}

// stop ends the exchange: the timer, and the context of its last attempt.
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
	errAttemptTimeout = failf(ErrTimeout, "no response headers within the attempt's timeout")
	errDrainTimeout   = failf(ErrTimeout, "the error body did not arrive in time")
	errIdleTimeout    = failf(ErrTimeout, "the response body stalled")
)

// invalid is the error of a Request that could not be built.
func (x *exchange) invalid(r *Request, err error) error {
	if x.out.http != nil {
		closeBody(x.out.http)
	}
	x.clock.stop()
	method := firstOf(r.Method, http.MethodGet)
	if !validToken(method) {
		method = "(bad method)"
	}
	e := &Error{Provider: x.c.cfg.profile.Name, Method: method, Path: firstOf(r.Route, "request"), Effect: NeverSent, Err: err, Detail: noDetail}
	if safeMethod(method) {
		e.Effect = NoEffect
	}
	return e
}

func noDetail(any) bool { return false }

// place is how errors and logs call the target: the route if the caller named
// one, else the path, never the query.
func (x *exchange) place() string {
	if x.out.route != "" {
		return x.out.route
	}
	return placeOf(x.tmpl.URL)
}

func placeOf(u *url.URL) string {
	if u == nil {
		return "(no URL)"
	}
	if p := u.EscapedPath(); p != "" {
		return cut(p, 256)
	}
	return "/"
}
