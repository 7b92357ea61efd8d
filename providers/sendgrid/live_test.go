package sendgrid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
)

// SENDGRID_FROM is a verified sender. In sandbox mode SendGrid checks a mail and sends
// nothing.
func TestLive(t *testing.T) {
	c, err := sendgrid.New(providertest.Live(t, "SENDGRID_API_KEY"))
	require.NoError(t, err)
	ctx := t.Context()
	checked := mail
	checked.From.Email = providertest.LiveValue(t, "SENDGRID_FROM")
	checked.MailSettings = &sendgrid.MailSettings{SandboxMode: &sendgrid.Switch{Enable: true}}
	_, err = sendgrid.SendMail.Do(ctx, c.HTTP, checked)
	require.NoError(t, err)
	batch, err := sendgrid.CreateBatchID.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.NotEmpty(t, batch.ID)
	for _, err := range sendgrid.ListTemplates.All(ctx, c.HTTP, sendgrid.ListTemplatesInput{PageSize: 1}) {
		require.NoError(t, err)
		break
	}
	for _, err := range sendgrid.ListBounces.All(ctx, c.HTTP, sendgrid.ListSuppressionsInput{Limit: 1}) {
		require.NoError(t, err)
		break
	}
	for _, err := range sendgrid.ListGroups.All(ctx, c.HTTP, client.None{}) {
		require.NoError(t, err)
		break
	}
}
