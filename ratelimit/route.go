package ratelimit

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// Route tells the calls of one key apart for [Pacer.WaitRoute]: a service that
// refuses one of them may well serve the others.
type Route struct {
	// Method and Path are those of the request, the path without its query.
	Method, Path string
	// Keyed says that the key tells the service's resources apart already: a limit
	// that names one is then the key's, and not the route's.
	Keyed bool
}

type route struct{ method, path string }

func (r Route) id() route { return route{r.Method, r.Path} }

// WaitRoute returns nil when what is known of r alone lets a call be sent. Call it
// before [Pacer.Wait], which knows what concerns the whole key, and afterwards
// [Pacer.ObserveRoute] in place of Observe, or ReturnRoute and Return. It fails as
// Wait does, and allocates nothing where nothing is known of the route. Of a key 256
// routes are told apart; those that hold no call back are forgotten first.
func (p *Pacer) WaitRoute(ctx context.Context, key string, r Route) error {
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	p.recallRoute(key, r)
	sh := p.store.shard(key)
	sh.mu.Lock()
	part := paceOf(sh, key).part(r)
	if part == nil {
		sh.mu.Unlock()
		return nil
	}
	return p.store.awaitIn(ctx, sh, part, p.store.now(), 1, nil)
}

// DelayRoute returns how long what is known of r alone would hold back a call with key
// now, behind those who wait already; zero for none. A call also waits for the whole
// key, see [Pacer.Delay], at the same time: the longer wait counts. It takes nothing.
func (p *Pacer) DelayRoute(key string, r Route) time.Duration {
	p.recallRoute(key, r)
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	part := paceOf(sh, key).part(r)
	if part == nil {
		return 0
	}
	return sh.ahead(part, p.store.now(), 1)
}

// ReturnRoute says that a call which WaitRoute let through was not sent.
func (p *Pacer) ReturnRoute(key string, r Route) {
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if part := paceOf(sh, key).part(r); part != nil {
		part.give(p.store.now(), 1)
	}
}

// ObserveRoute is [Pacer.Observe] for a call that is known to be of a route. What the
// response says holds for the key, but for these, which hold for the route: a limit
// that names a resource (X-RateLimit-Resource, -Bucket or -Name, Sentry's categories),
// with the throttle that it explains, and a Retry-After that comes without a throttle.
func (p *Pacer) ObserveRoute(key string, r Route, status int, h http.Header, throttled bool) {
	var space [4]Limit
	keep, keepRoute := p.observeRoute(key, r, h, read(space[:0], status, h, throttled))
	p.keep(keep, key, nil)
	p.keep(keepRoute, key, &r)
}

// observeRoute is observe for both.
func (p *Pacer) observeRoute(key string, r Route, h http.Header, o observation) (keep, keepRoute time.Duration) {
	whole, own := split(o, resource(h, r))
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := p.store.now()
	b := p.store.bucket(sh, key, now).(*pace)
	b.observe(now, whole)
	part := b.part(r)
	if part == nil && (len(own.limits) > 0 || len(own.sentry) > 0 || own.holds()) {
		part = b.newPart(now, r)
	}
	if part != nil {
		part.observe(now, own)
	}
	if p.before.state == nil {
		return 0, 0
	}
	if part != nil {
		keepRoute = part.worthKeeping(now)
	}
	return b.worthKeeping(now), keepRoute
}

// resource returns what the limits of h name, if that is the route's.
func resource(h http.Header, r Route) string {
	if r.Keyed {
		return ""
	}
	return xRateLimit.named(h)
}

// covers reports whether a limit is of the resource, or one of a list of its limits.
func covers(l Limit, resource string) bool {
	rest, ok := strings.CutPrefix(l.Name, resource)
	return ok && (rest == "" || rest[0] == '#')
}

// split tells what concerns the whole key from what concerns the route alone.
func split(o observation, resource string) (whole, own observation) {
	own = observation{status: o.status, throttled: o.throttled}
	if resource != "" {
		o.limits, own.limits = part(o.limits, func(l Limit) bool { return covers(l, resource) })
	}
	if o.sentry, own.sentry = part(o.sentry, func(l Limit) bool { return l.Name != "" }); !o.throttled {
		own.sentry = nil // what is foretold of a category is not of this route's
	}
	spent := len(own.sentry) > 0 || slices.ContainsFunc(own.limits, func(l Limit) bool { return l.Remaining == 0 && l.Reset > 0 })
	switch {
	case !o.throttled, spent:
		own.asked, own.wait, o.asked = o.asked, o.wait, false
		o.explained = spent
	default:
		own.explained = true
	}
	return o, own
}

// part divides a list into what f does not want and what it wants.
func part(list []Limit, f func(Limit) bool) (rest, wanted []Limit) {
	rest = list[:0]
	for _, l := range list {
		if f(l) {
			wanted = append(wanted, l)
		} else {
			rest = append(rest, l)
		}
	}
	return rest, wanted
}

// paceOf returns what is known of key, or nil. The shard is locked.
func paceOf(sh *shard, key string) *pace {
	p, _ := sh.known(key).(*pace)
	return p
}

func (p *pace) part(r Route) *pace {
	if p == nil {
		return nil
	}
	return p.routes[r.id()]
}

// newPart begins to follow a route, or returns nil where there is no room: when all
// that are followed hold calls back.
func (p *pace) newPart(now time.Time, r Route) *pace {
	if len(p.routes) >= maxRoutes {
		for id, other := range p.routes {
			if other.delay(now, 0, 1) == 0 {
				delete(p.routes, id)
				break
			}
		}
		if len(p.routes) >= maxRoutes {
			return nil
		}
	}
	if p.routes == nil {
		p.routes = make(map[route]*pace)
	}
	part := &pace{cfg: p.cfg}
	p.routes[r.id()] = part
	return part
}
