package openai

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// Responses are what a model generates (API reference, "Responses").
//
//	r, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "Hello"})
//
// A response that OpenAI could not generate is an error of CreateResponse, also where it
// comes with a 200. One that is made in the background is not: see [WaitResponse]. For a
// stream see [StreamResponse].
var (
	CreateResponse = client.Op[ResponseInput, Response]{Name: "responses.create", Method: http.MethodPost, Route: "/responses"}
	GetResponse    = client.Op[GetResponseInput, Response]{Name: "responses.get", Route: "/responses/{response_id}"}
	CancelResponse = client.Op[ResponseID, Response]{Name: "responses.cancel", Method: http.MethodPost, Route: "/responses/{response_id}/cancel", Repeatable: true}
	DeleteResponse = client.Op[ResponseID, client.None]{Name: "responses.delete", Method: http.MethodDelete, Route: "/responses/{response_id}"}
)

// ResponseInput is what a response is generated from. Zero fields are not sent.
type ResponseInput struct {
	Model              string            `json:"model,omitempty"`
	Input              any               `json:"input,omitempty"` // a string, or a list of [Item]
	Instructions       string            `json:"instructions,omitempty"`
	PreviousResponseID string            `json:"previous_response_id,omitempty"`
	Conversation       string            `json:"conversation,omitempty"` // its ID
	MaxOutputTokens    int               `json:"max_output_tokens,omitempty"`
	MaxToolCalls       int               `json:"max_tool_calls,omitempty"`
	Temperature        *float64          `json:"temperature,omitempty"`
	TopP               *float64          `json:"top_p,omitempty"`
	Reasoning          *Reasoning        `json:"reasoning,omitempty"`
	Text               *TextConfig       `json:"text,omitempty"`
	Tools              []Tool            `json:"tools,omitempty"`
	ToolChoice         any               `json:"tool_choice,omitempty"` // "auto", "none", "required", or an object
	ParallelToolCalls  *bool             `json:"parallel_tool_calls,omitempty"`
	Include            []string          `json:"include,omitempty"`
	Store              *bool             `json:"store,omitempty"`      // nil is true
	Background         bool              `json:"background,omitempty"` // see [WaitResponse]
	Metadata           map[string]string `json:"metadata,omitempty"`
	Truncation         string            `json:"truncation,omitempty"`
	ServiceTier        string            `json:"service_tier,omitempty"`
	PromptCacheKey     string            `json:"prompt_cache_key,omitempty"`
	SafetyIdentifier   string            `json:"safety_identifier,omitempty"`

	// Limits are those of a stream.
	Limits StreamLimits `json:"-"`
}

// streamed is in as a stream asks for it.
func (in ResponseInput) streamed() any {
	type plain ResponseInput
	return struct {
		plain
		Stream bool `json:"stream"`
	}{plain(in), true}
}

// Reasoning says how much a reasoning model thinks, and whether it tells.
type Reasoning struct {
	Effort  string `json:"effort,omitempty"`
	Summary string `json:"summary,omitempty"`
}

// TextConfig says what form the text has.
type TextConfig struct {
	Format    any    `json:"format,omitempty"` // such as a [JSONSchema]
	Verbosity string `json:"verbosity,omitempty"`
}

// JSONSchema is a TextConfig.Format for structured output: Type is "json_schema".
type JSONSchema struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Schema      any    `json:"schema"`
	Strict      bool   `json:"strict,omitempty"`
}

// Tool is a function that the model may call: Type is "function". For OpenAI's own tools
// set Extra, which is then what is sent.
type Tool struct {
	Type        string `json:"type"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Parameters  any    `json:"parameters,omitempty"` // a JSON schema
	Strict      *bool  `json:"strict,omitempty"`
	Extra       any    `json:"-"`
}

// MarshalJSON writes Extra where it is set.
func (t Tool) MarshalJSON() ([]byte, error) {
	type plain Tool
	if t.Extra != nil {
		return json.Marshal(t.Extra)
	}
	return json.Marshal(plain(t))
}

// ResponseID names a response.
type ResponseID struct {
	ResponseID string `path:"response_id"`
}

// GetResponseInput names a response, and what is to be included in it.
type GetResponseInput struct {
	ResponseID string   `path:"response_id"`
	Include    []string `query:"include"`
}

// Response is what a model has generated, or is about to.
type Response struct {
	ID                 string             `json:"id"`
	Status             string             `json:"status"` // completed, failed, in_progress, cancelled, queued, incomplete
	Model              string             `json:"model"`
	CreatedAt          Time               `json:"created_at"`
	Background         bool               `json:"background"`
	Error              *ResponseError     `json:"error"`
	IncompleteDetails  *IncompleteDetails `json:"incomplete_details"`
	Output             []Item             `json:"output"`
	PreviousResponseID string             `json:"previous_response_id"`
	Metadata           map[string]string  `json:"metadata"`
	ServiceTier        string             `json:"service_tier"`
	Usage              Usage              `json:"usage"`
}

// ResponseError says why a response could not be generated.
type ResponseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// IncompleteDetails says why a response was cut short: "max_output_tokens",
// "content_filter".
type IncompleteDetails struct {
	Reason string `json:"reason"`
}

// Usage is what a response has cost, in tokens.
type Usage struct {
	InputTokens        int64 `json:"input_tokens"`
	OutputTokens       int64 `json:"output_tokens"`
	TotalTokens        int64 `json:"total_tokens"`
	InputTokensDetails struct {
		CachedTokens int64 `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	OutputTokensDetails struct {
		ReasoningTokens int64 `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
}

// Text is all text of the output.
func (r *Response) Text() string {
	var b strings.Builder
	for _, item := range r.Output {
		for _, part := range item.Content {
			if part.Type == "output_text" {
				b.WriteString(part.Text)
			}
		}
	}
	return b.String()
}

// ToolCalls are the functions that the model asks to be called. Answer each with
// [ToolOutput].
func (r *Response) ToolCalls() []ToolCall {
	var calls []ToolCall
	for _, item := range r.Output {
		if item.Type == "function_call" {
			calls = append(calls, item.call())
		}
	}
	return calls
}
