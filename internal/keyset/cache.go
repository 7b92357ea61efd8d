package keyset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// Cache is a [Source] that fetches. Make one with [New].
type Cache struct {
	config  Config
	fetcher *fetcher
	state   atomic.Pointer[state]

	mu     sync.Mutex
	flight *fetch // the one under way, if any
}

// state is what is known between fetches. It is never modified.
type state struct {
	set       *jose.Set // nil when cold
	refreshAt time.Time
	expires   time.Time
	stale     time.Time // until when the set serves in an outage

	attempt  time.Time // when the last fetch ended
	failures int       // since the last success
	err      error     // of the last fetch
}

// fetch is one fetch. What it brings is in the state when it has ended.
type fetch = flight.Flight[fetched]

type fetched struct {
	set      *jose.Set
	lifetime time.Duration
}

// New returns a cold cache. It makes no request; see [Cache.Warm].
func New(c Config) (*Cache, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	cache := &Cache{config: c, fetcher: newFetcher(c)}
	cache.state.Store(&state{})
	return cache, nil
}

// Key returns the key for a token with header h, as described for [Source].
func (c *Cache) Key(ctx context.Context, h jose.Header) (*jose.Key, error) {
	now := c.config.Now()
	st := c.state.Load()
	switch {
	case st.set == nil || !now.Before(st.stale), !now.Before(st.expires) && st.failures == 0:
		var err error
		if st, err = c.renew(ctx, now); err != nil {
			return nil, err
		}
	case !now.Before(st.refreshAt) && c.mayRetry(st, now):
		c.start(ctx, st)
	}
	key, err := st.set.Find(h)
	if !errors.Is(err, jose.ErrUnknownKey) || h.KeyID == "" {
		return key, err
	}
	return c.unknown(ctx, h, st, err)
}

// Warm fetches the keys unless there are good ones already, and reports why
// that failed.
func (c *Cache) Warm(ctx context.Context) error {
	now := c.config.Now()
	if st := c.state.Load(); st.set != nil && now.Before(st.expires) {
		return nil
	}
	_, err := c.renew(ctx, now)
	return err
}

// renew waits for a fetch because there are no keys, or expired ones. If those
// may still serve, it returns them when the fetch fails or takes too long.
func (c *Cache) renew(ctx context.Context, now time.Time) (*state, error) {
	st := c.state.Load()
	if c.mayRetry(st, now) {
		c.wait(ctx, c.start(ctx, st))
		st = c.state.Load()
	}
	if st.set != nil && c.config.Now().Before(st.stale) {
		return st, nil
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	case st.err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, st.err)
	}
	return nil, fmt.Errorf("%w: the fetch takes too long", ErrUnavailable)
}

// unknown deals with a key ID that the set does not have: the issuer may have
// changed its keys, or somebody makes up IDs.
func (c *Cache) unknown(ctx context.Context, h jose.Header, st *state, notFound error) (*jose.Key, error) {
	f := c.startUnlessCoolingDown(ctx, st)
	if f == nil {
		if st = c.state.Load(); st.failures > 0 {
			return nil, fmt.Errorf("%w: unknown key ID, and %w", ErrUnavailable, st.err)
		}
		if key, err := st.set.Find(h); err == nil {
			return key, nil // fetched by someone else in the meantime
		}
		return nil, notFound
	}
	if !c.wait(ctx, f) {
		return nil, fmt.Errorf("%w: unknown key ID, and the fetch takes too long", ErrUnavailable)
	}
	if st = c.state.Load(); st.failures > 0 {
		return nil, fmt.Errorf("%w: unknown key ID, and %w", ErrUnavailable, st.err)
	}
	return st.set.Find(h)
}

// mayRetry spaces the attempts after failures: 1 s, 2 s, 4 s and so on up to
// MaxCooldown.
func (c *Cache) mayRetry(st *state, now time.Time) bool {
	if st.failures == 0 {
		return true
	}
	delay := min(time.Second<<min(st.failures-1, 10), MaxCooldown)
	return !now.Before(st.attempt.Add(delay))
}

// start begins a fetch, or joins the one that runs. A fetch that has ended
// since the caller looked at seen counts as well, and nil stands for it.
func (c *Cache) start(ctx context.Context, seen *state) *fetch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight != nil {
		return c.flight
	}
	if c.state.Load() != seen {
		return nil
	}
	return c.launch(ctx)
}

// startUnlessCoolingDown is start for an unknown key ID. It returns nil when
// the last fetch ended less than a cooldown ago.
func (c *Cache) startUnlessCoolingDown(ctx context.Context, seen *state) *fetch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight != nil {
		return c.flight
	}
	st := c.state.Load()
	if st != seen || c.config.Now().Before(st.attempt.Add(c.config.Cooldown)) || !c.mayRetry(st, c.config.Now()) {
		return nil
	}
	return c.launch(ctx)
}

// launch is called with the mutex held. The fetch is detached from the caller's
// cancellation, since others may come to wait for it.
func (c *Cache) launch(ctx context.Context) *fetch {
	c.flight = flight.Start(ctx, c.config.Wait, "the fetch of the keys", func(ctx context.Context) (fetched, error) {
		set, lifetime, err := c.fetcher.keys(ctx)
		return fetched{set, lifetime}, err
	}, c.land)
	return c.flight
}

// land keeps what a fetch has brought.
func (c *Cache) land(got fetched, err error) {
	now := c.config.Now()
	next := *c.state.Load()
	next.attempt, next.err = now, err
	if err != nil {
		next.failures++
	} else {
		next.failures = 0
		next.set = got.set
		next.refreshAt = now.Add(got.lifetime * 4 / 5)
		next.expires = now.Add(got.lifetime)
		next.stale = next.expires.Add(max(c.config.StaleFor, 0))
	}
	c.log(&next)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Store(&next)
	c.flight = nil
}

// log tells of a fetch. A log handler that panics changes nothing.
func (c *Cache) log(st *state) {
	var nobody error // is left to tell
	defer panics.Catch(&nobody, "the log handler")
	ctx := context.Background()
	if st.err != nil {
		c.config.Logger.LogAttrs(ctx, slog.LevelWarn, "fetching keys failed",
			slog.Int("failures", st.failures), slog.Any("error", st.err))
		return
	}
	for _, reason := range st.set.LeftOut() {
		c.config.Logger.LogAttrs(ctx, slog.LevelDebug, "key left out of the set", slog.Any("reason", reason))
	}
}

// wait reports whether the fetch ended before the context and the bound.
func (c *Cache) wait(ctx context.Context, f *fetch) bool {
	if f == nil {
		return true
	}
	timer := time.NewTimer(c.config.Wait)
	defer timer.Stop()
	select {
	case <-f.Done():
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}
