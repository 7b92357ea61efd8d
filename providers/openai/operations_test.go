package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
)

const response = `{"id":"resp_1","object":"response","created_at":1741476777.5,"status":"completed","model":"gpt-5","error":null,
	"incomplete_details":null,"new_field":{"a":1},"output":[
	{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"opaque<&"},
	{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[
		{"type":"output_text","text":"Hel","annotations":[]},{"type":"refusal","refusal":"no"},{"type":"output_text","text":"lo"}]},
	{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"city\":\"Oslo\"}","status":"completed"},
	{"type":"computer_call","id":"cc_1","output":{"not":"a string"},"action":{"type":"click"}},
	{"type":"tomorrows_item","id":7}],
	"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":12},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}}`

// P3: items that are new, and members of another type, break nothing, and all of an item
// goes back as it came.
func TestP3_AResponse(t *testing.T) {
	c, rt := over(t, nil, clienttest.JSON(200, response))
	r, err := openai.CreateResponse.Do(t.Context(), c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "Weather?"})
	require.NoError(t, err)
	require.Equal(t, "Hello", r.Text())
	require.Equal(t, []openai.ToolCall{{ID: "call_1", Name: "get_weather", Arguments: `{"city":"Oslo"}`}}, r.ToolCalls())
	require.Equal(t, time.UnixMilli(1741476777500).UTC(), r.CreatedAt.Time)
	require.Equal(t, []int64{36, 12, 87, 64, 123}, []int64{
		r.Usage.InputTokens, r.Usage.InputTokensDetails.CachedTokens, r.Usage.OutputTokens, r.Usage.OutputTokensDetails.ReasoningTokens, r.Usage.TotalTokens})
	require.Len(t, r.Output, 5)
	require.Equal(t, "tomorrows_item", r.Output[4].Type)

	input := append([]openai.Item{openai.UserText("Weather?")}, r.Output...)
	input = append(input, openai.ToolOutput("call_1", "rain"))
	strict, half := true, 0.5
	_, err = openai.CreateResponse.Do(t.Context(), c.HTTP, openai.ResponseInput{
		Model: "gpt-5", Input: input, Temperature: &half,
		Tools:    []openai.Tool{{Type: "function", Name: "get_weather", Parameters: map[string]any{"type": "object"}, Strict: &strict}, {Extra: map[string]any{"type": "web_search"}}},
		Text:     &openai.TextConfig{Format: openai.JSONSchema{Type: "json_schema", Name: "n", Schema: map[string]any{"type": "object"}}},
		Metadata: map[string]string{"order": "1"},
	})
	require.NoError(t, err)
	var sent struct {
		Input []json.RawMessage
		Tools []map[string]any
	}
	require.NoError(t, json.Unmarshal(rt.Last().Body, &sent))
	require.JSONEq(t, `{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"opaque<&"}`, string(sent.Input[1]))
	require.JSONEq(t, `{"type":"tomorrows_item","id":7}`, string(sent.Input[5]))
	require.JSONEq(t, `{"type":"function_call_output","call_id":"call_1","output":"rain"}`, string(sent.Input[6]))
	require.Equal(t, "web_search", sent.Tools[1]["type"])
	require.NotContains(t, string(rt.Last().Body), "stream")
}

