package openai_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"
)

// sse is a stream of these data.
func sse(data ...string) clienttest.Step {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return clienttest.Text(200, b.String()).Header("Content-Type", "text/event-stream").Header("X-Request-Id", "req_1")
}

func responses(t *testing.T, c *openai.Client, limits openai.StreamLimits) (events []openai.ResponseEvent, last error) {
	t.Helper()
	for ev, err := range openai.StreamResponse(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x", Limits: limits}) {
		require.NoError(t, last, "an error ends the sequence")
		if last = err; err == nil {
			events = append(events, ev)
		}
	}
	return events, last
}

func chat(t *testing.T, c *openai.Client) (chunks []openai.ChatChunk, last error) {
	t.Helper()
	in := openai.ChatInput{Model: "m", Messages: []openai.ChatMessage{{Role: "user", Content: "x"}}, IncludeUsage: true}
	for chunk, err := range openai.StreamChat(t.Context(), c.HTTP, in) {
		require.NoError(t, last, "an error ends the sequence")
		if last = err; err == nil {
			chunks = append(chunks, chunk)
		}
	}
	return chunks, last
}

const (
	created   = `{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}`
	completed = `{"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","object":"response","status":"completed","usage":{"total_tokens":3}}}`
)

func TestAStreamOfAResponse(t *testing.T) {
	c, rt := over(t, nil, sse(created,
		`{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hel"}`,
		`{"type":"response.tomorrow","delta":{"an":"object"},"new":1,"sequence_number":2}`,
		`{"type":"response.output_text.delta","item_id":"msg_1","delta":"lo"}`,
		`{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}}`,
		`{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"g","arguments":""}}`,
		`{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{\"a\""}`,
		`{"type":"response.function_call_arguments.delta","item_id":"fc_2","delta":"{}"}`,
		`{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":":1}"}`,
		`{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}}`,
		`{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"g"}}`,
		completed, `{"type":"never seen"}`))
	events, err := responses(t, c, openai.StreamLimits{})
	require.NoError(t, err)
	var text strings.Builder
	var calls []openai.ToolCall
	for i := range events {
		text.WriteString(events[i].OutputText())
		if events[i].ToolCall != nil {
			calls = append(calls, *events[i].ToolCall)
		}
	}
	require.Equal(t, "Hello", text.String())
	require.Equal(t, []openai.ToolCall{{ID: "call_1", Name: "f", Arguments: `{"a":1}`}, {ID: "call_2", Name: "g", Arguments: `{}`}}, calls)
	require.Len(t, events, 12)
	require.JSONEq(t, `{"type":"response.tomorrow","delta":{"an":"object"},"new":1,"sequence_number":2}`, string(events[2].Raw))
	require.Equal(t, int64(2), events[2].SequenceNumber)
	require.Equal(t, int64(3), events[11].Response.Usage.TotalTokens)
	require.JSONEq(t, `{"model":"m","input":"x","stream":true}`, string(rt.Last().Body))
	require.Equal(t, "text/event-stream", rt.Last().Header.Get("Accept"))
}

// P5: what OpenAI says of a failure inside a 200 is yielded, and then the call's error.
func TestP5_ErrorsInsideAStream(t *testing.T) {
	for name, tc := range map[string]struct {
		event, code, message string
		want                 error
	}{
		"error":                   {`{"type":"error","code":"rate_limit_exceeded","message":"Slow down.","param":null,"sequence_number":1}`, "rate_limit_exceeded", "Slow down.", client.ErrRateLimited},
		"error, no code":          {`{"type":"error","code":null,"message":"No."}`, "error", "No.", nil},
		"error, nested":           {`{"type":"error","error":{"type":"server_error","code":null,"message":"Oops."}}`, "server_error", "Oops.", client.ErrUnavailable},
		"error, overloaded":       {`{"type":"error","code":"server_is_overloaded","message":"Busy."}`, "server_is_overloaded", "Busy.", client.ErrUnavailable},
		"failed":                  {`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"Oops."}}}`, "server_error", "Oops.", client.ErrUnavailable},
		"failed, quota":           {`{"type":"response.failed","response":{"status":"failed","error":{"code":"insufficient_quota","message":"Pay."}}}`, "insufficient_quota", "Pay.", nil},
		"failed without a cause":  {`{"type":"response.failed"}`, "failed", "its status is failed", nil},
		"completed as failed":     {`{"type":"response.completed","response":{"status":"failed","error":{"code":"server_error","message":"Oops."}}}`, "server_error", "Oops.", client.ErrUnavailable},
		"completed as incomplete": {`{"type":"response.completed","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}`, "max_output_tokens", "the response is incomplete", nil},
		"completed as cancelled":  {`{"type":"response.completed","response":{"status":"cancelled"}}`, "cancelled", "its status is cancelled", nil},
		"incomplete":              {`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}`, "max_output_tokens", "the response is incomplete", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, rt := over(t, nil, sse(created, tc.event, completed))
			events, err := responses(t, c, openai.StreamLimits{})
			require.Len(t, events, 2)
			require.JSONEq(t, tc.event, string(events[1].Raw))
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, "%T", err)
			require.Equal(t, []any{tc.code, tc.message, "openai", 200, "req_1", client.MaybeApplied}, []any{e.Code, e.Message, e.Provider, e.Status, e.RequestID, e.Effect})
			for _, sentinel := range []error{client.ErrBadRequest, client.ErrRateLimited, client.ErrUnavailable, client.ErrNotFound} {
				require.Equal(t, sentinel == tc.want, errors.Is(err, sentinel), "%v", sentinel)
			}
			require.Equal(t, 1, rt.Count(), "nothing is generated twice")
		})
	}
	for name, event := range map[string]string{
		"object": `{"error":{"message":"Oops.","type":"server_error","code":500}}`,
		"number": `{"error":{"message":"Oops.","code":502},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`,
		"text":   `{"error":"Oops."}`,
	} {
		c, _ := over(t, nil, sse(`{"choices":[{"index":0,"delta":{"content":"H"}}]}`, event, `[DONE]`))
		chunks, err := chat(t, c)
		require.Len(t, chunks, 2, name)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		require.Equal(t, "Oops.", e.Message)
		require.Equal(t, name != "text", errors.Is(err, client.ErrUnavailable), name)
	}
}

