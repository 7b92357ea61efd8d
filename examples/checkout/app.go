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
// checkout.session.completed, checkout.session.expired,
// checkout.session.async_payment_succeeded and checkout.session.async_payment_failed.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// order is what is to be paid. What is asked for does not change once it is there.
type order struct {
	ID, Title, Currency string
	Amount              int64 // in the currency's smallest unit, such as cents

	Attempt int  // which attempt to pay it is due, from 1
	Closed  bool // it is paid, or a payment is under way
}

var errNoOrder = errors.New("there is no such order")

// orders is your database. Each method that changes an order may be called again, after
// an error or a crash, or late: let the conditions be part of the UPDATE. Where there is
// no such order, all return errNoOrder.
type orders interface {
	Find(ctx context.Context, id string) (order, error)

	// Await closes the order while the payment of an attempt is under way
	// (SET closed = true WHERE attempt = $2).
	Await(ctx context.Context, id string, attempt int) error

	// Retry opens the order for another attempt, when this one has come to nothing
	// (SET attempt = attempt + 1, closed = false WHERE attempt = $2 AND fulfilled_at IS
	// NULL).
	Retry(ctx context.Context, id string, attempt int) error

	// Fulfil is called when the order is paid (SET closed = true, fulfilled_at = now()
	// WHERE fulfilled_at IS NULL).
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
	if o.Closed {
		http.Redirect(w, r, s.base+"/orders/"+o.ID, http.StatusSeeOther)
		return
	}
	var meta client.Meta
	session, err := stripe.CreateCheckoutSession.Do(r.Context(), s.stripe.HTTP, s.session(o), func(r *client.Request) { r.Meta = &meta })
	if err != nil {
		s.log.Error("create a checkout session", "order", o.ID, "attempt", o.Attempt, "err", err)
		// So Stripe says that it repeats the error that it has stored under the key. No
		// buyer was then sent to a session of this attempt. After any other error one may
		// have been, and the same key leads there.
		if meta.Header.Get("Idempotent-Replayed") == "true" {
			if err := s.orders.Retry(r.Context(), o.ID, o.Attempt); err != nil {
				s.log.Error("open the order for another attempt", "order", o.ID, "err", err)
			}
		}
		http.Error(w, "Paying is not possible right now. Please try again later.", http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, session.URL, http.StatusSeeOther)
}

func (s *shop) session(o order) *sdk.CheckoutSessionParams {
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
	params.AddMetadata("attempt", strconv.Itoa(o.Attempt)) // comes back as well
	// A buyer who presses the button twice gets the same session, and pays once: Stripe
	// repeats its first response to a key, be it an error, for a day. So each attempt has
	// a key of its own. Without this line the stack makes a key for each call.
	params.SetIdempotencyKey(fmt.Sprintf("checkout/%s/%d", o.ID, o.Attempt))
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
		webhook.On("checkout.session.async_payment_failed", s.failed),
		webhook.On("checkout.session.expired", s.failed),
		webhook.WithDeduplication(guard),
		webhook.WithLogger(s.log))
}

// checkoutSession is what the shop reads of an event: few fields, which all versions of
// the API have. The SDK's own type is for one version, and the endpoint of a new account
// has a newer one.
type checkoutSession struct {
	ID            string `json:"id"`
	Order         string `json:"client_reference_id"`
	PaymentStatus string `json:"payment_status"`
	Metadata      struct {
		Attempt string `json:"attempt"`
	} `json:"metadata"`
}

func (s *shop) completed(ctx context.Context, e webhook.Event[checkoutSession]) error {
	if e.Data.PaymentStatus == "unpaid" { // a bank transfer, say, whose outcome comes as an async_payment event
		return s.settle(e.Data, func(attempt int) error { return s.orders.Await(ctx, e.Data.Order, attempt) })
	}
	return s.settle(e.Data, func(int) error { return s.orders.Fulfil(ctx, e.Data.Order, e.Data.ID) })
}

// failed lets the buyer try again, with a session of its own.
func (s *shop) failed(ctx context.Context, e webhook.Event[checkoutSession]) error {
	return s.settle(e.Data, func(attempt int) error { return s.orders.Retry(ctx, e.Data.Order, attempt) })
}

// settle changes the order of a session. A session that is not of this shop, such as that
// of a payment link of the same account, is acknowledged: an error would have Stripe
// deliver it again for days, and the order would still not be there.
func (s *shop) settle(session checkoutSession, change func(attempt int) error) error {
	attempt, err := strconv.Atoi(session.Metadata.Attempt)
	if session.Order == "" || err != nil {
		s.log.Info("a checkout session of somebody else", "session", session.ID)
		return nil
	}
	err = change(attempt)
	if errors.Is(err, errNoOrder) {
		s.log.Error("a checkout session of an unknown order", "session", session.ID, "order", session.Order, "payment", session.PaymentStatus)
		return nil
	}
	return err
}
