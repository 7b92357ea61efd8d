package stripetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe"
)

// inline is a line item with a price of its own.
func inline(currency string, amount int64, interval string) *sdk.CheckoutSessionLineItemParams {
	line := &sdk.CheckoutSessionLineItemParams{Quantity: sdk.Int64(1), PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{
		Currency: sdk.String(currency), UnitAmount: sdk.Int64(amount),
		ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String("Pump")},
	}}
	if interval != "" {
		line.PriceData.Recurring = &sdk.CheckoutSessionLineItemPriceDataRecurringParams{Interval: sdk.String(interval)}
	}
	return line
}

func session(mode string, lines ...*sdk.CheckoutSessionLineItemParams) *sdk.CheckoutSessionParams {
	return &sdk.CheckoutSessionParams{Mode: sdk.String(mode), SuccessURL: sdk.String("https://example.com/"), LineItems: lines}
}

// What Stripe refuses about money is not taken by the fake: a test that passes on it
// would fail in production.
func TestP3_WhatIsNoSumOfMoney(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, nil)
	require.NoError(t, err)
	price := func(p *sdk.PriceParams) error {
		p.ProductData = &sdk.PriceProductDataParams{Name: sdk.String("Pump")}
		return errOf(stripe.CreatePrice.Do(ctx, c.HTTP, p))
	}
	checkout := func(p *sdk.CheckoutSessionParams) error {
		return errOf(stripe.CreateCheckoutSession.Do(ctx, c.HTTP, p))
	}
	noQuantity := inline("eur", 100, "")
	noQuantity.Quantity = nil
	for name, err := range map[string]error{
		"two currencies in a checkout":     checkout(session("payment", inline("eur", 100, ""), inline("usd", 50, ""))),
		"a negative amount":                checkout(session("payment", inline("eur", -100, ""))),
		"a currency that is none":          checkout(session("payment", inline("euro", 100, ""))),
		"no quantity":                      checkout(session("payment", noQuantity)),
		"a payment that recurs":            checkout(session("payment", inline("eur", 100, "month"))),
		"a subscription that does not":     checkout(session("subscription", inline("eur", 100, ""))),
		"a payment in no currency":         errOf(c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(100), Currency: sdk.String("€")})),
		"a price without an amount":        price(&sdk.PriceParams{Currency: sdk.String("eur")}),
		"a price with two amounts":         price(&sdk.PriceParams{Currency: sdk.String("eur"), UnitAmount: sdk.Int64(1), UnitAmountDecimal: sdk.Float64(1)}),
		"a price that is negative":         price(&sdk.PriceParams{Currency: sdk.String("eur"), UnitAmount: sdk.Int64(-1)}),
		"two currencies in a subscription": errOf(c.CreateSubscription(ctx, &sdk.SubscriptionParams{Customer: sdk.String(cus.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String(monthly(t, c))}, {Price: sdk.String(monthlyDollar(t, c))}}})),
	} {
		require.ErrorIs(t, err, client.ErrBadRequest, name)
	}
	in, err := stripe.CreateInvoice.Do(ctx, c.HTTP, &sdk.InvoiceParams{Customer: sdk.String(cus.ID), Currency: sdk.String("eur")})
	require.NoError(t, err)
	_, err = c.SDK.InvoiceItems.New(&sdk.InvoiceItemParams{Customer: sdk.String(cus.ID), Invoice: sdk.String(in.ID), Amount: sdk.Int64(500), Currency: sdk.String("usd")})
	require.ErrorContains(t, err, "usd")
	in, err = stripe.GetInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoiceParams]{ID: in.ID})
	require.NoError(t, err)
	require.Equal(t, []any{sdk.CurrencyEUR, int64(0)}, []any{in.Currency, in.AmountDue})
}

func monthlyDollar(t *testing.T, c *stripe.Client) string {
	t.Helper()
	p, err := stripe.CreatePrice.Do(t.Context(), c.HTTP, &sdk.PriceParams{Currency: sdk.String("usd"), UnitAmount: sdk.Int64(900),
		Recurring: &sdk.PriceRecurringParams{Interval: sdk.String("month")}, ProductData: &sdk.PriceProductDataParams{Name: sdk.String("Plan")}})
	require.NoError(t, err)
	return p.ID
}

