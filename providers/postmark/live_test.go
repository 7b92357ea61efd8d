package postmark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/postmark"
)

// POSTMARK_FROM is an address that the server may send from. The recipient's domain drops
// what it gets ("Sending API", Postmark developer docs).
func TestLive(t *testing.T) {
	c, err := postmark.New(providertest.Live(t, "POSTMARK_SERVER_TOKEN"))
	require.NoError(t, err)
	ctx := t.Context()
	mail := postmark.Email{From: providertest.LiveValue(t, "POSTMARK_FROM"), To: "test@blackhole.postmarkapp.com", Subject: "A live test", TextBody: "Hello"}
	_, err = postmark.GetServer.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	sent, err := postmark.SendEmail.Do(ctx, c.HTTP, mail)
	require.NoError(t, err)
	require.NotEmpty(t, sent.MessageID)
	_, err = c.SendBatch(ctx, []postmark.Email{mail, {From: mail.From, To: "nobody", Subject: "s", TextBody: "t"}})
	require.ErrorIs(t, err, client.ErrBadRequest)
	for _, err := range postmark.ListMessages.All(ctx, c.HTTP, postmark.ListMessagesInput{Count: 1}) {
		require.NoError(t, err)
		break
	}
	for _, err := range postmark.ListBounces.All(ctx, c.HTTP, postmark.ListBouncesInput{Count: 1}) {
		require.NoError(t, err)
		break
	}
}
