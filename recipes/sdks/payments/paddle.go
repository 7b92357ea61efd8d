package main

import (
	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newPaddle puts paddle-go-sdk on the stack. It has no retries that would have to be off.
// For the sandbox begin with paddle.SandboxBaseURL.
func newPaddle(key secret.Source, opts ...client.Option) (*paddle.SDK, error) {
	c, err := client.New(paddle.ProductionBaseURL, append([]client.Option{
		client.WithProfile(client.Profile{Name: "paddle"}),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return paddle.New("set by the stack", paddle.WithClient(c.HTTPClient()), paddle.WithBaseURL(c.BaseURL()))
}
