package providers

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/providers/x"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// recordedOf returns what a service's official library for Node.js sends, by the names in
// sdks.mjs, and the names.
func recordedOf(t *testing.T, service, library string) (map[string]clienttest.Recorded, []string) {
	t.Helper()
	node := servers.NodePath(t)
	if _, err := os.Stat(filepath.Join(servers.Dir(t), "node_modules", filepath.FromSlash(library))); err != nil {
		servers.Missing(t, "npm %s", library)
	}
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{}`))
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), node, "sdks.mjs", service, u.Port())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var names []string
	require.NoError(t, json.Unmarshal(out, &names), string(out))
	requests := srv.Requests()
	require.Len(t, requests, len(names), "one request a call")
	theirs := map[string]clienttest.Recorded{}
	for i, name := range names {
		theirs[name] = requests[i]
	}
	return theirs, names
}

// requireSameQuery compares method, path and parameters, whose names rename makes equal.
func requireSameQuery(t *testing.T, theirs, ours clienttest.Recorded, rename func(string) string) {
	t.Helper()
	parse := func(r clienttest.Recorded) (string, url.Values) {
		u, err := url.Parse(r.URL)
		require.NoError(t, err)
		q := url.Values{}
		for name, values := range u.Query() {
			q[rename(name)] = values
		}
		return u.EscapedPath(), q
	}
	path, query := parse(theirs)
	ourPath, ourQuery := parse(ours)
	require.Equal(t, theirs.Method+" "+path, ours.Method+" "+ourPath)
	require.Equal(t, query, ourQuery)
}

// P1: X's official library for Node.js sends the same requests, but for two things. It
// says post.fields for tweet.fields, which neither X's description nor its reference has
// (https://docs.x.com/x-api/fundamentals/fields). It sends a chunk as base64 in JSON,
// which the description allows beside the form.
func TestP1_XAsTheOfficialLibraryHasIt(t *testing.T) {
	theirs, names := recordedOf(t, "x", "@xdevplatform/xdk")
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{"data":{}}`))
	c, err := x.New(secret.Static("t_1"), at(t, srv.URL)...)
	require.NoError(t, err)
	ctx, hc := t.Context(), c.HTTP
	day := func(d int) x.Time { return x.Time{Time: time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)} }
	fields := x.PostFields{
		PostFields: []string{"created_at", "public_metrics"}, Expansions: []string{"author_id", "attachments.media_keys"}, MediaFields: []string{"url"},
		PollFields: []string{"options"}, UserFields: []string{"verified"}, PlaceFields: []string{"country"},
	}
	period := x.Period{StartTime: day(1), EndTime: day(2)}
	both := period
	both.SinceID, both.UntilID = "10", "20"
	ours := map[string]func() error{
		"posts.create": func() error {
			return dropping(x.CreatePost.Do(ctx, hc, x.PostInput{
				Text: "Hé", Reply: &x.ReplyTo{PostID: "1", ExcludeUserIDs: []string{"2"}},
				Media: &x.MediaInput{MediaIDs: []string{"3"}, TaggedUserIDs: []string{"2"}}, ReplySettings: "following",
			}))
		},
		"posts.create, a poll": func() error {
			return dropping(x.CreatePost.Do(ctx, hc, x.PostInput{Text: "?", Poll: &x.PollInput{Options: []string{"a", "b"}, DurationMinutes: 60}}))
		},
		"posts.create, a quotation": func() error {
			return dropping(x.CreatePost.Do(ctx, hc, x.PostInput{Text: "!", QuotePostID: "4"}))
		},
		"posts.delete": func() error { return dropping(x.DeletePost.Do(ctx, hc, x.PostID{ID: "1"})) },
		"posts.get": func() error {
			return dropping(x.GetPost.Do(ctx, hc, x.GetPostInput{ID: "1", PostFields: fields}))
		},
		"users.posts": func() error {
			return dropping(x.ListUserPosts.Do(ctx, hc, x.PostsInput{UserID: "2", MaxResults: 5, Exclude: []string{"replies", "retweets"}, Token: "p", Period: both, PostFields: fields}))
		},
		"users.timeline": func() error {
			return dropping(x.ListTimeline.Do(ctx, hc, x.PostsInput{UserID: "2", MaxResults: 5, Exclude: []string{"replies"}, Token: "p", Period: period, PostFields: fields}))
		},
		"users.mentions": func() error {
			return dropping(x.ListMentions.Do(ctx, hc, x.MentionsInput{UserID: "2", MaxResults: 5, Token: "p", Period: x.Period{SinceID: "10", UntilID: "20"}, PostFields: fields}))
		},
		"posts.search": func() error {
			return dropping(x.SearchRecent.Do(ctx, hc, x.SearchInput{Query: "from:golang", MaxResults: 10, Token: "n", SortOrder: "recency", Period: period, PostFields: fields}))
		},
		"users.me": func() error {
			return dropping(x.GetMe.Do(ctx, hc, x.UserFields{UserFields: []string{"created_at"}, Expansions: []string{"pinned_tweet_id"}, PostFields: []string{"lang"}}))
		},
		"users.get": func() error { return dropping(x.GetUser.Do(ctx, hc, x.UserInput{ID: "2"})) },
		"users.byUsername": func() error {
			return dropping(x.GetUserByUsername.Do(ctx, hc, x.UsernameInput{Username: "XDevelopers"}))
		},
		"media.initialize": func() error {
			return dropping(x.InitializeMedia.Do(ctx, hc, x.InitializeInput{MediaType: "video/mp4", TotalBytes: 10, MediaCategory: "tweet_video"}))
		},
		"media.append": func() error {
			return dropping(x.AppendMedia.Do(ctx, hc, x.AppendInput{ID: "5", SegmentIndex: 1, Open: text("chunk"), Size: 5}))
		},
		"media.finalize": func() error { return dropping(x.FinalizeMedia.Do(ctx, hc, x.MediaID{ID: "5"})) },
		"media.status":   func() error { return dropping(x.GetMediaStatus.Do(ctx, hc, x.MediaStatusInput{ID: "5"})) },
	}
	for _, op := range x.Operations {
		require.Contains(t, ours, op.Info().Name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, ours, name)
			before := srv.Count()
			_ = ours[name]() // the response fits a single thing or a list, not both
			require.Equal(t, before+1, srv.Count())
			sent, sdks := srv.Last(), theirs[name]
			require.Equal(t, "Bearer t_1", sdks.Header.Get("Authorization"))
			require.Equal(t, "Bearer t_1", sent.Header.Get("Authorization"))
			requireSameQuery(t, sdks, sent, func(name string) string {
				if name == "post.fields" {
					return "tweet.fields"
				}
				return name
			})
			if name == "media.append" {
				require.JSONEq(t, `{"media":"Y2h1bms=","segment_index":1}`, string(sdks.Body))
				require.Equal(t, map[string]any{"media": []string{"media", "chunk"}, "segment_index": []string{"1"}}, content(t, sent))
				return
			}
			require.Equal(t, content(t, sdks), content(t, sent))
		})
	}
}

