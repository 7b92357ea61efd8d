package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/poll"
)

// ResponseEvent is one event of a response that is being generated (API reference,
// "Streaming events"). Fields that its Type does not have are zero.
type ResponseEvent struct {
	Type           string    `json:"type"` // "response.output_text.delta"
	SequenceNumber int64     `json:"sequence_number"`
	ItemID         string    `json:"item_id"`
	OutputIndex    int       `json:"output_index"`
	ContentIndex   int       `json:"content_index"`
	Delta          string    `json:"delta"`     // what has been generated since the event before
	Text           string    `json:"text"`      // all of a part, once it is done
	Arguments      string    `json:"arguments"` // all of a call's, once they are done
	Item           *Item     `json:"item"`
	Response       *Response `json:"response"`

	// ToolCall is a function that the model asks to be called, whole, with the
	// "response.output_item.done" of its item.
	ToolCall *ToolCall `json:"-"`

	// Raw is the event as it came.
	Raw json.RawMessage `json:"-"`
}

// OutputText is what the event adds to the response's text, "" where it adds none.
func (e *ResponseEvent) OutputText() string {
	if e.Type == "response.output_text.delta" {
		return e.Delta
	}
	return ""
}

// StreamResponse generates a response and yields its events as they come, the last one
// being "response.completed". An error, a [*client.Error], ends the sequence:
//
//   - "error", "response.failed" and "response.incomplete" are yielded, followed by the
//     error with OpenAI's code ("max_output_tokens" for one that is incomplete), and so
//     is a "response.completed" whose response has such a status;
//   - a stream that ends without any of them has been cut off: io.ErrUnexpectedEOF;
//   - so is one that is silent for longer than in.Limits say: client.ErrTimeout.
//
// Until the stream begins the call is retried as any other that generates; once it has
// begun nothing is, since it costs money and part of it has been handed out.
func StreamResponse(ctx context.Context, c *client.Client, in ResponseInput, edit ...func(*client.Request)) iter.Seq2[ResponseEvent, error] {
	r := client.Request{Method: CreateResponse.Method, Path: CreateResponse.Route, Route: CreateResponse.Route, Body: in.streamed()}
	return func(yield func(ResponseEvent, error) bool) {
		s := responseStream{}
		stream(ctx, c, r, in.Limits, edit, s.next, func() error { return cutOff("response.completed") })(yield)
	}
}

// responseStream is what is known of a stream so far.
type responseStream struct {
	arguments map[string]*strings.Builder // of calls that are being written, by item
	halves    halves
}

func (s *responseStream) next(ev client.Event) (ResponseEvent, step) {
	if string(ev.Data) == doneMark {
		return ResponseEvent{}, step{silent: true} // compatible servers send it too
	}
	var e ResponseEvent
	if err := read(ev.Data, &e); err != nil {
		return e, step{err: err}
	}
	e.Raw = ev.Data
	e.Type = cmp.Or(e.Type, ev.Type)
	at := step{token: strings.HasSuffix(e.Type, ".delta")}
	if s.halves.cut(e.Delta) {
		s.join(&e)
	}
	switch e.Type {
	case "response.function_call_arguments.delta":
		s.write(e.ItemID, e.Delta)
	case "response.output_item.done":
		s.finish(&e)
	case "response.completed":
		at.end = true
		if e.Response != nil && e.Response.state() == poll.Failed {
			at.fails = e.Response.failure() // as compatible servers end one that is not whole
		}
	case "response.failed", "response.incomplete":
		at.fails = e.failure()
	case "error":
		at.fails = errorEvent(ev.Data)
	}
	return e, at
}

// join reads the event's Delta anew, with the characters whole.
func (s *responseStream) join(e *ResponseEvent) {
	var raw struct {
		Delta json.RawMessage `json:"delta"`
	}
	_ = read(e.Raw, &raw) // has been read before
	s.halves.join(fmt.Sprint(e.Type, " ", e.ItemID, " ", e.ContentIndex), raw.Delta, &e.Delta)
}

func (s *responseStream) write(item, delta string) {
	if s.arguments == nil {
		s.arguments = map[string]*strings.Builder{}
	}
	b := s.arguments[item]
	if b == nil {
		b = new(strings.Builder)
		s.arguments[item] = b
	}
	b.WriteString(delta)
}

// finish makes the tool call of an item. Not every compatible server says its arguments
// again.
func (s *responseStream) finish(e *ResponseEvent) {
	if e.Item == nil || e.Item.Type != "function_call" {
		return
	}
	call := e.Item.call()
	if b := s.arguments[e.Item.ID]; b != nil && call.Arguments == "" {
		call.Arguments = b.String()
	}
	delete(s.arguments, e.Item.ID)
	e.ToolCall = &call
}

// failure says why the stream's response is not whole.
func (e *ResponseEvent) failure() *client.ErrorDetail {
	r := Response{}
	if e.Response != nil {
		r = *e.Response
	}
	r.Status = strings.TrimPrefix(e.Type, "response.") // whatever it says itself
	return r.failure()
}

// errorEvent reads an error that is an event, or a member of one.
func errorEvent(data []byte) *client.ErrorDetail {
	var e struct {
		failure
		Error json.RawMessage `json:"error"`
	}
	_ = read(data, &e) // has been read before
	if len(e.Error) > 0 {
		return memberError(e.Error)
	}
	e.Type = "" // that of the event
	return e.failure.detail("error")
}

// memberError reads an error that is an object, or a text.
func memberError(raw json.RawMessage) *client.ErrorDetail {
	var f failure
	if json.Unmarshal(raw, &f.Message) != nil {
		_ = read(raw, &f)
	}
	return f.detail("error")
}
