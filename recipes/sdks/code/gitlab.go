package main

import (
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newGitLab puts GitLab's client-go on the stack. WithoutRetries switches its retries
// off: it makes six attempts, of which none knows a budget. It makes itself a limiter
// from the first response's RateLimit-Limit; the stack goes by what each response says.
func newGitLab(host string, token secret.Source, opts ...client.Option) (*gitlab.Client, error) {
	c, err := client.New(host, append([]client.Option{
		client.WithProfile(client.Profile{Name: "gitlab"}),
		client.WithAuth(client.APIKeyHeader("PRIVATE-TOKEN", token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return gitlab.NewClient("set by the stack", gitlab.WithHTTPClient(c.HTTPClient()), gitlab.WithBaseURL(c.BaseURL()), gitlab.WithoutRetries())
}
