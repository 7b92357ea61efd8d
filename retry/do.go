package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// Do calls f until it succeeds, or p permits no further attempt, or ctx ends. On
// success it returns f's value; otherwise the zero T and f's last error, without
// the marks of [Permanent] and [After], so that errors.Is and errors.As see what
// f returned.
//
// Where ctx ends during a wait, the error wraps both f's last error and ctx's
// own, and its cause. A wait that would not end before ctx's deadline is not
// begun: f's last error comes back at once. Where ctx has ended before the first
// attempt, f is not called. f gets ctx as it is: to bound a single attempt, f
// derives a context with a timeout itself.
//
// A panic in a function of p is Do's error, beside f's last one; a panic in f is the
// caller's own.
//
// Each success puts [SuccessGain] into p.Budget and each retry takes
// [RetryCost]; what was paid for a retry that succeeds, or that was not made, is
// paid back.
func Do[T any](ctx context.Context, p Policy, f func(context.Context) (T, error)) (T, error) {
	var zero T
	if err := pause.Err(ctx); err != nil {
		return zero, fmt.Errorf("retry: not attempted: %w", err)
	}
	budget, paid := p.budget(), 0
	for number := 1; ; number++ {
		v, err := f(ctx)
		if err == nil {
			budget.Deposit(paid + SuccessGain)
			return v, nil
		}
		wait, ok, broken := p.decide(ctx, number, err)
		if broken != nil {
			return zero, fmt.Errorf("retry: stopped after attempt %d: %w: %w", number, broken, bare(err))
		}
		if !ok {
			return zero, ended(ctx, number, bare(err))
		}
		if !budget.Withdraw(RetryCost) {
			return zero, bare(err)
		}
		paid = RetryCost
		if broken := p.notify(ctx, Attempt{Number: number, Err: bare(err), Wait: wait}); broken != nil {
			budget.Deposit(paid)
			return zero, fmt.Errorf("retry: stopped after attempt %d: %w: %w", number, broken, bare(err))
		}
		if pause.For(ctx, wait) != nil {
			budget.Deposit(paid)
			return zero, ended(ctx, number, bare(err))
		}
	}
}

// decide is next, a panic in a function of the policy's being an error.
func (p Policy) decide(ctx context.Context, number int, err error) (wait time.Duration, ok bool, broken error) {
	defer panics.Catch(&broken, "the policy")
	wait, ok = p.next(ctx, number, err)
	return wait, ok, nil
}

func (p Policy) notify(ctx context.Context, a Attempt) (broken error) {
	defer panics.Catch(&broken, "the policy")
	if p.Notify != nil {
		p.Notify(ctx, a)
	}
	return nil
}

// next returns the wait before the attempt that follows number, if there is to
// be one.
func (p Policy) next(ctx context.Context, number int, err error) (time.Duration, bool) {
	if number >= p.Attempts() || ctx.Err() != nil || !p.retryable(err) {
		return 0, false
	}
	d, ok := asked(err)
	if !ok {
		d = p.Delay(number, false)
		return d, pause.Fits(ctx, d)
	}
	if d > p.WaitLimit() || !pause.Fits(ctx, d) {
		return 0, false
	}
	if wait := Above(d); pause.Fits(ctx, wait) {
		return wait, true
	}
	return d, true
}

// ended adds to err that ctx has ended, where it has and err does not say so.
func ended(ctx context.Context, number int, err error) error {
	cause := pause.Err(ctx)
	if cause == nil || errors.Is(err, ctx.Err()) && errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return fmt.Errorf("retry: stopped after attempt %d: %w: %w", number, cause, err)
}
