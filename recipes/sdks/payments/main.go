// Command payments puts the SDKs of Stripe and Paddle on the stack: one file each, to
// copy. It needs no keys and no network: a fake service on loopback fails once, and the
// program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/PaddleHQ/paddle-go-sdk/v4/pkg/paddleerr"
	stripe76 "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v86"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "payments:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "stripe-go v76",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				api, err := newStripe76(key, opts...)
				return func(ctx context.Context) error {
					_, err := api.Customers.Get("cus_1", &stripe76.CustomerParams{Params: stripe76.Params{Context: ctx}})
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Refusal: `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`,
			Kept:    recipetest.Is[*stripe76.Error],
		},
		{
			SDK: "stripe-go v86",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				api, err := newStripe(key, opts...)
				return func(ctx context.Context) error {
					_, err := api.V1Customers.Retrieve(ctx, "cus_1", nil)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Refusal: `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`,
			Kept:    recipetest.Is[*stripe.Error],
		},
		{
			SDK: "paddle-go-sdk v4",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				sdk, err := newPaddle(key, opts...)
				return func(ctx context.Context) error {
					_, err := sdk.GetProduct(ctx, &paddle.GetProductRequest{ProductID: "pro_1"})
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Reply:   `{"data":{}}`,
			Refusal: `{"error":{"type":"request_error","code":"not_found"}}`,
			Kept:    recipetest.Is[*paddleerr.Error],
		},
	}
}
