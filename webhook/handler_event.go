package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
)

// Event is one verified event with its object, or for [OnEnvelope] the whole of its
// payload, decoded into T; see [On] for which is which. Its ID, Type, Payload and
// the like are those of the embedded [Raw].
//
// T says what the handler wants to see:
//
//   - a struct, such as those of package webhook/events or of a vendor's SDK, is
//     filled by encoding/json; fields it does not name are ignored
//   - [json.RawMessage] or []byte is the text itself, undecoded and not copied
//   - [url.Values] is a form, as Slack commands and Twilio send it
//   - struct{} leaves the payload alone, for events that consist of headers only
//   - a type whose pointer implements [EventDecoder] decodes itself
type Event[T any] struct {
	Raw
	// Data is what was decoded.
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
	// Suspect is set by the duplicate guard, or a queue such as package inbox, where
	// the provider does not sign the event's identifier, or gives it none: the same
	// content was seen at this endpoint before, under another identifier or under
	// none, or this identifier with other content. It may be a replay of a captured
	// delivery or an honest repetition; nobody can tell, so it is flagged instead of
	// dropped. False without a guard.
	Suspect bool
}

// EventDecoder is implemented by payload types that are not JSON, or that need
// more than the payload. DecodeEvent fills the receiver; it must copy what it
// keeps of raw.Payload if it modifies it. An error fails the event, so that the
// provider sends it again.
type EventDecoder interface {
	DecodeEvent(raw Raw, r *Request) error
}

// newEvent decodes event i of d. find, unless nil, returns its object, which is
// what is decoded then instead of the payload.
func newEvent[T any](d *Delivery, i int, suspect bool, find objectFinder) (Event[T], error) {
	raw := d.Events[i]
	raw.Payload = slices.Clip(raw.Payload) // appending to it must not write into the body
	e := Event[T]{Raw: raw, Receipt: d.Receipt, Request: d.Request, Index: d.First + i, Suspect: suspect}
	if err := decode(&e.Data, raw, d.Request, find); err != nil {
		return Event[T]{}, fmt.Errorf("webhook: decode event into %T: %w", e.Data, err)
	}
	return e, nil
}

func decode(into any, raw Raw, r *Request, find objectFinder) (err error) {
	switch p := into.(type) {
	case EventDecoder:
		return p.DecodeEvent(raw, r)
	case *struct{}:
		return nil
	}
	text := raw.Payload
	if find != nil {
		if text, err = find(&raw); err != nil {
			return err
		}
		text = slices.Clip(text)
	}
	switch p := into.(type) {
	case *json.RawMessage:
		*p = text
	case *[]byte:
		*p = text
	case *url.Values:
		*p, err = url.ParseQuery(string(text))
	default:
		return unmarshal(text, into)
	}
	return err
}

// unmarshal is encoding/json's, but does not take null for a value of zeros.
func unmarshal(text []byte, into any) error {
	if string(text) == "null" {
		switch reflect.TypeOf(into).Elem().Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		default:
			return errors.New("null where a value is expected")
		}
	}
	return json.Unmarshal(text, into)
}