func TestACompletedStreamNeedsNoResponse(t *testing.T) {
	c, _ := over(t, nil, sse(created, `{"type":"response.completed"}`))
	events, err := responses(t, c, openai.StreamLimits{})
	require.NoError(t, err)
	require.Len(t, events, 2)
}

// A stream that ends before OpenAI has said that it is whole has been cut off, wherever.
func TestAStreamThatIsCutOff(t *testing.T) {
	for name, step := range map[string]clienttest.Step{
		"empty":           sse(),
		"after an event":  sse(created),
		"before the last": sse(created, `{"type":"response.output_text.done","text":"Hello"}`, `[DONE]`),
		"inside an event": clienttest.Truncate(200, "data: "+created+"\n\ndata: {\"type\"", 90).Header("Content-Type", "text/event-stream"),
	} {
		c, rt := over(t, nil, step)
		_, err := responses(t, c, openai.StreamLimits{})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		require.Equal(t, client.MaybeApplied, e.Effect)
		require.Equal(t, 1, rt.Count())
	}
	first, last := `{"choices":[{"index":0,"delta":{"content":"H"}},{"index":1,"delta":{"content":"H"}}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	other := `{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}`
	for name, tc := range map[string]struct {
		step  clienttest.Step
		whole bool
	}{
		"empty":                    {sse(), false},
		"one of two answers":       {sse(first, last), false},
		"both, without the mark":   {sse(first, last, other), true},
		"the mark alone":           {sse(first, `[DONE]`), true},
		"usage after the last one": {sse(first, last, other, `{"choices":[],"usage":{"total_tokens":3}}`, `[DONE]`), true},
	} {
		c, _ := over(t, nil, tc.step)
		_, err := chat(t, c)
		require.Equal(t, !tc.whole, errors.Is(err, io.ErrUnexpectedEOF), name)
		require.Equal(t, tc.whole, err == nil, name)
	}
}

func TestAChatStream(t *testing.T) {
	c, rt := over(t, nil, sse(
		`{"id":"c_1","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null,"obfuscation":"x"}`,
		`{"choices":[{"index":0,"delta":{"content":"Hi"}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"g","arguments":"{"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}},{"index":1,"function":{"arguments":"}"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`,
		`{"choices":[],"usage":{"total_tokens":7}}`, `[DONE]`))
	chunks, err := chat(t, c)
	require.NoError(t, err)
	require.Len(t, chunks, 7)
	require.Equal(t, "Hi", chunks[1].Text())
	require.Equal(t, []openai.ToolCall{{ID: "call_1", Name: "f", Arguments: `{"a":1}`}, {ID: "call_2", Name: "g", Arguments: "{}"}}, chunks[5].Choices[0].ToolCalls)
	require.Equal(t, int64(7), chunks[6].Usage.TotalTokens)
	require.Empty(t, chunks[6].Text())
	require.Contains(t, string(chunks[0].Raw), "obfuscation")
	require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true}}`, string(rt.Last().Body))

	// Compatible servers that name no index send each call whole, or by its ID.
	c, _ = over(t, nil, sse(
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"}"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"[]"}}]},"finish_reason":"tool_calls"}]}`, `[DONE]`))
	chunks, err = chat(t, c)
	require.NoError(t, err)
	require.Equal(t, []openai.ToolCall{{ID: "a", Name: "f", Arguments: `{}`}, {ID: "b", Name: "g", Arguments: "[]"}}, chunks[2].Choices[0].ToolCalls)
}

