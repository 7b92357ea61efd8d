package providers

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	sdk "github.com/slack-go/slack"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/slack"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// arguments are those of a method of the Web API, which takes them in the query, in a
// form or as JSON alike ("Web API", Slack docs). What is false or empty is as if it were
// left out.
func arguments(t *testing.T, r clienttest.Recorded) map[string]any {
	t.Helper()
	got := map[string]any{}
	fill := func(values url.Values) {
		for name, v := range values {
			var structured any
			if got[name] = v[0]; strings.ContainsAny(v[0][:min(1, len(v[0]))], "[{") && json.Unmarshal([]byte(v[0]), &structured) == nil {
				got[name] = structured
			}
		}
	}
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	fill(u.Query())
	switch body := content(t, r).(type) {
	case url.Values:
		fill(body)
	case map[string]any:
		maps.Copy(got, body)
	}
	maps.DeleteFunc(got, func(name string, v any) bool {
		return v == "" || v == "0" || v == "false" || v == false || name == "token"
	})
	for name, v := range got {
		if v == "1" || v == true {
			got[name] = "true"
		}
	}
	return got
}

// P1: every operation calls the method that slack-go calls, with its arguments and token.
func TestP1_SlackSendsWhatTheSDKSends(t *testing.T) {
	rt := clienttest.NewTransport(t)
	c, err := slack.New(secret.Static("xoxb-1"), client.WithTransport(rt))
	require.NoError(t, err)
	s := sdk.New("xoxb-1", sdk.OptionHTTPClient(&http.Client{Transport: rt}))
	ctx := t.Context()
	blocks := []any{map[string]any{"type": "divider"}}
	message := sdk.ItemRef{Channel: "C1", Timestamp: "1.2"}
	type calls struct {
		posts bool // slack-go's is no GET here either
		pair
	}
	for name, p := range map[string]calls{
		"chat.postMessage": {true, pair{
			func() error {
				_, err := slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: "C1", Text: "Hé", Blocks: blocks, ThreadTS: "1.1"})
				return err
			},
			func() error {
				_, _, err := s.PostMessageContext(ctx, "C1", sdk.MsgOptionText("Hé", false), sdk.MsgOptionBlocks(sdk.NewDividerBlock()), sdk.MsgOptionTS("1.1"))
				return err
			}}},
		"chat.update": {true, pair{
			func() error {
				_, err := slack.UpdateMessage.Do(ctx, c.HTTP, slack.UpdateInput{Channel: "C1", TS: "1.2", Text: "Hé"})
				return err
			},
			func() error {
				_, _, _, err := s.UpdateMessageContext(ctx, "C1", "1.2", sdk.MsgOptionText("Hé", false))
				return err
			}}},
		"chat.delete": {true, pair{
			func() error {
				_, err := slack.DeleteMessage.Do(ctx, c.HTTP, slack.MessageRef{Channel: "C1", TS: "1.2"})
				return err
			},
			func() error { _, _, err := s.DeleteMessageContext(ctx, "C1", "1.2"); return err }}},
		"reactions.add": {true, pair{
			func() error {
				_, err := slack.AddReaction.Do(ctx, c.HTTP, slack.ReactionInput{Channel: "C1", Timestamp: "1.2", Name: "eyes"})
				return err
			},
			func() error { return s.AddReactionContext(ctx, "eyes", message) }}},
		"reactions.remove": {true, pair{
			func() error {
				_, err := slack.RemoveReaction.Do(ctx, c.HTTP, slack.ReactionInput{Channel: "C1", Timestamp: "1.2", Name: "eyes"})
				return err
			},
			func() error { return s.RemoveReactionContext(ctx, "eyes", message) }}},
		"conversations.list": {false, pair{
			func() error {
				for _, err := range slack.ListConversations.Pages(ctx, c.HTTP, slack.ListConversationsInput{Types: []string{"im", "mpim"}, ExcludeArchived: true, Limit: 9, Cursor: "a="}) {
					return err
				}
				return nil
			},
			func() error {
				_, _, err := s.GetConversationsContext(ctx, &sdk.GetConversationsParameters{Types: []string{"im", "mpim"}, ExcludeArchived: true, Limit: 9, Cursor: "a="})
				return err
			}}},
		"conversations.history": {false, pair{
			func() error {
				for _, err := range slack.ConversationHistory.Pages(ctx, c.HTTP, slack.HistoryInput{Channel: "C1", Oldest: "1.0", Latest: "2.0", Inclusive: true, Limit: 9}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{ChannelID: "C1", Oldest: "1.0", Latest: "2.0", Inclusive: true, Limit: 9})
				return err
			}}},
		"conversations.info": {false, pair{
			func() error {
				_, err := slack.GetConversation.Do(ctx, c.HTTP, slack.ConversationInput{Channel: "C1", IncludeNumMembers: true})
				return err
			},
			func() error {
				_, err := s.GetConversationInfoContext(ctx, &sdk.GetConversationInfoInput{ChannelID: "C1", IncludeNumMembers: true})
				return err
			}}},
		"conversations.open": {true, pair{
			func() error {
				_, err := slack.OpenConversation.Do(ctx, c.HTTP, slack.OpenInput{Users: "U1,U2", ReturnIM: true})
				return err
			},
			func() error {
				_, _, _, err := s.OpenConversationContext(ctx, &sdk.OpenConversationParameters{Users: []string{"U1", "U2"}, ReturnIM: true})
				return err
			}}},
		"users.list": {false, pair{
			func() error {
				for _, err := range slack.ListUsers.Pages(ctx, c.HTTP, slack.ListUsersInput{IncludeLocale: true, Limit: 200}) {
					return err
				}
				return nil
			},
			func() error { _, err := s.GetUsersContext(ctx); return err }}},
		"users.info": {false, pair{
			func() error {
				_, err := slack.GetUser.Do(ctx, c.HTTP, slack.UserInput{User: "U1", IncludeLocale: true})
				return err
			},
			func() error { _, err := s.GetUserInfoContext(ctx, "U1"); return err }}},
		"users.lookupByEmail": {false, pair{
			func() error {
				_, err := slack.LookupUserByEmail.Do(ctx, c.HTTP, slack.EmailInput{Email: "a+b@example.com"})
				return err
			},
			func() error { _, err := s.GetUserByEmailContext(ctx, "a+b@example.com"); return err }}},
		"views.open": {true, pair{
			func() error {
				view := map[string]any{"type": "modal", "title": map[string]any{"type": "plain_text", "text": "A"}, "blocks": blocks}
				_, err := slack.OpenView.Do(ctx, c.HTTP, slack.ViewInput{TriggerID: "t", View: view})
				return err
			},
			func() error {
				_, err := s.OpenViewContext(ctx, "t", sdk.ModalViewRequest{Type: "modal", Title: &sdk.TextBlockObject{Type: "plain_text", Text: "A"}, Blocks: sdk.Blocks{BlockSet: []sdk.Block{sdk.NewDividerBlock()}}})
				return err
			}}},
		"files.getUploadURLExternal": {false, pair{
			func() error {
				_, err := slack.GetUploadURL.Do(ctx, c.HTTP, slack.UploadURLInput{Filename: "a.txt", Length: 5, AltText: "An A"})
				return err
			},
			func() error {
				_, err := s.GetUploadURLExternalContext(ctx, sdk.GetUploadURLExternalParameters{FileName: "a.txt", FileSize: 5, AltTxt: "An A"})
				return err
			}}},
		"files.completeUploadExternal": {true, pair{
			func() error {
				_, err := slack.CompleteUpload.Do(ctx, c.HTTP, slack.CompleteInput{Files: []slack.FileTitle{{ID: "F1", Title: "A"}}, ChannelID: "C1", InitialComment: "Look", ThreadTS: "1.2"})
				return err
			},
			func() error {
				_, err := s.CompleteUploadExternalContext(ctx, sdk.CompleteUploadExternalParameters{Files: []sdk.FileSummary{{ID: "F1", Title: "A"}}, Channel: "C1", InitialComment: "Look", ThreadTimestamp: "1.2"})
				return err
			}}},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"ok":true,"channel":{"id":"C1"},"files":[{"id":"F1"}]}`
			if strings.HasPrefix(name, "chat.") {
				body = `{"ok":true,"channel":"C1","ts":"1.2"}`
			}
			rt.Script(clienttest.JSON(200, body))
			before := rt.Count()
			require.NoError(t, p.ours())
			ours := rt.Last()
			require.NoError(t, p.sdks())
			sdks := rt.Last()
			require.Equal(t, before+2, rt.Count())
			require.Equal(t, target(t, sdks)["path"], target(t, ours)["path"])
			require.Equal(t, "/api/"+name, target(t, ours)["path"])
			require.Equal(t, sdks.Host, ours.Host)
			require.Equal(t, credential(t, sdks), credential(t, ours))
			require.Equal(t, arguments(t, sdks), arguments(t, ours))
			require.Equal(t, p.posts, ours.Method == http.MethodPost, "what reads is a GET, as Slack's docs have it")
		})
	}
}

// P1: the content goes to the upload URL as slack-go sends it.
func TestP1_SlackUploadsAsTheSDKDoes(t *testing.T) {
	step := clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/ABC","file_id":"F1","files":[{"id":"F1"}]}`)
	rt := clienttest.NewTransport(t, step)
	c, err := slack.New(secret.Static("xoxb-1"), client.WithTransport(rt))
	require.NoError(t, err)
	s := sdk.New("xoxb-1", sdk.OptionHTTPClient(&http.Client{Transport: rt}))
	_, err = c.UploadFile(t.Context(), slack.FileInput{Name: "a.txt", Size: 5, ChannelID: "C1",
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }})
	require.NoError(t, err)
	_, err = s.UploadFileContext(t.Context(), sdk.UploadFileParameters{Filename: "a.txt", FileSize: 5, Channel: "C1", Reader: strings.NewReader("hello")})
	require.NoError(t, err)
	sent := rt.Requests()
	require.Len(t, sent, 6)
	ours, sdks := sent[1], sent[4]
	require.Equal(t, sdks.Method+sdks.Host+sdks.URL, ours.Method+ours.Host+ours.URL)
	require.Equal(t, content(t, sdks), content(t, ours))
	require.Equal(t, credential(t, sdks), credential(t, ours))
}

// P6: slack-go's errors keep their type over the stack, and a throttle is waited for.
func TestP6_SlackUnderTheSDK(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(429, `{"ok":false,"error":"ratelimited"}`).Header("Retry-After", "0"), clienttest.JSON(200, `{"ok":false,"error":"channel_not_found"}`))
	hc, err := slack.HTTPClient(secret.Static("xoxb-1"), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = sdk.New("xoxb-1", sdk.OptionHTTPClient(hc)).GetConversationInfoContext(t.Context(), &sdk.GetConversationInfoInput{ChannelID: "C1"})
	var e sdk.SlackErrorResponse
	require.ErrorAs(t, err, &e)
	require.Equal(t, "channel_not_found", e.Err)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, "Bearer xoxb-1", rt.Last().Header.Get("Authorization"))
}
