package client

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// hop is one URL of a call: the request, the decision on its credential, its attempts
// one after the other, and their timer. It is used by the goroutine that makes the
// call, but for what an attempt or the clock guards.
type hop struct {
	c    *Client
	ctx  context.Context // the caller's
	call *call
	own  call      // what call points to, unless an earlier hop has begun it
	out  *outgoing // as Call and Do build it; never nil
	via  int16     // the status of the redirect that led here; 0 for the first hop
	template
	target
	rules  rules
	body   replay
	accept acceptor
	purse  purse
	turn
	clock  clock
	report *reporter
}

// target is where a hop goes.
type target struct {
	host   *hostState
	key    string // of the limits, for host and this client's identity
	inside bool   // the credential may go there
}

// template is what each attempt of a hop starts from.
type template struct {
	tmpl  *http.Request // no credential, no per-attempt context
	owned bool          // tmpl and its header map are ours to change
	lent  string        // the credential's header, while tmpl's header map holds it
	asked *http.Request // as the engine got it, for resp.Request; nil in a call of our own
}

// acceptor is what becomes of the response of a hop.
type acceptor struct {
	decodes bool          // the body of a success is read inside the loop, for Call
	streams bool          // it is streamed, for Do and Events
	buf     *bytes.Buffer // the body of a success that is decoded
	in      bodyReader    // through which it is read
	head    peekedBody    // the first error body
}

func makeHop(c *Client, ctx context.Context) *hop {
	made := new(struct {
		hop
		out outgoing
	})
	x := &made.hop
	x.c, x.ctx, x.out = c, ctx, &made.out
	x.clock.patience = patience{idle: c.cfg.idleTimeout, answers: c.cfg.attemptTimeout}
	return x
}

// newHop is the first hop of a call of the client's own.
func newHop(c *Client, ctx context.Context, timeout time.Duration) *hop {
	x := makeHop(c, ctx)
	x.partOf(&x.own)
	if ctx != nil {
		x.call.begin(ctx, &c.cfg.bounds, timeout)
	}
	return x
}

// newSDKHop is the hop that an SDK's http.Client asks for.
func newSDKHop(c *Client, req *http.Request) *hop {
	x := makeHop(c, req.Context())
	x.tmpl, x.asked = req, req
	return x
}

// partOf makes x a hop of c.
func (x *hop) partOf(c *call) { x.call, x.clock.call = c, c }

// ownHeader makes tmpl, and its header map, ones that may be changed.
func (x *hop) ownHeader() {
	if x.owned {
		return
	}
	t := *x.tmpl
	t.Header = copyHeader(x.tmpl.Header)
	x.tmpl, x.owned = &t, true
}

// lends reports whether the credential may be put into the template itself,
// which saves a copy of it: in a plain call, whose template nobody sees.
// Unless the attempt succeeds, reclaim makes a new one.
func (x *hop) lends(req *http.Request) bool {
	return req == x.tmpl && x.plain() && len(x.out.header) == 0
}

// plain reports whether nobody but the stack and the transport sees the template.
func (x *hop) plain() bool {
	_, own := x.c.cfg.auth.(headerOnly)
	return x.c.attempt == nil && x.accept.decodes && x.asked == nil && (own || x.c.cfg.auth == nil)
}

// reclaim makes a template without the credential. The one that was sent is left
// alone: a transport may still be reading it.
func (x *hop) reclaim() {
	if x.lent == "" {
		return
	}
	t := *x.tmpl
	t.Header = copyHeader(t.Header)
	delete(t.Header, x.lent)
	x.tmpl, x.out.http, x.lent = &t, &t, ""
	x.call.reclaimed(x.tmpl)
}

// newAttempt makes the context of the next attempt. Without any timeout there
// is nothing to cancel, and nothing is allocated.
func (x *hop) newAttempt() *attempt {
	a, now := &x.first, x.call.began // close enough for the first
	if a.x != nil {
		a, now = &attempt{}, time.Now()
	}
	a.x, a.Context = x, x.ctx
	if x.clock.answers > 0 || x.clock.idle > 0 || !x.call.at.IsZero() {
		a.Context, a.cancel = context.WithCancelCause(x.ctx)
	}
	x.clock.follow(a, now)
	return a
}

// join finds the chain of redirects that an SDK's request goes on with, or begins
// one.
func (x *hop) join(req *http.Request) {
	if req.Response != nil {
		x.via = int16(req.Response.StatusCode)
		if h := callOf(req.Response); h != nil {
			x.partOf(h)
			return
		}
	}
	x.partOf(&x.own)
	x.call.begin(x.ctx, &x.c.cfg.bounds, 0)
	if req.Response != nil {
		x.call.way = lostWay()
	}
}

// idempotencyKey is the key that the request carries where the service honours one.
func (x *hop) idempotencyKey() string {
	if x.c.keyHeader == "" {
		return ""
	}
	return fieldValue(x.tmpl.Header, x.c.keyHeader)
}
