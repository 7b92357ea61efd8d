package main

import (
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newAnthropic puts anthropic-sdk-go on the stack. The key goes into X-Api-Key, and not
// into Authorization. WithMaxRetries(0) switches the SDK's retries off: they keep no
// budget, and would be multiplied by the stack's. A second message costs money and
// nothing else, so the profile says that one may be asked for again.
func newAnthropic(key secret.Source, opts ...client.Option) (anthropic.Client, error) {
	c, err := client.New("https://api.anthropic.com", append([]client.Option{
		client.WithProfile(client.Profile{
			Name: "anthropic", RequestIDHeaders: []string{"Request-Id"}, Hint: client.HintHeader("X-Should-Retry"),
			Repeatable: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/messages") },
		}),
		client.WithAuth(client.APIKeyHeader("X-Api-Key", key)),
	}, opts...)...)
	if err != nil {
		return anthropic.Client{}, err
	}
	return anthropic.NewClient(
		option.WithHTTPClient(c.HTTPClient()),
		option.WithBaseURL(c.BaseURL()),
		option.WithMaxRetries(0),
		option.WithAPIKey("set by the stack"),
	), nil
}
