package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
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

// Each function gets a verified event with its object decoded. Returning an
// error makes the provider send the event again.

func (a *app) paid(ctx context.Context, e webhook.Event[events.PaymentIntent]) error {
	return a.fulfil(ctx, e.Data.Metadata["order_id"], e.Data.AmountReceived, e.Data.Currency)
}

func (a *app) subscription(_ context.Context, e webhook.Event[events.Subscription]) error {
	a.printf("subscription %s is %s until %s", e.Data.ID, e.Data.Status, e.Data.CurrentPeriodEnd().Format("2006-01-02"))
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
