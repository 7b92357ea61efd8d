// This file and app_test.go are for copying: endpoints for the webhooks of Stripe, GitHub
// and Resend. Three things to change: actions, which is what your application does; the
// endpoints that receiver mounts; and the functions below it, one for each kind of event.
// In your main:
//
//	hooks, err := receiver(shop, secrets{stripe: secret.Env("STRIPE_WEBHOOK_SECRET")}, slog.Default())
//	…
//	mux.Handle("/hooks/", hooks)

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
)

// actions is what your application does about events. An error makes the service deliver
// the event again. A crash can do so too, after the work was done: each method must do
// no harm when it is called again with the same arguments.
type actions interface {
	Fulfil(ctx context.Context, order string, amount int64, currency string) error
	SubscriptionChanged(ctx context.Context, id, status string, paidUntil time.Time) error
	Pushed(ctx context.Context, repository, branch, by string, commits int) error
	StopWriting(ctx context.Context, addresses []string, reason string) error
}

// secrets holds the signing secret of each endpoint, which the service shows when the
// endpoint is created there. Where there is no secret there is no endpoint: one without
// would take anybody's deliveries.
type secrets struct{ stripe, github, resend secret.Source }

// receiver verifies each delivery by its service's scheme and hands the event to a typed
// function, each event once. Several processes need a guard that they share, in place of
// the one in memory: Standpipe's recipes/guard has one.
func receiver(do actions, from secrets, log *slog.Logger) (http.Handler, error) {
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	var errs []error
	mount := func(path string, scheme func(secret.Source, ...webhook.Option) (*webhook.Scheme, error), source secret.Source, functions ...webhook.HandlerOption) {
		if source == nil {
			return
		}
		s, err := scheme(source)
		if err != nil {
			errs = append(errs, err)
			return
		}
		h, err := webhook.NewHandler(s, append(functions, webhook.WithDeduplication(guard), webhook.WithLogger(log))...)
		mux.Handle(path, h)
		errs = append(errs, err)
	}
	on := reactions{do}
	mount("/hooks/stripe", webhook.Stripe, from.stripe,
		webhook.On("payment_intent.succeeded", on.paid),
		webhook.On("customer.subscription.*", on.subscription))
	mount("/hooks/github", webhook.GitHub, from.github,
		webhook.On("push", on.push))
	mount("/hooks/resend", webhook.Resend, from.resend,
		webhook.On("email.bounced", on.bounced))
	return mux, errors.Join(errs...)
}

// reactions turns events into actions. Each method gets a verified event with its object
// decoded, into the type of the vendor's SDK where there is one.
type reactions struct{ do actions }

func (r reactions) paid(ctx context.Context, e webhook.Event[stripe.PaymentIntent]) error {
	return r.do.Fulfil(ctx, e.Data.Metadata["order_id"], e.Data.AmountReceived, string(e.Data.Currency))
}

// subscription names the fields that are used, for an endpoint whose API version is newer
// than the SDK's.
type subscription struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Items  struct {
		Data []struct {
			CurrentPeriodEnd events.Time `json:"current_period_end"`
		} `json:"data"`
	} `json:"items"`
}

func (r reactions) subscription(ctx context.Context, e webhook.Event[subscription]) error {
	var until time.Time
	for _, item := range e.Data.Items.Data {
		if item.CurrentPeriodEnd.After(until) {
			until = item.CurrentPeriodEnd.Time
		}
	}
	return r.do.SubscriptionChanged(ctx, e.Data.ID, e.Data.Status, until)
}

func (r reactions) push(ctx context.Context, e webhook.Event[events.GitHubPush]) error {
	if e.Suspect { // GitHub signs no identifier, so a captured delivery can come back under another
		return nil // the handler has logged it
	}
	return r.do.Pushed(ctx, e.Data.Repository.FullName, e.Data.Branch(), e.Data.Pusher.Name, len(e.Data.Commits))
}

func (r reactions) bounced(ctx context.Context, e webhook.Event[events.ResendEmail]) error {
	reason := "no reason given"
	if e.Data.Bounce != nil {
		reason = e.Data.Bounce.Message
	}
	return r.do.StopWriting(ctx, e.Data.To, reason)
}
