package retry

import (
	"sync/atomic"
	"time"
)

// What a retry costs and a success returns, in tokens of a [Budget]. A retry that
// succeeds gets its cost back, so that only those which failed count for good:
// from a full default budget 35 of those can be made in a row, and then one every
// hundred seconds. The shape is that of the retry quota of the AWS SDKs
// ("Retry behavior", AWS SDKs and Tools Reference Guide).
const (
	DefaultBudget = 500 // the capacity of the budgets that package client makes
	RetryCost     = 14  // a retry after a failure
	ThrottleCost  = 5   // a retry after the other side said to slow down
	SuccessGain   = 1   // returned by each operation that succeeds
)

// refillTime is how long an empty budget takes to be whole again by itself.
const refillTime = time.Hour

// Budget bounds the retries of many operations together, so that an outage is
// not met with a multiple of the usual traffic. It is a bucket of tokens:
// full at first, retries take from it, successes put a little back, and time fills
// it evenly, an empty one within an hour.
//
// A Budget is safe for concurrent use and must not be copied. The zero Budget
// is empty for good and permits no retry; a nil *Budget is no budget and
// permits every one.
type Budget struct {
	capacity int64
	each     time.Duration // in which one token comes back
	base     time.Time
	// fullAt is when the budget will be full, counted from base; 0 where it is.
	// What is missing follows from it and the clock, so that this word is all there
	// is to change.
	fullAt atomic.Int64
}

// NewBudget returns a full budget of capacity tokens. A capacity of zero or
// less permits no retry.
func NewBudget(capacity int) *Budget {
	b := &Budget{capacity: min(int64(max(capacity, 0)), 1<<62), base: time.Now()}
	if b.capacity > 0 {
		b.each = max(refillTime/time.Duration(b.capacity), 1)
	}
	return b
}

// now is never before base, whatever clock is asked.
func (b *Budget) now() int64 { return max(int64(time.Since(b.base)), 0) }

// Withdraw takes cost tokens, all or none, and reports whether it did. A cost of
// zero or less always succeeds and takes nothing.
func (b *Budget) Withdraw(cost int) bool {
	if b == nil || cost < 1 {
		return true
	}
	if int64(cost) > b.capacity {
		return false
	}
	for {
		was, now := b.fullAt.Load(), b.now()
		missing := max(was-now, 0)
		if missing > (b.capacity-int64(cost))*int64(b.each) {
			return false
		}
		if b.fullAt.CompareAndSwap(was, now+missing+int64(cost)*int64(b.each)) {
			return true
		}
	}
}

// Deposit puts n tokens back, up to the capacity. An n of zero or less does nothing.
func (b *Budget) Deposit(n int) {
	if b == nil || n < 1 {
		return
	}
	for {
		was := b.fullAt.Load()
		if was == 0 { // the usual case: neither a clock nor a write to a shared word
			return
		}
		full := was - min(int64(n), b.capacity)*int64(b.each)
		if full <= b.now() {
			full = 0
		}
		if b.fullAt.CompareAndSwap(was, full) {
			return
		}
	}
}

// Tokens returns how many tokens are left; 0 for a nil Budget.
func (b *Budget) Tokens() int {
	if b == nil || b.capacity == 0 {
		return 0
	}
	missing := max(b.fullAt.Load()-b.now(), 0)
	return int(b.capacity - (missing+int64(b.each)-1)/int64(b.each))
}
