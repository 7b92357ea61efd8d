// The webhook switch: one endpoint, a function for each type of event. It is reached by
// what the service has signed, and by nothing else.
//
//	3. The webhook switch
//	   payment_intent.succeeded, signed: 200, pi_1 is paid
//	   invoice.payment_failed, signed: 200, in_1 is not
//	   customer.updated, which has no case: 200
//	   payment_intent.succeeded, signed for another body: 401
//	   Usually: nobody verifies the body, or what is verified has been decoded and encoded again.

package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const webhookUsually = "nobody verifies the body, or what is verified has been decoded and encoded again."

func webhookSwitch(_ context.Context, say printf) error {
	const whsec = "whsec_of_this_endpoint_1" // in an application: secret.Env("STRIPE_WEBHOOK_SECRET")
	scheme, err := webhook.Stripe(secret.Static(whsec))
	if err != nil {
		return err
	}
	type object struct {
		ID string `json:"id"`
	}
	did := ""
	hooks, err := webhook.NewHandler(scheme, webhook.WithLogger(slog.New(slog.DiscardHandler)),
		webhook.On("payment_intent.succeeded", func(_ context.Context, e webhook.Event[object]) error {
			did = ", " + e.Data.ID + " is paid"
			return nil // an error is a 500, and Stripe sends the event again
		}),
		webhook.On("invoice.payment_failed", func(_ context.Context, e webhook.Event[object]) error {
			did = ", " + e.Data.ID + " is not"
			return nil
		}))
	if err != nil {
		return err
	}

	stripe := webhooktest.Stripe(whsec)
	deliver := func(what string, r *http.Request) {
		did = ""
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, r)
		say("%s: %d%s", what, w.Code, did)
	}
	paid := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1"}}}`)
	deliver("payment_intent.succeeded, signed", stripe.Request(paid))
	deliver("invoice.payment_failed, signed", stripe.Request([]byte(`{"id":"evt_2","object":"event","type":"invoice.payment_failed","data":{"object":{"id":"in_1"}}}`)))
	deliver("customer.updated, which has no case", stripe.Request([]byte(`{"id":"evt_3","object":"event","type":"customer.updated","data":{"object":{"id":"cus_1"}}}`)))
	forged := stripe.Request(paid)
	forged.Body = io.NopCloser(bytes.NewReader(bytes.Replace(paid, []byte("pi_1"), []byte("pi_2"), 1)))
	deliver("payment_intent.succeeded, signed for another body", forged)
	return nil
}
