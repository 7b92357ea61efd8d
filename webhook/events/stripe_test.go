package events_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// official reads the same body with Stripe's own library.
func official[O any](t *testing.T, body string) (stripe.Event, O) {
	t.Helper()
	var e stripe.Event
	require.NoError(t, json.Unmarshal([]byte(body), &e))
	var o O
	require.NoError(t, json.Unmarshal(e.Data.Raw, &o))
	return e, o
}

func unix(t events.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func TestStripePaymentIntentReadsLikeStripeGo(t *testing.T) {
	t.Parallel()
	body := file(t, "stripe-payment-intent.json")
	e := decode[events.StripePaymentIntent](t, body)
	want, pi := official[stripe.PaymentIntent](t, body)
	require.Equal(t, want.ID, e.ID)
	require.EqualValues(t, want.Type, e.Type)
	require.Equal(t, want.APIVersion, e.APIVersion)
	require.Equal(t, want.Created, unix(e.Created))
	require.Equal(t, want.Livemode, e.Livemode)
	require.Equal(t, want.Account, e.Account)
	require.Nil(t, e.Previous)

	got := e.Object
	require.Equal(t, pi.ID, got.ID)
	require.Equal(t, []int64{pi.Amount, pi.AmountReceived, pi.AmountCapturable}, []int64{got.Amount, got.AmountReceived, got.AmountCapturable})
	require.EqualValues(t, pi.Currency, got.Currency)
	require.EqualValues(t, pi.Status, got.Status)
	require.Equal(t, pi.Customer.ID, got.Customer.ID)
	require.Nil(t, pi.Invoice)
	require.Zero(t, got.Invoice)
	require.Equal(t, pi.LatestCharge.ID, got.LatestCharge.ID)
	require.Contains(t, string(got.LatestCharge.Raw), `"amount":2000`, "expanded")
	require.Equal(t, pi.PaymentMethod.ID, got.PaymentMethod.ID)
	require.Equal(t, pi.ReceiptEmail, got.ReceiptEmail)
	require.Equal(t, pi.Metadata, map[string]string(got.Metadata))
	require.Equal(t, pi.Created, unix(got.Created))
}

func TestStripeSubscriptionReadsLikeStripeGo(t *testing.T) {
	t.Parallel()
	body := file(t, "stripe-subscription.json")
	e := decode[events.StripeSubscription](t, body)
	want, sub := official[stripe.Subscription](t, body)
	require.JSONEq(t, `{"cancel_at_period_end":false,"cancel_at":null}`, string(e.Previous))
	require.Equal(t, want.Data.PreviousAttributes["cancel_at_period_end"], false)

	got := e.Object
	require.Equal(t, sub.ID, got.ID)
	require.Equal(t, sub.Customer.ID, got.Customer.ID)
	require.EqualValues(t, sub.Status, got.Status)
	require.Equal(t, sub.CancelAtPeriodEnd, got.CancelAtPeriodEnd)
	require.Equal(t, sub.CancelAt, unix(got.CancelAt))
	require.Equal(t, sub.CanceledAt, unix(got.CanceledAt))
	require.Equal(t, sub.EndedAt, unix(got.EndedAt))
	require.Equal(t, sub.StartDate, unix(got.StartDate))
	require.Equal(t, sub.CurrentPeriodEnd, got.CurrentPeriodEnd().Unix())
	require.Equal(t, sub.LatestInvoice.ID, got.LatestInvoice.ID)
	require.Len(t, got.Items, 1)
	require.Equal(t, sub.Items.Data[0].ID, got.Items[0].ID)
	require.Equal(t, sub.Items.Data[0].Quantity, got.Items[0].Quantity)
	require.Equal(t, sub.Items.Data[0].Price.ID, got.Items[0].Price.ID)
	require.Equal(t, sub.Items.Data[0].Price.LookupKey, got.Items[0].Price.LookupKey)
	require.Equal(t, sub.Items.Data[0].Price.UnitAmount, got.Items[0].Price.UnitAmount)
	require.Equal(t, sub.Items.Data[0].Price.Product.ID, got.Items[0].Price.Product.ID)
}

func TestStripeSubscriptionPeriodOfLaterVersions(t *testing.T) {
	t.Parallel()
	s := decode[events.Subscription](t, `{"id":"sub_1","items":{"data":[{"current_period_end":1762592000},{"current_period_end":1762593000},{}]}}`)
	require.Equal(t, time.Unix(1762593000, 0).UTC(), s.CurrentPeriodEnd())
	s = decode[events.Subscription](t, `{"id":"sub_1"}`)
	require.True(t, s.CurrentPeriodEnd().IsZero())
}

func TestStripeInvoiceReadsLikeStripeGo(t *testing.T) {
	t.Parallel()
	body := file(t, "stripe-invoice.json")
	got := decode[events.StripeInvoice](t, body).Object
	_, in := official[stripe.Invoice](t, body)
	require.Equal(t, in.ID, got.ID)
	require.Equal(t, in.Number, got.Number)
	require.Equal(t, in.Customer.ID, got.Customer.ID)
	require.Equal(t, in.CustomerEmail, got.CustomerEmail)
	require.EqualValues(t, in.Status, got.Status)
	require.EqualValues(t, in.BillingReason, got.BillingReason)
	require.EqualValues(t, in.Currency, got.Currency)
	require.Equal(t, []int64{in.AmountDue, in.AmountPaid, in.AmountRemaining, in.Subtotal, in.Total, in.AttemptCount},
		[]int64{got.AmountDue, got.AmountPaid, got.AmountRemaining, got.Subtotal, got.Total, got.AttemptCount})
	require.Equal(t, []int64{in.NextPaymentAttempt, in.PeriodStart, in.PeriodEnd, in.Created},
		[]int64{unix(got.NextAttempt), unix(got.PeriodStart), unix(got.PeriodEnd), unix(got.Created)})
	require.Equal(t, []string{in.HostedInvoiceURL, in.InvoicePDF}, []string{got.HostedInvoiceURL, got.InvoicePDF})
	require.Equal(t, in.Subscription.ID, got.Subscription().ID)

	later := decode[events.Invoice](t, `{"parent":{"type":"subscription_details","subscription_details":{"subscription":"sub_9"}}}`)
	require.Equal(t, "sub_9", later.Subscription().ID)
	none := decode[events.Invoice](t, `{"parent":null,"subscription":null}`)
	require.Zero(t, none.Subscription())
}

func TestStripeCheckoutSessionReadsLikeStripeGo(t *testing.T) {
	t.Parallel()
	body := file(t, "stripe-checkout-session.json")
	got := decode[events.StripeCheckoutSession](t, body).Object
	_, cs := official[stripe.CheckoutSession](t, body)
	require.Equal(t, cs.ID, got.ID)
	require.EqualValues(t, cs.Mode, got.Mode)
	require.EqualValues(t, cs.Status, got.Status)
	require.EqualValues(t, cs.PaymentStatus, got.PaymentStatus)
	require.Equal(t, cs.ClientReferenceID, got.ClientReferenceID)
	require.Equal(t, cs.CustomerDetails.Email, got.CustomerDetails.Email)
	require.Equal(t, []int64{cs.AmountTotal, cs.AmountSubtotal}, []int64{got.AmountTotal, got.AmountSubtotal})
	require.Equal(t, cs.PaymentIntent.ID, got.PaymentIntent.ID)
	require.Nil(t, cs.Subscription)
	require.Zero(t, got.Subscription)
	require.Equal(t, cs.Metadata, map[string]string(got.Metadata))
	require.Equal(t, []int64{cs.Created, cs.ExpiresAt}, []int64{unix(got.Created), unix(got.ExpiresAt)})
}

func TestStripeThin(t *testing.T) {
	t.Parallel()
	e := decode[events.StripeThin](t, `{"id":"evt_test_65","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":true,"created":"2024-09-17T06:20:52.246Z","context":null,
		"related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"},"data":{"reason":{"error_count":1}}}`)
	require.Equal(t, events.StripeRelated{ID: "mtr_1", Type: "billing.meter", URL: "/v1/billing/meters/mtr_1"}, e.RelatedObject)
	require.Equal(t, at("2024-09-17T06:20:52.246Z"), e.Created.Time)
}
