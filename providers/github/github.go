package github

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

// Operations is the table of the operations, and of those that [Deliveries] and
// [Redeliver] make.
var Operations = client.Operations{
	GetUser, ListRepositories, GetRepository, ListIssues, GetIssue, CreateIssue, UpdateIssue, CreateComment,
	ListPullRequests, CreatePullRequest, GetContent, PutContent, CreateRelease, UploadAsset, CreateInstallationToken,
	ListHooks, CreateHook, DeleteHook,
	repositoryDeliveries, redeliverRepository, organizationDeliveries, redeliverOrganization, appDeliveries, redeliverApp,
}

// Profile is GitHub's API as package client sees it (GitHub docs, "Getting started with
// the REST API", "API Versions", "Rate limits for the REST API" and "Best practices for
// using the REST API"). Treat it as a constant.
//
// The version is 2022-11-28, which GitHub supports until March 2028 at least and takes
// where a request names none. The next one, 2026-03-10, is the first that takes things
// away, and GitHub Enterprise Server refuses a version that it does not know. Set
// another with client.WithHeader.
var Profile = client.Profile{
	Name:    "github",
	BaseURL: "https://api.github.com",
	Origins: []string{"https://uploads.github.com"},
	Header: http.Header{
		"Accept":               {"application/vnd.github+json"},
		"X-Github-Api-Version": {"2022-11-28"},
	},
	RequestIDHeaders: []string{"X-Github-Request-Id"},
	Throttled:        throttled,
	ThrottleWait:     limitPause,
	LimitKey:         limitKey,
	Route:            Operations.Route,
	DecodeError:      decodeError,
}

// Client is GitHub over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is what the operations are called with, and the rest of the API.
	HTTP *client.Client
}

// New returns a client that speaks for the owner of a token: a personal access token, an
// OAuth token, a workflow's GITHUB_TOKEN. The options are those of package client.
func New(token secret.Source, opts ...client.Option) (*Client, error) {
	return newClient(client.Bearer(token), opts)
}

// HTTPClient returns the stack as an *http.Client for go-github of any major version, or
// another SDK. The stack puts the token of its source in the place of the SDK's. The
// version of the API is the SDK's own.
func HTTPClient(token secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(token, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

func newClient(auth client.Auth, opts []client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(auth),
		client.WithRateLimit(ratelimit.InFlight(maxConcurrent)),
		client.WithPacing(ratelimit.NewPacer(ratelimit.WithPause(limitPause))),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

const (
	// maxConcurrent is how many requests GitHub permits at once, REST and GraphQL
	// together ("Rate limits for the REST API", secondary rate limits).
	maxConcurrent = 100

	// limitPause is what GitHub asks for at least after a secondary limit without a time
	// (the same page).
	limitPause = time.Minute
)
