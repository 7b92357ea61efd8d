package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultDeadline is how long a handler may take where neither the provider's
// acknowledgement deadline is known nor [WithDeadline] was given.
const DefaultDeadline = 15 * time.Second

// DefaultMaxBody is the largest body, in bytes, where the verifier does not say.
const DefaultMaxBody = 1 << 20

// Handler is an [http.Handler] over a [Verifier]: it reads the body once,
// verifies, and calls the functions given to [On] with typed events. It is
// immutable, safe for concurrent use, and works under any router. Outside
// net/http use [Handler.Process].
//
// # Answers
//
//	200  every event was handled, was handled before, or has no function that wants it
//	401  refused: one and the same response for every reason, which only the log knows
//	405  wrong method, with Allow
//	413  body over the cap; a larger Content-Length is refused without reading
//	500  a function returned an error or panicked, or a genuine payload could not be understood
//	503  cannot tell now, with Retry-After: a key source, queue or guard is out of reach, the body
//	     did not arrive whole, the same event is in flight, or the deadline passed
//
// A failure to decide is never a 4xx, because several providers (AWS SNS,
// Datadog, Google Calendar) take a 4xx for final and drop the event. Challenges
// are answered as the scheme says, and [Respond] functions give their own
// answer.
//
// # Handlers run before the answer
//
// Without [WithQueue] the functions run first, and the answer follows them: it
// is the provider that keeps the event until it is done. They therefore have
// the provider's acknowledgement deadline, less a tenth for the way back,
// counted from the arrival of the request and carried by their context. When it
// passes the answer is 503, at once, also if the function ignores its context;
// the function is then not stopped, since nothing can stop it, and if it
// succeeds late, a duplicate guard knows that, so that the redelivery is
// acknowledged and not run. [Handler.Drain] waits for such functions. A
// function whose work takes longer needs a queue. The deadline bounds the
// reading of the body, too.
//
// # Batches
//
// SendGrid, Auth0 log streams and S3 send several events at once. They are run
// one after the other, in their order. One that fails does not keep the next
// from being run, but the answer is 5xx, so that the provider sends the batch
// again; with a guard ([WithDuplicates]) the ones that succeeded are not run
// again.
type Handler struct {
	verifier   Verifier
	challenger challenger
	splitter   splitter
	methods    []string
	allow      string
	maxBody    int64
	provider   string
	endpoint   string
	deadline   time.Duration
	guard      Guard
	queue      Enqueuer
	log        *slog.Logger
	routes     routes
	rules      schemeRules  // nil: the verifier is the caller's own
	object     objectFinder // nil: the payload is the object
	running    running
	unwanted   unwanted
}

// What a Scheme can do beyond Verify. A user's own verifier may do as much.
type (
	challenger interface {
		Challenge(ctx context.Context, r *Request) (*Answer, bool, error)
	}
	splitter interface {
		Split(r *Request, rec Receipt) ([]Raw, error)
	}
	providerNamer interface{ Provider() string }
	bodyLimiter   interface{ MaxBody() int64 }
	methodLister  interface{ Methods() []string }
	deadliner     interface{ AckDeadline() time.Duration }
)

// HandlerOption adjusts a handler at construction: [On], [OnEnvelope], [OnObject],
// [Fallback], [Respond], [WithDuplicates], [WithQueue], [WithDeadline],
// [WithEndpoint], [WithLogger].
type HandlerOption func(*handlerConfig)

type handlerConfig struct {
	guard    Guard
	queue    Enqueuer
	deadline *time.Duration
	endpoint *string
	log      *slog.Logger
	routes   routes
	errs     []error
}

func (c *handlerConfig) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// WithDeadline sets how long a delivery may take from its arrival to the
// answer, in place of nine tenths of the provider's acknowledgement deadline,
// or of [DefaultDeadline] where the provider does not name one. It must be
// positive.
func WithDeadline(d time.Duration) HandlerOption {
	return func(c *handlerConfig) {
		if d <= 0 {
			c.fail("WithDeadline: %v is not positive", d)
		}
		c.deadline = &d
	}
}

