package webhook

import (
	"net/http"
	"time"
)

// Fetched returns the delivery that an event would have been, made of what the service's
// own list says of it: body is the event as it would be delivered. It is for a queue
// that takes in what never arrived. Nothing is verified, so the body must come from a
// call to the service itself that was authenticated. The Receipt has the Scheme
// "fetched".
//
// The error has the reason [ErrTooLarge], or [ErrPayload] where the body is not that of
// one event with an identifier that deliveries sign: only by such a one is the event
// known again when it is delivered after all.
func (h *Handler) Fetched(body []byte) (*Delivery, error) {
	if int64(len(body)) > h.scheme.maxBody {
		return nil, tooLarge()
	}
	r := &Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, ReceivedAt: time.Now()}
	d := &Delivery{Endpoint: h.endpoint, Request: r, Receipt: Receipt{Provider: h.scheme.provider, Scheme: "fetched"}}
	var err error
	if d.Events, err = h.scheme.Split(r, d.Receipt); err != nil {
		return nil, err
	}
	if len(d.Events) != 1 || d.Events[0].ID == "" || !d.Events[0].IDSigned {
		return nil, &Error{Provider: h.scheme.provider, Reason: ErrPayload, Detail: "the body is not one event with an identifier of its own that is signed"}
	}
	return h.forQueue(d), nil
}
