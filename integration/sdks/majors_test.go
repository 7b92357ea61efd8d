package sdks

import (
	"net/url"
	"testing"

	resendsdk "github.com/resend/resend-go/v3"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
	stripesdk "github.com/stripe/stripe-go/v86"
)

// P6: the SDKs' majors of today over HTTPClient, against the fakes: one request an
// attempt, under one key, with the credential of our source, and errors of their own.
func TestP6_TodaysMajors(t *testing.T) {
	t.Run("stripe-go v86", func(t *testing.T) {
		fake := stripetest.NewServer(t)
		hc, err := stripe.HTTPClient(secret.Static(fake.Key()), client.WithBaseURL(fake.URL))
		require.NoError(t, err)
		defer hc.CloseIdleConnections()
		c := stripesdk.NewClient("sk_of_the_sdk", stripesdk.WithBackends(stripesdk.NewBackendsWithConfig(&stripesdk.BackendConfig{
			HTTPClient: hc, URL: stripesdk.String(fake.URL), MaxNetworkRetries: stripesdk.Int64(0),
			EnableTelemetry: stripesdk.Bool(false), LeveledLogger: &stripesdk.LeveledLogger{Level: stripesdk.LevelNull},
		})))
		fake.Inject("customers.create", stripetest.DropAfter)
		made, err := c.V1Customers.Create(t.Context(), &stripesdk.CustomerCreateParams{Email: stripesdk.String("a@example.com")})
		require.NoError(t, err)
		require.Equal(t, "a@example.com", made.Email)
		require.Len(t, fake.Events("customer.created"), 1)
		seen := fake.Requests("customers.create")
		require.Len(t, seen, 2)
		for _, r := range seen {
			require.Equal(t, "Bearer "+fake.Key(), r.Header.Get("Authorization"))
			require.Equal(t, seen[0].Header["Idempotency-Key"], r.Header["Idempotency-Key"])
			require.Equal(t, []string{stripesdk.APIVersion}, r.Header["Stripe-Version"], "the version is the SDK's own")
		}
		_, err = c.V1Customers.Retrieve(t.Context(), "cus_none", nil)
		var own *stripesdk.Error
		require.ErrorAs(t, err, &own)
		require.Equal(t, stripesdk.ErrorCodeResourceMissing, own.Code)
		require.Len(t, fake.Requests("customers.get"), 1)
	})
	t.Run("resend-go v3", func(t *testing.T) {
		fake := resendtest.NewServer(t)
		hc, err := resend.HTTPClient(secret.Static(fake.Key()), client.WithBaseURL(fake.URL))
		require.NoError(t, err)
		defer hc.CloseIdleConnections()
		c := resendsdk.NewCustomClient(hc, "re_of_the_sdk")
		c.BaseURL, err = url.Parse(fake.URL + "/")
		require.NoError(t, err)
		fake.Inject("emails.send", resendtest.DropAfter)
		sent, err := c.Emails.SendWithContext(t.Context(), &resendsdk.SendEmailRequest{
			From: "a@example.com", To: []string{"b@example.com"}, Subject: "s", Html: "h",
			Attachments: []*resendsdk.Attachment{{Filename: "a.txt", Content: []byte("hello")}},
		})
		require.NoError(t, err)
		require.Len(t, fake.Requests("emails.send"), 2)
		mails := fake.Sent()
		require.Len(t, mails, 1)
		require.Equal(t, sent.Id, mails[0].ID)
		require.Equal(t, "hello", string(mails[0].Attachments[0].Content))
	})
}
