package client

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// hop is one URL of a call: what is asked for there, the decision on its credential,
// its attempts one after the other, and their timer. It is used by the goroutine that
// makes the call, but for what an attempt or the clock guards.
type hop struct {
	c    *Client
	ctx  context.Context // the caller's
	call *call
	own  call      // what call points to, unless an earlier hop has begun it
	out  *outgoing // as Call and Do build it; never nil
	via  int16     // the status of the redirect that led here; 0 for the first hop
	spec *spec     // nil until it is built
	made *spec     // as the stack has made it, for the hop itself or the one above; nil under an SDK
	target
	rules  rules  // set by prepare, but for replayable, which decide asks anew
	body   replay // as prepare has found it; each attempt takes it anew
	accept acceptor
	purse  purse // what retries cost: decide takes it, settle returns it
	turn
	clock  clock     // stopped by whoever ends the response, or the error
	report *reporter // to the observers; nil where there are none
}

// target is where a hop goes.
type target struct {
	host   *hostState
	key    string // of the limits, for host and this client's identity
	inside bool   // the credential may go there
}

// acceptor is what becomes of the response of a hop. What a pool lends, buf and the head
// of an error body, is given back once, by whoever ends the response (C24).
type acceptor struct {
	decodes bool          // the body of a success is read inside the loop, for Call
	streams bool          // it is streamed, for Do and Events
	buf     *bytes.Buffer // the body of a success that is decoded
	in      bodyReader    // through which it is read
}

func makeHop(c *Client, ctx context.Context) *hop {
	// One piece of memory for the hop, its call and what it sends: most calls have one
	// hop.
	made := new(struct {
		hop
		out outgoing
	})
	x := &made.hop
	x.c, x.ctx, x.out = c, ctx, &made.out
	x.clock.patience = patience{idle: c.cfg.idleTimeout, answers: c.cfg.attemptTimeout}
	return x
}

// newHop is the first hop of a call of the client's own. Without a context it has no
// deadline, and is refused when it is built.
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
	x.spec = &x.out.first
	x.handedIn(req)
	return x
}

// heardAt is when the last response, or failure, came; zero before there is one.
func (x *hop) heardAt() time.Time {
	if x.heard == 0 {
		return time.Time{}
	}
	return x.call.time(x.heard)
}

// partOf makes x a hop of c.
func (x *hop) partOf(c *call) { x.call, x.clock.call = c, c }

// asksFor makes s what the hop of a call of our own asks for, with that body. What was
// found out about the last hop's is forgotten.
func (x *hop) asksFor(s *spec, body io.ReadCloser) {
	x.spec, x.made = s, s
	x.body = replay{first: body}
}

// handedIn makes req what the hop asks for.
func (x *hop) handedIn(req *http.Request) {
	*x.spec = specOf(req)
	x.body.first = req.Body
}

// bare is the hop's request as those see it who are not to see the credential.
func (x *hop) bare() *http.Request {
	req := x.spec.request(x.ctx)
	req.Body = x.body.first
	return req
}

// join finds the chain of redirects that an SDK's request goes on with, or begins one.
// http.Client hands on nothing but the response that redirected, so the chain travels
// in that one's Request (C14).
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
		// A redirect that does not know its chain may have come from anywhere.
		x.call.way = lostWay()
	}
}

// begin tells the observers that the hop has begun: to them it is a call.
func (x *hop) begin() {
	began, before := x.call.began, 0
	if x.via != 0 {
		began = time.Now()
		before, _ = x.call.tally()
	}
	x.nameRoute()
	x.report = report(x.ctx, x.c.cfg.observers, x.c.cfg.profile.Name, x.spec, x.out.route, began, before)
}

// nameRoute names the route of a hop whose Request names none, such as that of an SDK,
// for logs, errors and observers.
func (x *hop) nameRoute() {
	ask, u := x.c.cfg.profile.Route, x.spec.url
	if ask == nil || x.out.route != "" || u == nil || !x.c.origins.contains(u, originOf(u)) {
		return
	}
	req := x.bare()
	req.Body = nil
	req.URL = underBase(x.c.base, u)
	// A name is worth no call: without one, a panic is as "".
	var err error
	defer panics.Catch(&err, givenCode)
	x.out.route = ask(req)
}