// What is no event at all is an error that quotes nothing of it.
func TestAStreamThatCannotBeRead(t *testing.T) {
	c, _ := over(t, nil, sse(created, `<html>secret`))
	_, err := responses(t, c, openai.StreamLimits{})
	require.ErrorIs(t, err, client.ErrDecode)
	require.NotContains(t, err.Error(), "secret")
	c, _ = over(t, nil, sse(`<html>secret`, `[DONE]`))
	_, err = chat(t, c)
	require.ErrorIs(t, err, client.ErrDecode)
	require.NotContains(t, err.Error(), "secret")
	c, _ = over(t, nil, clienttest.JSON(200, `{"id":"resp_1"}`))
	_, err = responses(t, c, openai.StreamLimits{})
	require.ErrorIs(t, err, client.ErrDecode, "not a stream")
	c, rt := start(t, `429 Retry-After=0, 401`)
	_, err = responses(t, c, openai.StreamLimits{})
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.Equal(t, 2, rt.Count(), "what was refused before it began is asked for again")
}

// The first token and what follows it have limits of their own, and a slow loop is none
// of the service's silence.
func TestTheLimitsOfAStream(t *testing.T) {
	delta := `{"type":"response.output_text.delta","delta":"x"}`
	type pause struct {
		wait time.Duration
		data string
	}
	for name, tc := range map[string]struct {
		limits openai.StreamLimits
		events []pause
		loop   time.Duration
		says   string
		after  time.Duration
	}{
		"within both":          {openai.StreamLimits{FirstToken: 3 * time.Minute, Idle: 10 * time.Second}, []pause{{0, created}, {2 * time.Minute, delta}, {9 * time.Second, delta}, {9 * time.Second, completed}}, 0, "", 138 * time.Second},
		"no first token":       {openai.StreamLimits{FirstToken: time.Minute}, []pause{{0, created}, {40 * time.Second, created}, {40 * time.Second, created}, {0, delta}, {0, completed}}, 0, "FirstToken", time.Minute},
		"silence in between":   {openai.StreamLimits{FirstToken: time.Minute, Idle: 10 * time.Second}, []pause{{0, created}, {50 * time.Second, delta}, {11 * time.Second, completed}}, 0, "Idle", time.Minute},
		"only an idle limit":   {openai.StreamLimits{Idle: 10 * time.Second}, []pause{{2 * time.Minute, delta}, {11 * time.Second, completed}}, 0, "Idle", 130 * time.Second},
		"only the first token": {openai.StreamLimits{FirstToken: 10 * time.Second}, []pause{{0, delta}, {2 * time.Minute, completed}}, 0, "", 2 * time.Minute},
		"a slow loop":          {openai.StreamLimits{FirstToken: 10 * time.Second, Idle: 10 * time.Second}, []pause{{0, created}, {0, delta}, {0, delta}, {0, completed}}, time.Minute, "", 4 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pr, pw := io.Pipe()
				done := make(chan struct{})
				defer func() { <-done }()
				go func() {
					defer close(done)
					for _, e := range tc.events {
						time.Sleep(e.wait)
						if _, err := fmt.Fprintf(pw, "data: %s\n\n", e.data); err != nil {
							return
						}
					}
					_ = pw.Close()
				}()
				rt := roundTrip(func(r *http.Request) (*http.Response, error) {
					context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: pr, Request: r}, nil
				})
				c, err := openai.New(secret.Static("sk-test"), client.WithTransport(rt))
				require.NoError(t, err)
				begin := time.Now()
				var last error
				for _, err := range openai.StreamResponse(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x", Limits: tc.limits}) {
					time.Sleep(tc.loop)
					last = err
				}
				require.Equal(t, tc.after, time.Since(begin))
				if tc.says == "" {
					require.NoError(t, last)
					return
				}
				require.ErrorIs(t, last, client.ErrTimeout)
				require.NotErrorIs(t, last, context.Canceled, "nobody has cancelled it")
				require.ErrorContains(t, last, tc.says)
				e, ok := errors.AsType[*client.Error](last)
				require.True(t, ok)
				require.Equal(t, client.MaybeApplied, e.Effect)
			})
		})
	}
}

// A call of a tool is output as text is.
func TestACallOfAToolIsAFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		go func() {
			_, _ = io.WriteString(pw, `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]}}]}`+"\n\n")
			time.Sleep(time.Minute)
			_, _ = io.WriteString(pw, "data: [DONE]\n\n")
			_ = pw.Close()
		}()
		rt := roundTrip(func(r *http.Request) (*http.Response, error) {
			context.AfterFunc(r.Context(), func() { _ = pr.CloseWithError(r.Context().Err()) })
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: pr, Request: r}, nil
		})
		c, err := openai.New(secret.Static("sk-test"), client.WithTransport(rt))
		require.NoError(t, err)
		for _, err := range openai.StreamChat(t.Context(), c.HTTP, openai.ChatInput{Model: "m", Limits: openai.StreamLimits{FirstToken: time.Second}}) {
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whoever has seen enough leaves the loop; the caller's own cancel is no limit.
func TestALoopThatIsLeft(t *testing.T) {
	c, _ := over(t, nil, sse(created, completed))
	for ev, err := range openai.StreamResponse(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x", Limits: openai.StreamLimits{Idle: time.Second}}) {
		require.NoError(t, err)
		require.Equal(t, "response.created", ev.Type)
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range openai.StreamResponse(ctx, c.HTTP, openai.ResponseInput{Model: "m", Input: "x", Limits: openai.StreamLimits{Idle: time.Second}}) {
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, client.ErrTimeout)
	}
}
