package client

import (
	"net/url"
	"testing"

	sdk "github.com/resend/resend-go/v2"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// Prism holds every request to Resend's own API description.
func TestResendUnderItsOwnDescription(t *testing.T) {
	prism := servers.Prism(t, "resend.yaml")
	c := newClient(t, prism.URL, client.WithProfile(resend.Profile), client.WithAuth(client.Bearer(secret.Static("re_integration"))))
	type email struct {
		From    string   `json:"from,omitempty"`
		To      []string `json:"to,omitempty"`
		Subject string   `json:"subject,omitempty"`
		HTML    string   `json:"html,omitempty"`
	}
	type sent struct{ ID string }
	good := email{From: "Acme <a@example.com>", To: []string{"b@example.com"}, Subject: "héllo", HTML: "<p>1 < 2</p>"}

	t.Run("an email is accepted", func(t *testing.T) {
		got, err := client.Post[sent](t.Context(), c, "/emails", good)
		require.NoError(t, err)
		require.NotEmpty(t, got.ID)
	})
	t.Run("what the description forbids is a typed error", func(t *testing.T) {
		_, err := client.Post[sent](t.Context(), c, "/emails", email{From: "a@example.com"})
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, client.ErrBadRequest)
		require.Equal(t, client.Rejected, e.Effect)
		require.NotEmpty(t, e.Message)
		require.Len(t, e.Attempts, 1)
	})
	t.Run("without a credential", func(t *testing.T) {
		_, err := client.Post[sent](t.Context(), newClient(t, prism.URL, client.WithProfile(resend.Profile)), "/emails", good)
		require.ErrorIs(t, err, client.ErrUnauthorized)
	})
	t.Run("a list", func(t *testing.T) {
		got, err := client.Get[struct{ Data []struct{ ID, Name string } }](t.Context(), c, "/domains")
		require.NoError(t, err)
		require.NotEmpty(t, got.Data)
	})
	t.Run("the SDK over the stack", func(t *testing.T) {
		// The SDK is given a blank key, which Prism would refuse.
		api := sdk.NewCustomClient(c.HTTPClient(), "")
		base, err := url.Parse(prism.URL + "/")
		require.NoError(t, err)
		api.BaseURL = base
		var ledger client.Ledger
		ctx := client.WithLedger(t.Context(), &ledger)
		got, err := api.Emails.SendWithContext(ctx, &sdk.SendEmailRequest{From: good.From, To: good.To, Subject: good.Subject, Html: good.HTML})
		require.NoError(t, err)
		require.NotEmpty(t, got.Id)
		require.Len(t, ledger.Attempts(), 1)
	})
	t.Run("the adapter", func(t *testing.T) {
		r, err := resend.New(secret.Static("re_integration"), client.WithBaseURL(prism.URL), client.WithTransport(transport(t)))
		require.NoError(t, err)
		mail := &sdk.SendEmailRequest{From: good.From, To: good.To, Subject: good.Subject, Html: good.HTML}
		got, err := r.Send(t.Context(), mail, "welcome/1")
		require.NoError(t, err)
		require.NotEmpty(t, got.Id)
		batch, err := r.SendBatch(t.Context(), []*sdk.SendEmailRequest{mail, mail}, "")
		require.NoError(t, err)
		require.NotEmpty(t, batch.Data)
		_, err = r.Email(t.Context(), "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794")
		require.NoError(t, err)
		_, err = r.Domains(t.Context())
		require.NoError(t, err)
	})
}