// P5: a response that failed is the call's error inside a 200 too. One that was made in
// the background is what is asked about.
func TestP5_AResponseThatFailed(t *testing.T) {
	sentinels := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrRateLimited, client.ErrUnavailable}
	for code, want := range map[string]error{
		"server_error": client.ErrUnavailable, "rate_limit_exceeded": client.ErrRateLimited, "invalid_prompt": client.ErrBadRequest,
		"image_too_large": client.ErrBadRequest, "model_not_found": client.ErrNotFound, "insufficient_quota": nil, "tomorrows_code": nil,
	} {
		body := `{"id":"resp_1","object":"response","status":"failed","background":false,"error":{"code":"` + code + `","message":"It failed."},"output":[]}`
		c, rt := over(t, nil, clienttest.JSON(200, body))
		_, err := openai.CreateResponse.Do(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x"})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, code)
		require.Equal(t, []any{code, "It failed.", 200, 1}, []any{e.Code, e.Message, e.Status, rt.Count()})
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s: %v", code, sentinel)
		}
		var r openai.Response
		require.NoError(t, e.DecodeBody(&r))
		require.Equal(t, "resp_1", r.ID)
	}
	for _, body := range []string{
		`{"id":"resp_1","object":"response","status":"failed","background":true,"error":{"code":"server_error","message":"It failed."}}`,
		`{"id":"resp_1","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}`,
		`{"object":"chat.completion","status":"failed"}`,
		`{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"it \"failed\""}]}]}`,
	} {
		c, _ := over(t, nil, clienttest.JSON(200, body))
		_, err := openai.GetResponse.Do(t.Context(), c.HTTP, openai.GetResponseInput{ResponseID: "resp_1"})
		require.NoError(t, err, body)
	}
}

// P5: compatible servers say that nothing was generated inside a 200, in place of the
// object that was asked for, some with the status as the code (OpenRouter docs, "Errors
// and Debugging"). An object that has an error as a member, such as a job, is no error.
func TestP5_AnErrorInPlaceOfWhatWasAskedFor(t *testing.T) {
	for body, want := range map[string]struct {
		code     string
		sentinel error
	}{
		`{"error":{"message":"Busy.","type":"server_error","param":null,"code":"server_is_overloaded"}}`: {"server_is_overloaded", client.ErrUnavailable},
		`{"error": {"code": 429, "message": "Busy.", "metadata": {}}, "user_id": "u"}`:                   {"429", client.ErrRateLimited},
		`{"user_id":"u","error" : {"code":401,"message":"Busy."}}`:                                       {"401", client.ErrUnauthorized},
		`{"choices":[{"error":null}],"error":{"code":400,"message":"Busy."}}`:                            {"400", client.ErrBadRequest},
		`{"status":500,"error":{"type":"server_error","message":"Busy."}}`:                               {"", client.ErrUnavailable},
		`{"error":{"code":408,"message":"Busy."}}`:                                                       {"408", nil},
		`{"error":{"code":200,"message":"Busy."}}`:                                                       {"200", nil},
		`{"error":"Busy."}`: {"Busy.", nil},
		`{"id":null,"choices":null,"error":{"param":"object","message":"Busy.","code":"x"}}`: {"x", nil},
	} {
		c, rt := over(t, nil, clienttest.JSON(200, body))
		_, err := openai.CreateChatCompletion.Do(t.Context(), c.HTTP, openai.ChatInput{Model: "m"})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, body)
		require.Equal(t, []any{want.code, 200, 1, client.MaybeApplied}, []any{e.Code, e.Status, rt.Count(), e.Effect}, body)
		for _, sentinel := range []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrRateLimited, client.ErrUnavailable} {
			require.Equal(t, sentinel == want.sentinel, errors.Is(err, sentinel), "%s: %v", body, sentinel)
		}
	}
	for _, body := range []string{
		`{"id":"chatcmpl-1","error":null,"choices":[{"message":{"content":"say \"error\": x"}}]}`,
		`{"choices":[{"message":{"content":"x"},"error":{"code":1}}]}`,
		`{"id":"chatcmpl-1","choices":[],"error":""}`,
		`{"choices":[],"error":{}}`, `{"choices":[],"error":false}`, `{"choices":[],"error":[]}`,
		`{"object":"video","id":"video_1","error":{"code":"x","message":"It failed."}}`,
		`{"object":"response","status":"incomplete","error":{"code":"x"}}`,
	} {
		c, _ := over(t, nil, clienttest.JSON(200, body))
		_, err := openai.CreateChatCompletion.Do(t.Context(), c.HTTP, openai.ChatInput{Model: "m"})
		require.NoError(t, err, body)
	}
}

