package providers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

func at(t *testing.T, base string) []client.Option {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return []client.Option{client.WithBaseURL(base), client.WithTransport(tr), client.WithRetry(retry.Never)}
}

// prefer asks Prism for a response: "code=429", or "dynamic=true" for one of random
// values, whose times are times.
func prefer(what string) func(*client.Request) {
	return func(r *client.Request) {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Prefer", what)
	}
}

func text(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

// P1: every operation makes a request that OpenAI's description allows, and reads each
// response that it documents.
func TestP1_OpenAIUnderItsOwnDescription(t *testing.T) {
	prism := servers.Prism(t, "openai.yaml")
	c, err := openai.New(secret.Static("sk-prism"), at(t, prism.URL)...)
	require.NoError(t, err)
	ctx := t.Context()
	// A message among the items fits two alternatives of which the description wants one:
	// what is sent of it is held to openai-go instead.
	input := openai.ResponseInput{Model: "gpt-5", Input: []openai.Item{
		{Type: "function_call", CallID: "call_1", Name: "f", Arguments: "{}"}, openai.ToolOutput("call_1", "4")},
		Tools: []openai.Tool{{Type: "function", Name: "f", Parameters: map[string]any{"type": "object"}, Strict: new(bool)}}, Background: true}
	chat := openai.ChatInput{Model: "gpt-5", Messages: []openai.ChatMessage{{Role: "user", Content: "Hé"}}, MaxCompletionTokens: 9}

	for name, call := range map[string]func(edit ...func(*client.Request)) error{
		"responses.create": func(edit ...func(*client.Request)) error {
			_, err := openai.CreateResponse.Do(ctx, c.HTTP, input, edit...)
			return err
		},
		"responses.get": func(edit ...func(*client.Request)) error {
			_, err := openai.GetResponse.Do(ctx, c.HTTP, openai.GetResponseInput{ResponseID: "resp_1"}, edit...)
			return err
		},
		"responses.cancel": func(edit ...func(*client.Request)) error {
			_, err := openai.CancelResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: "resp_1"}, edit...)
			return err
		},
		"responses.delete": func(edit ...func(*client.Request)) error {
			_, err := openai.DeleteResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: "resp_1"}, edit...)
			return err
		},
		"chat.completions.create": func(edit ...func(*client.Request)) error {
			_, err := openai.CreateChatCompletion.Do(ctx, c.HTTP, chat, edit...)
			return err
		},
		"embeddings.create": func(edit ...func(*client.Request)) error {
			_, err := openai.CreateEmbeddings.Do(ctx, c.HTTP, openai.EmbeddingsInput{Model: "m", Input: []string{"a"}, Dimensions: 8}, edit...)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, call(prefer("code=200")))
			require.ErrorIs(t, call(prefer("code=429")), client.ErrRateLimited)
			if name == "responses.cancel" || name == "responses.delete" {
				require.ErrorIs(t, call(prefer("code=404")), client.ErrNotFound)
			}
		})
	}
	t.Run("the others", func(t *testing.T) {
		_, err := openai.CreateModeration.Do(ctx, c.HTTP, openai.ModerationInput{Input: "x"})
		require.NoError(t, err)
		for _, err := range openai.ListModels.All(ctx, c.HTTP, client.None{}) {
			require.NoError(t, err)
		}
		_, err = openai.GetModel.Do(ctx, c.HTTP, openai.ModelID{Model: "gpt-5"})
		require.NoError(t, err)
		_, err = openai.UploadFile.Do(ctx, c.HTTP, openai.FileInput{Purpose: "batch", Name: "a.jsonl", Open: text("{}\n"), Size: 3})
		require.NoError(t, err)
		for _, err := range openai.ListFiles.All(ctx, c.HTTP, openai.ListFilesInput{Purpose: "batch", Limit: 2, Order: "asc", After: "file-0"}) {
			require.NoError(t, err)
			break
		}
		_, err = openai.GetFile.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
		require.NoError(t, err)
		_, err = openai.FileContent.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
		require.NoError(t, err)
		_, err = openai.DeleteFile.Do(ctx, c.HTTP, openai.FileID{FileID: "file-1"})
		require.NoError(t, err)
	})
	t.Run("what the description forbids", func(t *testing.T) {
		_, err := openai.CreateEmbeddings.Do(ctx, c.HTTP, openai.EmbeddingsInput{Model: "m"})
		require.ErrorIs(t, err, client.ErrBadRequest)
		_, err = openai.UploadFile.Do(ctx, c.HTTP, openai.FileInput{Purpose: "nothing", Name: "a", Open: text("x"), Size: 1})
		require.ErrorIs(t, err, client.ErrBadRequest)
	})
}
