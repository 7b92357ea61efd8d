package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
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
// other, and bounded to 30 s. An error is not kept, and a panic in src becomes
// one. A ttl of zero or less is an error at construction of whatever uses the
// source.
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

// Secrets returns what is kept, or waits for src.
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
		return nil, fmt.Errorf("secret: cache: waiting for the source: %w", pause.Err(ctx))
	}
}

const cacheFetchLimit = 30 * time.Second

func (c *cached) fetch(ctx context.Context, f *flight) {
	defer c.land(f)
	ctx, cancel := context.WithTimeout(ctx, cacheFetchLimit)
	defer cancel()
	f.err = errors.New("secret: cache: the source ended its goroutine")
	f.values, f.err = guarded(ctx, c.src)
}

// land hands f to those who wait for it, and keeps it unless it was overtaken.
func (c *cached) land(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == f {
		c.flight = nil
		if f.err == nil {
			c.values, c.expires = f.values, time.Now().Add(c.ttl)
		}
	}
	close(f.done)
}

// guarded holds src to its contract. A panic in it would end the process, since
// no caller's stack is above; it becomes an error, which does not show what was
// panicked with, since that may well be a secret.
func guarded(ctx context.Context, src Source) (values []Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			values, err = nil, fmt.Errorf("secret: cache: the source panicked with a %T", r)
		}
	}()
	if src == nil {
		return nil, fmt.Errorf("secret: cache: nil source: %w", ErrNone)
	}
	values, err = src.Secrets(ctx)
	if err != nil {
		return nil, err
	}
	return usable("cache", values)
}

// Refresh has src read its origin again, and discards what is kept. What a call
// to src that is under way brings goes to those who wait for it and is not kept.
func (c *cached) Refresh(ctx context.Context) error {
	err := Refresh(ctx, c.src)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expires, c.flight = time.Time{}, nil
	return err
}
