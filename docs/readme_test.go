package docs

//lint:file-ignore SA4006 README leaves the checks of the errors out

import (
	"context"
	"errors"
	"net/http"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/webhook"
)

// Customer is what README's service has.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// vendorSDK stands for an SDK that takes an http.Client, as they nearly all do.
type vendorSDK struct{}

var vendor vendorSDK

func (vendorSDK) WithHTTPClient(hc *http.Client) *http.Client { return hc }
func (vendorSDK) New(hc *http.Client) *http.Client            { return hc }

func readme(ctx context.Context, mux *http.ServeMux, pages http.Handler, github *oauthflow.Client, store tokens.Store,
	fulfil func(context.Context, webhook.Event[sdk.PaymentIntent]) error) error {
	api, err := client.New("https://api.example.com",
		client.WithAuth(client.Bearer(secret.Env("EXAMPLE_API_KEY"))))
	cus, err := client.Get[Customer](ctx, api, "/v1/customers/cus_1") // retried, paced, bounded
	sdk := vendor.New(vendor.WithHTTPClient(api.HTTPClient()))        // an official SDK, on the same stack

	hooks, err := webhook.Stripe(secret.Env("STRIPE_WEBHOOK_SECRET"))
	handler, err := webhook.NewHandler(hooks, webhook.On("payment_intent.succeeded", fulfil))
	mux.Handle("POST /hooks/stripe", handler) // verified, acknowledged after success; WithDeduplication runs an event once

	users, err := session.NewVerifier(session.Clerk("https://clerk.example.com", "https://app.example.com"))
	mux.Handle("/", session.Middleware(users)(pages)) // a strict gate; who it is stands in the context

	manager, err := tokens.New(store, github)                // github is an *oauthflow.Client, of a GitHub App for one
	token, err := manager.Token(ctx, "user:42/github")       // refreshed once, for all goroutines and processes
	repos := client.OAuth2(manager.Source("user:42/github")) // and as the credential of a client

	if sdk == nil || cus.ID == "" || token == nil || repos == nil {
		return errors.New("there is nothing")
	}
	return err
}

var _ = readme // it calls a service that there is not
