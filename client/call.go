package client

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// call is what the redirect hops of one call share, whoever drives them: Call
// itself, or an http.Client, which passes it on inside resp.Request's context.
type call struct {
	deadline
	ledger *Ledger // from the context, may be nil

	mu      sync.Mutex // guards the rest: middleware may send two hops at once
	last    onWire     // set by each send, for what errors must not show
	key     string     // the idempotency key
	way     way        // which origins the hops have come by
	seldom  *seldom    // nil while there is nothing in it
	effect  Effect     // of all attempts; it only grows
	history history    // written by record, as attempts are judged
}

// deadline is when the call has to be over, and who has said so.
type deadline struct {
	began    time.Time
	at       time.Time    // zero is never
	foreign  bool         // it is the context's own, which needs no timer of ours
	explicit bool         // somebody asked for it, so it bounds streams too
	stood    atomic.Int64 // nanoseconds for which a request body moved, and a default one stood still
}

// onWire is a request as it was sent.
type onWire struct {
	wire *http.Request // with its credential
	of   *spec         // which knows nothing of that; each hop has its own
	as   *http.Request // as it came to the engine, of middleware's; its response has it
}

// seldom is what few calls have.
type seldom struct {
	beside  []onWire // what has been sent beside the last: middleware's hedges
	passed  *passed  // the request that was redirected last; nil before there is one
	left    left     // of the hops before this one
	renewal renewal  // set by the first 401 that may be cured
}

// writable is h.seldom, made if need be. h.mu is held.
func (h *call) writable() *seldom {
	if h.seldom == nil {
		h.seldom = &seldom{}
	}
	return h.seldom
}

// readable is what stands in h.seldom. h.mu is held.
func (h *call) readable() seldom {
	if h.seldom == nil {
		return seldom{}
	}
	return *h.seldom
}

// left is what was a credential on an earlier hop, and must not be shown.
type left struct {
	params  []string // names of query parameters
	secrets []string
}

// renewal is the one attempt to renew the credential.
type renewal struct {
	tried   bool
	refused error // why it failed
}

// history is the attempts so far.
type history struct {
	attempts []Attempt
	few      [1]Attempt // where attempts begins
	outcome  concluded
}

// concluded is which attempt the outcome of a call is, and what its line does not say.
type concluded struct {
	number    int32         // 0 before there is one
	throttled bool          // the service says that there were too many requests
	failed    bool          // the status is a success, and what came is none
	again     time.Duration // since the call began: when another is permitted; 0 is not known
}

// conclusion is what came of an attempt, for those who did not see its response.
type conclusion struct {
	status    int       // 0 without a response
	heard     time.Time // when that came
	throttled bool
	again     time.Time // when the client's own limits or breaker permit another; zero is not known
}

func (h *call) begin(ctx context.Context, b *bounds, timeout time.Duration) {
	h.history.attempts = h.history.few[:0]
	h.ledger, _ = ctx.Value(ledgerKey{}).(*Ledger)
	h.explicit = timeout > 0 || b.callTimeoutSet
	if timeout == 0 {
		timeout = b.callTimeout
	}
	limit, has := ctx.Deadline()
	h.began = time.Now()
	if timeout > 0 && (h.explicit || !has) {
		h.at = h.began.Add(timeout)
	}
	// The context's own timer ends the call then. It was asked for, so it bounds
	// streams too.
	if has && (h.at.IsZero() || limit.Before(h.at)) {
		h.at, h.explicit, h.foreign = limit, true, true
	}
}

// until is the call's deadline as it is now; zero is none.
func (h *call) until() time.Time {
	if h.explicit || h.at.IsZero() {
		return h.at
	}
	return h.at.Add(time.Duration(h.stood.Load()))
}

// sending notes what goes to the transport. The first request of an attempt takes the
// place of what the same hop's attempt before it has sent.
func (h *call) sending(w onWire, first bool) {
	h.mu.Lock()
	if h.last.wire != nil {
		h.displace(w, first)
	}
	h.last = w
	h.mu.Unlock()
}

// maxBeside bounds what is kept for middleware that sends a call again and again.
const maxBeside = 16

