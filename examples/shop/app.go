// This file and app_test.go are for copying: a shop on five services that may die at any
// point. A user signs in and pays through Stripe Checkout. Then a receipt is stored in S3
// and mailed by Resend, a dispute is answered with it, an address that bounces gets no
// more mail, and what fails is reported to Sentry, through the logger. In your main:
//
//	h, err := newShop(config{stripeKey: secret.Env("STRIPE_SECRET_KEY"), …})
//
// At Stripe, register https://shop.example.com/hooks/stripe for the events
// checkout.session.completed, checkout.session.async_payment_succeeded and
// charge.dispute.created; at Resend, …/hooks/resend for email.bounced and
// email.complained.
//
// There is no database, and nothing is remembered between two requests. An event is
// acknowledged only when all that it asks for is done, so that the service delivers it
// again if not; and each step can be repeated, by a key that is made of what is to be
// done: that of the payment, of the mail, the name of the file.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	mail "github.com/resend/resend-go/v2"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/webhook"
)

type config struct {
	users      session.Profile
	base, from string // where browsers reach the shop, and who its mail is from

	stripeKey, stripeHook secret.Source
	resendKey, resendHook secret.Source
	bucket                s3.Config
	log                   *slog.Logger // see sentry.Reporter.SlogHandler

	// For tests.
	session               []session.Option
	stripe, resend, files []client.Option
}

type shop struct {
	config
	payments *stripe.Client
	mail     *resend.Client
	store    *s3.Client
}

func newShop(cfg config) (http.Handler, error) {
	payments, err := stripe.New(cfg.stripeKey, cfg.stripe...)
	if err != nil {
		return nil, err
	}
	sender, err := resend.New(cfg.resendKey, cfg.resend...)
	if err != nil {
		return nil, err
	}
	store, err := s3.New(cfg.bucket, cfg.files...)
	if err != nil {
		return nil, err
	}
	users, err := session.NewVerifier(cfg.users, cfg.session...)
	if err != nil {
		return nil, err
	}
	s := &shop{cfg, payments, sender, store}
	fromStripe, err := hook(s, webhook.Stripe, cfg.stripeHook,
		webhook.On("checkout.session.completed", s.paid),
		webhook.On("checkout.session.async_payment_succeeded", s.paid),
		webhook.On("charge.dispute.created", s.disputed))
	if err != nil {
		return nil, err
	}
	fromResend, err := hook(s, webhook.Resend, cfg.resendHook,
		webhook.On("email.bounced", s.undeliverable),
		webhook.On("email.complained", s.undeliverable))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /pump", session.Middleware(users, session.FromCookie("session"))(http.HandlerFunc(s.buy)))
	mux.Handle("POST /hooks/stripe", fromStripe)
	mux.Handle("POST /hooks/resend", fromResend)
	return mux, nil
}

func hook(s *shop, scheme func(secret.Source, ...webhook.Option) (*webhook.Scheme, error), key secret.Source, options ...webhook.HandlerOption) (http.Handler, error) {
	verified, err := scheme(key)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(verified, append(options, webhook.WithLogger(s.log))...)
}

