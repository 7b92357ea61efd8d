package x

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Posts, which X's API calls tweets (X docs, "Posts", "Timelines", "Search").
//
// A post is made once: a call whose outcome is not known is not repeated, and its error
// says that the post may be there. A post with a link costs many times as much as one
// without, and every post and user that is read costs something: ask for no more than
// you read.
//
// What X could not give, beside what it did, is in Errors of the result; of a listing, in
// that of a page of its Pages.
var (
	CreatePost = client.Op[PostInput, CreateResult]{Name: "posts.create", Method: http.MethodPost, Route: "/2/tweets"}
	DeletePost = client.Op[PostID, DeleteResult]{Name: "posts.delete", Method: http.MethodDelete, Route: "/2/tweets/{id}"}
	GetPost    = client.Op[GetPostInput, PostResult]{Name: "posts.get", Route: "/2/tweets/{id}"}

	ListUserPosts = posts[PostsInput]("users.posts", "/2/users/{id}/tweets", "pagination_token")
	ListMentions  = posts[MentionsInput]("users.mentions", "/2/users/{id}/mentions", "pagination_token")
	ListTimeline  = posts[PostsInput]("users.timeline", "/2/users/{id}/timelines/reverse_chronological", "pagination_token")
	SearchRecent  = posts[SearchInput]("posts.search", "/2/tweets/search/recent", "next_token")
)

func posts[In any](name, route, cursor string) client.List[In, PostPage, Post] {
	return client.List[In, PostPage, Post]{
		Op:    client.Op[In, PostPage]{Name: name, Route: route},
		Items: func(p PostPage) []Post { return p.Data },
		Next:  client.NextCursor(cursor, func(p PostPage) string { return p.Meta.NextToken }),
	}
}

// PostInput is a post. Media, Poll and QuotePostID exclude each other.
type PostInput struct {
	Text          string      `json:"text,omitempty"`
	Reply         *ReplyTo    `json:"reply,omitempty"`
	Media         *MediaInput `json:"media,omitempty"`
	Poll          *PollInput  `json:"poll,omitempty"`
	QuotePostID   string      `json:"quote_tweet_id,omitempty"`
	ReplySettings string      `json:"reply_settings,omitempty"` // following, mentionedUsers, subscribers, verified
	CommunityID   string      `json:"community_id,omitempty"`
}

// ReplyTo names the post that is answered.
type ReplyTo struct {
	PostID         string   `json:"in_reply_to_tweet_id"`
	ExcludeUserIDs []string `json:"exclude_reply_user_ids,omitempty"`
}

// MediaInput is what a post shows, by the IDs of [Client.UploadMedia]: one to four.
type MediaInput struct {
	MediaIDs      []string `json:"media_ids"`
	TaggedUserIDs []string `json:"tagged_user_ids,omitempty"`
}

// PollInput is a question of two to four options.
type PollInput struct {
	Options         []string `json:"options"`
	DurationMinutes int      `json:"duration_minutes"`
}

// CreateResult is the post that was made.
type CreateResult struct {
	Data struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	} `json:"data"`
	Errors []*Problem `json:"errors"`
}

// PostID names a post.
type PostID struct {
	ID string `path:"id"`
}

// DeleteResult says whether the post was deleted.
type DeleteResult struct {
	Data struct {
		Deleted bool `json:"deleted"`
	} `json:"data"`
	Errors []*Problem `json:"errors"`
}

// PostFields say what is to be read of posts. Without them it is ID and text.
type PostFields struct {
	PostFields  []string `query:"tweet.fields,comma"`
	Expansions  []string `query:"expansions,comma"` // author_id, attachments.media_keys
	MediaFields []string `query:"media.fields,comma"`
	PollFields  []string `query:"poll.fields,comma"`
	UserFields  []string `query:"user.fields,comma"`
	PlaceFields []string `query:"place.fields,comma"`
}

