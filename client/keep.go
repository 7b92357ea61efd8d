package client

import "net/http"

// kept is a response that is to be tried again. It stays the outcome of the call
// until the next attempt has been let through: a limit or a breaker that refuses that
// one, at once or after a wait, must not cost the caller what the service has said
// (C13).
type kept struct {
	a    *attemptContext
	resp *http.Response
	v    verdict
}

// keep keeps what a has brought, and reports whether the whole of its body has been
// read, so that the connection is free.
func (x *exchange) keep(a *attemptContext, resp *http.Response, v verdict) (whole bool) {
	x.kept = &kept{a, resp, v}
	if spent(resp) || x.buffered || resp.Body == http.NoBody {
		return spent(resp)
	}
	return x.lookAhead(resp, maxLook, lookTimeout)
}

// letGo ends a response that has been kept, since another has taken its place: that of
// a, which may go on in the same context.
func (x *exchange) letGo(a *attemptContext) {
	last := x.kept
	if last == nil {
		return
	}
	x.kept = nil
	x.discard(last.resp)
	if last.a != a {
		last.a.end(nil)
	}
}

// goBack makes the response that was kept the outcome.
func (x *exchange) goBack() (*http.Response, error) {
	last := x.kept
	x.kept = nil
	x.reclaim()
	x.clock.follow(last.a)
	return x.finish(last.a, last.resp, last.v)
}
