package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// doneMark is the data of the last event of a chat stream.
const doneMark = "[DONE]"

// ChatChunk is a piece of an answer that is being generated (API reference, "The chat
// completion chunk object").
type ChatChunk struct {
	ID      string      `json:"id"`
	Model   string      `json:"model"`
	Created Time        `json:"created"`
	Choices []ChatDelta `json:"choices"` // none in the one with the usage
	Usage   *ChatUsage  `json:"usage"`   // only where IncludeUsage asked for it

	// Raw is the chunk as it came.
	Raw json.RawMessage `json:"-"`
}

// Text is what the chunk adds to the first answer.
func (c *ChatChunk) Text() string {
	for i := range c.Choices {
		if c.Choices[i].Index == 0 {
			return c.Choices[i].Delta.Content
		}
	}
	return ""
}

// ChatDelta is what a chunk adds to the answer with this index.
type ChatDelta struct {
	Index        int    `json:"index"`
	FinishReason string `json:"finish_reason"` // "" until the last
	Delta        struct {
		Role      string          `json:"role"`
		Content   string          `json:"content"`
		Refusal   string          `json:"refusal"`
		ToolCalls []toolCallDelta `json:"tool_calls"`
	} `json:"delta"`

	// ToolCalls are the functions that the model asks to be called, whole, with the
	// FinishReason.
	ToolCalls []ToolCall `json:"-"`
}

type toolCallDelta struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// StreamChat answers a conversation and yields the pieces of the answer as they come.
// An error, a [*client.Error], ends the sequence, as with [StreamResponse]. A stream is
// whole once "[DONE]" has come, or a FinishReason for each answer that has begun: not
// every compatible server sends both.
func StreamChat(ctx context.Context, c *client.Client, in ChatInput, edit ...func(*client.Request)) iter.Seq2[ChatChunk, error] {
	r := client.Request{Method: CreateChatCompletion.Method, Path: CreateChatCompletion.Route, Route: CreateChatCompletion.Route, Body: in.streamed()}
	return func(yield func(ChatChunk, error) bool) {
		s := chatStream{}
		stream(ctx, c, r, in.Limits, edit, s.next, s.whole)(yield)
	}
}

// chatStream is what is known of a stream so far.
type chatStream struct {
	answers map[int]*answer
	halves  halves
}

// answer is one that is being written.
type answer struct {
	finished bool
	calls    []*callDraft
}

// callDraft is a call of a tool that is being written.
type callDraft struct {
	index     int
	id, name  string
	arguments strings.Builder
}

func (s *chatStream) next(ev client.Event) (ChatChunk, step) {
	if string(ev.Data) == doneMark {
		return ChatChunk{}, step{silent: true, end: true}
	}
	var e struct {
		ChatChunk
		Error json.RawMessage `json:"error"`
	}
	if err := read(ev.Data, &e); err != nil {
		return ChatChunk{}, step{err: err}
	}
	chunk := e.ChatChunk
	chunk.Raw = ev.Data
	if ev.Type == "error" || len(e.Error) > 0 && string(e.Error) != "null" {
		return chunk, step{fails: errorEvent(ev.Data)}
	}
	if s.cut(chunk.Choices) {
		s.join(&chunk)
	}
	var at step
	for i := range chunk.Choices {
		d := &chunk.Choices[i]
		at.token = at.token || d.Delta.Content != "" || d.Delta.Refusal != "" || len(d.Delta.ToolCalls) > 0
		a := s.answer(d.Index)
		for _, call := range d.Delta.ToolCalls {
			a.add(call)
		}
		if d.FinishReason != "" && !a.finished {
			a.finished = true
			d.ToolCalls = a.toolCalls()
		}
	}
	return chunk, at
}

// cut reports whether the choices may have parts of characters.
func (s *chatStream) cut(choices []ChatDelta) bool {
	for i := range choices {
		d := &choices[i].Delta
		if s.halves.cut(d.Content) || s.halves.cut(d.Refusal) {
			return true
		}
		for j := range d.ToolCalls {
			if s.halves.cut(d.ToolCalls[j].Function.Arguments) {
				return true
			}
		}
	}
	return false
}

// join reads the texts of the chunk anew, with the characters whole.
func (s *chatStream) join(chunk *ChatChunk) {
	var raw struct {
		Choices []struct {
			Delta struct {
				Content   json.RawMessage `json:"content"`
				Refusal   json.RawMessage `json:"refusal"`
				ToolCalls []struct {
					Function struct {
						Arguments json.RawMessage `json:"arguments"`
					} `json:"function"`
				} `json:"tool_calls"`
			} `json:"delta"`
		} `json:"choices"`
	}
	if read(chunk.Raw, &raw) != nil || len(raw.Choices) != len(chunk.Choices) {
		return
	}
	for i := range chunk.Choices {
		choice, from := &chunk.Choices[i], &raw.Choices[i].Delta
		name := fmt.Sprint(choice.Index)
		s.halves.join(name+" content", from.Content, &choice.Delta.Content)
		s.halves.join(name+" refusal", from.Refusal, &choice.Delta.Refusal)
		if len(from.ToolCalls) != len(choice.Delta.ToolCalls) {
			continue
		}
		for j := range from.ToolCalls {
			if call := &choice.Delta.ToolCalls[j]; call.Index != nil { // else it may be another call's
				s.halves.join(fmt.Sprint(name, " call ", *call.Index), from.ToolCalls[j].Function.Arguments, &call.Function.Arguments)
			}
		}
	}
}

// whole says what is missing where the stream has ended without its mark.
func (s *chatStream) whole() error {
	for _, a := range s.answers {
		if !a.finished {
			return cutOff("a finish_reason or [DONE]")
		}
	}
	if len(s.answers) == 0 {
		return cutOff("a finish_reason or [DONE]")
	}
	return nil
}

func (s *chatStream) answer(index int) *answer {
	if s.answers == nil {
		s.answers = map[int]*answer{}
	}
	a := s.answers[index]
	if a == nil {
		a = new(answer)
		s.answers[index] = a
	}
	return a
}

// add writes a piece to the call that it belongs to: the one with its index, or, where a
// compatible server names none, a new one with each new ID.
func (a *answer) add(d toolCallDelta) {
	i := len(a.calls) - 1
	if d.Index != nil {
		i = slices.IndexFunc(a.calls, func(c *callDraft) bool { return c.index == *d.Index })
	} else if i >= 0 && d.ID != "" && d.ID != a.calls[i].id {
		i = -1
	}
	if i < 0 {
		c := &callDraft{index: len(a.calls)}
		if d.Index != nil {
			c.index = *d.Index
		}
		a.calls = append(a.calls, c)
		i = len(a.calls) - 1
	}
	c := a.calls[i]
	if d.ID != "" {
		c.id = d.ID
	}
	if c.name == "" {
		c.name = d.Function.Name
	}
	c.arguments.WriteString(d.Function.Arguments)
}

func (a *answer) toolCalls() []ToolCall {
	calls := make([]ToolCall, len(a.calls))
	for i, c := range a.calls {
		calls[i] = ToolCall{ID: c.id, Name: c.name, Arguments: c.arguments.String()}
	}
	return calls
}
