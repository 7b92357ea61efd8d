package resend_test

import (
	"testing"
	"time"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/resend"
)

// Resend delivers nothing to these addresses (Resend docs, "Send test emails"), and needs
// no domain for that sender.
func TestLive(t *testing.T) {
	c, err := resend.New(providertest.Live(t, "RESEND_API_KEY"))
	require.NoError(t, err)
	ctx := t.Context()
	mail := &sdk.SendEmailRequest{From: "onboarding@resend.dev", To: []string{"delivered@resend.dev"}, Subject: "A live test", Text: "Hello"}
	key := "live-test/" + time.Now().UTC().Format(time.RFC3339Nano)
	first, err := c.Send(ctx, mail, key)
	require.NoError(t, err)
	again, err := c.Send(ctx, mail, key)
	require.NoError(t, err)
	require.Equal(t, first.Id, again.Id, "one mail under one key")
	got, err := c.Email(ctx, first.Id)
	require.NoError(t, err)
	require.Equal(t, first.Id, got.Id)
	batch, err := c.SendBatch(ctx, []*sdk.SendEmailRequest{mail}, key+"/batch")
	require.NoError(t, err)
	require.Len(t, batch.Data, 1)
	_, err = c.Domains(ctx)
	require.NoError(t, err)
}
