// Package flight makes one call that several callers wait for. The call runs in
// a goroutine of its own, detached from the cancellation of whoever asked first,
// so that one caller's cancel fails no other. It is bounded in time, and a panic
// in it, or its goroutine's end, is its error.
package flight

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// grace is how long a call may go on after its context has ended before its
// callers are told without it.
const grace = time.Second

// Flight is one call under way, or its outcome. Make one with [Start].
type Flight[T any] struct {
	done  chan struct{}
	once  sync.Once
	value T
	err   error
}

// Start calls run in a goroutine of its own. Its context has the values of ctx,
// not its end, and ends after limit; a call that ignores that is given up a
// second later, and what it returns then is dropped. A limit of zero is none.
// who names the code in errors.
//
// If land is not nil it is called once with the outcome, before anyone who waits
// learns of it, and not by the goroutine that called Start.
func Start[T any](ctx context.Context, limit time.Duration, who string, run func(context.Context) (T, error), land func(T, error)) *Flight[T] {
	f := &Flight[T]{done: make(chan struct{})}
	end := func(value T, err error) {
		f.once.Do(func() {
			defer close(f.done)
			f.value, f.err = value, err
			if land != nil {
				land(value, err)
			}
		})
	}
	ctx, cancel := context.WithoutCancel(ctx), func() {}
	if limit > 0 {
		bounded, stop := context.WithTimeout(ctx, limit)
		overdue := time.AfterFunc(limit+grace, func() {
			var none T
			end(none, fmt.Errorf("%s has not returned in %v: %w", who, limit, context.DeadlineExceeded))
		})
		ctx, cancel = bounded, func() { stop(); overdue.Stop() }
	}
	go func() {
		defer cancel()
		var value T
		err := panics.Exited(who)
		defer func() { end(value, err) }()
		value, err = panics.Do(ctx, who, run)
	}()
	return f
}

// Done is closed when the call has ended.
func (f *Flight[T]) Done() <-chan struct{} { return f.done }

// Wait returns what the call returned, or the error of ctx if that ends first.
func (f *Flight[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, pause.Err(ctx)
	}
}

// Group runs one call per key at a time, for everyone who asks for that key
// meanwhile, and lets its outcome stand for a while: those who were a little
// late, with the same failed credential say, do not cause another. Its fields
// are set before the first call. It is safe for concurrent use.
type Group[K comparable, T any] struct {
	Who      string        // names the code in errors
	Limit    time.Duration // of one call, see [Start]
	Cooldown time.Duration // how long an outcome stands, errors included

	mu    sync.Mutex
	seats map[K]*seat[T]
}

type seat[T any] struct {
	flight *Flight[T]
	until  time.Time // when the outcome stops to count; zero while under way
}

// Do returns what run returns for key, to all who ask for it at a time. Each
// waits under its own ctx.
func (g *Group[K, T]) Do(ctx context.Context, key K, run func(context.Context) (T, error)) (T, error) {
	return g.join(ctx, key, run).Wait(ctx)
}

func (g *Group[K, T]) join(ctx context.Context, key K, run func(context.Context) (T, error)) *Flight[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if s := g.seats[key]; s != nil && !s.over(now) {
		return s.flight
	}
	if g.seats == nil {
		g.seats = make(map[K]*seat[T])
	}
	for k, s := range g.seats {
		if s.over(now) {
			delete(g.seats, k)
		}
	}
	s := &seat[T]{}
	g.seats[key] = s
	s.flight = Start(ctx, g.Limit, g.Who, run, func(T, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		s.until = time.Now().Add(g.Cooldown)
	})
	return s.flight
}

func (s *seat[T]) over(now time.Time) bool { return !s.until.IsZero() && !now.Before(s.until) }
