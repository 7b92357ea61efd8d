package client

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// chain is what the redirect hops of one call share, whoever drives them: Call
// itself, or an http.Client, which passes it on inside resp.Request's context.
type call struct {
	deadline time.Time // of the call; zero is none
	foreign  bool      // it is the context's own, which needs no timer of ours
	explicit bool      // somebody asked for that deadline, so it bounds streams too
	began    time.Time
	stood    atomic.Int64 // nanoseconds for which a request body moved, and the default deadline stood still
	ledger   *Ledger      // from the context, may be nil

	mu        sync.Mutex
	wire      *http.Request // the last one sent, with its credential
	bare      *http.Request // the same without
	sent      time.Time     // when it was
	key       string        // the idempotency key
	way       way           // which origins the hops have come by
	passed    *passed       // the request that was redirected last; nil before there is one
	params    []string      // query parameters that were credentials on an earlier hop
	secrets   []string      // what the credentials were on an earlier hop
	refused   error         // why the credential's renewal failed
	renewed   bool          // it has been renewed once
	throttled bool          // the last attempt was
	failed    bool          // the last attempt's status is a success, and what came is none
	effect    Effect
	attempts  []Attempt
	few       [1]Attempt // where attempts begins
}

func (h *call) begin(ctx context.Context, c *Client, timeout time.Duration) {
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

// until is the call's deadline as it is now; zero is none.
func (h *call) until() time.Time {
	if h.explicit || h.deadline.IsZero() {
		return h.deadline
	}
	return h.deadline.Add(time.Duration(h.stood.Load()))
}

// sending notes what goes to the transport.
func (h *call) sending(wire, bare *http.Request, now time.Time) {
	h.mu.Lock()
	h.wire, h.bare, h.sent = wire, bare, now
	h.mu.Unlock()
}

// reclaimed notes what was sent last, without its credential.
func (h *call) reclaimed(bare *http.Request) {
	h.mu.Lock()
	h.bare = bare
	h.mu.Unlock()
}

// last returns what was sent last, with and without its credential, and when;
// nil where nothing was.
func (h *call) last() (wire, bare *http.Request, sent time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wire, h.bare, h.sent
}

// record gives the attempt its number and adds it to the ledger.
func (h *call) record(a *Attempt, throttled, failed bool) {
	h.mu.Lock()
	h.throttled, h.failed = throttled, failed
	a.Number = len(h.attempts) + 1
	if n := len(h.attempts); n == len(h.few) && n == cap(h.attempts) {
		h.attempts = append(make([]Attempt, 0, 4), h.attempts...)
	}
	h.attempts = append(h.attempts, *a)
	h.mu.Unlock()
}

// tally returns how many attempts there were, and the status of the last.
func (h *call) tally() (n, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n = len(h.attempts); n > 0 {
		status = h.attempts[n-1].Status
	}
	return n, status
}

// attempts copies the ledger, so that an error does not keep the call alive. A
// request ID is the service's text, which may repeat a credential.
func (x *hop) attempts() []Attempt {
	h := x.call
	h.mu.Lock()
	list := append([]Attempt(nil), h.attempts...)
	h.mu.Unlock()
	for i := range list {
		list[i].RequestID = x.scrub(list[i].RequestID)
	}
	return list
}

// renewing reports whether the credential may be renewed: once a call.
func (h *call) renewing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.renewed
	h.renewed = true
	return first
}

// refuse notes why the credential could not be renewed, for the call's error.
func (h *call) refuse(err error) {
	h.mu.Lock()
	h.refused = err
	h.mu.Unlock()
}

// refusal returns what refuse has noted.
func (h *call) refusal() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refused
}

func (h *call) wasThrottled() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.throttled
}

func (h *call) hasFailed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}

// worse raises the effect: what may once have been applied stays so.
func (h *call) worse(e Effect) Effect {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.effect = max(h.effect, e)
	return h.effect
}
