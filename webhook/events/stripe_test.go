package events_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// readsLikeStripeGo decodes a file into our envelope around stripe-go's object, and
// into stripe-go's own event.
func readsLikeStripeGo[O any](t *testing.T, name string) events.Stripe[O] {
	t.Helper()
	body := file(t, name)
	got := decode[events.Stripe[O]](t, body)
	want := decode[stripe.Event](t, body)
	require.Equal(t, want.ID, got.ID)
	require.EqualValues(t, want.Type, got.Type)
	require.Equal(t, want.APIVersion, got.APIVersion)
	require.Equal(t, want.Created, got.Created.Unix())
	require.Equal(t, want.Livemode, got.Livemode)
	require.Equal(t, want.Account, got.Account)
	require.Equal(t, decode[O](t, string(want.Data.Raw)), got.Object)
	return got
}

func TestStripeReadsLikeStripeGo(t *testing.T) {
	t.Parallel()
	pi := readsLikeStripeGo[stripe.PaymentIntent](t, "stripe-payment-intent.json")
	require.Nil(t, pi.Previous)
	require.EqualValues(t, 2000, pi.Object.Amount)
	sub := readsLikeStripeGo[stripe.Subscription](t, "stripe-subscription.json")
	require.JSONEq(t, `{"cancel_at_period_end":false,"cancel_at":null}`, string(sub.Previous))
	readsLikeStripeGo[stripe.Invoice](t, "stripe-invoice.json")
	readsLikeStripeGo[stripe.CheckoutSession](t, "stripe-checkout-session.json")
}

// A field that Stripe expands now and not then is read without an SDK, too.
func TestStripeReadsReferences(t *testing.T) {
	t.Parallel()
	type object struct {
		LatestCharge  events.Ref    `json:"latest_charge"`
		PaymentMethod events.Ref    `json:"payment_method"`
		Invoice       events.Ref    `json:"invoice"`
		Metadata      events.Labels `json:"metadata"`
	}
	body := file(t, "stripe-payment-intent.json")
	got := decode[events.Stripe[object]](t, body).Object
	want := decode[events.Stripe[stripe.PaymentIntent]](t, body).Object
	require.Equal(t, want.LatestCharge.ID, got.LatestCharge.ID)
	require.Contains(t, string(got.LatestCharge.Raw), `"amount":2000`, "expanded")
	require.Equal(t, events.Ref{ID: want.PaymentMethod.ID}, got.PaymentMethod)
	require.Zero(t, got.Invoice)
	require.Equal(t, want.Metadata, map[string]string(got.Metadata))
}

func TestStripeThin(t *testing.T) {
	t.Parallel()
	e := decode[events.StripeThin](t, `{"id":"evt_test_65","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":true,"created":"2024-09-17T06:20:52.246Z","context":null,
		"related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"},"data":{"reason":{"error_count":1}}}`)
	require.Equal(t, events.StripeRelated{ID: "mtr_1", Type: "billing.meter", URL: "/v1/billing/meters/mtr_1"}, e.RelatedObject)
	require.Equal(t, at("2024-09-17T06:20:52.246Z"), e.Created.Time)
}
