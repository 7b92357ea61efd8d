package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// judge accounts for an attempt that is over, decides what comes next, and takes from
// the budget what that costs.
func (x *hop) judge(v *verdict, a *attempt, resp *http.Response, err error) {
	// First what came of it, then what is done about it: the decision reads what has
	// been settled, such as a breaker that this failure has just opened.
	x.settle(v, a, resp, err)
	v.decision = x.decide(a, v, resp)
	v.attempt.Reason, v.attempt.Wait = v.reason, v.wait
	x.record(v)
}

// settle finds out what came of an attempt, and tells the limits, the budget and the
// breaker. From a.settle on nothing counts any more that middleware does with the
// attempt, so that each of the three is told once, of the same numbers.
func (x *hop) settle(v *verdict, a *attempt, resp *http.Response, err error) {
	t := a.settle()
	// Before the number is taken: what net/http repeated was an attempt too, and has
	// been paid for.
	x.purse.repeated(int(t.repeats))
	v.err, v.unsent, v.gone = err, t.sent == 0, x.ctx.Err() != nil
	v.number = int(x.purse.tried)
	// explain says who ended it; the transport's own word, in err, says whether
	// anything was sent.
	if err != nil {
		v.err = x.explain(a, err)
		v.never = resp == nil && a.neverSent(t, err)
	}
	v.outcome = x.outcome(v, err)
	x.line(v, t, resp)
	if resp != nil {
		x.read(v, resp)
		noteDeprecation(x, resp.Header)
	}
	// Behind read, which says whether it was a throttle, and before decide, which asks
	// the limits how long they will hold the next one back.
	a.observe(t, v, resp)
	if x.report != nil && (v.throttled || v.told || x.usesUp(resp)) {
		x.report.quieted(a.limitsDelay())
	}
	// What an attempt has cost it has cost for good, unless it cured something or was
	// not made (C18).
	x.purse.settle(v.unsent || v.worked(), v.status)
	// Whatever was admitted is reported, a probe above all, without which the breaker
	// stays half open.
	if t.admitted {
		b := x.c.cfg.breaker
		x.report.tripped(b, &x.host.breaker, x.host.breaker.report(b, v.health(), t.probe))
	}
	// Last, since it may take long: no breaker or limit waits for a token meanwhile.
	if resp != nil && err == nil {
		v.renewed = x.renew(a, t, v, resp)
	}
}

// outcome says how an attempt ended. The end of the call comes before all else: what is
// lost to it was not lost to the service (C19).
func (x *hop) outcome(v *verdict, err error) outcome {
	switch {
	case x.ctx.Err() != nil, errors.Is(v.err, errCallDeadline):
		return ended
	case err == nil:
		return answered
	case !transient(v.err, err):
		return fatal
	case v.never:
		return neverSent
	}
	return broken
}

// line fills in the attempt's line in the ledger, but for what is decided after it.
func (x *hop) line(v *verdict, t *tally, resp *http.Response) {
	line := &v.attempt
	line.Err = v.err
	start, end := t.at, x.heard
	switch {
	// Nothing was sent, so there is no time at which it was.
	case v.unsent:
		start = x.call.now()
		end = start
	case v.err == nil:
		start = min(start, end) // middleware that responds by itself may send later
	default:
		end = x.call.now()
	}
	line.Start, line.Duration = x.call.time(start), end.since(start)
	line.LimitWait, line.TokenWait = whole(t.limited), whole(t.awaited)
	if resp != nil {
		line.Status, line.RequestID = resp.StatusCode, x.requestID(resp.Header)
	}
}

// whole is a wait in whole milliseconds, so that what is none does not show.
func whole(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return 0
	}
	return d.Truncate(time.Millisecond)
}

// read finds out what a response says beside its status.
func (x *hop) read(v *verdict, resp *http.Response) {
	if v.err == nil {
		v.status = resp.StatusCode
	}
	// The throttle comes first: it is not also a key in progress, and the profile finds
	// no error in what it has called one.
	p := &x.c.cfg.profile
	v.throttled = x.throttled(v, resp)
	if v.err == nil && resp.StatusCode < 300 && !v.throttled && p.Failed != nil && x.sees(resp) {
		v.failed = p.Failed(resp.StatusCode, resp.Header, x.said(resp))
	}
	v.running = !v.throttled && x.inProgress(v, resp)
	if resp.StatusCode >= 300 || v.throttled {
		v.asked, v.told = x.asks(resp, v.throttled)
	}
	// There is nothing to decide, so no hint is asked for.
	if v.outcome != answered || v.status < 300 && !v.throttled && !v.failed {
		return
	}
	if p.Hint != nil {
		v.hint = p.Hint(v.status, resp.Header)
	}
	if p.HintBody != nil && v.hint == NoHint {
		v.hint = p.HintBody(v.status, resp.Header, x.said(resp))
	}
	// The hint has the last word on what only looked like a throttle, such as a quota
	// that is paid for: no wait makes that whole.
	if v.throttled && v.hint == NotThrottled {
		v.throttled, v.failed = false, v.status < 300 // no throttle, and no success either
	}
	v.misused = v.hint == Retry && x.keyMisused(resp)
}

