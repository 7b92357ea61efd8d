package openai

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// CreateChatCompletion answers a conversation (API reference, "Chat"). Most servers that
// are compatible with OpenAI have this and no Responses. For a stream see [StreamChat].
var CreateChatCompletion = client.Op[ChatInput, ChatCompletion]{
	Name: "chat.completions.create", Method: http.MethodPost, Route: "/chat/completions",
}

// ChatInput is a conversation. Zero fields are not sent.
type ChatInput struct {
	Model               string            `json:"model"`
	Messages            []ChatMessage     `json:"messages"`
	MaxCompletionTokens int               `json:"max_completion_tokens,omitempty"`
	N                   int               `json:"n,omitempty"`
	Temperature         *float64          `json:"temperature,omitempty"`
	TopP                *float64          `json:"top_p,omitempty"`
	Stop                []string          `json:"stop,omitempty"`
	Seed                *int64            `json:"seed,omitempty"`
	ReasoningEffort     string            `json:"reasoning_effort,omitempty"`
	ResponseFormat      any               `json:"response_format,omitempty"`
	Tools               []ChatTool        `json:"tools,omitempty"`
	ToolChoice          any               `json:"tool_choice,omitempty"`
	ParallelToolCalls   *bool             `json:"parallel_tool_calls,omitempty"`
	Store               *bool             `json:"store,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	ServiceTier         string            `json:"service_tier,omitempty"`
	PromptCacheKey      string            `json:"prompt_cache_key,omitempty"`
	SafetyIdentifier    string            `json:"safety_identifier,omitempty"`

	// IncludeUsage asks for a last chunk of a stream with the tokens used.
	IncludeUsage bool `json:"-"`

	// Limits are those of a stream.
	Limits StreamLimits `json:"-"`
}

// ChatMessage is one message. Content is a string, or a list of parts.
type ChatMessage struct {
	Role       string         `json:"role"`
	Content    any            `json:"content,omitempty"`
	Name       string         `json:"name,omitempty"`
	ToolCalls  []ChatToolCall `json:"tool_calls,omitempty"`
	ToolCallID string         `json:"tool_call_id,omitempty"`
}

// ChatTool is a function that the model may call: Type is "function".
type ChatTool struct {
	Type     string       `json:"type"`
	Function ChatFunction `json:"function"`
}

// ChatFunction describes a function. Parameters is a JSON schema.
type ChatFunction struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Parameters  any    `json:"parameters,omitempty"`
	Strict      *bool  `json:"strict,omitempty"`
}

// ChatToolCall is a [ToolCall] as a chat message holds it.
type ChatToolCall struct {
	ID       string           `json:"id"`
	Type     string           `json:"type"`
	Function ChatFunctionCall `json:"function"`
}

// ChatFunctionCall is the function to be called. Arguments is JSON, as the model wrote
// it.
type ChatFunctionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// ChatCompletion is what the model answers.
type ChatCompletion struct {
	ID          string       `json:"id"`
	Model       string       `json:"model"`
	Created     Time         `json:"created"`
	Choices     []ChatChoice `json:"choices"`
	ServiceTier string       `json:"service_tier"`
	Usage       ChatUsage    `json:"usage"`
}

// ChatChoice is one of N answers.
type ChatChoice struct {
	Index        int        `json:"index"`
	FinishReason string     `json:"finish_reason"` // stop, length, tool_calls, content_filter
	Message      ChatAnswer `json:"message"`
}

// ChatAnswer is the message of the model.
type ChatAnswer struct {
	Role      string         `json:"role"`
	Content   string         `json:"content"`
	Refusal   string         `json:"refusal"`
	ToolCalls []ChatToolCall `json:"tool_calls"`
}

// ForInput is the answer as a message of the conversation that goes on.
func (a ChatAnswer) ForInput() ChatMessage {
	m := ChatMessage{Role: a.Role, ToolCalls: a.ToolCalls}
	switch {
	case a.Content == "" && a.Refusal != "":
		type part struct {
			Type    string `json:"type"`
			Refusal string `json:"refusal"`
		}
		m.Content = []part{{"refusal", a.Refusal}}
	case a.Content != "" || len(a.ToolCalls) == 0: // without which there must be some content
		m.Content = a.Content
	}
	return m
}

// ChatUsage is what a completion has cost, in tokens.
type ChatUsage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	TotalTokens      int64 `json:"total_tokens"`
}

// streamed is in as a stream asks for it.
func (in ChatInput) streamed() any {
	type options struct {
		IncludeUsage bool `json:"include_usage"`
	}
	type plain ChatInput
	out := struct {
		plain
		Stream        bool     `json:"stream"`
		StreamOptions *options `json:"stream_options,omitempty"`
	}{plain: plain(in), Stream: true}
	if in.IncludeUsage {
		out.StreamOptions = &options{true}
	}
	return out
}
