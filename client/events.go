package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"
)

// eventIdle is the idle timeout of a stream of events: services that think for
// long send nothing meanwhile.
const eventIdle = 5 * time.Minute

// Events makes the call r and yields the server-sent events of its response, until
// the service ends the stream, the context ends, or the loop is left, which
// closes the connection. At most one error, an [*Error], is yielded, and it ends the
// sequence: a non-2xx status, a response that is not text/event-stream ([ErrDecode]),
// an event over Request.MaxBody ([ErrTooLarge]; 16 MiB by default), a stream that
// breaks off. Until the headers arrive the call is
// retried as any other; afterwards it is not, since events have been handed out.
//
// The client's default deadline ends with the headers. A deadline of the context
// or of Request.Timeout bounds the whole stream; a silence of five minutes, or
// of the [WithIdleTimeout] if that is longer, ends it. How a service says that
// it is done ("[DONE]") is the loop's to know.
func Events(ctx context.Context, c *Client, r Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		limit := int(min(r.MaxBody, 1<<40))
		if limit <= 0 {
			limit = DefaultMaxEvent
		}
		x, resp, err := c.openEvents(ctx, r)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer resp.Body.Close()
		events := newEventReader(resp.Body, limit)
		for {
			ev, err := events.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Event{}, x.fail(resp, eventError(err, limit)))
				return
			}
			if !yield(ev, nil) {
				return
			}
		}
	}
}

func eventError(err error, limit int) error {
	switch {
	case err == errOverLimit:
		return failf(ErrTooLarge, "a server-sent event is over the limit of %d bytes: raise it with MaxBody", limit)
	case errors.Is(err, ErrTimeout), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return brokenBody(err)
}

func (c *Client) openEvents(ctx context.Context, r Request) (_ *hop, resp *http.Response, err error) {
	x := newHop(c, ctx, r.Timeout)
	x.accept.streams = true
	defer func() { x.report.end(x.call, err) }()
	defer x.contain(&r, &resp, &err)
	x.clock.idle = max(eventIdle, c.cfg.idleTimeout)
	if c.cfg.idleTimeout < 0 {
		x.clock.idle = c.cfg.idleTimeout
	}
	r.MaxBody = min(r.MaxBody, 0) // it bounds an event; a negative one is refused as ever
	if spellings(r.Header, "Accept") == 0 {
		h := r.Header.Clone()
		if h == nil {
			h = http.Header{}
		}
		h["Accept"] = []string{"text/event-stream"}
		r.Header = h
	}
	if err := x.build(&r); err != nil {
		return nil, nil, x.invalid(&r, err)
	}
	x.nameRoute()
	x.report = report(x.ctx, c.cfg.observers, c.cfg.profile.Name, x.spec, x.out.route, x.call.began, 0)
	resp, err = x.follow()
	x.fill(r.Meta, resp)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return nil, nil, x.refusedBy(resp)
	}
	if !eventStream(resp.Header) {
		defer resp.Body.Close()
		return nil, nil, x.noStream(resp)
	}
	return x, resp, nil
}
