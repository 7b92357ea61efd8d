package client

import (
	"net/http"

	"github.com/standpipe-go/standpipe/retry"
)

// budget is what retries are paid from; nil permits every one.
func (x *exchange) budget() *retry.Budget {
	policy := &x.c.cfg.retry
	switch {
	case policy.NoBudget:
		return nil
	case policy.Budget != nil:
		return policy.Budget
	}
	return x.host.budget
}

// pay takes what the next attempt costs, and reports whether there was enough.
func (x *exchange) pay(throttled bool) bool {
	cost := retry.RetryCost
	if throttled {
		cost = retry.ThrottleCost
	}
	if !x.budget().Withdraw(cost) {
		return false
	}
	x.paid = cost
	return true
}

// repay returns what the attempt that v is about has cost, where it has cured what
// it was to cure or was never made. An answer that a refreshed credential may
// still cure is not the end of it.
func (x *exchange) repay(v *verdict) {
	worked := v.err == nil && v.status < http.StatusBadRequest && !v.throttled && !v.failed
	switch {
	case worked || v.unsent:
		x.refund()
	case v.status != http.StatusUnauthorized:
		x.paid = 0
	}
}

// refund returns what was paid for an attempt.
func (x *exchange) refund() {
	x.budget().Deposit(x.paid)
	x.paid = 0
}