// decide says what comes after the attempt. What it costs something to find out is
// asked only for one that is to be repeated as far as the rest is known.
func (x *hop) decide(a *attempt, v *verdict, resp *http.Response) decision {
	// No replay follows that could still earn what this attempt has cost.
	if !v.renewed {
		x.purse.spent()
	}
	x.rules.replayable = x.body.again()
	// Once without, and once with what has to be asked for: the policy is not asked
	// about what is final anyway.
	d := next(&x.rules, &v.facts)
	if !d.again || v.renewed {
		// The replay belongs to the attempt that met the 401: it costs neither a try
		// nor the budget (C15).
		if v.renewed && d.again {
			x.purse.tried--
		}
		return d
	}
	x.foresee(a, v, resp)
	if d = next(&x.rules, &v.facts); !d.again {
		return d
	}
	// The budget last, and before the wait: what it gives has to be used, and an empty
	// one is not worth waiting for (C18).
	if !x.purse.pay(d.cost) {
		return decision{reason: BudgetEmpty}
	}
	if notify := x.c.cfg.retry.Notify; notify != nil {
		x.notify(notify, v, resp, d.wait)
	}
	return d
}

// notify tells the policy of a retry that has been paid for. Where that ends the call
// the retry is not made, and gets its cost back.
func (x *hop) notify(tell func(context.Context, retry.Attempt), v *verdict, resp *http.Response, wait time.Duration) {
	told := false
	defer func() {
		if !told {
			x.purse.refund()
		}
	}()
	tell(x.ctx, retry.Attempt{Number: v.number, Err: x.asError(v, resp), Wait: wait})
	told = true
}

// foresee asks the policy whether it permits another attempt, and finds out how long
// that would have to wait.
func (x *hop) foresee(a *attempt, v *verdict, resp *http.Response) {
	policy := &x.c.cfg.retry
	v.forbidden = policy.Retryable != nil && !policy.Retryable(x.asError(v, resp))
	switch floor := x.c.cfg.profile.ThrottleWait; {
	// The service's word replaces the backoff, and is only ever exceeded: to come early
	// is to be refused again (C4).
	case v.told:
		v.delay = retry.Above(v.asked)
	default:
		v.delay = policy.Delay(v.number, v.throttled || v.running)
		if v.throttled && floor > 0 {
			// A service that throttles without saying for how long wants to be left
			// alone for longer each time. The shift is bounded, since a duration is.
			v.delay += floor << min(v.number-1, 6)
		}
	}
	// Looked at but not taken: a wait that would pass the deadline is not begun (C13).
	v.limits = a.limitsDelay()
	if b := x.c.cfg.breaker; b != nil {
		v.open = x.host.breaker.left(b)
	}
	if d := x.call.until(); !d.IsZero() {
		v.left, v.bounded = time.Until(d), true
	}
}

// record writes the attempt into the call's ledger and into the context's, and tells
// the observers.
func (x *hop) record(v *verdict) {
	x.enter(&v.attempt, v.concluded(x.call.began), v.effect(x.spec.method))
}

// enter writes a line down everywhere. A request ID is the service's text, and may
// repeat a credential: what leaves the call is scrubbed.
func (x *hop) enter(line *Attempt, c concluded, e Effect) {
	x.call.record(line, c, e)
	l := x.call.ledger
	if l == nil && x.report == nil {
		return
	}
	shown := *line
	shown.RequestID = x.scrub(shown.RequestID)
	l.add(shown)
	x.report.attempt(shown)
}

// renewable reports whether a 401 may yet be cured: by a credential that can change, and
// that the call has not had renewed.
func (x *hop) renewable() bool {
	k := &x.c.credential
	return k.renews != nil && !k.atOnce && x.inside && !x.call.renewed()
}

// renew asks the credential, once per call, whether a 401 can be cured.
func (x *hop) renew(a *attempt, t *tally, v *verdict, resp *http.Response) bool {
	ch := x.c.credential.renews
	// A renewal is of use only where the stack's own credential was refused, and the
	// request can be sent again with the new one.
	if ch == nil || !t.held || t.explicit || !x.challenges(v, resp) || !x.body.again() {
		return false
	}
	// Challenge is shown what was sent: another call may have renewed that credential
	// meanwhile, and once is enough (C15).
	wire := x.call.sentFor(resp).wire
	if wire == nil || !x.call.renewing() {
		return false
	}
	// The attempt is over, and may have been ended: the renewal has a context of
	// its own, which the clock ends with the call.
	renewal, asked := x.newAttempt(), x.call.now()
	replay, err := ch.Challenge(wire.WithContext(renewal), resp)
	renewal.end(nil)
	now := x.call.now()
	// The clock goes back to the attempt, whose response may yet be handed on and is
	// then bounded by it.
	x.clock.follow(a, now)
	d := now.since(asked)
	x.report.waited(WaitToken, whole(d))
	if err == nil && replay {
		x.renewal = d
		return true
	}
	v.attempt.TokenWait = whole(t.awaited + d)
	if err != nil {
		err = failWrap(errAuth, "the credential could not be renewed", x.clean(err))
		// The 401 stays the outcome. Why it could not be cured stands beside it, in the
		// ledger and in the error.
		v.attempt.Err = err
		x.call.refuse(err)
	}
	return false
}
