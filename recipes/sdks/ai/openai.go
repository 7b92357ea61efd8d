package main

import (
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// newOpenAI puts openai-go on the stack. The SDK's retries stay on and the stack's are
// off: the SDK repeats a POST without an idempotency key, which the stack never does, and
// here a second completion costs money and nothing else. For the stack's rule take the
// line with retry.Never away and add option.WithMaxRetries(0).
func newOpenAI(key secret.Source, opts ...client.Option) (openai.Client, error) {
	c, err := client.New("https://api.openai.com/v1", append([]client.Option{
		client.WithAuth(client.Bearer(key)),
		client.WithRetry(retry.Never),
	}, opts...)...)
	if err != nil {
		return openai.Client{}, err
	}
	return openai.NewClient(
		option.WithHTTPClient(c.HTTPClient()),
		option.WithBaseURL(c.BaseURL()),
		option.WithAPIKey("set by the stack"), // which puts the real one in its place
	), nil
}