// An amount has a form with decimals too, and a currency is in lower case.
func TestP3_AmountsAndCurrencies(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	for decimal, want := range map[float64]int64{500: 500, 0.5: 0} {
		p, err := stripe.CreatePrice.Do(ctx, c.HTTP, &sdk.PriceParams{Currency: sdk.String("JPY"), UnitAmountDecimal: sdk.Float64(decimal),
			ProductData: &sdk.PriceProductDataParams{Name: sdk.String("Call")}})
		require.NoError(t, err)
		require.Equal(t, []any{sdk.CurrencyJPY, want, decimal}, []any{p.Currency, p.UnitAmount, p.UnitAmountDecimal})
		s, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, session("payment", &sdk.CheckoutSessionLineItemParams{Price: sdk.String(p.ID), Quantity: sdk.Int64(3)}))
		require.NoError(t, err)
		require.Equal(t, []any{sdk.CurrencyJPY, int64(3*decimal + 0.5)}, []any{s.Currency, s.AmountTotal})
	}
	pi, err := c.CreatePaymentIntent(ctx, &sdk.PaymentIntentParams{Amount: sdk.Int64(100), Currency: sdk.String("EUR"), PaymentMethod: sdk.String("pm_card_visa"), Confirm: sdk.Bool(true)})
	require.NoError(t, err)
	require.Equal(t, sdk.CurrencyEUR, pi.Currency)
	_, err = c.SDK.PaymentIntents.Update(pi.ID, &sdk.PaymentIntentParams{Metadata: map[string]string{"order": "17"}})
	require.NoError(t, err)
	_, err = c.SDK.PaymentIntents.Update(pi.ID, &sdk.PaymentIntentParams{Amount: sdk.Int64(1)})
	require.ErrorContains(t, err, "payment_intent_unexpected_state", "it has been paid")
}

// What a session says of its payment is the payment's, and who pays once is a guest.
func TestACheckoutsPayment(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	params := session("payment", inline("eur", 2000, ""))
	params.PaymentIntentData = &sdk.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"order": "17"}, Description: sdk.String("Order 17")}
	done := func(p *sdk.CheckoutSessionParams) *sdk.CheckoutSession {
		s, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, p)
		require.NoError(t, err)
		require.NoError(t, srv.CompleteCheckout(s.ID))
		s, err = stripe.GetCheckoutSession.Do(ctx, c.HTTP, stripe.ByID(s.ID, &sdk.CheckoutSessionParams{
			Expand: sdk.StringSlice([]string{"payment_intent", "line_items.data.price.product", "subscription", "invoice", "customer"}),
		}))
		require.NoError(t, err)
		return s
	}
	s := done(params)
	require.Equal(t, []any{"17", "Order 17"}, []any{s.PaymentIntent.Metadata["order"], s.PaymentIntent.Description})
	require.Nil(t, s.Customer)
	require.Equal(t, "buyer@example.com", s.CustomerDetails.Email)
	require.Len(t, s.LineItems.Data, 1)
	line := s.LineItems.Data[0]
	require.Equal(t, []any{"Pump", int64(2000), int64(1), "Pump"}, []any{line.Description, line.AmountTotal, line.Quantity, line.Price.Product.Name})

	items := c.SDK.CheckoutSessions.ListLineItems(&sdk.CheckoutSessionListLineItemsParams{Session: sdk.String(s.ID)})
	require.True(t, items.Next())
	require.Equal(t, line.ID, items.LineItem().ID)
	require.False(t, items.Next())
	require.NoError(t, items.Err())

	params.CustomerCreation, params.PaymentIntentData.CaptureMethod = sdk.String("always"), sdk.String("manual")
	s = done(params)
	require.Equal(t, "buyer@example.com", s.Customer.Email)
	require.Equal(t, []any{sdk.CheckoutSessionPaymentStatusUnpaid, sdk.PaymentIntentStatusRequiresCapture}, []any{s.PaymentStatus, s.PaymentIntent.Status}, "it is to be captured")

	s = done(session("payment", inline("eur", 0, "")))
	require.Equal(t, []any{sdk.CheckoutSessionPaymentStatusNoPaymentRequired, (*sdk.PaymentIntent)(nil)}, []any{s.PaymentStatus, s.PaymentIntent})

	params = session("subscription", inline("eur", 900, "month"), inline("eur", 5000, ""))
	params.SubscriptionData = &sdk.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"team": "7"}}
	s = done(params)
	require.Equal(t, []any{"7", int64(5900), int64(900)}, []any{s.Subscription.Metadata["team"], s.Invoice.AmountPaid, s.Subscription.Items.Data[0].Price.UnitAmount})
	require.Len(t, s.Subscription.Items.Data, 1, "what is paid once is no part of it")

	params = session("subscription", inline("eur", 900, "month"))
	params.SubscriptionData = &sdk.CheckoutSessionSubscriptionDataParams{TrialPeriodDays: sdk.Int64(14)}
	s = done(params)
	require.Equal(t, []any{sdk.CheckoutSessionPaymentStatusNoPaymentRequired, sdk.SubscriptionStatusTrialing}, []any{s.PaymentStatus, s.Subscription.Status})
}

