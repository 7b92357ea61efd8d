package main

import (
	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newCloudflare puts cloudflare-go on the stack; v6 takes the same options.
// WithMaxRetries(0) switches its retries off: they repeat a POST that may have been
// applied.
func newCloudflare(token secret.Source, opts ...client.Option) (*cloudflare.Client, error) {
	c, err := client.New("https://api.cloudflare.com/client/v4/", append([]client.Option{
		client.WithProfile(client.Profile{Name: "cloudflare", RequestIDHeaders: []string{"Cf-Ray"}}),
		client.WithAuth(client.Bearer(token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return cloudflare.NewClient(
		option.WithHTTPClient(c.HTTPClient()),
		option.WithBaseURL(c.BaseURL()),
		option.WithMaxRetries(0),
		option.WithAPIToken("set by the stack"),
	), nil
}
