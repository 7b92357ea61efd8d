package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// Respond calls fn for events of the given type and sends what it returns as the
// response. Types and T are those of [On]. It is for synchronous hooks, where the
// provider acts upon the response: Slack commands and interactions, Twilio's
// requests for TwiML, Firebase blocking functions. Use [JSON] and [Reply] to make
// it; a nil [Answer] is an empty 200, and a zero Status is 200.
//
// After an error, a panic or the deadline the response is that of any other failure. The
// duplicate guard is left out, because a provider that asks twice needs its
// response twice; a queue ([WithQueue]) cannot be combined with it.
func Respond[T any](eventType string, fn func(ctx context.Context, e Event[T]) (*Answer, error)) HandlerOption {
	return func(c *handlerConfig) error {
		if fn == nil {
			return fmt.Errorf("Respond(%q): the function is nil", eventType)
		}
		run := func(ctx context.Context, d *Delivery, i int, suspect bool, find objectFinder) (*Answer, error) {
			if len(d.Events) != 1 {
				return nil, fmt.Errorf("webhook: a response was asked for, but the delivery holds %d events", len(d.Events))
			}
			e, err := newEvent[T](d, i, suspect, find)
			if err != nil {
				return nil, err
			}
			answer, err := fn(ctx, e)
			if err != nil {
				return nil, err
			}
			return answer, answer.check()
		}
		return c.routes.add(eventType, &route{name: "Respond", run: run, responds: true, takes: reflect.TypeFor[T]()})
	}
}

// JSON returns a response of 200 with v as JSON, for use as the return values of a
// [Respond] function. The error is encoding/json's.
func JSON(v any) (*Answer, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("webhook: response: %w", err)
	}
	return Reply("application/json", body)
}

// Reply returns a response of 200 with the given media type and body, for use as the
// return values of a [Respond] function: Reply("text/xml", twiml) answers
// Twilio. The error says that the media type cannot be a header's value.
func Reply(mediaType string, body []byte) (*Answer, error) {
	a := &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {mediaType}}, Body: body}
	return a, a.check()
}

// check refuses what net/http would panic on or silently alter. A nil Answer is
// an empty 200.
func (a *Answer) check() error {
	if a == nil {
		return nil
	}
	if a.Status != 0 && (a.Status < 200 || a.Status > 599) {
		return fmt.Errorf("webhook: response: %d is not a final status", a.Status)
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	for name, values := range a.Header {
		if strings.ContainsFunc(name+strings.Join(values, ""), control) {
			return fmt.Errorf("webhook: response: control character in header %s", shown(name))
		}
	}
	return nil
}