// An item without an ID is one more, which is charged as well: to change the plan, the
// item that there is must be named.
func TestASubscriptionsItems(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, nil)
	require.NoError(t, err)
	small, large := monthly(t, c), monthly(t, c)
	sub, err := c.CreateSubscription(ctx, &sdk.SubscriptionParams{Customer: sdk.String(cus.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String(small)}}})
	require.NoError(t, err)
	first := sub.Items.Data[0].ID
	change := func(items ...*sdk.SubscriptionItemsParams) ([]string, error) {
		sub, err := stripe.UpdateSubscription.Do(ctx, c.HTTP, stripe.ByID(sub.ID, &sdk.SubscriptionParams{Items: items}))
		if err != nil {
			return nil, err
		}
		var prices []string
		for _, item := range sub.Items.Data {
			prices = append(prices, item.Price.ID)
		}
		return prices, nil
	}
	prices, err := change(&sdk.SubscriptionItemsParams{Price: sdk.String(large)})
	require.NoError(t, err)
	require.Equal(t, []string{small, large}, prices)
	_, err = change(&sdk.SubscriptionItemsParams{Price: sdk.String(large)})
	require.ErrorContains(t, err, "multiple subscription items")
	prices, err = change(&sdk.SubscriptionItemsParams{ID: sdk.String(first), Deleted: sdk.Bool(true)})
	require.NoError(t, err)
	require.Equal(t, []string{large}, prices)
	_, err = change(&sdk.SubscriptionItemsParams{ID: sdk.String(first), Price: sdk.String(small)})
	require.ErrorIs(t, err, client.ErrBadRequest, "it is gone")
	sub, err = stripe.GetSubscription.Do(ctx, c.HTTP, stripe.On[*sdk.SubscriptionParams]{ID: sub.ID})
	require.NoError(t, err)
	prices, err = change(&sdk.SubscriptionItemsParams{ID: sdk.String(sub.Items.Data[0].ID), Price: sdk.String(small), Quantity: sdk.Int64(3)})
	require.NoError(t, err)
	require.Equal(t, []string{small}, prices)
	_, err = change(&sdk.SubscriptionItemsParams{ID: sdk.String(sub.Items.Data[0].ID), Deleted: sdk.Bool(true)})
	require.ErrorIs(t, err, client.ErrBadRequest, "a subscription has an item")
	_, err = change(&sdk.SubscriptionItemsParams{Price: sdk.String(monthlyDollar(t, c))})
	e, _ := errors.AsType[*client.Error](err)
	require.Contains(t, e.Message, "usd")
}

