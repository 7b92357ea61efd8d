package client

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// challenges reports whether a response says that the credential is not valid.
func (x *hop) challenges(v *verdict, resp *http.Response) bool {
	says := x.c.cfg.profile.Unauthorized
	return resp.StatusCode == http.StatusUnauthorized ||
		says != nil && (resp.StatusCode >= http.StatusBadRequest || v.failed) && says(resp.StatusCode, resp.Header, x.said(resp))
}

// throttled reports whether a response says that there were too many requests. Within a
// success the profile is asked only where it may look.
func (x *hop) throttled(v *verdict, resp *http.Response) bool {
	if resp.StatusCode == http.StatusTooManyRequests {
		return true
	}
	f := x.c.cfg.profile.Throttled
	if f == nil || resp.StatusCode < 400 && (resp.StatusCode >= 300 || v.err != nil || !x.sees(resp)) {
		return false
	}
	return f(resp.StatusCode, resp.Header, x.said(resp))
}

// sees reports whether the profile's functions are to see a success.
func (x *hop) sees(resp *http.Response) bool {
	return x.accept.decodes || x.c.cfg.profile.LookInSuccess && resp.StatusCode >= 200
}

// looksAtSuccess reports whether the profile may find a failure in a success.
func (x *hop) looksAtSuccess() bool {
	p := &x.c.cfg.profile
	return p.Throttled != nil || p.Failed != nil
}

// hollow reports whether the profile finds a failure in a success that is streamed.
func (x *hop) hollow(resp *http.Response) bool {
	if len(x.c.cfg.perCall) == 0 {
		return x.call.failed()
	}
	return resp.StatusCode < 300 && x.sees(resp) && x.failsIn(resp)
}

// failsIn reports whether the profile finds a failure in a success that per-call
// middleware has handed on: another response, maybe, than the engine has judged.
func (x *hop) failsIn(resp *http.Response) bool {
	p := &x.c.cfg.profile
	for _, f := range []func(int, http.Header, []byte) bool{p.Throttled, p.Failed} {
		if f != nil && f(resp.StatusCode, resp.Header, x.said(resp)) {
			return true
		}
	}
	return false
}

// said is what the profile's functions see of a body. A call that decodes has read its
// success whole; of anything else the head is read now, and put back in front.
func (x *hop) said(resp *http.Response) []byte {
	if x.accept.decodes && resp.StatusCode < 300 {
		return x.decoded(resp, maxLook)
	}
	return x.look(resp)
}

// usesUp reports whether a response says that it was the last for a while.
func (x *hop) usesUp(resp *http.Response) bool {
	return resp != nil && ratelimit.Informs(resp.Header) && x.host.teaches(resp, x.heardAt()) &&
		slices.ContainsFunc(ratelimit.ParseLimits(resp.Header, x.heardAt()), func(l ratelimit.Limit) bool {
			return l.Remaining == 0 && l.Reset > 0
		})
}

// asks returns how long a response asks to wait: by its Retry-After or, where a
// throttle comes without one, until the limits that it tells to be used up are whole
// again.
func (x *hop) asks(resp *http.Response, throttled bool) (longest time.Duration, told bool) {
	if d, ok := ratelimit.RetryAfter(resp.Header, x.heardAt()); ok {
		return d, true
	}
	// What a cache repeats, or a 401 says, is about somebody else (C35).
	if !throttled || !ratelimit.Informs(resp.Header) || !x.host.teaches(resp, x.heardAt()) {
		return 0, false
	}
	for _, l := range ratelimit.ParseLimits(resp.Header, x.heardAt()) {
		// A gradual one has room again long before it is whole.
		if l.Remaining <= 0 && l.Reset > 0 && !l.Gradual {
			longest, told = max(longest, l.Reset), true
		}
	}
	return longest, told
}

// inProgress reports whether resp says that a request with the same idempotency key
// is still running: this call's own earlier attempt, as a rule. Only a request with
// such a key can be told so. Whether its body holds one nobody but the profile knows,
// which is asked where the caller says that the request is repeatable.
func (x *hop) inProgress(v *verdict, resp *http.Response) bool {
	if resp.StatusCode < http.StatusBadRequest && !v.failed {
		return false
	}
	told, inHeader := x.c.cfg.profile.InProgress, x.idempotencyKey() != ""
	switch {
	case told != nil && (inHeader || x.out.repeatable):
	case inHeader && resp.StatusCode == http.StatusConflict && mediaType(resp.Header) == problemJSON:
		told = problemInProgress
	default:
		return false
	}
	return told(resp.StatusCode, resp.Header, x.said(resp))
}

// keyMisused reports whether resp says that something is wrong with the key itself,
// such as that it was used with other content before. No repeat cures that, whatever
// a hint says.
func (x *hop) keyMisused(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
	default:
		return false
	}
	if x.idempotencyKey() == "" {
		return false
	}
	d := x.decodeError(resp, x.look(resp))
	return namesKey(d.Type) || namesKey(d.Code)
}

// permittedAt is when the breaker or the limit that has refused an attempt with err
// permits one; zero where that is not known, as while a probe of the breaker's is out.
func (x *hop) permittedAt(err error) time.Time {
	now := time.Now()
	if b := x.c.cfg.breaker; b != nil && x.host != nil && errors.Is(err, ErrCircuitOpen) {
		if left := x.host.breaker.left(b); left > 0 {
			return now.Add(left)
		}
	}
	if le, ok := errors.AsType[*ratelimit.Error](err); ok && le.Wait > 0 && errors.Is(err, ErrRateLimited) {
		return now.Add(le.Wait)
	}
	return time.Time{}
}