// WithEndpoint names the mount for the log, the guard and the queue. The
// default is the provider's name, so two endpoints of one provider that share a
// guard or a queue need names: their events are told apart by it.
func WithEndpoint(name string) HandlerOption {
	return func(c *handlerConfig) {
		if name == "" {
			c.fail("WithEndpoint: the name is empty")
		}
		c.endpoint = &name
	}
}

// WithLogger sets where refusals (with their reason and a hint for whoever set
// the endpoint up), failures and suspicions are logged; [slog.Default]
// otherwise. No body, secret, or expected signature is logged; the errors that
// functions return are.
func WithLogger(log *slog.Logger) HandlerOption {
	return func(c *handlerConfig) {
		if log == nil {
			c.fail("WithLogger: the logger is nil")
		}
		c.log = log
	}
}

// NewHandler returns a handler for one endpoint of one provider. v is mostly a
// [*Scheme]. A verifier of the caller's own works too: it must give its decided
// refusals one of this package's reasons, and any other error counts as
// undecided; if it has the methods Provider, MaxBody, Methods, AckDeadline,
// Challenge or Split of Scheme, they are used, and otherwise a delivery is a
// POST of at most [DefaultMaxBody] with one event. One that embeds a Scheme
// keeps the Scheme's rule for what [On] decodes.
//
// The error has the reason [ErrConfig] and names every mistake: a nil function,
// an event type that is handled twice or that the scheme's events never have, a
// pattern with an asterisk in the middle, a type for [On] that takes the
// provider's envelope, one that needs JSON where the payload never is, a queue together
// with [Respond].
func NewHandler(v Verifier, opts ...HandlerOption) (*Handler, error) {
	c := handlerConfig{routes: newRoutes()}
	for _, opt := range opts {
		opt(&c)
	}
	if s, ok := v.(*Scheme); v == nil || ok && (s == nil || s.verify == nil) {
		c.fail("the verifier was not made by a constructor")
	} else {
		c.routes.check(&c, v)
	}
	if c.queue != nil && c.routes.responds {
		c.fail("WithQueue and Respond exclude each other: a queued event is acknowledged before it is run")
	}
	if len(c.errs) > 0 {
		return nil, &Error{Reason: ErrConfig, Detail: "handler", Err: errors.Join(c.errs...)}
	}

	h := &Handler{
		verifier: v, provider: "webhook", maxBody: DefaultMaxBody, methods: []string{http.MethodPost},
		guard: c.guard, queue: c.queue, log: c.log, routes: c.routes,
	}
	if p, ok := v.(providerNamer); ok && p.Provider() != "" {
		h.provider = p.Provider()
	}
	h.endpoint = h.provider
	if c.endpoint != nil {
		h.endpoint = *c.endpoint
	}
	if m, ok := v.(bodyLimiter); ok && m.MaxBody() > 0 {
		h.maxBody = m.MaxBody()
	}
	if m, ok := v.(methodLister); ok && len(m.Methods()) > 0 {
		h.methods = slices.Clone(m.Methods())
	}
	h.allow = strings.Join(h.methods, ", ")
	h.deadline = deadlineFor(v, c.deadline)
	h.challenger, _ = v.(challenger)
	h.splitter, _ = v.(splitter)
	if rules, ok := v.(schemeRules); ok {
		h.rules, h.object = rules, rules.object
	}
	return h, nil
}

func deadlineFor(v Verifier, given *time.Duration) time.Duration {
	if given != nil {
		return *given
	}
	if d, ok := v.(deadliner); ok && d.AckDeadline() > 0 {
		return d.AckDeadline() * 9 / 10
	}
	return DefaultDeadline
}

// Endpoint returns the name of the mount; see [WithEndpoint].
func (h *Handler) Endpoint() string { return h.endpoint }