// GetPostInput names a post.
type GetPostInput struct {
	ID string `path:"id"`
	PostFields
}

// Period selects posts by their ID or time. A start is inside, an end is not.
type Period struct {
	SinceID   string `query:"since_id"`
	UntilID   string `query:"until_id"`
	StartTime Time   `query:"start_time"`
	EndTime   Time   `query:"end_time"`
}

// PostsInput selects posts of the user with this ID, or from their own timeline.
type PostsInput struct {
	UserID     string   `path:"id"`
	Exclude    []string `query:"exclude,comma"`    // replies, retweets
	MaxResults int      `query:"max_results"`      // of a page: 5 to 100
	Token      string   `query:"pagination_token"` // of the first page
	Period
	PostFields
}

// MentionsInput selects posts that mention the user with this ID.
type MentionsInput struct {
	UserID     string `path:"id"`
	MaxResults int    `query:"max_results"` // of a page: 5 to 100
	Token      string `query:"pagination_token"`
	Period
	PostFields
}

// SearchInput selects posts of the last seven days.
type SearchInput struct {
	Query      string `query:"query"`
	SortOrder  string `query:"sort_order"`  // recency, relevancy
	MaxResults int    `query:"max_results"` // of a page: 10 to 100
	Token      string `query:"next_token"`
	Period
	PostFields
}

// PostResult is a post.
type PostResult struct {
	Data     Post       `json:"data"`
	Includes Includes   `json:"includes"`
	Errors   []*Problem `json:"errors"`
}

// PostPage is a page of posts. One that is not the last may be empty.
type PostPage struct {
	Data     []Post     `json:"data"`
	Includes Includes   `json:"includes"`
	Errors   []*Problem `json:"errors"`
	Meta     struct {
		ResultCount int    `json:"result_count"`
		NewestID    string `json:"newest_id"`
		OldestID    string `json:"oldest_id"`
		NextToken   string `json:"next_token"`
	} `json:"meta"`
}

// Post is a post. What was not asked for is zero.
type Post struct {
	ID              string    `json:"id"`
	Text            string    `json:"text"`
	AuthorID        string    `json:"author_id"`
	ConversationID  string    `json:"conversation_id"`
	InReplyToUserID string    `json:"in_reply_to_user_id"`
	CreatedAt       time.Time `json:"created_at"`
	Lang            string    `json:"lang"`
	EditHistoryIDs  []string  `json:"edit_history_tweet_ids"`
	Attachments     struct {
		MediaKeys []string `json:"media_keys"`
		PollIDs   []string `json:"poll_ids"`
	} `json:"attachments"`
	Referenced []struct {
		Type string `json:"type"` // replied_to, quoted, retweeted
		ID   string `json:"id"`
	} `json:"referenced_tweets"`
	Metrics struct {
		Likes       int64 `json:"like_count"`
		Reposts     int64 `json:"retweet_count"`
		Replies     int64 `json:"reply_count"`
		Quotes      int64 `json:"quote_count"`
		Bookmarks   int64 `json:"bookmark_count"`
		Impressions int64 `json:"impression_count"`
	} `json:"public_metrics"`
}

// Includes are what Expansions asked for.
type Includes struct {
	Users []User  `json:"users"`
	Posts []Post  `json:"tweets"`
	Media []Media `json:"media"`
}

// Media is what a post shows. URL is that of a picture.
type Media struct {
	MediaKey        string `json:"media_key"`
	Type            string `json:"type"`
	URL             string `json:"url"`
	PreviewImageURL string `json:"preview_image_url"`
	AltText         string `json:"alt_text"`
	Width           int    `json:"width"`
	Height          int    `json:"height"`
}

// Time is a time in a request, which X takes in UTC and to the second.
type Time struct{ time.Time }

// MarshalText writes the time as X takes it.
func (t Time) MarshalText() ([]byte, error) {
	return []byte(t.UTC().Format("2006-01-02T15:04:05Z")), nil
}
