package secret

import (
	"context"
	"errors"
	"sync"
	"time"
)

type cached struct {
	src Source
	ttl time.Duration

	mu      sync.Mutex
	values  []Value
	expires time.Time
	flight  *flight
}

type flight struct {
	done   chan struct{}
	values []Value
	err    error
}

// Cache returns a source that keeps the secrets of src for ttl. When they
// expire, or after Refresh, one call is made to src, whoever waits; it is
// detached from the callers' cancellation, so that one caller's cancel fails no
// other. An error is not kept. A ttl of zero or less is an error at
// construction of whatever uses the source.
func Cache(src Source, ttl time.Duration) Source { return &cached{src: src, ttl: ttl} }

func (c *cached) Check() error {
	if c.ttl <= 0 {
		return errors.New("secret: cache: the lifetime must be positive")
	}
	return Check(c.src)
}

func (c *cached) Secrets(ctx context.Context) ([]Value, error) {
	c.mu.Lock()
	if time.Now().Before(c.expires) {
		defer c.mu.Unlock()
		return c.values, nil
	}
	f := c.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flight = f
		go c.fetch(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.values, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

const cacheFetchLimit = 30 * time.Second

func (c *cached) fetch(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, cacheFetchLimit)
	defer cancel()
	f.values, f.err = c.src.Secrets(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err == nil && c.flight == f {
		c.values, c.expires = f.values, time.Now().Add(c.ttl)
	}
	if c.flight == f {
		c.flight = nil
	}
	close(f.done)
}

// Refresh discards what is kept.
func (c *cached) Refresh(ctx context.Context) error {
	c.mu.Lock()
	c.expires, c.flight = time.Time{}, nil
	c.mu.Unlock()
	return Refresh(ctx, c.src)
}