// P1: Postmark's official library for Node.js sends the same requests, but for two
// things. It writes a filter's name in a case of its own, which Postmark does not look
// at. And it activates a bounce with an empty object, of which the reference says
// nothing (https://postmarkapp.com/developer/api/bounce-api).
func TestP1_PostmarkAsTheOfficialLibraryHasIt(t *testing.T) {
	theirs, names := recordedOf(t, "postmark", "postmark")
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{}`))
	c, err := postmark.New(secret.Static("t_1"), at(t, srv.URL)...)
	require.NoError(t, err)
	ctx, hc, yes := t.Context(), c.HTTP, true
	envelope := postmark.Envelope{
		Cc: "c@example.com", Bcc: "d@example.com", ReplyTo: "r@example.com", Tag: "welcome",
		Metadata: map[string]string{"order": "1042"}, Headers: []postmark.Header{{Name: "X-A", Value: "1"}},
		Attachments: []postmark.Attachment{{Name: "a.bin", Content: []byte{0, 255}, ContentType: "application/octet-stream", ContentID: "cid:a"}},
		TrackOpens:  &yes, TrackLinks: "HtmlOnly", MessageStream: "outbound",
	}
	email := postmark.Email{From: "a@example.com", To: "b@example.com", Subject: "s", TextBody: "t", HTMLBody: "<p>h</p>", Envelope: envelope}
	made := postmark.TemplateEmail{
		From: "a@example.com", To: "b@example.com", TemplateAlias: "welcome", TemplateModel: map[string]string{"name": "Ada"}, InlineCSS: &yes, Envelope: envelope,
	}
	from, to := "2026-11-01", "2026-11-02"
	addresses := postmark.SuppressionsInput{Stream: "outbound", Suppressions: []postmark.Address{{Email: "b@example.com"}}}
	ours := map[string]func() error{
		"email.send":                   func() error { return dropping(postmark.SendEmail.Do(ctx, hc, email)) },
		"email.sendBatch":              func() error { return dropping(postmark.SendBatch.Do(ctx, hc, []postmark.Email{email})) },
		"email.sendWithTemplate":       func() error { return dropping(postmark.SendTemplateEmail.Do(ctx, hc, made)) },
		"email.sendBatchWithTemplates": func() error { return dropping(postmark.SendTemplateBatch.Do(ctx, hc, []postmark.TemplateEmail{made})) },
		"messages.list": func() error {
			return dropping(postmark.ListMessages.Do(ctx, hc, postmark.ListMessagesInput{
				Count: 50, Recipient: "b@example.com", From: "a@example.com", Tag: "welcome", Subject: "s", Status: "sent", MessageStream: "outbound", FromDate: from, ToDate: to,
			}))
		},
		"messages.get": func() error {
			return dropping(postmark.GetMessage.Do(ctx, hc, postmark.MessageInput{MessageID: "m_1"}))
		},
		"bounces.list": func() error {
			return dropping(postmark.ListBounces.Do(ctx, hc, postmark.ListBouncesInput{
				Count: 50, Type: "HardBounce", Inactive: &yes, Email: "b@example.com", MessageID: "m_1", Tag: "welcome", MessageStream: "outbound", FromDate: from, ToDate: to,
			}))
		},
		"bounces.activate": func() error { return dropping(postmark.ActivateBounce.Do(ctx, hc, postmark.BounceInput{ID: "7"})) },
		"stats.get": func() error {
			return dropping(postmark.GetStats.Do(ctx, hc, postmark.StatsInput{Tag: "welcome", MessageStream: "outbound", FromDate: from, ToDate: to}))
		},
		"server.get": func() error { return dropping(postmark.GetServer.Do(ctx, hc, client.None{})) },
		"streams.list": func() error {
			return dropping(postmark.ListStreams.Do(ctx, hc, postmark.ListStreamsInput{Type: "Broadcasts", IncludeArchived: true}))
		},
		"suppressions.list": func() error {
			return dropping(postmark.ListSuppressions.Do(ctx, hc, postmark.ListSuppressionsInput{
				Stream: "outbound", Reason: "HardBounce", Origin: "Recipient", Email: "b@example.com", FromDate: from, ToDate: to,
			}))
		},
		"suppressions.create": func() error { return dropping(postmark.CreateSuppressions.Do(ctx, hc, addresses)) },
		"suppressions.delete": func() error { return dropping(postmark.DeleteSuppressions.Do(ctx, hc, addresses)) },
	}
	for _, op := range postmark.Operations {
		if name := op.Info().Name; name != "servers.list" { // by an account's token, which the library has another client for
			require.Contains(t, ours, name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, ours, name)
			before := srv.Count()
			_ = ours[name]() // the response fits a single thing or a list, not both
			require.Equal(t, before+1, srv.Count())
			sent, sdks := srv.Last(), theirs[name]
			require.Equal(t, "t_1", sdks.Header.Get("X-Postmark-Server-Token"))
			require.Equal(t, "t_1", sent.Header.Get("X-Postmark-Server-Token"))
			requireSameQuery(t, sdks, sent, strings.ToLower)
			if name == "bounces.activate" {
				require.Equal(t, "{}", string(sdks.Body))
				sdks.Body = nil
			}
			require.Equal(t, content(t, sdks), content(t, sent))
		})
	}
}

func dropping[T any](_ T, err error) error { return err }
