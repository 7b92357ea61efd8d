package webhook

import (
	"context"
	"errors"
)

// Enqueuer takes deliveries whose handling is put off until after they were
// acknowledged. Enqueue returns nil only once the whole delivery is durable:
// what it accepts will not be sent again. With any error, or when the
// acknowledgement deadline passes first, the response is 503 and the provider sends
// again, so the same delivery may arrive more than once. It must copy what it
// keeps of d, and must be safe for concurrent use.
type Enqueuer interface {
	Enqueue(ctx context.Context, d *Delivery) error
}

// Delivery is a verified request with the events found in it. It is what an
// [Enqueuer] stores and what [Handler.Dispatch] takes up again.
type Delivery struct {
	// Endpoint names the mount it arrived at; see [WithEndpoint].
	Endpoint string
	// Receipt is what the verifier established.
	Receipt Receipt
	// Request is the delivery as it was received. An Enqueuer gets it with the
	// body untouched but only those headers that describe the payload:
	// Content-Type, Content-Encoding and the ones named in Receipt.Untrusted.
	// The others are left out because, with the schemes that use a static
	// token, one of them is the credential, which does not belong in a queue.
	Request *Request
	// Events holds at least one event. Their payloads are mostly parts of
	// Request.Body.
	Events []Raw
}

// WithQueue acknowledges deliveries once q has them: 200 when Enqueue returns
// nil, 503 otherwise. The functions given to [On] are then not run by the
// response but by [Handler.Dispatch], which a worker calls with what it takes
// from the queue; they need not be in the same process.
//
// Use it where the work takes longer than the provider waits, and only with
// something durable: acknowledging first and then losing the event loses it for
// good.
func WithQueue(q Enqueuer) HandlerOption {
	return func(c *handlerConfig) error {
		if q == nil {
			return errors.New("WithQueue: the queue is nil")
		}
		c.queue = q
		return nil
	}
}

// forQueue returns d with the headers that may be stored.
func (d *Delivery) forQueue() *Delivery {
	r := *d.Request
	r.Header = make(map[string][]string, 2+len(d.Receipt.Untrusted))
	if r.URL != nil {
		u := *r.URL
		u.User = nil
		r.URL = &u
	}
	keep := func(name string) {
		if v, ok := d.Request.Header[name]; ok {
			r.Header[name] = v
		}
	}
	keep("Content-Type")
	keep("Content-Encoding")
	for _, name := range d.Receipt.Untrusted {
		keep(name)
	}
	stored := *d
	stored.Request = &r
	return &stored
}
