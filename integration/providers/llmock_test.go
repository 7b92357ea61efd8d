package providers

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"
)

// fixture is what llmock generates for a prompt, in its own words; with says how.
func fixture(prompt string, response map[string]any, with map[string]any) map[string]any {
	f := map[string]any{"match": map[string]any{"userMessage": prompt}, "response": response}
	for k, v := range with {
		f[k] = v
	}
	return f
}

type fields = map[string]any

// spoken is a text of which llmock, which counts in UTF-16, cuts some characters in two.
const spoken = "Grüße, 世界! 👍🏽 The rest is 🤫."

var called = []openai.ToolCall{
	{ID: "call_1", Name: "weather", Arguments: `{"city":"Zürich","note":"a \"quoted\" back\\slash\n"}`},
	{ID: "call_2", Name: "nothing", Arguments: `{}`},
	{ID: "call_3", Name: "weather", Arguments: `{"city":"東京🗼","days":[1,2,{"x":null}]}`},
}

func calls(c ...openai.ToolCall) []any {
	out := make([]any, len(c))
	for i := range c {
		out[i] = fields{"id": c[i].ID, "name": c[i].Name, "arguments": c[i].Arguments}
	}
	return out
}

// generated is what a call has brought, whichever way.
type generated struct {
	text   string
	calls  []openai.ToolCall
	ends   string // the status, or the finish reason
	tokens int64
	events int // of a stream
}

// said is g without what a response at once does not have.
func (g generated) said() generated {
	g.events = 0
	return g
}

// way is one of the four ways to have something generated.
type way struct {
	name     string
	streamed bool
	generate func(ctx context.Context, c *openai.Client, prompt string, limits openai.StreamLimits, edit ...func(*client.Request)) (generated, error)
}

var ways = []way{
	{"a response", false, func(ctx context.Context, c *openai.Client, prompt string, _ openai.StreamLimits, edit ...func(*client.Request)) (generated, error) {
		r, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: prompt}, edit...)
		return generated{text: r.Text(), calls: r.ToolCalls(), ends: r.Status, tokens: r.Usage.TotalTokens}, err
	}},
	{"a stream of a response", true, func(ctx context.Context, c *openai.Client, prompt string, limits openai.StreamLimits, edit ...func(*client.Request)) (g generated, err error) {
		for ev, err := range openai.StreamResponse(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: prompt, Limits: limits}, edit...) {
			if err != nil {
				return g, err
			}
			g.events++
			g.text += ev.OutputText()
			if ev.ToolCall != nil {
				g.calls = append(g.calls, *ev.ToolCall)
			}
			if ev.Type == "response.completed" {
				g.ends, g.tokens = ev.Response.Status, ev.Response.Usage.TotalTokens
			}
		}
		return g, nil
	}},
	{"a chat", false, func(ctx context.Context, c *openai.Client, prompt string, _ openai.StreamLimits, edit ...func(*client.Request)) (generated, error) {
		r, err := openai.CreateChatCompletion.Do(ctx, c.HTTP, chatOf(prompt, openai.StreamLimits{}), edit...)
		g := generated{tokens: r.Usage.TotalTokens}
		for _, choice := range r.Choices {
			g.text, g.ends = choice.Message.Content, choice.FinishReason
			for _, call := range choice.Message.ToolCalls {
				g.calls = append(g.calls, openai.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
			}
		}
		return g, err
	}},
	{"a stream of a chat", true, func(ctx context.Context, c *openai.Client, prompt string, limits openai.StreamLimits, edit ...func(*client.Request)) (g generated, err error) {
		in := chatOf(prompt, limits)
		in.IncludeUsage = true
		for chunk, err := range openai.StreamChat(ctx, c.HTTP, in, edit...) {
			if err != nil {
				return g, err
			}
			g.events++
			g.text += chunk.Text()
			for _, choice := range chunk.Choices {
				g.calls = append(g.calls, choice.ToolCalls...)
				if choice.FinishReason != "" {
					g.ends = choice.FinishReason
				}
			}
			if chunk.Usage != nil {
				g.tokens = chunk.Usage.TotalTokens
			}
		}
		return g, nil
	}},
}

