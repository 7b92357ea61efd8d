// Command code puts the SDKs of GitHub and GitLab on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/google/go-github/v92/github"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "code:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "go-github v92",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newGitHub(key, opts...)
				return func(ctx context.Context) error {
					_, _, err := c.Repositories.Get(ctx, "o", "r")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Kept: recipetest.Is[*github.ErrorResponse],
		},
		{
			SDK: "gitlab client-go v2",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newGitLab("https://gitlab.com", key, opts...)
				return func(ctx context.Context) error {
					_, _, err := c.Projects.GetProject(1, nil, gitlab.WithContext(ctx))
					return err
				}, err
			},
			Credential: recipetest.Header("Private-Token"),
			Kept:       recipetest.Is[*gitlab.ErrorResponse],
		},
	}
}
