// Command identity puts the SDKs of Auth0 and Clerk on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/auth0/go-auth0/management"
	"github.com/clerk/clerk-sdk-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "identity:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "go-auth0 v1",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				m, err := newAuth0("tenant.example.com", client.Bearer(key), opts...)
				return func(ctx context.Context) error {
					_, err := m.User.Read(ctx, "auth0|1")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Kept: recipetest.Is[management.Error],
		},
		{
			SDK: "clerk-sdk-go v2",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				users, err := newClerkUsers(key, opts...)
				return func(ctx context.Context) error {
					_, err := users.Get(ctx, "user_1")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Refusal: `{"errors":[{"code":"resource_not_found","message":"not found"}]}`,
			Kept:    recipetest.Is[*clerk.APIErrorResponse],
		},
	}
}
