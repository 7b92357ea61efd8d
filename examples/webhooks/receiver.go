package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stripe/stripe-go/v76"
)

// endpointSecrets holds each service's signing secret. Where there is none there
// is no endpoint: one without a secret would take anybody's deliveries.
type endpointSecrets struct{ stripe, github, resend secret.Source }

// receiver is the part to copy: three endpoints, each verified by its
// provider's scheme, whose events go to typed functions, each event once.
func receiver(app *app, from endpointSecrets, log *slog.Logger) (http.Handler, error) {
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	var errs []error
	mount := func(path string, scheme func(secret.Source, ...webhook.Option) (*webhook.Scheme, error), source secret.Source, opts ...webhook.HandlerOption) {
		if source == nil {
			return
		}
		v, err := scheme(source)
		if err != nil {
			errs = append(errs, err)
			return
		}
		h, err := webhook.NewHandler(v, append(opts, webhook.WithDeduplication(guard), webhook.WithLogger(log))...)
		mux.Handle(path, h)
		errs = append(errs, err)
	}
	mount("/hooks/stripe", webhook.Stripe, from.stripe,
		webhook.On("payment_intent.succeeded", app.paid),
		webhook.On("customer.subscription.*", app.subscription))
	mount("/hooks/github", webhook.GitHub, from.github,
		webhook.On("push", app.pushed))
	mount("/hooks/resend", webhook.Resend, from.resend,
		webhook.On("email.bounced", app.bounced))
	return mux, errors.Join(errs...)
}

// Each function gets a verified event with its object decoded, into the vendor SDK's
// type where there is one. Returning an error makes the provider send the event
// again.

func (a *app) paid(ctx context.Context, e webhook.Event[stripe.PaymentIntent]) error {
	return a.fulfil(ctx, e.Data.Metadata["order_id"], e.Data.AmountReceived, string(e.Data.Currency))
}

// subscription names the fields that the function uses, for an endpoint whose API
// version is newer than the SDK's.
type subscription struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Items  struct {
		Data []struct {
			CurrentPeriodEnd events.Time `json:"current_period_end"`
		} `json:"data"`
	} `json:"items"`
}

func (a *app) subscription(_ context.Context, e webhook.Event[subscription]) error {
	var end time.Time
	for _, item := range e.Data.Items.Data {
		if item.CurrentPeriodEnd.After(end) {
			end = item.CurrentPeriodEnd.Time
		}
	}
	a.printf("subscription %s is %s until %s", e.Data.ID, e.Data.Status, end.Format(time.DateOnly))
	return nil
}

func (a *app) pushed(_ context.Context, e webhook.Event[events.GitHubPush]) error {
	if e.Suspect { // GitHub signs no identifier, so a captured delivery can come back under another
		a.printf("looks like a replay, left alone: %s", e.ID)
		return nil
	}
	a.printf("%s pushed %d commit(s) to %s of %s", e.Data.Pusher.Name, len(e.Data.Commits), e.Data.Branch(), e.Data.Repository.FullName)
	return nil
}

func (a *app) bounced(_ context.Context, e webhook.Event[events.ResendEmail]) error {
	reason := "no reason given"
	if b := e.Data.Bounce; b != nil {
		reason = b.Message
	}
	a.printf("stop writing to %s: %s", strings.Join(e.Data.To, ", "), reason)
	return nil
}
