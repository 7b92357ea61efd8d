package providers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: every operation sends what openai-go by itself sends.
func TestP1_OpenAISendsWhatTheSDKSends(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"x","object":"list","data":[]}`))
	c, err := openai.New(secret.Static("sk-1"), client.WithTransport(rt), openai.WithOrganization("org-1"))
	require.NoError(t, err)
	s := sdk.NewClient(option.WithAPIKey("sk-1"), option.WithOrganization("org-1"), option.WithMaxRetries(0), option.WithBaseURL(openai.Profile.BaseURL),
		option.WithHTTPClient(&http.Client{Transport: rt}))
	ctx := t.Context()
	parameters := map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}}
	strict, half := true, 0.5

	for name, p := range map[string]pair{
		"responses.create": {
			func() error {
				_, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "Hé <&>", Instructions: "Be brief.", MaxOutputTokens: 100,
					Temperature: &half, Store: new(bool), Metadata: map[string]string{"a": "b"}, Reasoning: &openai.Reasoning{Effort: "low"},
					Tools: []openai.Tool{{Type: "function", Name: "weather", Parameters: parameters, Strict: &strict}}, Include: []string{"reasoning.encrypted_content"},
					Text:           &openai.TextConfig{Format: openai.JSONSchema{Type: "json_schema", Name: "n", Schema: parameters}},
					ServiceTier:    "flex",
					PromptCacheKey: "k", SafetyIdentifier: "u_1", Truncation: "auto", PreviousResponseID: "resp_0", Background: true})
				return err
			},
			func() error {
				_, err := s.Responses.New(ctx, responses.ResponseNewParams{Model: "gpt-5", Input: responses.ResponseNewParamsInputUnion{OfString: sdk.String("Hé <&>")},
					Instructions: sdk.String("Be brief."), MaxOutputTokens: sdk.Int(100), Temperature: sdk.Float(0.5), Store: sdk.Bool(false),
					Metadata: shared.Metadata{"a": "b"}, Reasoning: shared.ReasoningParam{Effort: "low"},
					Tools:   []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{Name: "weather", Parameters: parameters, Strict: sdk.Bool(true)}}},
					Include: []responses.ResponseIncludable{"reasoning.encrypted_content"},
					Text: responses.ResponseTextConfigParam{Format: responses.ResponseFormatTextConfigUnionParam{
						OfJSONSchema: &responses.ResponseFormatTextJSONSchemaConfigParam{Name: "n", Schema: parameters}}},
					ServiceTier:    "flex",
					PromptCacheKey: sdk.String("k"), SafetyIdentifier: sdk.String("u_1"), Truncation: "auto", PreviousResponseID: sdk.String("resp_0"), Background: sdk.Bool(true)})
				return err
			},
		},
		"responses.create, items": {
			func() error {
				_, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: []openai.Item{
					openai.UserText("Hello"), {Type: "function_call", CallID: "call_1", Name: "f", Arguments: "{}"}, openai.ToolOutput("call_1", "4")}})
				return err
			},
			func() error {
				message := responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{responses.ResponseInputContentParamOfInputText("Hello")}, "user")
				message.OfMessage.Type = "message"
				_, err := s.Responses.New(ctx, responses.ResponseNewParams{Model: "gpt-5", Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
					message,
					responses.ResponseInputItemParamOfFunctionCall("{}", "call_1", "f"),
					{OfFunctionCallOutput: &responses.ResponseInputItemFunctionCallOutputParam{CallID: sdk.String("call_1"), Output: responses.ResponseInputItemFunctionCallOutputOutputUnionParam{OfString: sdk.String("4")}}},
				}}})
				return err
			},
		},
		"responses.get": {
			func() error {
				_, err := openai.GetResponse.Do(ctx, c.HTTP, openai.GetResponseInput{ResponseID: "resp_1"})
				return err
			},
			func() error { _, err := s.Responses.Get(ctx, "resp_1", responses.ResponseGetParams{}); return err },
		},
		"responses.cancel": {
			func() error {
				_, err := openai.CancelResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: "resp_1"})
				return err
			},
			func() error { _, err := s.Responses.Cancel(ctx, "resp_1"); return err },
		},
		"responses.delete": {
			func() error {
				_, err := openai.DeleteResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: "resp_1"})
				return err
			},
			func() error { return s.Responses.Delete(ctx, "resp_1") },
		},
		"chat.completions.create": {
			func() error {
				_, err := openai.CreateChatCompletion.Do(ctx, c.HTTP, openai.ChatInput{Model: "m", Messages: []openai.ChatMessage{{Role: "user", Content: "Hello"}},
					MaxCompletionTokens: 9, Tools: []openai.ChatTool{{Type: "function", Function: openai.ChatFunction{Name: "weather", Parameters: parameters}}}})
				return err
			},
			func() error {
				_, err := s.Chat.Completions.New(ctx, sdk.ChatCompletionNewParams{Model: "m", Messages: []sdk.ChatCompletionMessageParamUnion{sdk.UserMessage("Hello")},
					MaxCompletionTokens: sdk.Int(9), Tools: []sdk.ChatCompletionToolUnionParam{sdk.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: parameters})}})
				return err
			},
		},
		"embeddings.create": {
			func() error {
				_, err := openai.CreateEmbeddings.Do(ctx, c.HTTP, openai.EmbeddingsInput{Model: "m", Input: []string{"a", "b"}, Dimensions: 8})
				return err
			},
			func() error {
				_, err := s.Embeddings.New(ctx, sdk.EmbeddingNewParams{Model: "m", Input: sdk.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}, Dimensions: sdk.Int(8)})
				return err
			},
		},
		"moderations.create": {
			func() error {
				_, err := openai.CreateModeration.Do(ctx, c.HTTP, openai.ModerationInput{Input: "x"})
				return err
			},
			func() error {
				_, err := s.Moderations.New(ctx, sdk.ModerationNewParams{Input: sdk.ModerationNewParamsInputUnion{OfString: sdk.String("x")}})
				return err
			},
		},
		"models.get": {
			func() error {
				_, err := openai.GetModel.Do(ctx, c.HTTP, openai.ModelID{Model: "ft:gpt-5:acme::1"})
				return err
			},
			func() error { _, err := s.Models.Get(ctx, "ft:gpt-5:acme::1"); return err },
		},
		"models.list": {
			func() error {
				for _, err := range openai.ListModels.All(ctx, c.HTTP, client.None{}) {
					return err
				}
				return nil
			},
			func() error { _, err := s.Models.List(ctx); return err },
		},
		"files.create": {
			func() error {
				_, err := openai.UploadFile.Do(ctx, c.HTTP, openai.FileInput{Purpose: "batch", Name: "a.jsonl", ExpiresAfter: 3600,
					Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}\n")), nil }})
				return err
			},
			func() error {
				_, err := s.Files.New(ctx, sdk.FileNewParams{Purpose: "batch", ExpiresAfter: sdk.FileNewParamsExpiresAfter{Seconds: 3600},
					File: sdk.File(strings.NewReader("{}\n"), "a.jsonl", "application/octet-stream")})
				return err
			},
		},
		"files.list": {
			func() error {
				for _, err := range openai.ListFiles.All(ctx, c.HTTP, openai.ListFilesInput{Purpose: "batch", Limit: 2, Order: "asc", After: "file-0"}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.Files.List(ctx, sdk.FileListParams{Purpose: sdk.String("batch"), Limit: sdk.Int(2), Order: "asc", After: sdk.String("file-0")})
				return err
			},
		},
		"files.get": {
			func() error {
				_, err := openai.GetFile.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
				return err
			},
			func() error { _, err := s.Files.Get(ctx, "file-1"); return err },
		},
		"files.delete": {
			func() error {
				_, err := openai.DeleteFile.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
				return err
			},
			func() error { _, err := s.Files.Delete(ctx, "file-1"); return err },
		},
		"files.content": {
			func() error {
				_, err := openai.FileContent.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
				return err
			},
			func() error {
				resp, err := s.Files.Content(ctx, "file-1")
				if err == nil {
					err = resp.Body.Close()
				}
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			requireSame(t, rt, p)
			require.Equal(t, "org-1", rt.Last().Header.Get("Openai-Organization"))
		})
	}
}

// P1: a stream asks for what the SDK's asks for, and both read the same in it.
func TestP1_OpenAIStreamsAsTheSDKDoes(t *testing.T) {
	stream := func(data ...string) clienttest.Step {
		return clienttest.Text(200, "data: "+strings.Join(data, "\n\ndata: ")+"\n\n").Header("Content-Type", "text/event-stream")
	}
	rt := clienttest.NewTransport(t)
	c, err := openai.New(secret.Static("sk-1"), client.WithTransport(rt))
	require.NoError(t, err)
	s := sdk.NewClient(option.WithAPIKey("sk-1"), option.WithMaxRetries(0), option.WithBaseURL(openai.Profile.BaseURL), option.WithHTTPClient(&http.Client{Transport: rt}))
	var ours, sdks []string

	rt.Script(stream(
		`{"type":"response.output_text.delta","item_id":"m","delta":"Hé"}`,
		`{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{}"}`,
		`{"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"}}`,
		`{"type":"response.completed","response":{"id":"resp_1","status":"completed"}}`))
	requireSame(t, rt, pair{
		func() error {
			for ev, err := range openai.StreamResponse(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x"}) {
				if err != nil {
					return err
				}
				ours = append(ours, ev.Type+" "+ev.Delta)
			}
			return nil
		},
		func() error {
			st := s.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{Model: "m", Input: responses.ResponseNewParamsInputUnion{OfString: sdk.String("x")}})
			for st.Next() {
				ev := st.Current()
				sdks = append(sdks, ev.Type+" "+ev.Delta)
			}
			return st.Err()
		},
	})
	require.Equal(t, sdks, ours)
	require.Len(t, ours, 4)

	rt.Script(stream(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\""}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, `[DONE]`))
	var calls []openai.ToolCall
	var acc sdk.ChatCompletionAccumulator
	requireSame(t, rt, pair{
		func() error {
			for chunk, err := range openai.StreamChat(t.Context(), c.HTTP, openai.ChatInput{Model: "m", Messages: []openai.ChatMessage{{Role: "user", Content: "x"}}}) {
				if err != nil {
					return err
				}
				calls = append(calls, chunk.Choices[0].ToolCalls...)
			}
			return nil
		},
		func() error {
			st := s.Chat.Completions.NewStreaming(t.Context(), sdk.ChatCompletionNewParams{Model: "m", Messages: []sdk.ChatCompletionMessageParamUnion{sdk.UserMessage("x")}})
			for st.Next() {
				acc.AddChunk(st.Current())
			}
			return st.Err()
		},
	})
	want := acc.Choices[0].Message.ToolCalls[0]
	require.Equal(t, []openai.ToolCall{{ID: want.ID, Name: want.Function.Name, Arguments: want.Function.Arguments}}, calls)
}

// P6: under openai-go the stack is asked once per attempt, with its own credential.
func TestP6_OpenAIUnderTheSDK(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(429, `{"error":{"code":"insufficient_quota","message":"Pay.","type":"insufficient_quota"}}`))
	hc, err := openai.HTTPClient(secret.Static("sk-1"), client.WithTransport(rt))
	require.NoError(t, err)
	s := sdk.NewClient(option.WithAPIKey("the stack's"), option.WithMaxRetries(0), option.WithHTTPClient(hc))
	_, err = s.Models.Get(t.Context(), "m")
	var e *sdk.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "insufficient_quota", e.Code)
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "Bearer sk-1", rt.Last().Header.Get("Authorization"))
}
