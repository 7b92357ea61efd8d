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

// Send sends an email (POST /emails). key is the idempotency key, unique to the email
// for 24 hours and at most 256 characters; "" makes one for this call. After an error
// with the effect [client.MaybeApplied], send the same email again under the same key.
func (c *Client) Send(ctx context.Context, email *sdk.SendEmailRequest, key string) (*sdk.SendEmailResponse, error) {
	return send(ctx, c, SendEmail, email, key)
}

// SendBatch sends up to 100 emails at once (POST /emails/batch), under one
// idempotency key as [Client.Send].
func (c *Client) SendBatch(ctx context.Context, emails []*sdk.SendEmailRequest, key string) (*sdk.BatchEmailResponse, error) {
	return send(ctx, c, SendBatch, Batch{Emails: emails}, key)
}

// Email fetches a sent or scheduled email (GET /emails/{id}).
func (c *Client) Email(ctx context.Context, id string) (*sdk.Email, error) {
	return GetEmail.Do(ctx, c.HTTP, ID{id})
}

// Cancel cancels a scheduled email (POST /emails/{id}/cancel).
func (c *Client) Cancel(ctx context.Context, id string) (*sdk.CancelScheduledEmailResponse, error) {
	return CancelEmail.Do(ctx, c.HTTP, ID{id})
}

// Domains lists the account's domains (GET /domains).
func (c *Client) Domains(ctx context.Context) ([]sdk.Domain, error) {
	var all []sdk.Domain
	for d, err := range ListDomains.All(ctx, c.HTTP, ListInput{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// send makes a call that mails something.
func send[In, Out any](ctx context.Context, c *Client, op client.Op[In, *Out], in In, key string) (*Out, error) {
	if err := checkKey(key); err != nil {
		return nil, &client.Error{Provider: Profile.Name, Method: http.MethodPost, Path: op.Route, Effect: client.NeverSent, Err: err}
	}
	return op.Do(ctx, c.HTTP, in, func(r *client.Request) { r.IdempotencyKey = key })
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
