package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// verdict is what is made of an attempt.
type verdict struct {
	again     bool
	reason    Reason
	err       error // nil where there is a response
	status    int
	throttled bool
	neverSent bool
	asked     time.Duration // what the service asks to wait
	told      bool          // that it does
	wait      time.Duration
	attempt   Attempt
}

// judge decides whether to try again, writes the ledger and takes from the
// budget.
func (x *exchange) judge(a *attemptContext, resp *http.Response, err error) verdict {
	v := verdict{err: err}
	if err != nil {
		v.err = x.explain(a, err)
		v.neverSent = x.neverSent(err)
	} else {
		v.status = resp.StatusCode
	}
	_, _, sent := x.chain.last()
	v.attempt = Attempt{Start: sent, Status: v.status, Err: v.err}
	if v.attempt.Duration = x.heard.Sub(sent); err != nil && !sent.IsZero() {
		v.attempt.Duration = time.Since(sent)
	}
	if resp != nil {
		v.attempt.Status = resp.StatusCode
		v.attempt.RequestID = x.requestID(resp.Header)
	}
	if resp != nil {
		v.throttled = throttled(&x.c.cfg.profile, resp, peeked(resp))
		if resp.StatusCode >= 300 || v.throttled {
			v.asked, v.told = ratelimit.RetryAfter(resp.Header, x.heard)
		}
	}
	x.observe(a, &v, resp)
	x.decide(&v, resp, err)
	v.attempt.Reason, v.attempt.Wait = v.reason, v.wait
	x.chain.record(v.attempt, v.throttled)
	if l := x.chain.ledger; l != nil {
		list := x.attempts()
		l.add(list[len(list)-1])
	}
	x.effect(v)
	if x.c.cfg.breaker != nil {
		x.reportBreaker(a, &v)
	}
	return v
}

func (x *exchange) decide(v *verdict, resp *http.Response, err error) {
	if resp != nil && err == nil {
		if x.renew(v, resp) {
			return
		}
	}
	if v.reason = x.eligible(v, resp, err); v.reason != Retried {
		return
	}
	policy := &x.c.cfg.retry
	if x.tried >= policy.Attempts() {
		v.reason = LastAttempt
		return
	}
	if !x.body.again() {
		v.reason = BodyNotReplayed
		return
	}
	if policy.Retryable != nil && !policy.Retryable(x.asError(v, resp)) {
		v.reason = PolicyForbids
		return
	}
	var wait time.Duration
	switch floor := x.c.cfg.profile.ThrottleWait; {
	case v.told && v.asked > policy.WaitLimit():
		v.reason = WaitTooLong
		return
	case v.told:
		wait = retry.Above(v.asked)
	default:
		wait = policy.Delay(x.tried, v.throttled)
		if v.throttled && floor > 0 {
			wait += floor << min(x.tried-1, 6)
		}
	}
	if d := x.chain.deadline; !d.IsZero() && !time.Now().Add(wait).Before(d) {
		v.reason = WaitPastDeadline
		return
	}
	cost := retry.RetryCost
	if v.throttled {
		cost = retry.ThrottleCost
	}
	if !x.withdraw(cost) {
		v.reason = BudgetEmpty
		return
	}
	v.again, v.wait = true, wait
	if notify := policy.Notify; notify != nil {
		notify(x.ctx, retry.Attempt{Number: x.tried, Err: x.asError(v, resp), Wait: wait})
	}
}

// observe tells the limits what came of an attempt that they let through. The
// client's own pacer is left out of it until a host first speaks of limits.
func (x *exchange) observe(a *attemptContext, v *verdict, resp *http.Response) {
	if !a.paced {
		if !x.c.cfg.pacerOwn || resp == nil || !v.throttled && v.asked <= 0 && !ratelimit.Informs(resp.Header) {
			return
		}
		x.host.paced.Store(true)
	}
	a.paced = false
	key := x.limitKey()
	switch r, returns := x.c.limits.(ratelimit.Returner); {
	case resp == nil && unsent(v.err) && returns:
		r.Return(key)
	case x.c.cfg.pacer == nil:
	case resp == nil:
		x.c.cfg.pacer.Observe(key, 0, nil, false)
	default:
		x.c.cfg.pacer.Observe(key, resp.StatusCode, resp.Header, v.throttled)
	}
}

func (x *exchange) withdraw(cost int) bool {
	policy := &x.c.cfg.retry
	if policy.NoBudget {
		return true
	}
	if policy.Budget != nil {
		return policy.Budget.Withdraw(cost)
	}
	return x.host.budget.Withdraw(cost)
}

