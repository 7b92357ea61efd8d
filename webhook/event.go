package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
)

// Event is one verified event with its payload decoded into T. Its ID, Type,
// Payload and the like are those of the embedded [Raw].
//
// T says what the handler wants to see of the payload:
//
//   - a struct, such as those of package webhook/events or a vendor SDK's own
//     event type, is filled by encoding/json; fields it does not name are ignored
//   - [json.RawMessage] or []byte is the payload itself, undecoded and not copied
//   - [url.Values] is a form, as Slack commands and Twilio send it
//   - struct{} leaves the payload alone, for events that consist of headers only
//   - a type whose pointer implements [EventDecoder] decodes itself
type Event[T any] struct {
	Raw
	// Data is the decoded payload.
	Data T
	// Receipt is what was established about the delivery, shared by the events
	// of a batch.
	Receipt Receipt
	// Request is the delivery as it was received, shared by the events of a
	// batch: its Body is byte for byte what was signed. Callers must not modify
	// it. Where the event comes from a queue, only the headers of [Delivery]
	// are there.
	Request *Request `json:"-"`
	// Index is the event's position in its delivery, from 0.
	Index int
	// Suspect is set by the duplicate guard where the provider does not sign
	// the event's identifier: the same payload was seen at this endpoint under
	// another identifier, or this identifier with another payload. It may be a
	// replay of a captured delivery or an honest repetition; the guard cannot
	// tell, so it flags instead of dropping. False without a guard.
	Suspect bool
}

// EventDecoder is implemented by payload types that are not JSON, or that need
// more than the payload. DecodeEvent fills the receiver; it must copy what it
// keeps of raw.Payload if it modifies it. An error fails the event, so that the
// provider sends it again.
type EventDecoder interface {
	DecodeEvent(raw Raw, r *Request) error
}

// newEvent decodes event i of d.
func newEvent[T any](d *Delivery, i int, suspect bool) (Event[T], error) {
	raw := d.Events[i]
	raw.Payload = slices.Clip(raw.Payload) // appending to it must not write into the body
	e := Event[T]{Raw: raw, Receipt: d.Receipt, Request: d.Request, Index: i, Suspect: suspect}
	if err := decode(&e.Data, raw, d.Request); err != nil {
		return Event[T]{}, fmt.Errorf("webhook: decode event into %T: %w", e.Data, err)
	}
	return e, nil
}

func decode(into any, raw Raw, r *Request) (err error) {
	switch p := into.(type) {
	case EventDecoder:
		return p.DecodeEvent(raw, r)
	case *json.RawMessage:
		*p = raw.Payload
	case *[]byte:
		*p = raw.Payload
	case *struct{}:
	case *url.Values:
		*p, err = url.ParseQuery(string(raw.Payload))
	default:
		return json.Unmarshal(raw.Payload, into)
	}
	return err
}