func TestChat(t *testing.T) {
	c, rt := over(t, nil, clienttest.JSON(200, `{"id":"chatcmpl-1","created":1741569952,"model":"m","choices":[{"index":0,"finish_reason":"tool_calls",
		"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}}],
		"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`))
	in := openai.ChatInput{Model: "m", Messages: []openai.ChatMessage{{Role: "user", Content: "Hello"}}, IncludeUsage: true}
	got, err := openai.CreateChatCompletion.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"Hello"}]}`, string(rt.Last().Body))
	require.Equal(t, int64(3), got.Usage.TotalTokens)
	answer := got.Choices[0].Message
	in.Messages = append(in.Messages, answer.ForInput(), openai.ChatMessage{Role: "tool", ToolCallID: answer.ToolCalls[0].ID, Content: "4"})
	_, err = openai.CreateChatCompletion.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"Hello"},
		{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"call_1","content":"4"}]}`, string(rt.Last().Body))
	require.Equal(t, "Hi", openai.ChatAnswer{Role: "assistant", Content: "Hi"}.ForInput().Content)
}

func TestEmbeddingsModerationsAndModels(t *testing.T) {
	c, rt := over(t, nil,
		clienttest.JSON(200, `{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.25,-1e-3]}],"usage":{"prompt_tokens":8,"total_tokens":8}}`),
		clienttest.JSON(200, `{"id":"modr-1","model":"omni","results":[{"flagged":true,"categories":{"hate":true,"tomorrow":false},"category_scores":{"hate":0.9}}]}`),
		clienttest.JSON(200, `{"object":"list","data":[{"id":"gpt-5","created":1686935002,"owned_by":"openai"},{"id":"b"}]}`))
	e, err := openai.CreateEmbeddings.Do(t.Context(), c.HTTP, openai.EmbeddingsInput{Model: "m", Input: []string{"x"}})
	require.NoError(t, err)
	require.Equal(t, []float64{0.25, -1e-3}, e.Data[0].Embedding)
	m, err := openai.CreateModeration.Do(t.Context(), c.HTTP, openai.ModerationInput{Input: "x"})
	require.NoError(t, err)
	require.True(t, m.Results[0].Flagged && m.Results[0].Categories["hate"])
	require.JSONEq(t, `{"input":"x"}`, string(rt.Last().Body))
	var ids []string
	for model, err := range openai.ListModels.All(t.Context(), c.HTTP, client.None{}) {
		require.NoError(t, err)
		ids = append(ids, model.ID)
	}
	require.Equal(t, []string{"gpt-5", "b"}, ids)
	require.Equal(t, 3, rt.Count())
}

// P4
func TestP4_Files(t *testing.T) {
	c, rt := over(t, nil,
		clienttest.JSON(200, `{"data":[{"id":"file-1","bytes":3}],"last_id":"file-1","has_more":true}`),
		clienttest.JSON(200, `{"data":[],"last_id":"file-1b","has_more":true}`),
		clienttest.JSON(200, `{"data":[{"id":"file-2"}],"has_more":true}`),
		clienttest.JSON(200, `{"data":[{"id":"file-3","created_at":1}],"last_id":"file-3","has_more":false}`))
	var ids, urls []string
	for file, err := range openai.ListFiles.All(t.Context(), c.HTTP, openai.ListFilesInput{Purpose: "batch", Limit: 1}) {
		require.NoError(t, err)
		ids = append(ids, file.ID)
	}
	for _, r := range rt.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{"file-1", "file-2", "file-3"}, ids)
	require.Equal(t, []string{"/v1/files?limit=1&purpose=batch", "/v1/files?after=file-1&limit=1&purpose=batch",
		"/v1/files?after=file-1b&limit=1&purpose=batch", "/v1/files?after=file-2&limit=1&purpose=batch"}, urls)

	c, rt = over(t, nil, clienttest.JSON(200, `{"data":[{"id":"file-1"}],"last_id":"file-1","has_more":true}`))
	last := error(nil)
	for _, last = range openai.ListFiles.All(t.Context(), c.HTTP, openai.ListFilesInput{}) {
		_ = last
	}
	require.ErrorIs(t, last, client.ErrDecode, "a cycle of cursors")
	require.Equal(t, 2, rt.Count())

	c, rt = over(t, nil, clienttest.JSON(200, `{"data":[{"id":"file-1"}],"last_id":"file-1","has_more":true}`), clienttest.JSON(200, `{"data":[],"has_more":true}`))
	for _, last = range openai.ListFiles.All(t.Context(), c.HTTP, openai.ListFilesInput{}) {
		_ = last
	}
	require.ErrorIs(t, last, client.ErrDecode, "there is more, and nothing says where")
	require.Equal(t, 2, rt.Count())
}

