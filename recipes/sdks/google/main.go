// Command google puts the SDKs of Google Calendar, Firebase and Gemini on the stack: one
// file each, to copy. It needs no keys and no network: a fake service on loopback fails
// once, and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"firebase.google.com/go/v4/errorutils"
	"google.golang.org/api/googleapi"
	"google.golang.org/genai"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "google:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "google-api-go-client",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newCalendar(client.Bearer(key), opts...)
				return func(ctx context.Context) error {
					_, err := c.Events.Get("primary", "ev_1").Context(ctx).Do()
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Kept: recipetest.Is[*googleapi.Error],
		},
		{
			SDK: "firebase-admin v4",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				users, err := newFirebaseUsers("project", client.Bearer(key), opts...)
				return func(ctx context.Context) error {
					_, err := users.GetUser(ctx, "u")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Reply:   `{"users":[{"localId":"u"}]}`,
			Refusal: `{"error":{"code":404,"status":"NOT_FOUND","message":"USER_NOT_FOUND"}}`,
			Retries: 5, Waits: true,
			Kept: errorutils.IsNotFound,
		},
		{
			SDK: "genai",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newGenAI(key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Models.Get(ctx, "m", nil)
					return err
				}, err
			},
			Credential: recipetest.Header("X-Goog-Api-Key"),
			Kept:       recipetest.Is[genai.APIError],
		},
	}
}
