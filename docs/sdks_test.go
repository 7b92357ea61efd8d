package docs

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"

	resendsdk "github.com/resend/resend-go/v2"
)

func newStripe(opts ...client.Option) (*stripe.Client, error) {
	return stripe.New(secret.Env("STRIPE_SECRET_KEY"), opts...)
}

func subscribe(ctx context.Context, payments *stripe.Client, customer string) (*sdk.Subscription, error) {
	params := &sdk.SubscriptionParams{Customer: sdk.String(customer)}
	params.Context = ctx
	sub, err := payments.SDK.Subscriptions.New(params)
	return sub, err
}

func refund(ctx context.Context, payments *stripe.Client, payment string) error {
	var ledger client.Ledger
	_, err := payments.Refund(client.WithLedger(ctx, &ledger), &sdk.RefundParams{PaymentIntent: sdk.String(payment)})
	if said, ok := errors.AsType[*sdk.Error](err); ok { // Stripe has responded
		return fmt.Errorf("no refund: %s (request %s, %d attempts)", said.Code, said.RequestID, len(ledger.Attempts()))
	}
	if e, ok := errors.AsType[*client.Error](err); ok { // it has not
		return fmt.Errorf("no response, %s: %w", e.Effect, err)
	}
	return err
}

func TestRefundsAreToldApart(t *testing.T) {
	t.Setenv("STRIPE_SECRET_KEY", "sk_test_docs")
	fast := client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})
	for script, want := range map[string]string{
		`200 {"id":"re_1"}`: "",
		`402 Request-Id=req_1 {"error":{"code":"charge_disputed","message":"x","type":"invalid_request_error"}}`: "no refund: charge_disputed (request req_1, 1 attempts)",
		`reset`: "no response, maybe applied: ",
	} {
		srv := clienttest.NewServer(t, clienttest.MustParse(script)...)
		payments, err := newStripe(client.WithBaseURL(srv.URL), fast)
		require.NoError(t, err)
		t.Cleanup(payments.HTTP.CloseIdleConnections)
		err = refund(t.Context(), payments, "pi_1")
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

func TestTheWholeOfTheSDKIsThere(t *testing.T) {
	t.Setenv("STRIPE_SECRET_KEY", "sk_test_docs")
	srv := clienttest.NewServer(t, clienttest.MustParse(`503 Retry-After=0, 200 {"id":"sub_1"}`)...)
	payments, err := newStripe(client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(payments.HTTP.CloseIdleConnections)
	sub, err := subscribe(t.Context(), payments, "cus_1")
	require.NoError(t, err)
	require.Equal(t, "sub_1", sub.ID)
	require.Equal(t, srv.Requests()[0].Header["Idempotency-Key"], srv.Requests()[1].Header["Idempotency-Key"])
}

func welcome(ctx context.Context, mails *resend.Client, user, address string) error {
	_, err := mails.Send(ctx, &resendsdk.SendEmailRequest{
		From: "hello@example.com", To: []string{address}, Subject: "Welcome", Html: "<p>Hello</p>",
	}, "welcome/"+user) // Resend drops a second mail under this key for 24 hours
	return err
}

func TestAMailIsSentOnce(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`503 Retry-After=0, 200 {"id":"em_1"}`)...)
	mails, err := resend.New(secret.Static("re_docs"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(mails.HTTP.CloseIdleConnections)
	require.NoError(t, welcome(t.Context(), mails, "42", "ada@example.com"))
	require.Equal(t, "welcome/42", srv.Last().Header.Get("Idempotency-Key"))
}