// buy sends the user to Stripe's page. One user buys one pump: pressing the button again
// leads to the same page.
func (s *shop) buy(w http.ResponseWriter, r *http.Request) {
	var user struct {
		ID       string `json:"sub"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if who, ok := session.FromContext(r.Context()); !ok || who.Claims(&user) != nil || !user.Verified {
		http.Error(w, "Please confirm your address first.", http.StatusForbidden)
		return
	}
	params := &sdk.CheckoutSessionParams{
		Mode:              sdk.String(string(sdk.CheckoutSessionModePayment)),
		ClientReferenceID: sdk.String(user.ID),
		CustomerEmail:     sdk.String(user.Email),
		SuccessURL:        sdk.String(s.base + "/thanks"),
		CancelURL:         sdk.String(s.base + "/"),
		LineItems: []*sdk.CheckoutSessionLineItemParams{{
			Quantity: sdk.Int64(1),
			PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{
				Currency:    sdk.String("eur"),
				UnitAmount:  sdk.Int64(2000),
				ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String("Water pump")},
			},
		}},
	}
	params.SetIdempotencyKey("pump/" + user.ID)
	page, err := stripe.CreateCheckoutSession.Do(r.Context(), s.payments.HTTP, params)
	if err != nil {
		s.log.ErrorContext(r.Context(), "create a checkout session", "user", user.ID, "err", err)
		http.Error(w, "Paying is not possible right now. Please try again later.", http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, page.URL, http.StatusSeeOther)
}

// payment is what the shop reads of a checkout session.
type payment struct {
	Payment string `json:"payment_intent"`
	User    string `json:"client_reference_id"`
	Amount  int64  `json:"amount_total"` // in cents
	Status  string `json:"payment_status"`
	Buyer   struct {
		Email string `json:"email"`
	} `json:"customer_details"`
}

// paid stores the receipt, and then mails it.
func (s *shop) paid(ctx context.Context, e webhook.Event[payment]) error {
	p := e.Data
	if p.Status != "paid" || p.User == "" {
		return nil // not yet, or through a payment link that is not the shop's
	}
	receipt := fmt.Sprintf("Receipt\n\nPayment %s\nFor user %s\n1 water pump\nEUR %d.%02d\n", p.Payment, p.User, p.Amount/100, p.Amount%100)
	if err := s.create(ctx, receiptOf(p.Payment), receipt); err != nil {
		return fmt.Errorf("store the receipt of %s: %w", p.Payment, err)
	}
	_, err := s3.HeadObject.Do(ctx, s.store.HTTP, s3.GetObjectInput{Key: refusalOf(p.Buyer.Email)})
	if !errors.Is(err, client.ErrNotFound) {
		return err // nil: no mail goes there
	}
	// Resend sends one mail for a key within 24 hours.
	_, err = s.mail.Send(ctx, &mail.SendEmailRequest{From: s.from, To: []string{p.Buyer.Email}, Subject: "Your receipt", Text: receipt}, "receipt/"+p.Payment)
	if err != nil {
		return fmt.Errorf("mail the receipt of %s: %w", p.Payment, err)
	}
	return nil
}

// disputed answers with the receipt, unless that has been done: an answer is final.
func (s *shop) disputed(ctx context.Context, e webhook.Event[struct {
	ID      string `json:"id"`
	Payment string `json:"payment_intent"`
}]) error {
	id := e.Data.ID
	now, err := stripe.GetDispute.Do(ctx, s.payments.HTTP, stripe.ByID(id, &sdk.DisputeParams{}))
	if err != nil || now.Status != sdk.DisputeStatusNeedsResponse {
		return err
	}
	receipt, err := s3.GetObject.Do(ctx, s.store.HTTP, s3.GetObjectInput{Key: receiptOf(e.Data.Payment)})
	if err != nil {
		return fmt.Errorf("read the receipt of %s: %w", e.Data.Payment, err)
	}
	_, err = stripe.UpdateDispute.Do(ctx, s.payments.HTTP, stripe.ByID(id, &sdk.DisputeParams{
		Evidence: &sdk.DisputeEvidenceParams{UncategorizedText: sdk.String(string(receipt.Body))}, Submit: sdk.Bool(true),
	}))
	return err
}

// undeliverable keeps in mind who gets no more mail.
func (s *shop) undeliverable(ctx context.Context, e webhook.Event[struct {
	To []string `json:"to"`
}]) error {
	for _, address := range e.Data.To {
		if err := s.create(ctx, refusalOf(address), e.Type); err != nil {
			return err
		}
	}
	return nil
}

func receiptOf(payment string) string { return "receipts/" + payment + ".txt" }
func refusalOf(address string) string { return "no-mail/" + url.PathEscape(strings.ToLower(address)) }

// create stores a file that is not there. One that is there stays as it is.
func (s *shop) create(ctx context.Context, key, content string) error {
	_, err := s3.PutObject.Do(ctx, s.store.HTTP, s3.PutObjectInput{
		Key: key, Body: client.Raw("text/plain; charset=utf-8", []byte(content)), IfNoneMatch: "*",
	})
	if errors.Is(err, client.ErrConflict) {
		return nil
	}
	return err
}
