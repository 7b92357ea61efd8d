package client

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"time"
)

// exchange is one hop of a call: the request, its attempts and their timer.
type exchange struct {
	c     *Client
	ctx   context.Context // the caller's
	chain *chain
	id    uint64 // of the call, for the observers; 0 without any

	out  *outgoing     // as Call and Do build it; never nil
	tmpl *http.Request // what each attempt starts from: no credential, no per-attempt context
	host *hostState
	key  string // of the limits, for host and this client's identity

	owned    bool // tmpl and its header map are ours to change
	inside   bool // the credential may go to tmpl's URL
	buffered bool // the body of a success is read inside the loop, for Call
	stream   bool // the default deadline ends with the headers
	inMemory bool // the body, if any, is bytes that the stack holds itself
	rules    rules
	via      int16         // the status of the redirect that led here; 0 for the first hop
	idle     time.Duration // bounds a wait for more of the body
	lent     string        // the credential's header, while tmpl's header map holds it
	body     replay
	buf      *bytes.Buffer // the body of a success, when buffered
	tried    int           // attempts of this hop that count for the policy
	paid     int           // for the attempt under way, from the retry budget
	asked    *http.Request // as the engine got it, for resp.Request; nil in a call of our own
	heard    time.Time     // when the last answer, or failure, came
	trace    sendTrace

	in      bodyReader
	head    peekedBody
	clock   clock
	own     chain
	first   attemptContext
	opening *attemptContext // the first attempt's, made with the request; nil once begun
	current *attemptContext // the one under way
	resp    *http.Response  // what it has brought so far
	kept    *kept           // the last outcome that there was a response
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

// invalid is the error of a Request that could not be built.
func (x *exchange) invalid(r *Request, err error) error {
	if x.out.http != nil {
		closeBody(x.out.http)
	}
	x.clock.stop()
	method := cmp.Or(r.Method, http.MethodGet)
	if !validToken(method) {
		method = "(bad method)"
	}
	e := &Error{Provider: x.c.cfg.profile.Name, Method: method, Path: cmp.Or(r.Route, "request"), Effect: NeverSent, Err: err, Detail: noDetail}
	if safeMethod(method) {
		e.Effect = NoEffect
	}
	return e
}

func noDetail(any) bool { return false }

// place is how errors and logs call the target: the route if the caller named
// one, else the path, never the query. It holds no credential of the stack.
func (x *exchange) place() string {
	if x.out.route != "" {
		return x.scrub(x.out.route)
	}
	if x.tmpl.URL == nil {
		return "(no URL)"
	}
	if p := x.tmpl.URL.EscapedPath(); p != "" {
		return cut(x.scrub(p), 256)
	}
	return "/"
}
