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
	// Keys says by what each of Events is known when it comes again, in their order.
	// A [Handler] sets it for its Enqueuer; it is not kept in JSON.
	Keys []EventKey `json:"-"`
	// First is the position in its delivery of Events[0]. It is 0, unless a queue has
	// taken a batch apart.
	First int `json:",omitempty"`
	// Suspect is set by a queue that knows of earlier deliveries, for
	// [Event].Suspect.
	Suspect bool `json:",omitempty"`
}

// WithQueue acknowledges deliveries once q has them: 200 when Enqueue returns
// nil, 503 otherwise. The functions given to [On] are then not run by the
// response but by [Handler.Dispatch], which a worker calls with what it takes
// from the queue; they need not be in the same process.
//
// Use it where the work takes longer than the provider waits, and only with
// something durable, such as package inbox: acknowledging first and then losing the
// event loses it for good.
func WithQueue(q Enqueuer) HandlerOption {
	return func(c *handlerConfig) error {
		if q == nil {
			return errors.New("WithQueue: the queue is nil")
		}
		c.queue = q
		return nil
	}
}

// forQueue returns d with the headers that may be stored, and its events' keys.
func (h *Handler) forQueue(d *Delivery) *Delivery {
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
	stored.Keys = make([]EventKey, len(d.Events))
	for i := range d.Events {
		stored.Keys[i] = h.eventKey(d, i)
	}
	return &stored
}
