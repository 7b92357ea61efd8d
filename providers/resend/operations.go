package resend

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	sdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
)

// The operations take and return resend-go's types, and do not go through it: it reads an
// error's body itself and keeps a text, so that code, message and request ID are lost to
// whoever has only the call's ledger.

// Send sends an email (POST /emails). key is the idempotency key, unique to the email
// for 24 hours and at most 256 characters; "" makes one for this call. After an error
// with the effect [client.MaybeApplied], send the same email again under the same key.
func (c *Client) Send(ctx context.Context, email *sdk.SendEmailRequest, key string) (*sdk.SendEmailResponse, error) {
	return send[sdk.SendEmailResponse](ctx, c, "/emails", email, key)
}

// SendBatch sends up to 100 emails at once (POST /emails/batch), under one
// idempotency key as [Client.Send].
func (c *Client) SendBatch(ctx context.Context, emails []*sdk.SendEmailRequest, key string) (*sdk.BatchEmailResponse, error) {
	return send[sdk.BatchEmailResponse](ctx, c, "/emails/batch", emails, key)
}

// Email fetches a sent or scheduled email (GET /emails/{id}).
func (c *Client) Email(ctx context.Context, id string) (*sdk.Email, error) {
	return client.Call[*sdk.Email](ctx, c.HTTP, client.Request{
		Path: "/emails/" + client.PathEscape(id), Route: "/emails/{id}",
	})
}

// Cancel cancels a scheduled email (POST /emails/{id}/cancel).
func (c *Client) Cancel(ctx context.Context, id string) (*sdk.CancelScheduledEmailResponse, error) {
	return client.Call[*sdk.CancelScheduledEmailResponse](ctx, c.HTTP, client.Request{
		Method: http.MethodPost, Path: "/emails/" + client.PathEscape(id) + "/cancel", Route: "/emails/{id}/cancel",
	})
}

// Domains lists the account's domains (GET /domains).
func (c *Client) Domains(ctx context.Context) ([]sdk.Domain, error) {
	list, err := client.Get[sdk.ListDomainsResponse](ctx, c.HTTP, "/domains")
	return list.Data, err
}

// send posts what is to be mailed.
func send[T any](ctx context.Context, c *Client, path string, body any, key string) (*T, error) {
	if err := checkKey(key); err != nil {
		return nil, &client.Error{Provider: Profile.Name, Method: http.MethodPost, Path: path, Effect: client.NeverSent, Err: err}
	}
	return client.Call[*T](ctx, c.HTTP, client.Request{Method: http.MethodPost, Path: path, Body: body, IdempotencyKey: key})
}

// maxKey is in characters (Resend docs, "Errors", invalid_idempotency_key).
const maxKey = 256

// checkKey refuses a key that is too long, and one of blanks: they are no part of a
// header's value (RFC 9110 §5.5), so that the mail would go out, and be repeated,
// without one.
func checkKey(key string) error {
	switch n := utf8.RuneCountInString(key); {
	case n > maxKey:
		return fmt.Errorf("%w: the idempotency key has %d characters, and Resend takes %d at most", client.ErrRequest, n, maxKey)
	case key != "" && strings.TrimSpace(key) == "":
		return fmt.Errorf("%w: the idempotency key is blank", client.ErrRequest)
	}
	return nil
}
