package onredis

import (
	"context"
	_ "embed"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/ratelimit"
)

//go:embed pause.lua
var pauseText string

var pauseScript = redis.NewScript(pauseText)

const (
	tellTries = 3
	tellAgain = 100 * time.Millisecond
	// noticed is by how much a pause has to grow to be another one.
	noticed   = 10 * time.Millisecond
	maxSpread = time.Second
)

// learnPauses takes in the pauses of the key and its routes that Redis told.
func (a *lane) learnPauses(now time.Time, told map[string]time.Duration) {
	for route, t := range a.routes {
		if !t.After(now) {
			delete(a.routes, route)
		}
	}
	for route, left := range told {
		a.hold(now, route, min(left, longestPause))
	}
}

// hold pauses the key, or one of its routes, for d at least.
func (a *lane) hold(now time.Time, route string, d time.Duration) {
	ends := now.Add(d)
	known := a.paused
	if route != "" {
		known = a.routes[route]
	}
	if ends.Sub(known) < noticed {
		return
	}
	if route != "" {
		if a.routes == nil {
			a.routes = make(map[string]time.Time)
		}
		a.routes[route] = ends
	} else {
		// Processes that were told the same need not return at the same instant.
		a.paused = ends.Add(rand.N(min(d/10, maxSpread) + 1))
		a.drop()
	}
	if pacers := a.l.pacers.Load(); pacers != nil {
		for _, p := range *pacers {
			p.held(a.key, route, d)
		}
	}
}

// abide returns once what Redis says of pauses is known, as of a moment ago, and how
// long the key or the route is paused yet. Where Redis is away and calls go on, nobody
// knows: 0.
func (l *Limiter) abide(ctx context.Context, key, route string) (time.Duration, error) {
	a, err := l.lane(key)
	if err != nil {
		return 0, &ratelimit.Error{Err: err}
	}
	defer l.leave(a)
	d, known := a.pausedFor(route)
	if known {
		return d, nil
	}
	if err := a.wait(ctx, 0); err != nil {
		return 0, err
	}
	d, _ = a.pausedFor(route)
	return d, nil
}

func (a *lane) pausedFor(route string) (d time.Duration, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	d = max(a.paused.Sub(now), a.routes[route].Sub(now), 0)
	return d, d > 0 || now.Before(a.fresh)
}

// tell lets all processes know that key, or one of its routes, is paused for d.
func (l *Limiter) tell(key, route string, d time.Duration) {
	a, err := l.lane(key)
	if err != nil {
		return
	}
	defer l.leave(a)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	ends := now.Add(d)
	known := a.paused
	if route != "" {
		known = a.routes[route]
	}
	if ends.Sub(known) < noticed {
		return
	}
	a.hold(now, route, d)
	a.tellBy(ends, route, tellTries)
	a.step()
}

// tellBy writes the pause, and tries again where Redis does not respond.
func (a *lane) tellBy(ends time.Time, route string, tries int) {
	left := time.Until(ends)
	if left <= 0 || tries == 0 || a.closed {
		return
	}
	a.send(func(ctx context.Context) (any, error) {
		return pauseScript.Run(ctx, a.l.rdb, []string{a.pauses}, route, micros(left), longestPause.Microseconds(), maxRoutes).Result()
	}, func(_ any, err error) {
		if err == nil {
			a.worked(time.Now())
			return
		}
		a.failed(err)
		time.AfterFunc(tellAgain, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.tellBy(ends, route, tries-1)
		})
	})
}

// routeName is a route as Redis keeps it.
func routeName(r ratelimit.Route) string { return r.Method + " " + r.Path }

func routeOf(name string) ratelimit.Route {
	method, path, _ := strings.Cut(name, " ")
	return ratelimit.Route{Method: method, Path: path}
}
