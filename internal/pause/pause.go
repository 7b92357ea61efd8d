// Package pause waits under a context.
package pause

import (
	"context"
	"fmt"
	"time"
)

// For waits d and returns nil, or returns [Err] of ctx as soon as ctx ends. A d
// of zero or less does not wait, and still reports a context that has ended. No
// timer outlives the call.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return Err(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Err(ctx)
	}
}

// Err returns nil while ctx lives, and then an error that wraps both ctx.Err()
// and, where it is another one, the context's cause.
func Err(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// Fits reports whether something that happens d from now happens before ctx's
// deadline. Without a deadline everything fits.
func Fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || d < time.Until(deadline)
}
