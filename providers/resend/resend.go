package resend

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Resend's API as package client sees it (Resend docs, "Errors",
// "Rate limit" and "Idempotency keys"). Treat it as a constant.
var Profile = client.Profile{
	Name:               "resend",
	BaseURL:            "https://api.resend.com",
	IdempotencyHeader:  "Idempotency-Key",
	IdempotencyMethods: []string{http.MethodPost},
	InProgress:         inProgress,

	TakesIdempotencyKey: sends,
}

// sends reports whether a request sends mail, for which alone Resend documents its keys
// (Resend docs, "Idempotency keys").
func sends(req *http.Request) bool {
	return strings.HasSuffix(req.URL.Path, "/emails") || strings.HasSuffix(req.URL.Path, "/emails/batch")
}

// inProgress tells a key whose first request is still running from one that was used
// with another payload (invalid_idempotent_request): both are a 409.
func inProgress(status int, h http.Header, body []byte) bool {
	return status == http.StatusConflict && client.DecodeError(status, h, body).Code == "concurrent_idempotent_requests"
}

// Client is Resend over the stack. It is safe for concurrent use.
type Client struct {
	// SDK is the whole of resend-go.
	SDK *sdk.Client

	// HTTP is the client below it, for the rest of the API and its whole errors.
	HTTP *client.Client
}

// stackKey stands where resend-go wants a key. The stack puts the real one in
// its place, and it never reaches Resend.
const stackKey = "re_set_by_the_stack"

// New returns a client for the account of key. The options are those of package
// client.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimSuffix(c.BaseURL(), "/") + "/")
	if err != nil {
		return nil, err
	}
	s := sdk.NewCustomClient(c.HTTPClient(), stackKey)
	s.BaseURL = base // and not what the environment says
	return &Client{SDK: s, HTTP: c}, nil
}

// Send sends an email (POST /emails). key is the idempotency key, unique to the
// email for 24 hours and at most 256 bytes; "" makes one for this call.
func (c *Client) Send(ctx context.Context, email *sdk.SendEmailRequest, key string) (*sdk.SendEmailResponse, error) {
	return c.SDK.Emails.SendWithOptions(ctx, email, &sdk.SendEmailOptions{IdempotencyKey: key})
}

// SendBatch sends up to 100 emails at once (POST /emails/batch), under one
// idempotency key as [Client.Send].
func (c *Client) SendBatch(ctx context.Context, emails []*sdk.SendEmailRequest, key string) (*sdk.BatchEmailResponse, error) {
	return c.SDK.Batch.SendWithOptions(ctx, emails, &sdk.BatchSendEmailOptions{IdempotencyKey: key})
}

// Email fetches a sent or scheduled email (GET /emails/{id}).
func (c *Client) Email(ctx context.Context, id string) (*sdk.Email, error) {
	return c.SDK.Emails.GetWithContext(ctx, client.PathEscape(id))
}

// Cancel cancels a scheduled email (POST /emails/{id}/cancel).
func (c *Client) Cancel(ctx context.Context, id string) (*sdk.CancelScheduledEmailResponse, error) {
	return c.SDK.Emails.CancelWithContext(ctx, client.PathEscape(id))
}

// Domains lists the account's domains (GET /domains).
func (c *Client) Domains(ctx context.Context) ([]sdk.Domain, error) {
	list, err := c.SDK.Domains.ListWithContext(ctx)
	return list.Data, err
}
