package x_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/x"
)

func TestPosts(t *testing.T) {
	c, rt := over(t, clienttest.JSON(201, `{"data":{"id":"1445880548472328192","text":"Hello","edit_history_tweet_ids":["1445880548472328192"]}}`),
		clienttest.JSON(200, `{"data":{"deleted":true}}`))
	made, err := x.CreatePost.Do(t.Context(), c.HTTP, x.PostInput{Text: "Hello", Reply: &x.ReplyTo{PostID: "1"}, Media: &x.MediaInput{MediaIDs: []string{"7"}}})
	require.NoError(t, err)
	require.Equal(t, "1445880548472328192", made.Data.ID)
	require.JSONEq(t, `{"text":"Hello","reply":{"in_reply_to_tweet_id":"1"},"media":{"media_ids":["7"]}}`, string(rt.Last().Body))
	gone, err := x.DeletePost.Do(t.Context(), c.HTTP, x.PostID{ID: made.Data.ID})
	require.NoError(t, err)
	require.True(t, gone.Data.Deleted)
	_, err = x.DeletePost.Do(t.Context(), c.HTTP, x.PostID{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, 2, rt.Count())
}

// P1: each kind of field that is asked for is sent, in every operation that takes it.
func TestP1_FieldsThatAreAskedForAreSent(t *testing.T) {
	c, rt := over(t, clienttest.JSON(200, `{}`))
	ctx, hc := t.Context(), c.HTTP
	posts := x.PostFields{PostFields: []string{"lang"}, MediaFields: []string{"url"}, PollFields: []string{"options"}, UserFields: []string{"verified"}, PlaceFields: []string{"country"}}
	users := x.UserFields{UserFields: []string{"verified"}, PostFields: []string{"lang"}}
	const ofPosts = "?media.fields=url&place.fields=country&poll.fields=options&tweet.fields=lang&user.fields=verified"
	const ofUsers = "?tweet.fields=lang&user.fields=verified"
	for want, call := range map[string]func() error{
		"/2/tweets/1" + ofPosts: func() error { _, err := x.GetPost.Do(ctx, hc, x.GetPostInput{ID: "1", PostFields: posts}); return err },
		"/2/users/1/tweets" + ofPosts: func() error {
			_, err := x.ListUserPosts.Do(ctx, hc, x.PostsInput{UserID: "1", PostFields: posts})
			return err
		},
		"/2/users/1/mentions" + ofPosts: func() error {
			_, err := x.ListMentions.Do(ctx, hc, x.MentionsInput{UserID: "1", PostFields: posts})
			return err
		},
		"/2/users/me" + ofUsers: func() error { _, err := x.GetMe.Do(ctx, hc, users); return err },
		"/2/users/1" + ofUsers:  func() error { _, err := x.GetUser.Do(ctx, hc, x.UserInput{ID: "1", UserFields: users}); return err },
		"/2/users/by/username/a" + ofUsers: func() error {
			_, err := x.GetUserByUsername.Do(ctx, hc, x.UsernameInput{Username: "a", UserFields: users})
			return err
		},
		"/2/tweets/search/recent" + strings.Replace(ofPosts, "&tweet", "&query=q&tweet", 1): func() error {
			_, err := x.SearchRecent.Do(ctx, hc, x.SearchInput{Query: "q", PostFields: posts})
			return err
		},
	} {
		require.NoError(t, call(), want)
		require.Equal(t, want, rt.Last().URL)
	}
}

// P4: pages go by next_token, an empty one that is not the last is no end, and a token
// that goes round is an error. What is missing of a page is told with it.
func TestP4_Lists(t *testing.T) {
	c, rt := over(t,
		clienttest.JSON(200, `{"data":[{"id":"3","text":"c","author_id":"9"}],"includes":{"users":[{"id":"9","username":"a"}]},"errors":[{"title":"Not Found Error","type":"`+problems+`resource-not-found"}],"meta":{"result_count":1,"next_token":"t1"}}`),
		clienttest.JSON(200, `{"meta":{"result_count":0,"next_token":"t2"}}`),
		clienttest.JSON(200, `{"data":[{"id":"1"}],"meta":{"result_count":1}}`))
	in := x.SearchInput{Query: "from:golang é", MaxResults: 10, Period: x.Period{StartTime: x.Time{Time: time.Date(2026, 11, 26, 15, 0, 0, 5, time.FixedZone("", 3600))}}, PostFields: x.PostFields{Expansions: []string{"author_id", "geo.place_id"}}}
	var ids []string
	for p, err := range x.SearchRecent.All(t.Context(), c.HTTP, in) {
		require.NoError(t, err)
		ids = append(ids, p.ID)
	}
	require.Equal(t, []string{"3", "1"}, ids)
	sent := rt.Requests()
	const query = "/2/tweets/search/recent?expansions=author_id%2Cgeo.place_id&max_results=10"
	require.Equal(t, query+"&query=from%3Agolang+%C3%A9&start_time=2026-11-26T14%3A00%3A00Z", sent[0].URL)
	require.Equal(t, query+"&next_token=t2&query=from%3Agolang+%C3%A9&start_time=2026-11-26T14%3A00%3A00Z", sent[2].URL)

	page := clienttest.JSON(200, `{"data":[{"id":"3"}],"errors":[{"title":"Not Found Error","type":"`+problems+`resource-not-found"}],"meta":{"next_token":"t1"}}`)
	c, rt = over(t, page)
	var last error
	pages := 0
	for p, err := range x.ListUserPosts.Pages(t.Context(), c.HTTP, x.PostsInput{UserID: "12"}) {
		if last = err; err == nil {
			pages++
			require.ErrorIs(t, p.Errors[0], client.ErrNotFound)
		}
	}
	require.ErrorIs(t, last, client.ErrDecode)
	require.Equal(t, 2, pages)
	require.Equal(t, "/2/users/12/tweets?pagination_token=t1", rt.Last().URL)

	c, rt = over(t, page)
	for range x.ListMentions.All(t.Context(), c.HTTP, x.MentionsInput{UserID: "12"}) {
		break
	}
	for range x.ListTimeline.All(t.Context(), c.HTTP, x.PostsInput{UserID: "12", Exclude: []string{"replies"}}) {
		break
	}
	require.Equal(t, 2, rt.Count(), "no page is paid for that nobody reads")
	require.Equal(t, "/2/users/12/timelines/reverse_chronological?exclude=replies", rt.Last().URL)
}

func part(t *testing.T, r clienttest.Recorded) (index, content string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(16 << 20)
	require.NoError(t, err)
	f, err := form.File["media"][0].Open()
	require.NoError(t, err)
	defer f.Close()
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	return form.Value["segment_index"][0], string(data)
}

func TestMediaIsUploadedInChunks(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 5<<20/16)
	synctest.Test(t, func(t *testing.T) {
		c, rt := over(t,
			clienttest.JSON(200, `{"data":{"id":"7","media_key":"13_7","expires_after_secs":86400}}`),
			clienttest.Status(503), clienttest.JSON(200, `{"data":{"expires_at":1}}`),
			clienttest.JSON(200, `{"data":{"expires_at":1}}`),
			clienttest.JSON(200, `{"data":{"id":"7","processing_info":{"state":"pending","check_after_secs":5}}}`),
			clienttest.JSON(200, `{"data":{"id":"7","processing_info":{"state":"in_progress","check_after_secs":10,"progress_percent":8}}}`),
			clienttest.JSON(200, `{"data":{"id":"7","media_key":"13_7","processing_info":{"state":"succeeded"}}}`))
		got, err := c.UploadMedia(t.Context(), x.Upload{Content: strings.NewReader(content), Size: int64(len(content)), Type: "video/mp4", Category: "tweet_video"})
		require.NoError(t, err)
		require.Equal(t, []string{"7", "13_7"}, []string{got.ID, got.MediaKey})
		r := rt.Requests()
		require.Len(t, r, 7)
		require.JSONEq(t, `{"media_type":"video/mp4","total_bytes":5242880,"media_category":"tweet_video"}`, string(r[0].Body))
		whole := ""
		for i, want := range []string{"0", "0", "1"} {
			index, data := part(t, r[i+1])
			require.Equal(t, want, index)
			if i > 0 {
				whole += data
			}
		}
		require.Equal(t, content, whole)
		require.Equal(t, "POST /2/media/upload/7/finalize", r[4].Method+" "+r[4].URL)
		require.Equal(t, "GET /2/media/upload?command=STATUS&media_id=7", r[5].Method+" "+r[5].URL)
		require.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second}, []time.Duration{r[5].Time.Sub(r[4].Time), r[6].Time.Sub(r[5].Time)})
	})
}

