package client

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// roundTripAttempt is the innermost part as a RoundTripper, for per-attempt middleware
// to wrap. It may do so in goroutines of its own, where a panic would end the process.
// Which attempt it is for stands in the request's context, since middleware hands on
// nothing else.
func roundTripAttempt(req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panics.New(givenCode, p)
			closeBody(req)
		}
	}()
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		// A RoundTripper closes the body of a request that it does not send, too.
		closeBody(req)
		return nil, failf(ErrConfig, "middleware replaced the request's context: derive it from the one it was given")
	}
	return a.send(req, false)
}

// send is one attempt from the breaker to the transport. mine says that req, and its
// header map, are the attempt's to change; middleware's are not.
func (a *attempt) send(req *http.Request, mine bool) (*http.Response, error) {
	x := a.x
	body := req.Body // another may take its place below
	// Breaker, limits, credential, in this order: an open breaker takes nothing of the
	// limits, and a signature does not age while they hold the request back (C16).
	out, held, asked, err := a.admit(req, mine)
	if err == nil && held {
		err = a.direct(out)
	}
	if err == nil {
		err = x.c.cfg.permits(out) // again: middleware or an Auth may have changed it
	}
	if err == nil {
		err = a.strays(out)
	}
	if err != nil {
		closeBody(req)
		return nil, err
	}
	// The attempt begins here, for the clock and for the ledger: what it has waited for
	// is not its time (C12).
	now := x.call.now()
	var awaited time.Duration
	if held && asked != 0 {
		awaited = now.since(asked)
		x.report.waited(WaitToken, whole(awaited))
	}
	var last *kept
	place, phase := a.slot(), noPhase
	_, ours := body.(*sent)
	// From here on something may reach the service. Whether the attempt is still
	// wanted, that it was sent and what was sent is one step: settle sees all of it or
	// nothing.
	if !a.note(func(t *tally) {
		if t.sent++; t.sent == 1 {
			t.at = now
		}
		if !t.answered {
			phase = x.clock.send(now)
		}
		t.wrapped = !ours
		if held {
			t.held, t.awaited = true, t.awaited+awaited
		}
		x.call.sending(onWire{out, a.spec, req}, t.sent == 1)
		last = x.kept
		if place != nil {
			a.slots = append(a.slots, place) // for vacate, which comes when this is judged
		}
	}) {
		closeBody(out)
		return nil, errOver
	}
	// The attempt has been let through, so the response before it is not the outcome
	// any more, and its connection is free for this one (C13).
	last.release()
	host := a.hostOf(out)
	// What middleware sends beside others is read, as what was sent last, while this is
	// under way.
	final, watch := a.readied(host, out, mine, last)
	watch.timed(phase, now)
	resp, err := a.roundTrip(final, watch, place)
	// By its number: a hedged request that comes back must not end the phase of the one
	// that is still out.
	heard := x.call.now()
	x.clock.leavePhase(watch.timer(phase), heard)
	if x.c.attempt == nil {
		x.heard = heard // else it is when middleware has handed on what it takes
	}
	if err != nil {
		// Told here, where the transport's own error is at hand: middleware may wrap it
		// in one of another type.
		if err = a.unconnected(final, watch, err); x.c.attempt != nil {
			never := a.nothingLeft(1, err)
			a.note(func(t *tally) { t.failed, t.unsent = true, never })
			err = x.clean(err) // middleware sees it
		}
		return nil, err
	}
	if resp == nil || resp.Body == nil {
		return nil, failf(ErrConfig, "the transport returned neither a usable response nor an error")
	}
	resp.Request = req // as it came, without the credential
	host.heard(resp.ProtoMajor)
	if err := brokenUnder(body, resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// hostOf returns what is known of the host that req goes to. Middleware may have
// changed that.
func (a *attempt) hostOf(req *http.Request) *hostState {
	x := a.x
	if u := a.spec.url; req.URL == u || req.URL.Scheme == u.Scheme && req.URL.Host == u.Host {
		return a.host
	}
	return x.c.state.host(originOf(req.URL))
}

// readied makes of req, which is ours to change or not, what the transport gets: in
// a form that it does not repeat by itself, and watched where that is of use.
func (a *attempt) readied(host *hostState, req *http.Request, ours bool, before *kept) (*http.Request, *watch) {
	x := a.x
	var w *watch
	// A trace costs allocations. It is of use where it matters whether a write was
	// sent, where HTTP/2 may repeat, and where a TLS handshake may fail.
	if !safeMethod(req.Method) || host.http2.Load() || a.mayConnect(host, before) {
		req, w = a.watched(host, req)
		ours = true
	}
	if host.repeats(x.c.cfg.transport, req) {
		if !ours {
			again := *req
			req = &again
		}
		unrepeatable(req)
	}
	return req, w
}

// direct refuses to give a proxy what plain http would show it. Only what net/http
// itself does is known: a transport of another kind is its owner's affair.
func (a *attempt) direct(out *http.Request) error {
	x := a.x
	// A proxy sees no more of it than a CONNECT.
	if out.URL.Scheme == "https" {
		return nil
	}
	t, ok := x.c.cfg.transport.(*http.Transport)
	if !ok || t.Proxy == nil {
		return nil
	}
	if proxy, err := t.Proxy(out); err != nil || proxy == nil {
		return nil // the transport reports the error itself
	}
	return refused(ErrConfig, "the credential would go over plain http through a proxy: use https, or exempt the host from the proxy", nil)
}

// admit waits for the breaker and the limits and gives the request its credential,
// where it may have it; held says that it did, and asked when that was asked for: 0
// where nobody ever waits for it.
func (a *attempt) admit(req *http.Request, mine bool) (out *http.Request, held bool, asked instant, err error) {
	x := a.x
	cfg := &x.c.cfg
	if cfg.breaker != nil {
		probe, err := a.host.breaker.allow(cfg.breaker)
		if err != nil {
			return nil, false, asked, err
		}
		// Who is admitted is reported by settle. Where that has been already, it is
		// reported here.
		if !a.note(func(t *tally) { t.admitted, t.probe = true, t.probe || probe }) {
			a.host.breaker.report(cfg.breaker, unknown, probe)
			return nil, false, asked, errOver
		}
		x.report.tripped(cfg.breaker, &a.host.breaker, probe)
	}
	if err := a.token(); err != nil {
		return nil, false, asked, err
	}
	// It gets no credential, and neither does a hop to where its response may lead.
	if !a.stays(req) && !x.c.origins.admits(req.URL, req.Host) {
		x.call.stray()
	}
	if cfg.auth == nil || !a.admits(req) {
		return req, false, asked, nil
	}
	if !x.c.credential.atOnce {
		asked = x.call.now()
	}
	if out, err = a.authorize(req, mine); err != nil {
		if asked != 0 {
			d := x.call.now().since(asked)
			x.report.waited(WaitToken, whole(d))
			a.note(func(t *tally) { t.awaited += d })
		}
	}
	return out, true, asked, err
}

// token waits until the limits let a request through.
func (a *attempt) token() error {
	x := a.x
	if !a.limited() {
		return nil
	}
	began := time.Now()
	err := a.await()
	d := time.Since(began)
	x.report.waited(WaitLimit, whole(d))
	if err != nil {
		// What was in vain was waited for all the same.
		a.note(func(t *tally) { t.limited += d })
		return refused(ErrRateLimited, "not let through", err)
	}
	if !a.note(func(t *tally) { t.paced++; t.limited += d }) {
		// settle has given back what it knew of; this token came after.
		a.unused(1)
		return errOver
	}
	return nil
}

// errOver stops a request whose attempt has been judged without it.
var errOver = refused(ErrConfig, "middleware sent a request after its attempt was over", nil)

// stays reports whether req goes where the attempt was to go. Middleware may have
// changed that.
func (a *attempt) stays(req *http.Request) bool {
	u, t := req.URL, a.spec.url
	return req.Host == a.spec.host && (u == t || u.Scheme == t.Scheme && u.Host == t.Host && u.Opaque == t.Opaque)
}

// admits reports whether the credential may go where req goes.
func (a *attempt) admits(req *http.Request) bool {
	switch {
	case !a.inside:
		return false
	case a.stays(req):
		return true
	case a.spec.url.Scheme == "https" && req.URL.Scheme != "https":
		return false
	}
	return a.x.c.origins.admits(req.URL, req.Host)
}
