// Command ai puts the SDKs of OpenAI and Anthropic on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "ai:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "openai-go v3",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newOpenAI(key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Models.Get(ctx, "m")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Retries: 3,
			Kept:    recipetest.Is[*openai.Error],
		},
		{
			SDK: "anthropic-sdk-go",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newAnthropic(key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Models.Get(ctx, "m", anthropic.ModelGetParams{})
					return err
				}, err
			},
			Credential: recipetest.Header("X-Api-Key"),
			Kept:       recipetest.Is[*anthropic.Error],
		},
	}
}