func TestAnUploadThatFails(t *testing.T) {
	begun := clienttest.JSON(200, `{"data":{"id":"7"}}`)
	state := func(s string) clienttest.Step {
		return clienttest.JSON(200, `{"data":{"id":"7","processing_info":`+s+`}}`)
	}
	for name, tc := range map[string]struct {
		steps []clienttest.Step
		want  error
		code  string
	}{
		"refused":                        {[]clienttest.Step{clienttest.JSON(400, `{"title":"Invalid Request","type":"`+problems+`invalid-request"}`)}, client.ErrBadRequest, "invalid-request"},
		"without an ID":                  {[]clienttest.Step{clienttest.JSON(200, `{"data":{}}`)}, client.ErrDecode, ""},
		"a chunk is refused":             {[]clienttest.Step{begun, clienttest.JSON(403, `{}`)}, client.ErrForbidden, ""},
		"not processed":                  {[]clienttest.Step{begun, begun, state(`{"state":"failed","error":{"code":1,"name":"InvalidMedia","message":"Unsupported video format"}}`)}, client.ErrBadRequest, "InvalidMedia"},
		"not processed, without a cause": {[]clienttest.Step{begun, begun, state(`{"state":"pending"}`), state(`{"state":"failed"}`)}, client.ErrBadRequest, "failed"},
		"no state":                       {[]clienttest.Step{begun, begun, state(`{"state":"pending"}`), clienttest.Status(404)}, client.ErrNotFound, ""},
		"for ever":                       {[]clienttest.Step{begun, begun, state(`{"state":"tomorrows_state","check_after_secs":60}`)}, client.ErrTimeout, ""},
		"an absurd wait":                 {[]clienttest.Step{begun, begun, state(`{"state":"pending","check_after_secs":9223372036854775807}`)}, client.ErrTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := over(t, tc.steps...)
				begin := time.Now()
				_, err := c.UploadMedia(t.Context(), x.Upload{Content: strings.NewReader("x"), Size: 1, Type: "image/png"})
				require.ErrorIs(t, err, tc.want)
				e, ok := errors.AsType[*client.Error](err)
				require.True(t, ok, "%T", err)
				require.Equal(t, tc.code, e.Code)
				require.LessOrEqual(t, time.Since(begin), 15*time.Minute)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c, _ := over(t, begun, begun, state(`{"state":"pending","check_after_secs":30}`))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := c.UploadMedia(ctx, x.Upload{Content: strings.NewReader("x"), Size: 1, Type: "image/png"})
		require.ErrorIs(t, err, context.Canceled)
		reasoned, give := context.WithCancelCause(t.Context())
		changed := errors.New("another picture was chosen")
		time.AfterFunc(time.Second, func() { give(changed) })
		c, _ = over(t, begun, begun, state(`{"state":"pending","check_after_secs":30}`))
		_, err = c.UploadMedia(reasoned, x.Upload{Content: strings.NewReader("x"), Size: 1, Type: "image/png"})
		require.ErrorIs(t, err, changed)
		require.ErrorIs(t, err, context.Canceled, "C13: both are to be found")
		short, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		c, _ = over(t, begun, begun, state(`{"state":"pending","check_after_secs":30}`))
		begin := time.Now()
		_, err = c.UploadMedia(short, x.Upload{Content: strings.NewReader("x"), Size: 1, Type: "image/png"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, time.Since(begin), "a wait that would pass the deadline is not begun")
	})
	for says, u := range map[string]x.Upload{
		"Content": {Size: 1, Type: "image/png"}, "Size": {Content: strings.NewReader(""), Type: "image/png"},
		"larger": {Content: strings.NewReader(""), Size: 4000<<20 + 1, Type: "video/mp4"}, "Type": {Content: strings.NewReader("x"), Size: 1},
	} {
		_, err := (&x.Client{HTTP: new(client.Client)}).UploadMedia(t.Context(), u)
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, says)
	}
	c, rt := over(t, begun)
	for _, in := range []x.AppendInput{{}, {ID: "7"}, {ID: "7", SegmentIndex: 1000, Open: func() (io.ReadCloser, error) { return nil, nil }}} {
		_, err := x.AppendMedia.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Zero(t, rt.Count())
}