// A subscription from the last day of a month renews on the last day of each.
func TestASubscriptionRenewsOnItsDay(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	begin := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	clock, err := stripe.CreateTestClock.Do(ctx, c.HTTP, &sdk.TestHelpersTestClockParams{FrozenTime: sdk.Int64(begin.Unix())})
	require.NoError(t, err)
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{TestClock: sdk.String(clock.ID)})
	require.NoError(t, err)
	sub, err := c.CreateSubscription(ctx, &sdk.SubscriptionParams{Customer: sdk.String(cus.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String(monthly(t, c))}}})
	require.NoError(t, err)
	for _, end := range []time.Time{
		time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC), time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC),
	} {
		require.Equal(t, end, time.Unix(sub.CurrentPeriodEnd, 0).UTC())
		_, err := stripe.AdvanceTestClock.Do(ctx, c.HTTP, stripe.ByID(clock.ID, &sdk.TestHelpersTestClockAdvanceParams{FrozenTime: sdk.Int64(end.Unix())}))
		require.NoError(t, err)
		sub, err = stripe.GetSubscription.Do(ctx, c.HTTP, stripe.On[*sdk.SubscriptionParams]{ID: sub.ID})
		require.NoError(t, err)
	}
	require.Len(t, srv.Events("invoice.paid"), 4)
}