func chatOf(prompt string, limits openai.StreamLimits) openai.ChatInput {
	return openai.ChatInput{Model: "gpt-5", Messages: []openai.ChatMessage{{Role: "user", Content: prompt}}, Limits: limits}
}

// eachWay runs test for all of them, or for the streams alone.
func eachWay(t *testing.T, streamed bool, test func(t *testing.T, w way)) {
	t.Helper()
	for _, w := range ways {
		if w.streamed || !streamed {
			t.Run(w.name, func(t *testing.T) { test(t, w) })
		}
	}
}

func atLLMock(t *testing.T, base string, opts ...client.Option) *openai.Client {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	c, err := openai.New(secret.Static(servers.LLMockKey), append([]client.Option{client.WithBaseURL(base), client.WithTransport(tr)}, opts...)...)
	require.NoError(t, err)
	return c
}

// P1: what is streamed comes to what comes at once, the calls of tools included: at
// OpenAI, at an older deployment of Azure's and at OpenRouter, as llmock speaks them.
func TestP1_OpenAIStreamsComeToTheWhole(t *testing.T) {
	s := servers.LLMock(t,
		fixture("speak", fields{"content": spoken, "usage": fields{"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}}, fields{"chunkSize": 3}),
		fixture("call", fields{"toolCalls": calls(called...)}, fields{"chunkSize": 1}),
		fixture("do both", fields{"content": spoken, "toolCalls": calls(called...), "reasoning": "Hm."}, fields{"chunkSize": 5}),
		fixture("mix", fields{"blocks": []any{
			fields{"type": "toolCall", "id": "call_1", "name": "weather", "arguments": called[0].Arguments}, fields{"type": "text", "text": "One. "},
			fields{"type": "toolCall", "id": "call_2", "name": "nothing", "arguments": "{}"}, fields{"type": "text", "text": "Two."},
		}}, fields{"chunkSize": 4}),
		fixture("be slow", fields{"content": "One two three."}, fields{"chunkSize": 3, "latency": 20}),
	)
	for prompt, want := range map[string]generated{
		"speak":   {text: spoken},
		"call":    {calls: called},
		"do both": {text: spoken, calls: called},
		"mix":     {text: "One. Two.", calls: called[:2]},
		"be slow": {text: "One two three."},
	} {
		t.Run(prompt, func(t *testing.T) {
			c := atLLMock(t, s.URL+"/v1")
			at := map[bool]generated{}
			for i, w := range ways {
				g, err := w.generate(t.Context(), c, prompt, openai.StreamLimits{FirstToken: 20 * time.Second, Idle: 20 * time.Second})
				require.NoError(t, err, w.name)
				require.Equal(t, want.text, g.text, w.name)
				require.Equal(t, want.calls, g.calls, w.name)
				if i%2 == 1 {
					require.Equal(t, at[false], g.said(), w.name)
				}
				at[w.streamed] = g
			}
		})
	}
	azure := func() []client.Option {
		return []client.Option{client.WithQuery(url.Values{"api-version": {"2024-10-21"}}), client.WithAuth(client.APIKeyHeader("api-key", secret.Static(servers.LLMockKey)))}
	}
	for name, c := range map[string]*openai.Client{
		"Azure":      atLLMock(t, s.URL+"/openai/deployments/gpt-5", azure()...),
		"OpenRouter": atLLMock(t, s.URL+"/api/v1"),
	} {
		for _, w := range ways[2:] {
			g, err := w.generate(t.Context(), c, "do both", openai.StreamLimits{})
			require.NoError(t, err, name)
			require.Equal(t, []any{spoken, called}, []any{g.text, g.calls}, name)
		}
	}
	c, err := openai.New(secret.Static("sk-other"), client.WithBaseURL(s.URL+"/v1"), client.WithTransport(&http.Transport{DisableKeepAlives: true}))
	require.NoError(t, err)
	eachWay(t, false, func(t *testing.T, w way) {
		_, err := w.generate(t.Context(), c, "speak", openai.StreamLimits{})
		require.ErrorIs(t, err, client.ErrUnauthorized)
	})
}
