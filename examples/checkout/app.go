// This file and app_test.go are for copying: orders that are paid through Stripe
// Checkout, and fulfilled once. Change orders, which is your database, and what a session
// asks of the buyer. In your main:
//
//	h, err := newShop(config{
//		key:           secret.Env("STRIPE_SECRET_KEY"),
//		webhookSecret: secret.Env("STRIPE_WEBHOOK_SECRET"),
//		base:          "https://shop.example.com",
//		orders:        database,
//		log:           slog.Default(),
//	})
//
// At Stripe, register https://shop.example.com/hooks/stripe for the events
// checkout.session.completed and checkout.session.async_payment_succeeded.

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// order is what is to be paid. It does not change once it is there.
type order struct {
	ID, Title, Currency string
	Amount              int64 // in the currency's smallest unit, such as cents
}

var errNoOrder = errors.New("there is no such order")

// orders is your database.
type orders interface {
	// Find returns errNoOrder where there is none.
	Find(ctx context.Context, id string) (order, error)

	// Fulfil is called when the order is paid. After an error, or a crash, it is called
	// again: let it change nothing the second time (UPDATE … WHERE fulfilled_at IS NULL).
	Fulfil(ctx context.Context, id, checkoutSession string) error
}

type config struct {
	key, webhookSecret secret.Source
	base               string // where browsers reach the shop
	orders             orders
	log                *slog.Logger
}

type shop struct {
	config
	stripe *stripe.Client
}

// newShop returns what serves the shop's pages. The options are for tests.
func newShop(cfg config, options ...client.Option) (http.Handler, error) {
	c, err := stripe.New(cfg.key, options...)
	if err != nil {
		return nil, err
	}
	s := &shop{cfg, c}
	hook, err := s.hook()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/stripe", hook)
	mux.Handle("POST /orders/{id}/checkout", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.checkout)))
	return mux, nil
}

// checkout sends the buyer to Stripe's page. What is to be paid comes from the database,
// never from the browser.
func (s *shop) checkout(w http.ResponseWriter, r *http.Request) {
	o, err := s.orders.Find(r.Context(), r.PathValue("id"))
	if errors.Is(err, errNoOrder) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.log.Error("find the order", "err", err)
		http.Error(w, "Please try again later.", http.StatusInternalServerError)
		return
	}
	session, err := s.stripe.SDK.CheckoutSessions.New(s.session(r.Context(), o))
	if err != nil {
		s.log.Error("create a checkout session", "order", o.ID, "err", err)
		http.Error(w, "Paying is not possible right now. Please try again later.", http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, session.URL, http.StatusSeeOther)
}

func (s *shop) session(ctx context.Context, o order) *sdk.CheckoutSessionParams {
	params := &sdk.CheckoutSessionParams{
		Mode:              sdk.String(string(sdk.CheckoutSessionModePayment)),
		ClientReferenceID: sdk.String(o.ID), // comes back with the event
		SuccessURL:        sdk.String(s.base + "/orders/" + o.ID),
		CancelURL:         sdk.String(s.base + "/orders/" + o.ID),
		LineItems: []*sdk.CheckoutSessionLineItemParams{{
			Quantity: sdk.Int64(1),
			PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{
				Currency:    sdk.String(o.Currency),
				UnitAmount:  sdk.Int64(o.Amount),
				ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String(o.Title)},
			},
		}},
	}
	params.Context = ctx
	// A buyer who presses the button twice gets the same session, and pays once: Stripe
	// keeps a key for a day. Without this line the stack makes a key for each call.
	params.SetIdempotencyKey("checkout/" + o.ID)
	return params
}

// hook takes Stripe's deliveries, each event once. Several processes need a guard that
// they share, in place of the one in memory: Standpipe's recipes/guard has one.
func (s *shop) hook() (http.Handler, error) {
	scheme, err := webhook.Stripe(s.webhookSecret)
	if err != nil {
		return nil, err
	}
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(scheme,
		webhook.On("checkout.session.completed", s.completed),
		webhook.On("checkout.session.async_payment_succeeded", s.completed),
		webhook.WithDeduplication(guard),
		webhook.WithLogger(s.log))
}

func (s *shop) completed(ctx context.Context, e webhook.Event[sdk.CheckoutSession]) error {
	if e.Data.PaymentStatus == sdk.CheckoutSessionPaymentStatusUnpaid {
		return nil // a bank transfer, say: async_payment_succeeded comes when the money is there
	}
	if e.Data.ClientReferenceID == "" {
		return nil // no session of this shop: a payment link of the same account
	}
	return s.orders.Fulfil(ctx, e.Data.ClientReferenceID, e.Data.ID)
}
