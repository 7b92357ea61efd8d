package retry

import "sync/atomic"

// What a retry costs and a success returns, in tokens of a [Budget]. From a full
// default budget 35 retries can be made in a row; when all is well, one call in
// fourteen can be retried for good. The shape is that of the retry quota of the
// AWS SDKs ("Retry behavior", AWS SDKs and Tools Reference Guide).
const (
	DefaultBudget = 500 // the capacity of the budgets that package client makes
	RetryCost     = 14  // a retry after a failure
	ThrottleCost  = 5   // a retry after the other side said to slow down
	SuccessGain   = 1   // returned by each operation that succeeds
)

// Budget bounds the retries of many operations together, so that an outage is
// not answered with a multiple of the usual traffic. It is a bucket of tokens:
// full at first, retries take from it and successes put a little back.
//
// A Budget is safe for concurrent use and must not be copied. The zero Budget
// is empty for good and permits no retry; a nil *Budget is no budget and
// permits every one.
type Budget struct {
	capacity int64
	tokens   atomic.Int64
}

// NewBudget returns a full budget of capacity tokens. A capacity of zero or
// less permits no retry.
func NewBudget(capacity int) *Budget {
	b := &Budget{capacity: int64(max(capacity, 0))}
	b.tokens.Store(b.capacity)
	return b
}

// Withdraw takes cost tokens, all or none, and reports whether it did. A cost of
// zero or less always succeeds and takes nothing.
func (b *Budget) Withdraw(cost int) bool {
	if b == nil || cost <= 0 {
		return true
	}
	for {
		have := b.tokens.Load()
		if have < int64(cost) {
			return false
		}
		if b.tokens.CompareAndSwap(have, have-int64(cost)) {
			return true
		}
	}
}

// Deposit puts n tokens back, up to the capacity. An n of zero or less does nothing.
func (b *Budget) Deposit(n int) {
	if b == nil || n <= 0 {
		return
	}
	for {
		have := b.tokens.Load()
		if have >= b.capacity { // the usual case: no write to a shared word
			return
		}
		now := b.capacity
		if int64(n) < b.capacity-have {
			now = have + int64(n)
		}
		if b.tokens.CompareAndSwap(have, now) {
			return
		}
	}
}

// Tokens returns how many tokens are left; 0 for a nil Budget.
func (b *Budget) Tokens() int {
	if b == nil {
		return 0
	}
	return int(b.tokens.Load())
}
