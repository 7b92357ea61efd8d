package client

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// losing has the service do what each request asks for, and loses its first responses.
type losing struct {
	over http.RoundTripper
	left atomic.Int32
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.over.RoundTrip(r)
	if err != nil || l.left.Add(-1) < 0 {
		return resp, err
	}
	_ = resp.Body.Close()
	return nil, errors.New("the connection was lost")
}

// P1: emulate keeps mails and the keys that they were sent with. A mail whose response is
// lost is there once, and the caller has its ID.
func TestP1_ResendAtEmulate(t *testing.T) {
	s := servers.Emulate(t, "resend")
	lost := &losing{over: transport(t)}
	c, err := resend.New(secret.Static("re_emulate"), client.WithBaseURL(s.URL), client.WithTransport(lost), client.WithRetry(retry.Policy{MaxAttempts: 3, Backoff: retry.Constant(0)}))
	require.NoError(t, err)
	ctx := t.Context()
	mail := func(subject string) *sdk.SendEmailRequest {
		return &sdk.SendEmailRequest{From: "a@example.com", To: []string{"b@example.com"}, Subject: subject, Text: "Grüße"}
	}
	kept := func() (subjects []string) {
		all, err := client.Get[struct{ Data []sdk.Email }](ctx, c.HTTP, "/emails")
		require.NoError(t, err)
		for _, m := range all.Data {
			subjects = append(subjects, m.Subject)
		}
		return subjects
	}

	lost.left.Store(2)
	sent, err := c.Send(ctx, mail("once"), "")
	require.NoError(t, err)
	require.Equal(t, []string{"once"}, kept())
	got, err := c.Email(ctx, sent.Id)
	require.NoError(t, err)
	require.Equal(t, []string{"b@example.com"}, got.To)

	lost.left.Store(1)
	batch, err := c.SendBatch(ctx, []*sdk.SendEmailRequest{mail("two"), mail("three")}, "batch-1")
	require.NoError(t, err)
	require.Len(t, batch.Data, 2)
	require.ElementsMatch(t, []string{"once", "two", "three"}, kept())

	// A key of the caller's own outlives the call, and belongs to one mail.
	first, err := c.Send(ctx, mail("four"), "order-4")
	require.NoError(t, err)
	again, err := c.Send(ctx, mail("four"), "order-4")
	require.NoError(t, err)
	require.Equal(t, first.Id, again.Id)
	_, err = c.Send(ctx, mail("another"), "order-4")
	require.ErrorIs(t, err, client.ErrConflict)
	require.Len(t, kept(), 4)

	later := mail("later")
	later.ScheduledAt = "2030-01-01T00:00:00Z"
	scheduled, err := c.Send(ctx, later, "")
	require.NoError(t, err)
	_, err = c.Cancel(ctx, scheduled.Id)
	require.NoError(t, err)
	_, err = c.Cancel(ctx, sent.Id)
	require.ErrorIs(t, err, client.ErrBadRequest, "it has been sent")
	_, err = c.Email(ctx, "none")
	require.ErrorIs(t, err, client.ErrNotFound)
}
