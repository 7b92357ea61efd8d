package main

import (
	"bytes"
	"net/http"
	"time"

	"github.com/google/go-github/v92/github"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// githubProfile is what GitHub does its own way ("Rate limits for the REST API", GitHub
// docs): its limits also come as a 403, and without a header one waits for a minute.
var githubProfile = client.Profile{
	Name:             "github",
	BaseURL:          "https://api.github.com/",
	Origins:          []string{"https://uploads.github.com"},
	RequestIDHeaders: []string{"X-GitHub-Request-Id"},
	ThrottleWait:     time.Minute,
	Throttled: func(status int, h http.Header, body []byte) bool {
		return status == http.StatusForbidden && (h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0" ||
			bytes.Contains(body, []byte("secondary rate limit")))
	},
}

// newGitHub puts go-github on the stack. It has no retries that would have to be off.
func newGitHub(token secret.Source, opts ...client.Option) (*github.Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(githubProfile),
		client.WithAuth(client.Bearer(token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	base := c.BaseURL()
	return github.NewClient(github.WithHTTPClient(c.HTTPClient()), github.WithURLs(&base, nil))
}
