package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/slack-go/slack"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newSlack puts slack-go on the stack. Its retries are off unless OptionRetry is given:
// leave it so. The token goes into the form body of each request, where the stack cannot
// put its own: it is read here, once, and a rotated one needs a new client. It is in no
// error, log or ledger of the stack, none of which shows a body. Every call is a POST;
// the profile says which only read.
func newSlack(ctx context.Context, token secret.Source, opts ...client.Option) (*slack.Client, error) {
	c, err := client.New("https://slack.com/api/", append([]client.Option{client.WithProfile(client.Profile{
		Name: "slack",
		Repeatable: func(r *http.Request) bool {
			_, verb, _ := strings.Cut(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/'):], ".")
			return verb == "test" || verb == "info" || verb == "list" || verb == "history" || verb == "members"
		},
	})}, opts...)...)
	if err != nil {
		return nil, err
	}
	now, err := secret.Current(ctx, token)
	if err != nil {
		return nil, err
	}
	return slack.New(now.Reveal(), slack.OptionHTTPClient(c.HTTPClient()), slack.OptionAPIURL(c.BaseURL())), nil
}
