package client

import (
	"net/url"
	"testing"

	"github.com/resend/resend-go/v2"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

var resendProfile = client.Profile{Name: "resend", IdempotencyHeader: "Idempotency-Key"}

// Prism holds every request to Resend's own API description.
func TestResendUnderItsOwnDescription(t *testing.T) {
	prism := servers.Prism(t, "resend.yaml")
	c := newClient(t, prism.URL, client.WithProfile(resendProfile), client.WithAuth(client.Bearer(secret.Static("re_integration"))))
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
		_, err := client.Post[sent](t.Context(), newClient(t, prism.URL, client.WithProfile(resendProfile)), "/emails", good)
		require.ErrorIs(t, err, client.ErrUnauthorized)
	})
	t.Run("a list", func(t *testing.T) {
		got, err := client.Get[struct{ Data []struct{ ID, Name string } }](t.Context(), c, "/domains")
		require.NoError(t, err)
		require.NotEmpty(t, got.Data)
	})
	t.Run("the SDK over the stack", func(t *testing.T) {
		// The SDK is given a blank key, which Prism would refuse.
		sdk := resend.NewCustomClient(c.HTTPClient(), "")
		base, err := url.Parse(prism.URL + "/")
		require.NoError(t, err)
		sdk.BaseURL = base
		var ledger client.Ledger
		ctx := client.WithLedger(t.Context(), &ledger)
		got, err := sdk.Emails.SendWithContext(ctx, &resend.SendEmailRequest{From: good.From, To: good.To, Subject: good.Subject, Html: good.HTML})
		require.NoError(t, err)
		require.NotEmpty(t, got.Id)
		require.Len(t, ledger.Attempts(), 1)
	})
}
