package main

import (
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// cloudflareOptions put cloudflare-go on the stack: give them to cloudflare.NewClient, or
// to the one service that is needed, such as user.NewUserService, which spares compiling
// the others. v6 takes the same. WithMaxRetries(0) switches the SDK's retries off: they
// repeat a POST that may have been applied.
func cloudflareOptions(token secret.Source, opts ...client.Option) ([]option.RequestOption, error) {
	c, err := client.New("https://api.cloudflare.com/client/v4/", append([]client.Option{
		client.WithProfile(client.Profile{Name: "cloudflare", RequestIDHeaders: []string{"Cf-Ray"}}),
		client.WithAuth(client.Bearer(token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return []option.RequestOption{
		option.WithHTTPClient(c.HTTPClient()),
		option.WithBaseURL(c.BaseURL()),
		option.WithMaxRetries(0),
		option.WithAPIToken("set by the stack"),
	}, nil
}
