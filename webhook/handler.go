package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/option"
)

// Handler is an [http.Handler] over a [Scheme]: it reads the body once, verifies,
// and calls the functions given to [On] with typed events. It is immutable, safe for
// concurrent use, and works under any router. Outside net/http use
// [Handler.Process].
//
// # Responses
//
//	200  every event was handled, was handled before, or has no function that wants it
//	401  refused: one and the same response for every reason, which only the log knows
//	405  wrong method, with Allow
//	413  body over the cap; a larger Content-Length is refused without reading
//	500  a function returned an error or panicked, or a genuine payload could not be
//	     understood
//	503  cannot tell now, with Retry-After: a key source, queue or guard is out of
//	     reach, the body did not arrive whole, the same event is in flight, or the
//	     deadline passed
//
// A failure to decide is never a 4xx, because several providers (AWS SNS,
// Datadog, Google Calendar) take a 4xx for final and drop the event. Challenges
// are answered as the scheme says, and [Respond] functions return the response
// themselves.
//
// # Functions run before the response
//
// Without [WithQueue] the functions run first and the response follows them: it is
// the provider that keeps the event until it is done. They therefore have the
// provider's acknowledgement deadline, less a tenth for the way back, counted from
// the arrival of the request and carried by their context. The deadline bounds the
// reading of the body, too. When it passes, the handler responds 503 immediately,
// even if a function ignores its context. The function keeps running. If it later
// succeeds, the guard ([WithDeduplication]) records that, and the redelivery is
// acknowledged without running it again. [Handler.Drain] waits for such functions. A
// function whose work takes longer needs a queue.
//
// # Batches
//
// SendGrid, Auth0 log streams and S3 send several events at once. They are run
// one after the other, in their order. One that fails does not keep the next
// from being run, but the response is 5xx, so that the provider sends the batch
// again; with a guard the events that succeeded are not run again.
type Handler struct {
	scheme   *Scheme
	methods  []string
	allow    string
	endpoint string
	deadline time.Duration
	guard    Guard
	queue    Enqueuer
	log      *slog.Logger
	routes   routes
	running  running
	unwanted unwanted
}

// HandlerOption adjusts a handler at construction: [On], [OnEnvelope], [OnObject],
// [Fallback], [Respond], [WithDeduplication], [WithQueue], [WithDeadline],
// [WithEndpoint], [WithLogger]. [NewHandler] returns the errors of all options whose
// arguments cannot work.
type HandlerOption func(*handlerConfig) error

// handlerConfig is what the options of one handler say.
type handlerConfig struct {
	guard    Guard
	queue    Enqueuer
	deadline time.Duration // 0: not given
	endpoint string        // empty: not given
	log      *slog.Logger
	routes   routes
}

// WithDeadline sets how long a delivery may take from its arrival to the
// response, in place of nine tenths of the provider's acknowledgement deadline,
// or of [DefaultDeadline] where the provider does not name one. It must be
// positive.
func WithDeadline(d time.Duration) HandlerOption {
	return func(c *handlerConfig) error {
		if d <= 0 {
			return fmt.Errorf("WithDeadline: %v is not positive", d)
		}
		c.deadline = d
		return nil
	}
}

// WithEndpoint names the mount for the log, the guard and the queue. The
// default is the provider's name, so two endpoints of one provider that share a
// guard or a queue need names: their events are told apart by it.
func WithEndpoint(name string) HandlerOption {
	return func(c *handlerConfig) error {
		if name == "" {
			return errors.New("WithEndpoint: the name is empty")
		}
		c.endpoint = name
		return nil
	}
}

// WithLogger sets where refusals (with their reason and a hint for whoever set
// the endpoint up), failures and suspicions are logged; [slog.Default]
// otherwise. No body, secret, or expected signature is logged; the errors that
// functions return are.
func WithLogger(log *slog.Logger) HandlerOption {
	return func(c *handlerConfig) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.log = log
		return nil
	}
}

// NewHandler returns a handler for one endpoint of one provider.
//
// The error has the reason [ErrConfig] and names every mistake: a nil function,
// an event type that is handled twice or that the scheme's events never have, a
// pattern with an asterisk in the middle, a type for [On] that takes the
// provider's envelope, one that needs JSON where the payload never is, a queue
// together with [Respond].
func NewHandler(s *Scheme, opts ...HandlerOption) (*Handler, error) {
	c := handlerConfig{routes: newRoutes()}
	errs := []error{option.Apply(&c, opts)}
	if s == nil || s.verify == nil {
		errs = append(errs, errors.New("the scheme was not made by a constructor"))
	} else {
		errs = append(errs, c.routes.check(s)...)
	}
	if c.queue != nil && c.routes.responds {
		errs = append(errs, errors.New("WithQueue and Respond exclude each other: a queued event is acknowledged before it is run"))
	}
	if err := option.Join(errs...); err != nil {
		return nil, &Error{Reason: ErrConfig, Detail: "handler", Err: err}
	}
	methods := s.Methods()
	return &Handler{
		scheme: s, methods: methods, allow: strings.Join(methods, ", "),
		endpoint: cmp.Or(c.endpoint, s.provider),
		deadline: cmp.Or(c.deadline, s.ack*9/10, DefaultDeadline),
		guard:    c.guard, queue: c.queue, log: c.log, routes: c.routes,
	}, nil
}

var _ http.Handler = (*Handler)(nil)

// Endpoint returns the name of the mount; see [WithEndpoint].
func (h *Handler) Endpoint() string { return h.endpoint }
