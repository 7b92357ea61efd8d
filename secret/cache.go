package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/pause"
)

type cached struct {
	src Source
	ttl time.Duration

	mu      sync.Mutex
	values  []Value
	expires time.Time
	flight  *flight.Flight[[]Value] // the one call under way, if any
	stale   bool                    // it began before a Refresh: it is not kept
}

// Cache returns a source that keeps the secrets of src for ttl. When they
// expire, or after Refresh, a single call to src serves all waiting callers; there
// is never more than one under way. Cancelling one caller does not affect the
// others, and the call is bounded to 30 s. An error is not kept, and a panic in src
// becomes one. A ttl of zero or less is an error at construction of whatever uses
// the source.
func Cache(src Source, ttl time.Duration) Source { return &cached{src: src, ttl: ttl} }

// Check reports a lifetime that is not positive, and what src reports.
func (c *cached) Check() error {
	if c.ttl <= 0 {
		return errors.New("secret: cache: the lifetime must be positive")
	}
	return Check(c.src)
}

// Identity is that of the source behind it.
func (c *cached) Identity() string {
	if i, ok := c.src.(interface{ Identity() string }); ok {
		return i.Identity()
	}
	return ""
}

// Secrets returns what is kept, or waits for src. A call to src that began before
// the last Refresh is waited for, and then src is called again.
func (c *cached) Secrets(ctx context.Context) ([]Value, error) {
	for {
		c.mu.Lock()
		if time.Now().Before(c.expires) {
			defer c.mu.Unlock()
			return c.values, nil
		}
		if c.flight == nil {
			c.flight = flight.Start(ctx, cacheFetchLimit, "secret: cache: the source", c.fetch, c.land)
		}
		f, stale := c.flight, c.stale
		c.mu.Unlock()
		values, err := f.Wait(ctx)
		if ctx.Err() != nil && err != nil {
			return nil, fmt.Errorf("secret: cache: waiting for the source: %w", pause.Err(ctx))
		}
		if !stale {
			return values, err
		}
	}
}

const cacheFetchLimit = 30 * time.Second

// fetch holds src to its contract.
func (c *cached) fetch(ctx context.Context) ([]Value, error) {
	if c.src == nil {
		return nil, fmt.Errorf("secret: cache: nil source: %w", ErrNone)
	}
	values, err := c.src.Secrets(ctx)
	if err != nil {
		return nil, err
	}
	return usable("cache", values)
}

func (c *cached) land(values []Value, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && !c.stale {
		c.values, c.expires = values, time.Now().Add(c.ttl)
	}
	c.flight, c.stale = nil, false
}

// Refresh has src read its origin again, and discards what is kept. What a call
// to src that is under way brings goes to those who already wait for it and is not
// kept: however many refresh at a time, src is called once more for all of them.
func (c *cached) Refresh(ctx context.Context) error {
	err := Refresh(ctx, c.src)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expires, c.stale = time.Time{}, c.flight != nil
	return err
}
