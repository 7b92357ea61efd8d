// An SDK, and the same call by hand: both over one stack, they send the same, and are
// repeated under the same rules.
//
//	5. An SDK, and the same call by hand
//	   stripe-go: POST /v1/customers email=ada%40example.com, 2 requests under 1 key, cus_1
//	   by hand:   POST /v1/customers email=ada%40example.com, 2 requests under 1 key, cus_1
//	   Usually: the SDK's retries and the program's multiply, and by hand there is no key.

package main

import (
	"context"
	"net/url"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

const sdkUsually = "the SDK's retries and the program's multiply, and by hand there is no key."

func sdkAndByHand(ctx context.Context, say printf) error {
	for _, way := range []struct {
		name   string
		create func(context.Context, *stripe.Client) (id string, err error)
	}{{"stripe-go:", bySDK}, {"by hand:  ", byHand}} {
		service := clienttest.Start(clienttest.MustParse(`503 Retry-After=0, 200 {"id":"cus_1","object":"customer"}`)...)
		// In an application: stripe.New(secret.Env("STRIPE_SECRET_KEY"))
		c, err := stripe.New(secret.Static("sk_test_1"), client.WithBaseURL(service.URL))
		if err != nil {
			service.Close()
			return err
		}
		id, err := way.create(ctx, c)
		c.HTTP.CloseIdleConnections()
		service.Close()
		if err != nil {
			return err
		}
		keys := map[string]bool{}
		for _, r := range service.Requests() {
			keys[r.Header.Get("Idempotency-Key")] = true
		}
		last := service.Last()
		say("%s %s %s %s, %d requests under %d key, %s", way.name, last.Method, last.URL, last.Body, service.Count(), len(keys), id)
	}
	return nil
}

func bySDK(ctx context.Context, c *stripe.Client) (string, error) {
	made, err := c.SDK.Customers.New(&stripego.CustomerParams{
		Params: stripego.Params{Context: ctx}, Email: stripego.String("ada@example.com"),
	})
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

func byHand(ctx context.Context, c *stripe.Client) (string, error) {
	made, err := client.Post[struct {
		ID string `json:"id"`
	}](ctx, c.HTTP, "/v1/customers", client.Form(url.Values{"email": {"ada@example.com"}}))
	return made.ID, err
}