// displace keeps what is still to be known beside w, which is sent now.
func (h *call) displace(w onWire, first bool) {
	if !first || h.last.of != w.of {
		s := h.writable()
		s.beside = append(s.beside[max(0, len(s.beside)-maxBeside+1):], h.last)
	}
	if s := h.seldom; first && s != nil {
		s.beside = slices.DeleteFunc(s.beside, func(o onWire) bool { return o.of == w.of })
	}
}

// sent returns what the last attempt of each hop has sent, the last request first.
func (h *call) sent() []onWire {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last.wire == nil {
		return nil
	}
	return append([]onWire{h.last}, h.readable().beside...)
}

// sentLast returns what was sent last; without a wire where nothing was.
func (h *call) sentLast() onWire {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// sentFor returns the request that resp answers; where middleware has made that, what was
// sent last. It is without a wire where nothing was.
func (h *call) sentFor(resp *http.Response) onWire {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last.as == resp.Request {
		return h.last // also where middleware has sent one request again and again
	}
	for _, w := range slices.Backward(h.readable().beside) {
		if w.as == resp.Request {
			return w
		}
	}
	return h.last
}

// earlier returns what was a credential on an earlier hop.
func (h *call) earlier() left {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readable().left
}

// record gives the attempt its number, adds it to the ledger, and its effect e to the
// call's. That only ever grows: an attempt that was refused does not undo what one before
// it may have done (C22).
func (h *call) record(a *Attempt, c concluded, e Effect) {
	h.mu.Lock()
	a.Number = len(h.history.attempts) + 1
	c.number = int32(a.Number)
	h.history.outcome = c
	h.effect = max(h.effect, e)
	if n := len(h.history.attempts); n == len(h.history.few) && n == cap(h.history.attempts) {
		h.history.attempts = append(make([]Attempt, 0, 4), h.history.attempts...)
	}
	h.history.attempts = append(h.history.attempts, *a)
	h.mu.Unlock()
}

// concludes notes that the outcome is an attempt's before the last one.
func (h *call) concludes(c concluded) {
	h.mu.Lock()
	h.history.outcome = c
	h.mu.Unlock()
}

// outcome returns what came of the last attempt, or of the one that the call has gone
// back to.
func (h *call) outcome() conclusion {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.history.outcome
	c := conclusion{throttled: o.throttled}
	if o.number > 0 {
		line := &h.history.attempts[o.number-1]
		c.status, c.heard = line.Status, line.Start.Add(line.Duration)
	}
	if o.again > 0 {
		c.again = h.began.Add(o.again)
	}
	return c
}

// failed reports whether what came last has the status of a success, and is none.
func (h *call) failed() bool {
	h.mu.Lock()
	failed := h.history.outcome.failed
	h.mu.Unlock()
	return failed
}

// tally returns how many attempts there were, and the status that came of them.
func (h *call) tally() (n, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if of := h.history.outcome.number; of > 0 {
		status = h.history.attempts[of-1].Status
	}
	return len(h.history.attempts), status
}

// renewing reports whether the credential may be renewed: once per call.
func (h *call) renewing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.writable().renewal
	first := !r.tried
	r.tried = true
	return first
}

// renewed reports whether that has been asked.
func (h *call) renewed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readable().renewal.tried
}

// refuse notes why the credential could not be renewed, for the call's error.
func (h *call) refuse(err error) {
	h.mu.Lock()
	h.writable().renewal.refused = err
	h.mu.Unlock()
}

// refusal returns what refuse has noted.
func (h *call) refusal() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readable().renewal.refused
}

// worse raises the effect: what may once have been applied stays so.
func (h *call) worse(e Effect) Effect {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.effect = max(h.effect, e)
	return h.effect
}

// callOf finds the call of the hop that answered with resp.
func callOf(resp *http.Response) *call {
	if resp == nil || resp.Request == nil {
		return nil
	}
	h, _ := resp.Request.Context().Value(callKey{}).(*call)
	return h
}

// hopKey leads from the context of a call's own hop to the call, where per-call
// middleware stands between the two. Its value is an above.
type hopKey struct{}

// above is the hop that has asked the middleware, and of it what the next hop changes, as
// it was then: middleware may send a request late.
type above struct {
	hop  *hop
	via  int16
	made *spec
}

type callKey struct{}
