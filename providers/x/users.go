package x

import (
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Users (X docs, "Users"). GetMe is for a client that acts for a user. A user who is not
// there is client.ErrNotFound, although X says so with a 200.
var (
	GetMe             = client.Op[UserFields, UserResult]{Name: "users.me", Route: "/2/users/me"}
	GetUser           = client.Op[UserInput, UserResult]{Name: "users.get", Route: "/2/users/{id}"}
	GetUserByUsername = client.Op[UsernameInput, UserResult]{Name: "users.byUsername", Route: "/2/users/by/username/{username}"}
)

// UserFields say what is to be read of users. Without them it is ID, name and username.
type UserFields struct {
	UserFields []string `query:"user.fields,comma"`
	Expansions []string `query:"expansions,comma"`
	PostFields []string `query:"tweet.fields,comma"`
}

// UserInput names a user.
type UserInput struct {
	ID string `path:"id"`
	UserFields
}

// UsernameInput names a user by their handle, without the @.
type UsernameInput struct {
	Username string `path:"username"`
	UserFields
}

// UserResult is a user.
type UserResult struct {
	Data     User       `json:"data"`
	Includes Includes   `json:"includes"`
	Errors   []*Problem `json:"errors"`
}

// User is a user. What was not asked for is zero.
type User struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	Username        string    `json:"username"`
	CreatedAt       time.Time `json:"created_at"`
	Description     string    `json:"description"`
	Location        string    `json:"location"`
	URL             string    `json:"url"`
	ProfileImageURL string    `json:"profile_image_url"`
	PinnedPostID    string    `json:"pinned_tweet_id"`
	Protected       bool      `json:"protected"`
	Verified        bool      `json:"verified"`
	VerifiedType    string    `json:"verified_type"`
	Metrics         struct {
		Followers int64 `json:"followers_count"`
		Following int64 `json:"following_count"`
		Posts     int64 `json:"tweet_count"`
		Listed    int64 `json:"listed_count"`
	} `json:"public_metrics"`
}
