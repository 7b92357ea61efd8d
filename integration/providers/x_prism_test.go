//go:build x

package providers

import (
	"os"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/x"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: Prism holds X's operations to X's own description. That may not be copied (X
// Developer Agreement and Policy): who has fetched https://api.x.com/2/openapi.json names
// it in STANDPIPE_X_DESCRIPTION, and runs this with -tags x.
func TestP1_XUnderItsOwnDescription(t *testing.T) {
	path := os.Getenv("STANDPIPE_X_DESCRIPTION")
	require.NotEmpty(t, path, "STANDPIPE_X_DESCRIPTION names no copy of X's description")
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
