// Command cloud puts the SDKs of Cloudflare and Vault on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cloudflare/cloudflare-go/v7/user"
	vault "github.com/hashicorp/vault/api"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "cloud:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "cloudflare-go v7",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				with, err := cloudflareOptions(key, opts...)
				return func(ctx context.Context) error {
					_, err := user.NewUserService(with...).Get(ctx)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Kept: func(err error) bool { return fmt.Sprintf("%T", err) == "*apierror.Error" }, // cloudflare.Error
		},
		{
			SDK: "vault/api",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newVault("https://vault.example.com:8200", key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Auth().Token().LookupSelfWithContext(ctx)
					return err
				}, err
			},
			Credential: recipetest.Header("X-Vault-Token"),
			Reply:      `{"data":{}}`,
			Kept:       recipetest.Is[*vault.ResponseError],
		},
	}
}
