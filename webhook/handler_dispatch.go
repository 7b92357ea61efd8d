package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// On calls fn for events of the given type, which is the provider's own name
// for it: "payment_intent.succeeded", "push", "email.bounced". A trailing
// asterisk matches any ending, as in "customer.subscription.*"; an exact name
// goes before a pattern and a longer pattern before a shorter one. "*" alone
// matches every event.
//
// T is filled from the event's object, which is where the provider keeps it:
//
//	Stripe             data.object; all of a thin event
//	Paddle             data
//	Standard Webhooks  data; Svix, Clerk, Resend and OpenAI alike
//	Slack              event; all of a command or an interaction
//	any other          the whole payload, as for a verifier of the caller's own
//
// An event without such an object fails. For a T that takes the provider's
// envelope use [OnEnvelope]: On refuses one, whose fields would all stay empty.
// Raw.Payload is the whole in both.
//
// When fn returns nil the event is done. An error or a panic fails the
// delivery, so that the provider sends it again; return nil for events that can
// never succeed. The context ends with the provider's acknowledgement deadline,
// and fn must come to an end when it does: see [Handler].
//
// It is a function and not a method of [Handler] because methods have no type
// parameters; T is inferred from fn.
func On[T any](eventType string, fn func(ctx context.Context, e Event[T]) error) HandlerOption {
	return func(c *handlerConfig) error {
		if fn == nil {
			return fmt.Errorf("On(%q): the function is nil", eventType)
		}
		return c.routes.add(eventType, &route{name: "On", run: plain(fn), takes: reflect.TypeFor[T]()})
	}
}

// OnEnvelope is [On] for a T that takes the whole payload with the provider's
// envelope, such as a vendor SDK's event type or those of package webhook/events. A
// type is given to one of the two.
func OnEnvelope[T any](eventType string, fn func(ctx context.Context, e Event[T]) error) HandlerOption {
	return func(c *handlerConfig) error {
		if fn == nil {
			return fmt.Errorf("OnEnvelope(%q): the function is nil", eventType)
		}
		return c.routes.add(eventType, &route{name: "OnEnvelope", run: plain(fn), takes: reflect.TypeFor[T](), whole: true})
	}
}

// OnObject calls fn for events in the given kind of envelope ([Raw].Object)
// whose type no [On] names: Stripe's thin events are "v2.core.event". T is that of
// [On], so for an envelope that has no object in it, such as this one, it is filled
// from the whole payload.
func OnObject[T any](object string, fn func(ctx context.Context, e Event[T]) error) HandlerOption {
	return func(c *handlerConfig) error {
		switch {
		case fn == nil:
			return fmt.Errorf("OnObject(%q): the function is nil", object)
		case object == "":
			return errors.New("OnObject: the object is empty")
		case c.routes.objects[object] != nil:
			return fmt.Errorf("OnObject(%q) is given twice", object)
		}
		c.routes.objects[object] = &route{name: "OnObject", run: plain(fn), takes: reflect.TypeFor[T]()}
		return nil
	}
}

// Fallback calls fn with the whole payload of every event that nothing else
// matches. Without it such events are acknowledged and dropped, since providers
// add types at any time and count refusals as failures; the log has each such
// type once, at debug level.
func Fallback(fn func(ctx context.Context, e Event[json.RawMessage]) error) HandlerOption {
	return func(c *handlerConfig) error {
		switch {
		case fn == nil:
			return errors.New("Fallback: the function is nil")
		case c.routes.fallback != nil:
			return errors.New("Fallback is given twice")
		}
		c.routes.fallback = &route{name: "Fallback", run: plain(fn), whole: true}
		return nil
	}
}

// runner decodes one event and calls the user's function; see newEvent for find.
type runner func(ctx context.Context, d *Delivery, i int, suspect bool, find objectFinder) (*Answer, error)

func plain[T any](fn func(context.Context, Event[T]) error) runner {
	return func(ctx context.Context, d *Delivery, i int, suspect bool, find objectFinder) (*Answer, error) {
		e, err := newEvent[T](d, i, suspect, find)
		if err != nil {
			return nil, err
		}
		return nil, fn(ctx, e)
	}
}

type route struct {
	name     string // the option that made it, for errors
	run      runner
	responds bool         // the response is the event's result: no guard, no queue
	takes    reflect.Type // what is decoded into
	whole    bool         // that is the whole payload, not the object in it
}

type prefixRoute struct {
	prefix string
	*route
}

// routes is written while a handler is built and only read afterwards.
type routes struct {
	exact    map[string]*route
	prefixes []prefixRoute // longest first
	objects  map[string]*route
	fallback *route
	responds bool // at least one route responds
}

func newRoutes() routes {
	return routes{exact: map[string]*route{}, objects: map[string]*route{}}
}

func (rs *routes) add(pattern string, rt *route) error {
	rs.responds = rs.responds || rt.responds
	prefix, wild := strings.CutSuffix(pattern, "*")
	switch {
	case pattern == "":
		return errors.New("the event type is empty")
	case strings.Contains(prefix, "*"):
		return fmt.Errorf("event type %q: an asterisk may only stand at the end", pattern)
	case !wild && rs.exact[pattern] != nil,
		wild && slices.ContainsFunc(rs.prefixes, func(p prefixRoute) bool { return p.prefix == prefix }):
		return fmt.Errorf("event type %q is handled twice", pattern)
	case !wild:
		rs.exact[pattern] = rt
	default:
		rs.prefixes = append(rs.prefixes, prefixRoute{prefix, rt})
		slices.SortStableFunc(rs.prefixes, func(a, b prefixRoute) int { return len(b.prefix) - len(a.prefix) })
	}
	return nil
}

// find returns the route of an event, nil if there is none.
func (rs *routes) find(raw *Raw) *route {
	if rt := rs.exact[raw.Type]; rt != nil {
		return rt
	}
	for _, p := range rs.prefixes {
		if p.prefix != "" && strings.HasPrefix(raw.Type, p.prefix) {
			return p.route
		}
	}
	if rt := rs.objects[raw.Object]; rt != nil {
		return rt
	}
	if n := len(rs.prefixes); n > 0 && rs.prefixes[n-1].prefix == "" {
		return rs.prefixes[n-1].route
	}
	return rs.fallback
}

// call runs a route and turns a panic into an error, which carries the stack
// for the log.
func (rt *route) call(ctx context.Context, d *Delivery, i int, suspect bool, find objectFinder) (answer *Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, newPanicError(p)
		}
	}()
	if rt.whole {
		find = nil
	}
	return rt.run(ctx, d, i, suspect, find)
}
