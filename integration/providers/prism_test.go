package providers

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/providers/x"
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

// P1: the same of X. Its description may not be copied (X Developer Agreement and
// Policy): it is at https://api.x.com/2/openapi.json, and STANDPIPE_X_DESCRIPTION is
// the path of it.
func TestP1_XUnderItsOwnDescription(t *testing.T) {
	path := os.Getenv("STANDPIPE_X_DESCRIPTION")
	if path == "" {
		t.Skip("STANDPIPE_X_DESCRIPTION is not set: it is the path of X's description of its API")
	}
	prism := servers.PrismOf(t, path)
	c, err := x.New(secret.Static("AAAA-prism"), at(t, prism.URL)...)
	require.NoError(t, err)
	ctx := t.Context()
	now := x.Time{Time: time.Now()}
	fields := x.PostFields{PostFields: []string{"created_at", "public_metrics"}, Expansions: []string{"author_id", "attachments.media_keys"},
		MediaFields: []string{"url"}, PollFields: []string{"options"}, UserFields: []string{"verified"}, PlaceFields: []string{"country"}}
	posts := x.PostsInput{UserID: "2244994945", Exclude: []string{"replies", "retweets"}, MaxResults: 5, Token: "0123456789abcdef", PostFields: fields,
		Period: x.Period{SinceID: "1346889436626259968", UntilID: "1346889436626259969", StartTime: now, EndTime: now}}
	first := func(pages func(func(x.PostPage, error) bool)) error {
		for _, err := range pages {
			return err
		}
		return nil
	}
	for name, call := range map[string]func(edit ...func(*client.Request)) error{
		"posts.create": func(edit ...func(*client.Request)) error {
			_, err := x.CreatePost.Do(ctx, c.HTTP, x.PostInput{Text: "Hé", Reply: &x.ReplyTo{PostID: "1346889436626259968", ExcludeUserIDs: []string{"2244994945"}},
				Media: &x.MediaInput{MediaIDs: []string{"1146654567674912769"}, TaggedUserIDs: []string{"2244994945"}}, ReplySettings: "following"}, edit...)
			return err
		},
		"posts.create, a poll": func(edit ...func(*client.Request)) error {
			_, err := x.CreatePost.Do(ctx, c.HTTP, x.PostInput{Text: "?", Poll: &x.PollInput{Options: []string{"a", "b"}, DurationMinutes: 60}}, edit...)
			return err
		},
		"posts.delete": func(edit ...func(*client.Request)) error {
			_, err := x.DeletePost.Do(ctx, c.HTTP, x.PostID{ID: "1346889436626259968"}, edit...)
			return err
		},
		"posts.get": func(edit ...func(*client.Request)) error {
			_, err := x.GetPost.Do(ctx, c.HTTP, x.GetPostInput{ID: "1346889436626259968", PostFields: fields}, edit...)
			return err
		},
		"users.posts": func(edit ...func(*client.Request)) error {
			return first(x.ListUserPosts.Pages(ctx, c.HTTP, posts, edit...))
		},
		"users.timeline": func(edit ...func(*client.Request)) error {
			return first(x.ListTimeline.Pages(ctx, c.HTTP, posts, edit...))
		},
		"users.mentions": func(edit ...func(*client.Request)) error {
			return first(x.ListMentions.Pages(ctx, c.HTTP, x.MentionsInput{UserID: "2244994945", MaxResults: 5, Period: posts.Period, PostFields: fields}, edit...))
		},
		"posts.search": func(edit ...func(*client.Request)) error {
			return first(x.SearchRecent.Pages(ctx, c.HTTP, x.SearchInput{Query: "from:golang", SortOrder: "recency", MaxResults: 10, Token: "0123456789abcdef", Period: posts.Period, PostFields: fields}, edit...))
		},
		"users.me": func(edit ...func(*client.Request)) error {
			_, err := x.GetMe.Do(ctx, c.HTTP, x.UserFields{UserFields: []string{"created_at"}, Expansions: []string{"pinned_tweet_id"}, PostFields: []string{"lang"}}, edit...)
			return err
		},
		"users.get": func(edit ...func(*client.Request)) error {
			_, err := x.GetUser.Do(ctx, c.HTTP, x.UserInput{ID: "2244994945"}, edit...)
			return err
		},
		"users.byUsername": func(edit ...func(*client.Request)) error {
			_, err := x.GetUserByUsername.Do(ctx, c.HTTP, x.UsernameInput{Username: "XDevelopers"}, edit...)
			return err
		},
		"media.initialize": func(edit ...func(*client.Request)) error {
			_, err := x.InitializeMedia.Do(ctx, c.HTTP, x.InitializeInput{MediaType: "video/mp4", TotalBytes: 10, MediaCategory: "tweet_video"}, edit...)
			return err
		},
		"media.finalize": func(edit ...func(*client.Request)) error {
			_, err := x.FinalizeMedia.Do(ctx, c.HTTP, x.MediaID{ID: "1146654567674912769"}, edit...)
			return err
		},
		"media.status": func(edit ...func(*client.Request)) error {
			_, err := x.GetMediaStatus.Do(ctx, c.HTTP, x.MediaStatusInput{ID: "1146654567674912769"}, edit...)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				require.NoError(t, call(prefer("dynamic=true")))
			}
			require.ErrorIs(t, call(prefer("code=503")), client.ErrUnavailable, "the default response")
		})
	}
	// A chunk cannot be judged: the description wants its number to be either an
	// integer or a text of digits, and in a form every number is both.
	_, err = x.InitializeMedia.Do(ctx, c.HTTP, x.InitializeInput{MediaType: "nothing"})
	require.ErrorIs(t, err, client.ErrBadRequest)
}
