package slack_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/slack"
)

// P3: unknown fields and kinds break nothing.
func TestP3_Messages(t *testing.T) {
	c, rt := over(t, clienttest.JSON(200, `{"ok":true,"channel":"C1","ts":"1503435956.000247","new":{"a":1},
		"message":{"type":"tomorrows","ts":"1503435956.000247","text":"Hé","blocks":[{"type":"tomorrows_block"}],"reactions":[{"name":"eyes","count":2,"users":["U1"]}]}}`))
	got, err := slack.PostMessage.Do(t.Context(), c.HTTP, slack.MessageInput{Channel: "C1", Text: "Hé", Blocks: []any{map[string]any{"type": "divider"}}})
	require.NoError(t, err)
	require.Equal(t, []string{"C1", "1503435956.000247", "Hé"}, []string{got.Channel, got.TS, got.Message.Text})
	require.JSONEq(t, `[{"type":"tomorrows_block"}]`, string(got.Message.Blocks))
	require.JSONEq(t, `{"channel":"C1","text":"Hé","blocks":[{"type":"divider"}]}`, string(rt.Last().Body))
	require.Equal(t, "/api/chat.postMessage", rt.Last().URL)
	require.Equal(t, "application/json; charset=utf-8", rt.Last().Header.Get("Content-Type"))
	_, err = slack.AddReaction.Do(t.Context(), c.HTTP, slack.ReactionInput{Channel: "C1", Timestamp: "1.2", Name: "eyes"})
	require.NoError(t, err)
	_, err = slack.OpenView.Do(t.Context(), c.HTTP, slack.ViewInput{TriggerID: "t", View: map[string]any{"type": "modal"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"trigger_id":"t","view":{"type":"modal"}}`, string(rt.Last().Body))
}

// P4: an empty page that is not the last is no end, and a cursor that goes round is an
// error.
func TestP4_Lists(t *testing.T) {
	c, rt := over(t,
		clienttest.JSON(200, `{"ok":true,"channels":[{"id":"C1","name":"a"}],"response_metadata":{"next_cursor":"dGVhbTpDMQ=="}}`),
		clienttest.JSON(200, `{"ok":true,"channels":[],"response_metadata":{"next_cursor":"b"}}`),
		clienttest.JSON(200, `{"ok":true,"channels":[{"id":"C2"}],"response_metadata":{"next_cursor":""}}`))
	var ids, urls []string
	for ch, err := range slack.ListConversations.All(t.Context(), c.HTTP, slack.ListConversationsInput{Types: []string{"im", "mpim"}, Limit: 200}) {
		require.NoError(t, err)
		ids = append(ids, ch.ID)
	}
	for _, r := range rt.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{"C1", "C2"}, ids)
	require.Equal(t, []string{"/api/conversations.list?limit=200&types=im%2Cmpim",
		"/api/conversations.list?cursor=dGVhbTpDMQ%3D%3D&limit=200&types=im%2Cmpim", "/api/conversations.list?cursor=b&limit=200&types=im%2Cmpim"}, urls)

	c, rt = over(t, clienttest.JSON(200, `{"ok":true,"members":[{"id":"U1"}],"response_metadata":{"next_cursor":"a"}}`))
	var last error
	for _, last = range slack.ListUsers.All(t.Context(), c.HTTP, slack.ListUsersInput{}) {
		_ = last
	}
	require.ErrorIs(t, last, client.ErrDecode)
	require.Equal(t, 2, rt.Count())

	c, rt = over(t, clienttest.JSON(200, `{"ok":true,"messages":[{"ts":"2.0"},{"ts":"1.0"}],"has_more":true,"response_metadata":{"next_cursor":"a"}}`))
	for m, err := range slack.ConversationHistory.All(t.Context(), c.HTTP, slack.HistoryInput{Channel: "C1"}) {
		require.NoError(t, err)
		require.Equal(t, "2.0", m.TS)
		break
	}
	require.Equal(t, 1, rt.Count(), "no page is fetched that nobody reads")

	c, _ = over(t, clienttest.JSON(200, `{"ok":true,"messages":[{"ts":"2.0"}],"response_metadata":{"next_cursor":"a"}}`), clienttest.JSON(200, `{"ok":false,"error":"invalid_cursor"}`))
	last = nil
	for _, last = range slack.ConversationHistory.All(t.Context(), c.HTTP, slack.HistoryInput{Channel: "C1"}) {
		_ = last
	}
	require.ErrorIs(t, last, client.ErrBadRequest, "a page that failed is no end of the list")
}

func TestAFileIsUploadedInThreeSteps(t *testing.T) {
	c, rt := over(t,
		clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/ABC?sig=1","file_id":"F1"}`),
		clienttest.Text(200, "OK - 5"),
		clienttest.JSON(200, `{"ok":true,"files":[{"id":"F1","title":"A","url_private":"https://files.slack.com/f"}]}`))
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }
	file, err := c.UploadFile(t.Context(), slack.FileInput{Name: "a.txt", Title: "A", Open: open, Size: 5, ChannelID: "C1", InitialComment: "Look"})
	require.NoError(t, err)
	require.Equal(t, "F1", file.ID)
	r := rt.Requests()
	require.Equal(t, "/api/files.getUploadURLExternal?filename=a.txt&length=5", r[0].URL)
	require.Equal(t, "files.slack.com/upload/v1/ABC?sig=1", r[1].Host+r[1].URL)
	_, params, err := mime.ParseMediaType(r[1].Header.Get("Content-Type"))
	require.NoError(t, err)
	form, err := multipart.NewReader(bytes.NewReader(r[1].Body), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Equal(t, "a.txt", form.File["file"][0].Filename)
	require.JSONEq(t, `{"files":[{"id":"F1","title":"A"}],"channel_id":"C1","initial_comment":"Look"}`, string(r[2].Body))

	// A step that fails ends it, and names no secret of the upload URL.
	for name, steps := range map[string][]clienttest.Step{
		"no scope": {clienttest.JSON(200, `{"ok":false,"error":"missing_scope"}`)},
		"no upload": {clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/CANARY?sig=CANARY","file_id":"F1"}`),
			clienttest.Text(500, "CANARY")},
		"elsewhere":    {clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com.example.net/upload/v1/CANARY","file_id":"F1"}`)},
		"not shared":   {clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com/u","file_id":"F1"}`), clienttest.Text(200, "OK - 5"), clienttest.JSON(200, `{"ok":false,"error":"channel_not_found"}`)},
		"no URL":       {clienttest.JSON(200, `{"ok":true}`)},
		"plain http":   {clienttest.JSON(200, `{"ok":true,"upload_url":"http://files.slack.com/CANARY","file_id":"F1"}`)},
		"user info":    {clienttest.JSON(200, `{"ok":true,"upload_url":"https://CANARY:x@files.slack.com/u","file_id":"F1"}`)},
		"not of a URL": {clienttest.JSON(200, `{"ok":true,"upload_url":"::CANARY","file_id":"F1"}`)},
	} {
		c, rt := over(t, steps...)
		_, err := c.UploadFile(t.Context(), slack.FileInput{Name: "a.txt", Open: open, Size: 5, ChannelID: "C1"})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, "slack", e.Provider)
		require.Equal(t, len(steps), rt.Count(), name)
		require.NotContains(t, err.Error(), "sig=CANARY", name)
		require.NotContains(t, err.Error(), "v1/CANARY", name)
	}
	for says, in := range map[string]slack.FileInput{
		"Name": {Open: open, Size: 5}, "Open": {Name: "a", Size: 5}, "Size": {Name: "a", Open: open},
	} {
		_, err := (&slack.Client{HTTP: new(client.Client)}).UploadFile(t.Context(), in)
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, says)
	}
	// Slack may have nothing more to say of it.
	c, _ = over(t, clienttest.JSON(200, `{"ok":true,"upload_url":"https://files.slack.com/u","file_id":"F1"}`), clienttest.Text(200, "OK - 5"), clienttest.JSON(200, `{"ok":true}`))
	file, err = c.UploadFile(t.Context(), slack.FileInput{Name: "a.txt", Open: open, Size: 5})
	require.NoError(t, err)
	require.Equal(t, "F1", file.ID)
}

// What is read from Slack's file host has the token; another host gets nothing.
func TestAPrivateFileIsDownloaded(t *testing.T) {
	c, rt := over(t, clienttest.Text(200, "hello"))
	var b bytes.Buffer
	_, err := client.Download(t.Context(), c.HTTP, client.Request{URL: "https://files.slack.com/files-pri/T1-F1/a.txt"}, &b)
	require.NoError(t, err)
	require.Equal(t, "Bearer xoxb-test", rt.Last().Header.Get("Authorization"))
	_, err = client.Download(t.Context(), c.HTTP, client.Request{URL: "https://slack-files.example.net/a"}, &b)
	require.ErrorIs(t, err, client.ErrOrigin)
}
