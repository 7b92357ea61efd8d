package main

import (
	"context"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newSendGrid returns what sends sendgrid-go's requests over the stack:
// mail.GetRequestBody makes the body of "/v3/mail/send". The SDK's own functions send
// through the variable sendgrid.DefaultClient, for the whole process, and
// MakeRequestRetry repeats by itself: use neither. A status is no error to this SDK: look
// at the response's.
func newSendGrid(key secret.Source, opts ...client.Option) (func(ctx context.Context, method rest.Method, path string, body []byte) (*rest.Response, error), error) {
	c, err := client.New("https://api.sendgrid.com", append([]client.Option{
		client.WithProfile(client.Profile{Name: "sendgrid"}),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	sender := &rest.Client{HTTPClient: c.HTTPClient()}
	return func(ctx context.Context, method rest.Method, path string, body []byte) (*rest.Response, error) {
		r := sendgrid.GetRequest("set by the stack", path, c.BaseURL())
		r.Method, r.Body = method, body
		return sender.SendWithContext(ctx, r)
	}, nil
}