// prepare checks the request and decides what holds for all its attempts. Nothing has
// been sent when it fails, and no attempt is in the ledger.
func (x *hop) prepare() error {
	u, c := x.spec.url, x.c
	if u == nil {
		return failf(ErrRequest, "the request has no URL")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return failf(ErrRequest, "the request's URL has the scheme %s: only https and http can be sent", printable(u.Scheme))
	}
	if u.Host == "" {
		return failf(ErrRequest, "the request's URL has no host")
	}
	if x.spec.like != nil { // a call of our own has been checked when it was built
		if err := checkRequest(x.spec.like); err != nil {
			return err
		}
	}
	o := c.origins.originOf(u)
	x.host, x.key = c.home, c.homeKey
	if o != c.origins.base {
		x.host, x.key = c.state.host(o), limitKeyOf(o, c.identity)
	}
	x.purse.budget = c.cfg.budgetOf(x.host)
	// It is in use from here on, and not the one to be forgotten.
	c.identity.touch()
	// First of the three: what guard takes off the request, no function of the user's
	// sees, and a key is not made for what does not go.
	if err := x.guard(o); err != nil {
		return err
	}
	// Behind guard, which may give a redirect its method back.
	if c.cfg.readOnly {
		if err := c.cfg.permits(x.bare()); err != nil {
			return err
		}
	}
	if err := x.limitBy(); err != nil {
		return err
	}
	if err := x.identify(); err != nil {
		return err
	}
	attempts := c.cfg.retry.Attempts()
	x.rules.attempts, x.rules.maxWait, x.rules.hintPermits = int32(min(attempts, math.MaxInt32)), c.cfg.retry.WaitLimit(), c.cfg.profile.HintPermits
	// Last, since it may wait for the body. A body that is sent once, as without
	// retries and renewal, goes out as it comes.
	err := x.body.prepare(x.ctx, x.call, x.spec, c.cfg.readAhead, attempts > 1 || c.credential.renews != nil && x.inside)
	if x.spec.like != nil || !x.out.inMemory {
		// A body of the stack's own cannot panic, and keeps the type that net/http
		// knows.
		x.body.contain()
	}
	if err == nil && x.ctx.Err() != nil {
		err = failWrap(x.ctx.Err(), "the context ended before the first attempt", context.Cause(x.ctx))
	}
	return err
}

// limitBy completes the key of the hop's limits, which begins as that of the origin and
// the identity, by what the options or the profile tell requests apart. It asks once a
// hop, before the request gets its credential.
func (x *hop) limitBy() error {
	cfg := &x.c.cfg
	switch {
	case cfg.limitKey != nil:
		return x.ask(cfg.limitKey, func(key string) { x.key = key })
	case cfg.profile.LimitKey != nil:
		return x.ask(cfg.profile.LimitKey, func(name string) {
			x.c.state.limitNames.note(name)
			x.key = resourceKeyOf(x.key, name)
		})
	}
	return nil
}

// ask asks a function of the user's about the hop's request.
func (x *hop) ask(f func(*http.Request) string, use func(string)) (err error) {
	defer panics.Catch(&err, givenCode)
	// It gets a request of its own, which it may keep or change.
	use(f(x.bare()))
	return nil
}

// identify gives the request its idempotency key, once per call, and says what
// the rule on repeating permits (C5, C6).
func (x *hop) identify() error {
	c, header := x.c, &x.spec.header
	method := cmp.Or(x.spec.method, http.MethodGet)
	says := c.cfg.profile.Repeatable
	x.rules.repeatable = idempotentMethod(method) || x.out.repeatable || says != nil && says(x.bare())
	honoured := slices.Contains(c.keyMethods, method)
	if takes := c.cfg.profile.TakesIdempotencyKey; takes != nil && honoured && c.keyHeader != "" {
		honoured = takes(x.bare())
	}
	if c.keyHeader == "" || !honoured && (x.out.key == "" || safeMethod(method)) {
		return nil
	}
	// A key makes a write repeatable only where the service is known to recognize it: a
	// caller's own is sent elsewhere too, and proves nothing there (C5).
	x.rules.repeatable = x.rules.repeatable || honoured
	// Two spellings are two keys, of which the service would take either.
	if own := header.base[c.keyHeader]; spellings(header.base, c.keyHeader) > min(len(own), 1) {
		header.base = copyHeader(header.base)
		oneSpelling(header.base, c.keyHeader)
	}
	if x.idempotencyKey() != "" {
		return nil // the SDK's own key is never overwritten (C6)
	}
	key, err := x.call.keyFor(x.out.key, c.cfg.profile.NewIdempotencyKey)
	if err != nil {
		return err
	}
	header.set(c.keyHeader, []string{key})
	return nil
}

// idempotencyKey is the key that the request carries where the service supports one.
func (x *hop) idempotencyKey() string {
	if x.c.keyHeader == "" {
		return ""
	}
	return firstOf(x.spec.header.get(x.c.keyHeader))
}

// unprepared is the error of a hop that cannot be sent.
func (x *hop) unprepared(err error) error {
	x.body.close()
	x.clock.stop()
	// On a later hop the call may have done something already: the effect can only
	// grow.
	v := verdict{err: err, never: true}
	x.call.worse(v.effect(x.spec.method))
	return x.fail(nil, err)
}

// newAttempt makes the context of the next attempt. Without any timeout, and without
// slots that its end gives back, there is nothing to cancel, and nothing is allocated.
func (x *hop) newAttempt() *attempt {
	a, now := &x.first, beginning // close enough where nothing was waited for
	if a.x != nil {
		a = &attempt{}
	}
	// A body that was read ahead or rewound has taken its time.
	if a != &x.first || !x.body.none {
		now = x.call.now()
	}
	a.x = x
	a.ending.bounded = x.clock.answers > 0 || x.clock.idle > 0 || !x.call.at.IsZero() || x.c.held != nil
	x.clock.follow(a, now)
	return a
}