func TestAFileIsUploadedAndDownloaded(t *testing.T) {
	c, rt := over(t, nil, clienttest.JSON(200, `{"id":"file-1","bytes":5,"created_at":1613779121,"expires_at":null}`), clienttest.Text(200, "hello"))
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }
	file, err := openai.UploadFile.Do(t.Context(), c.HTTP, openai.FileInput{Purpose: "user_data", Name: "a.txt", Open: open, Size: 5, ExpiresAfter: 3600})
	require.NoError(t, err)
	require.True(t, file.ExpiresAt.IsZero())
	_, params, err := mime.ParseMediaType(rt.Last().Header.Get("Content-Type"))
	require.NoError(t, err)
	form, err := multipart.NewReader(bytes.NewReader(rt.Last().Body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"purpose": {"user_data"}, "expires_after[anchor]": {"created_at"}, "expires_after[seconds]": {"3600"}}, form.Value)
	require.Equal(t, "a.txt", form.File["file"][0].Filename)

	r, err := openai.FileContent.Request(openai.FileID{FileID: file.ID})
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = client.Download(t.Context(), c.HTTP, r, &b)
	require.NoError(t, err)
	require.Equal(t, "hello", b.String())
	require.Equal(t, "/v1/files/file-1/content", rt.Last().URL)

	for says, in := range map[string]openai.FileInput{
		"Purpose": {Name: "a", Open: open}, "Name": {Purpose: "batch", Open: open}, "Open": {Purpose: "batch", Name: "a"},
		"ExpiresAfter": {Purpose: "batch", Name: "a", Open: open, ExpiresAfter: -1},
	} {
		_, err := openai.UploadFile.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, says)
	}
	_, err = openai.GetFile.Do(t.Context(), c.HTTP, openai.FileID{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, 2, rt.Count())
}

func TestTimesAreSecondsOrNone(t *testing.T) {
	for text, want := range map[string]int64{`1`: 1, `1.5`: 1, `null`: 0, `0`: 0, `-5`: 0, `1e300`: 0} {
		var at openai.Time
		require.NoError(t, json.Unmarshal([]byte(text), &at), text)
		require.Equal(t, want == 0, at.IsZero(), text)
		back, err := json.Marshal(at)
		require.NoError(t, err)
		if want == 0 {
			require.Equal(t, "null", string(back))
		} else {
			require.Equal(t, "1", string(back))
		}
	}
	require.Error(t, json.Unmarshal([]byte(`"tomorrow"`), new(openai.Time)))
}

// An answer goes back as OpenAI takes one: its content is required unless it calls tools,
// and a refusal is content of its own ("ChatCompletionRequestAssistantMessage", OpenAI's
// description).
func TestAnAnswerForInput(t *testing.T) {
	call := []openai.ChatToolCall{{ID: "c1", Type: "function"}}
	for want, answer := range map[string]openai.ChatAnswer{
		`{"role":"assistant","content":"Hi"}`:                                                                     {Role: "assistant", Content: "Hi"},
		`{"role":"assistant","content":""}`:                                                                       {Role: "assistant"},
		`{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}`:                                     {Role: "assistant", Refusal: "No."},
		`{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"","arguments":""}}]}`: {Role: "assistant", ToolCalls: call},
	} {
		got, err := json.Marshal(answer.ForInput())
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
}
