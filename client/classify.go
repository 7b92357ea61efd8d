package client

import (
	"errors"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// verdict is what is made of an attempt.
type verdict struct {
	again     bool
	reason    Reason
	err       error // nil where there is a response
	status    int
	throttled bool
	running   bool // another request under the same idempotency key is
	neverSent bool
	unsent    bool          // in this attempt nothing was handed to the transport
	asked     time.Duration // what the service asks to wait
	told      bool          // that it does
	wait      time.Duration
	attempt   Attempt
}

// judge decides whether to try again, writes the ledger and takes from the
// budget.
func (x *exchange) judge(a *attemptContext, resp *http.Response, err error) verdict {
	t := a.settle()
	x.tried += int(t.repeats)
	x.paid += int(t.repeats) * retry.RetryCost
	v := verdict{err: err, unsent: t.sent == 0}
	if err != nil {
		v.err = x.explain(a, err)
		v.neverSent = resp == nil && x.neverSent(t.sent, err)
	} else {
		v.status = resp.StatusCode
	}
	v.attempt = Attempt{Status: v.status, Err: v.err}
	switch _, _, sent := x.chain.last(); {
	case v.unsent:
		v.attempt.Start = time.Now()
	case err != nil:
		v.attempt.Start, v.attempt.Duration = sent, time.Since(sent)
	default:
		v.attempt.Start, v.attempt.Duration = sent, x.heard.Sub(sent)
	}
	if resp != nil {
		v.attempt.Status = resp.StatusCode
		v.attempt.RequestID = x.requestID(resp.Header)
	}
	if resp != nil {
		v.throttled = throttled(&x.c.cfg.profile, resp, peeked(resp))
		v.running = !v.throttled && x.inProgress(resp)
		if resp.StatusCode >= 300 || v.throttled {
			v.asked, v.told = x.asks(resp, v.throttled)
		}
	}
	x.observe(a, t, &v, resp)
	x.repay(&v)
	x.decide(a, t, &v, resp, err)
	v.attempt.Reason, v.attempt.Wait = v.reason, v.wait
	x.record(&v)
	x.effect(v)
	if t.admitted {
		x.host.breaker.report(x.c.cfg.breaker, x.outcome(&v), t.probe)
	}
	return v
}

// record writes the attempt into the call's ledger, and into the context's.
func (x *exchange) record(v *verdict) {
	x.chain.record(&v.attempt, v.throttled)
	if l := x.chain.ledger; l != nil {
		shown := v.attempt
		shown.RequestID = x.scrub(shown.RequestID)
		l.add(shown)
	}
}

func (x *exchange) decide(a *attemptContext, t tally, v *verdict, resp *http.Response, err error) {
	if resp != nil && err == nil {
		if x.renew(a, t, v, resp) {
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
		wait = policy.Delay(x.tried, v.throttled || v.running)
		if v.throttled && floor > 0 {
			wait += floor << min(x.tried-1, 6)
		}
	}
	if d := x.chain.deadline; !d.IsZero() && !time.Now().Add(wait).Before(d) {
		v.reason = WaitPastDeadline
		return
	}
	if !x.pay(v.throttled || v.running) {
		v.reason = BudgetEmpty
		return
	}
	v.again, v.wait = true, wait
	if notify := policy.Notify; notify != nil {
		notify(x.ctx, retry.Attempt{Number: x.tried, Err: x.asError(v, resp), Wait: wait})
	}
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
		case !transient(v.err, err):
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
	case v.running && x.repeat:
		return Retried
	case hint == Retry && x.keyMisused(resp):
		return NotRetryable
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
func (x *exchange) renew(a *attemptContext, t tally, v *verdict, resp *http.Response) bool {
	ch, ok := x.c.cfg.auth.(Challenger)
	if resp.StatusCode != http.StatusUnauthorized || !ok || !t.held || !x.body.again() || t.explicit {
		return false
	}
	wire, _, _ := x.chain.last()
	if wire == nil || !x.chain.renewing() {
		return false
	}
	// The attempt is over, and may have been ended: the renewal has a context of
	// its own, which the clock ends with the call.
	renewal := x.newAttempt()
	replay, err := ch.Challenge(wire.WithContext(renewal), resp)
	renewal.end(nil)
	x.clock.follow(a)
	if err != nil {
		err = failWrap(errAuth, "the credential could not be renewed", x.clean(err))
		v.attempt.Err = err
		x.chain.refuse(err)
	}
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