// eligible is the rule on what may be repeated at all (C5), before the policy,
// the body and the budget are asked.
func (x *exchange) eligible(v *verdict, resp *http.Response, err error) Reason {
	if x.ctx.Err() != nil {
		return ContextEnded
	}
	if err != nil {
		switch {
		case errors.Is(v.err, errCallDeadline):
			return ContextEnded
		case !transient(err):
			return NotRetryable
		case v.neverSent || x.repeat:
			return Retried
		}
		return NotIdempotent
	}
	status := resp.StatusCode
	if status < 300 && !v.throttled {
		return Succeeded
	}
	hint := NoHint
	if h := x.c.cfg.profile.Hint; h != nil {
		hint = h(status, resp.Header)
	}
	switch {
	case hint == DontRetry:
		return HintForbids
	case hint == Retry && x.c.cfg.profile.HintPermits:
		return Retried
	case hint != Retry && !v.throttled && !retryableStatus(status):
		return NotRetryable
	case status == http.StatusTooEarly || v.throttled && status < 500:
		return Retried
	case x.repeat:
		return Retried
	}
	return NotIdempotent
}

// renew asks the credential, once a call, whether a 401 can be cured.
func (x *exchange) renew(v *verdict, resp *http.Response) bool {
	ch, ok := x.c.cfg.auth.(Challenger)
	if resp.StatusCode != http.StatusUnauthorized || !ok || !x.inside || !x.body.again() {
		return false
	}
	wire, _, _ := x.chain.last()
	if wire == nil || !x.chain.renewing() {
		return false
	}
	// The attempt is over: the renewal lives under the call's own deadline.
	replay, err := ch.Challenge(wire.WithContext(&attemptContext{Context: x.ctx, x: x}), resp)
	if err != nil || !replay {
		return false
	}
	x.tried--
	v.again, v.reason = true, Reauthorized
	return true
}

func throttled(p *Profile, resp *http.Response, body []byte) bool {
	return resp.StatusCode == http.StatusTooManyRequests ||
		p.Throttled != nil && resp.StatusCode >= 400 && p.Throttled(resp.StatusCode, resp.Header, body)
}

func retryableStatus(status int) bool {
	switch status {
	case 408, 425, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// safeMethod and idempotentMethod are RFC 9110 §9.2.1 and §9.2.2.
func safeMethod(m string) bool {
	switch m {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

func idempotentMethod(m string) bool {
	return safeMethod(m) || m == http.MethodPut || m == http.MethodDelete
}

// transient reports whether an error without a response may be cured by trying
// again. It tells by type; what is unknown is taken to be the network's.
func transient(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		roots        x509.SystemRootsError
		record       tls.RecordHeaderError
		ours         *failure
		nested       *Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		// Of the attempt's context: the clock's doing, or the caller's, which has
		// been looked at.
		return true
	case errors.Is(err, errAttemptTimeout), errors.Is(err, errIdleTimeout), errors.Is(err, errTruncated):
		return true
	case errors.As(err, &verification), errors.As(err, &authority), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &roots), errors.As(err, &record):
		return false
	case errors.As(err, &ours), errors.As(err, &nested):
		return false
	}
	return true
}

// neverSent reports whether it is certain that the attempt did not reach the
// service in full.
func (x *exchange) neverSent(err error) bool {
	if unsent(err) {
		return true
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && !x.trace.wrote.Load() {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && !x.trace.wrote.Load() {
		return true
	}
	return x.trace.asked.Load() && !x.trace.wrote.Load()
}

// effect raises what the call may have done by what this attempt may have.
func (x *exchange) effect(v verdict) {
	if safeMethod(x.tmpl.Method) {
		return
	}
	switch {
	case v.err != nil && v.status == 0 && v.neverSent:
		x.chain.worse(NeverSent)
	case v.err != nil && v.status == 0:
		x.chain.worse(MaybeApplied)
	case v.status == http.StatusRequestTimeout || v.status >= 500 && v.status != http.StatusNotImplemented:
		x.chain.worse(MaybeApplied)
	case v.status > http.StatusSeeOther:
		x.chain.worse(Rejected)
	default:
		// A success that could not be read, or one whose result is elsewhere.
		x.chain.worse(MaybeApplied)
	}
}

// reportBreaker tells the breaker what came of an attempt that it admitted.
func (x *exchange) reportBreaker(a *attemptContext, v *verdict) {
	if a.admitted {
		x.host.breaker.report(x.c.cfg.breaker, x.outcome(v), a.probe)
	}
}

// outcome is the attempt as the breaker sees it.
func (x *exchange) outcome(v *verdict) outcome {
	switch {
	case v.status >= 500 && v.status != http.StatusNotImplemented:
		return failed
	case v.status != 0:
		return succeeded
	case x.ctx.Err() != nil, unsent(v.err), errors.Is(v.err, ErrTooLarge):
		return unknown
	}
	return failed
}
