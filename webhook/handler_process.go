package webhook

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// Process answers one request that did not come from net/http, such as one from
// AWS Lambda or from a queue of raw requests: everything that ServeHTTP does,
// from the method check on. r.Body must be the raw body (a base64 transport
// encoding undone) and, where the request waited, r.ReceivedAt when it came.
// The deadline counts from the call. The response is the caller's to modify; a status
// of 500 or more asks for the request to be delivered again.
func (h *Handler) Process(ctx context.Context, r *Request) Answer {
	answer, ok := h.precheck(ctx, r.method(), int64(len(r.Body)))
	if ok {
		answer = h.process(ctx, r, time.Now().Add(h.deadline))
	}
	header := make(http.Header, len(answer.Header)+1)
	answer.fill(header)
	answer.Header = header
	return answer
}

// Dispatch runs the functions for a delivery that was verified before, which is
// what a worker does with what it takes from the queue behind [WithQueue]. It
// applies the duplicate guard. The error joins those of all events that failed;
// the worker tries the delivery again later. No deadline is set: ctx is the
// worker's own. A function's panic is returned as an error.
func (h *Handler) Dispatch(ctx context.Context, d *Delivery) error {
	_, err := h.dispatch(ctx, d)
	return err
}

// Drain waits until no delivery is at work, or until ctx ends, whose cause it
// then returns. Call it after [http.Server.Shutdown], which does not wait for
// functions that outlast their deadline; with [Handler.Process], call it alone.
func (h *Handler) Drain(ctx context.Context) error { return h.running.wait(ctx) }

// precheck needs neither body nor key.
func (h *Handler) precheck(ctx context.Context, method string, length int64) (Answer, bool) {
	switch {
	case !slices.Contains(h.methods, method):
		return h.refuse(ctx, &Error{Reason: ErrMethod, Detail: "the endpoint does not take " + shown(method)}), false
	case length > h.scheme.maxBody:
		return h.refuse(ctx, tooLarge()), false
	}
	return Answer{}, true
}

// work is the sequence of every delivery.
func (h *Handler) work(ctx context.Context, r *Request) Answer {
	switch answer, ok, err := h.scheme.Challenge(ctx, r); {
	case err != nil:
		return h.refuse(ctx, err)
	case ok:
		return complete(answer)
	}
	rec, err := h.scheme.Verify(ctx, r)
	if err != nil {
		return h.refuse(ctx, err)
	}
	d := &Delivery{Endpoint: h.endpoint, Receipt: rec, Request: r}
	if d.Events, err = h.scheme.Split(r, rec); err != nil {
		return h.fail(ctx, d, err)
	}
	if len(d.Events) == 0 {
		return acknowledged() // nothing was said, so there is nothing to keep or to run
	}
	if h.queue != nil {
		if err := h.queue.Enqueue(ctx, h.forQueue(d)); err != nil {
			return h.fail(ctx, d, &laterError{"queue", err})
		}
		return acknowledged()
	}
	answer, err := h.dispatch(ctx, d)
	if err != nil {
		return h.fail(ctx, d, err)
	}
	return complete(answer)
}

// dispatch runs the events of d in order. The answer is that of a Respond
// function, nil otherwise.
func (h *Handler) dispatch(ctx context.Context, d *Delivery) (answer *Answer, err error) {
	var errs []error
	for i := range d.Events {
		if ctx.Err() != nil {
			errs = append(errs, &laterError{"not begun", context.Cause(ctx)})
			break
		}
		a, err := h.runEvent(ctx, d, i)
		if err != nil {
			errs = append(errs, &eventError{raw: &d.Events[i], index: i, err: err})
			continue
		}
		answer = a
	}
	return answer, errors.Join(errs...)
}

// runEvent runs one event between claim and commit.
func (h *Handler) runEvent(ctx context.Context, d *Delivery, i int) (*Answer, error) {
	raw := &d.Events[i]
	rt := h.routes.find(raw)
	switch {
	case rt == nil:
		h.logUnknown(ctx, d, raw)
		return nil, nil
	case rt.responds || h.guard == nil:
		if d.Suspect {
			h.logSuspect(ctx, d, raw)
		}
		return rt.call(ctx, d, i, d.Suspect, h.scheme.object)
	}
	claim, err := panics.Do(ctx, "the guard", func(ctx context.Context) (Claim, error) {
		return h.guard.Claim(ctx, h.guardKey(d, i))
	})
	if err != nil {
		return nil, &laterError{"guard", err}
	}
	switch claim.State {
	case Claimed:
	case Handled:
		h.logDuplicate(ctx, d, raw)
		return nil, nil
	default:
		return nil, &laterError{"guard", errInFlight}
	}
	suspect := claim.Suspect || d.Suspect
	if suspect {
		h.logSuspect(ctx, d, raw)
	}
	handled := false
	defer func() { h.settle(ctx, claim, handled) }() // deferred: a function may end its goroutine
	_, err = rt.call(ctx, d, i, suspect, h.scheme.object)
	handled = err == nil
	return nil, err
}

// settleLimit bounds a guard's Commit and Release, which must happen even when
// the handler's context has ended: the event was handled, or it was not.
const settleLimit = 5 * time.Second

func (h *Handler) settle(ctx context.Context, c Claim, handled bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	end := h.guard.Release
	if handled {
		end = h.guard.Commit
	}
	_, err := panics.Do(ctx, "the guard", func(ctx context.Context) (none struct{}, err error) { return none, end(ctx, c) })
	if err != nil {
		h.logUnsettled(ctx, handled, err)
	}
}
