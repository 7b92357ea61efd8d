package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// retryAfter is what a 503 advises, in seconds. Few providers read it; the
// others keep to their own schedule.
const retryAfter = "10"

var errInFlight = errors.New("another delivery of the event is being handled")

// laterError is a failure that says nothing about the event: its response is 503
// instead of 500.
type laterError struct {
	what string
	err  error
}

func (e *laterError) Error() string { return "webhook: " + e.what + ": " + inner(e.err) }
func (e *laterError) Unwrap() error { return e.err }

// eventError says which event of a delivery failed.
type eventError struct {
	raw   *Raw
	index int
	err   error
}

func (e *eventError) Error() string {
	return fmt.Sprintf("webhook: event %d, %s: %s", e.index, shown(e.raw.Type), inner(e.err))
}
func (e *eventError) Unwrap() error { return e.err }

// refuse logs why a request is not accepted and returns the response. Only a refusal that
// was decided is a 4xx.
func (h *Handler) refuse(ctx context.Context, err error) Answer {
	answer := unavailable()
	switch {
	case errors.Is(err, ErrUnavailable): // first: an error may carry a reason beside it
	case errors.Is(err, ErrMethod):
		answer = fixed(http.StatusMethodNotAllowed, "method not allowed\n")
		answer.Header.Set("Allow", h.allow)
	case errors.Is(err, ErrTooLarge):
		answer = fixed(http.StatusRequestEntityTooLarge, "body too large\n")
	case decided(err):
		answer = fixed(http.StatusUnauthorized, "unauthorized\n")
		answer.Header.Set("Www-Authenticate", "Webhook-Signature") // RFC 9110 section 11.6.1 asks for one
	}
	h.logRefused(ctx, answer.Status, err)
	return answer
}

// decided reports whether err is one of the reasons for which a delivery is
// refused for good.
func decided(err error) bool {
	return slices.ContainsFunc(verdicts, func(reason error) bool { return errors.Is(err, reason) })
}

// fail logs and responds to a genuine delivery that was not handled.
func (h *Handler) fail(ctx context.Context, d *Delivery, err error) Answer {
	answer := failed()
	if onlyLater(err) || ctx.Err() != nil {
		answer = unavailable()
	}
	h.logFailed(ctx, d, answer.Status, err)
	return answer
}

// onlyLater reports whether every error that was joined in err is a laterError.
func onlyLater(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !onlyLater(e) {
				return false
			}
		}
		return true
	}
	if e, ok := err.(*eventError); ok {
		err = e.err
	}
	_, ok := err.(*laterError)
	return ok
}

func failed() Answer { return fixed(http.StatusInternalServerError, "internal server error\n") }

func unavailable() Answer {
	answer := fixed(http.StatusServiceUnavailable, "try again later\n")
	answer.Header.Set("Retry-After", retryAfter)
	return answer
}

// fixed is a response that says nothing but its status.
func fixed(status int, text string) Answer {
	return Answer{Status: status, Header: http.Header{
		"X-Content-Type-Options": {"nosniff"}, "Content-Type": {"text/plain; charset=utf-8"},
	}, Body: []byte(text)}
}

// acknowledged is the response to everything that was accepted: 200 and not 202
// or 204, since Postmark counts any other status as a failure.
func acknowledged() Answer { return Answer{Status: http.StatusOK} }

// noStore is set on every response that has no Cache-Control of its own. It is
// asked for by OpenID Connect Back-Channel Logout 1.0, section 2.8, and does no
// harm elsewhere. Nobody writes to it.
var noStore = []string{"no-store"}

// complete makes a challenge's or a function's response fit to be sent.
func complete(a *Answer) Answer {
	out := acknowledged()
	if a == nil {
		return out
	}
	if a.Status != 0 {
		out.Status = a.Status
	}
	out.Header = http.Header{}
	if len(a.Body) > 0 {
		out.Header["X-Content-Type-Options"] = []string{"nosniff"}
	}
	for name, values := range a.Header {
		out.Header[http.CanonicalHeaderKey(name)] = values
	}
	out.Body = a.Body
	return out
}