// A subscription that begins when it is paid has an invoice with a payment, for the page
// of the application's own; one on trial is billed when that ends.
func TestSubscriptionsThatBeginLater(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	cus, err := c.CreateCustomer(ctx, nil)
	require.NoError(t, err)
	params := &sdk.SubscriptionParams{
		Customer: sdk.String(cus.ID), Items: []*sdk.SubscriptionItemsParams{{Price: sdk.String(monthly(t, c))}},
		PaymentBehavior: sdk.String("default_incomplete"), Expand: sdk.StringSlice([]string{"latest_invoice.payment_intent"}),
	}
	sub, err := c.CreateSubscription(ctx, params)
	require.NoError(t, err)
	in := sub.LatestInvoice
	require.Equal(t, []any{sdk.SubscriptionStatusIncomplete, sdk.InvoiceStatusOpen, int64(900), sdk.PaymentIntentStatusRequiresPaymentMethod},
		[]any{sub.Status, in.Status, in.PaymentIntent.Amount, in.PaymentIntent.Status})
	require.NotEmpty(t, in.PaymentIntent.ClientSecret)
	_, err = c.ConfirmPaymentIntent(ctx, in.PaymentIntent.ID, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_chargeDeclined")})
	require.Error(t, err)
	for _, want := range []sdk.SubscriptionStatus{sdk.SubscriptionStatusIncomplete, sdk.SubscriptionStatusActive} {
		sub, err = stripe.GetSubscription.Do(ctx, c.HTTP, stripe.ByID(sub.ID, &sdk.SubscriptionParams{Expand: sdk.StringSlice([]string{"latest_invoice"})}))
		require.NoError(t, err)
		require.Equal(t, []any{want, want == sdk.SubscriptionStatusActive}, []any{sub.Status, sub.LatestInvoice.Paid})
		if want == sdk.SubscriptionStatusIncomplete {
			_, err = c.ConfirmPaymentIntent(ctx, in.PaymentIntent.ID, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa")})
			require.NoError(t, err)
		}
	}
	require.Len(t, srv.Events("invoice.paid"), 1)

	end := time.Now().AddDate(0, 0, 7).Unix()
	params.TrialEnd = sdk.Int64(end)
	sub, err = c.CreateSubscription(ctx, params)
	require.NoError(t, err)
	require.Equal(t, []any{sdk.SubscriptionStatusTrialing, end, (*sdk.Invoice)(nil)}, []any{sub.Status, sub.CurrentPeriodEnd, sub.LatestInvoice})
	sub, err = stripe.UpdateSubscription.Do(ctx, c.HTTP, stripe.ByID(sub.ID, &sdk.SubscriptionParams{TrialEndNow: sdk.Bool(true), Expand: params.Expand}))
	require.NoError(t, err)
	require.Equal(t, []any{sdk.SubscriptionStatusActive, int64(900)}, []any{sub.Status, sub.LatestInvoice.AmountPaid})
	params.TrialEnd = sdk.Int64(5)
	_, err = c.CreateSubscription(ctx, params)
	require.ErrorIs(t, err, client.ErrBadRequest)
	params.TrialEnd, params.TrialEndNow = nil, sdk.Bool(true)
	sub, err = c.CreateSubscription(ctx, params)
	require.NoError(t, err)
	require.Equal(t, sdk.SubscriptionStatusIncomplete, sub.Status)
}

// A payment that takes days is told of twice: when the buyer is done, and when the money
// has come or has not ("Fulfill orders", Stripe docs, delayed payment methods).
func TestACheckoutWhosePaymentTakesDays(t *testing.T) {
	srv, c := start(t)
	ctx := t.Context()
	price := monthly(t, c)
	for _, comes := range []bool{true, false} {
		s, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, session("payment", inline("eur", 2000, "")))
		require.NoError(t, err)
		have := func() (told []string) {
			s, err = stripe.GetCheckoutSession.Do(ctx, c.HTTP, stripe.ByID(s.ID, &sdk.CheckoutSessionParams{Expand: sdk.StringSlice([]string{"payment_intent"})}))
			require.NoError(t, err)
			for _, e := range srv.Events() {
				if e.Object == s.ID || s.PaymentIntent != nil && e.Object == s.PaymentIntent.ID {
					told = append(told, e.Type)
				}
			}
			return told
		}
		require.Error(t, srv.SettleCheckout(s.ID, comes), "the buyer is not done")
		require.NoError(t, srv.CompleteCheckoutLater(s.ID))
		require.Equal(t, []string{"payment_intent.created", "payment_intent.processing", "checkout.session.completed"}, have())
		require.Equal(t, []any{sdk.CheckoutSessionStatusComplete, sdk.CheckoutSessionPaymentStatusUnpaid, sdk.PaymentIntentStatusProcessing, int64(0)},
			[]any{s.Status, s.PaymentStatus, s.PaymentIntent.Status, s.PaymentIntent.AmountReceived})
		require.Error(t, srv.CompleteCheckout(s.ID))
		_, err = stripe.ConfirmPaymentIntent.Do(ctx, c.HTTP, stripe.ByID(s.PaymentIntent.ID, &sdk.PaymentIntentConfirmParams{}))
		require.ErrorContains(t, err, "payment_intent_unexpected_state")
		require.NoError(t, srv.SettleCheckout(s.ID, comes))
		told := have()
		if comes {
			require.Equal(t, []string{"payment_intent.succeeded", "checkout.session.async_payment_succeeded"}, told[3:])
			require.Equal(t, []any{sdk.CheckoutSessionPaymentStatusPaid, sdk.PaymentIntentStatusSucceeded, int64(2000)},
				[]any{s.PaymentStatus, s.PaymentIntent.Status, s.PaymentIntent.AmountReceived})
		} else {
			require.Equal(t, []string{"payment_intent.payment_failed", "checkout.session.async_payment_failed"}, told[3:])
			require.Equal(t, []any{sdk.CheckoutSessionStatusComplete, sdk.CheckoutSessionPaymentStatusUnpaid, sdk.PaymentIntentStatusRequiresPaymentMethod, int64(0)},
				[]any{s.Status, s.PaymentStatus, s.PaymentIntent.Status, s.PaymentIntent.AmountReceived})
			require.NotNil(t, s.PaymentIntent.LastPaymentError)
		}
		require.Error(t, srv.SettleCheckout(s.ID, comes), "it is settled")
	}
	sub, err := stripe.CreateCheckoutSession.Do(ctx, c.HTTP, session("subscription", &sdk.CheckoutSessionLineItemParams{Price: sdk.String(price), Quantity: sdk.Int64(1)}))
	require.NoError(t, err)
	require.Error(t, srv.CompleteCheckoutLater(sub.ID), "there is no payment of its own")
	require.NoError(t, srv.CompleteCheckout(sub.ID))
	require.Error(t, srv.SettleCheckout(sub.ID, true))
	require.Error(t, srv.SettleCheckout("cs_none", true))
}
