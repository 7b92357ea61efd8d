// Command mail puts the SDKs of Resend, SendGrid and Mailgun on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/mailgun/mailgun-go/v4"
	"github.com/sendgrid/rest"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "mail:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "resend-go v2",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newResend2(key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Emails.GetWithContext(ctx, "em_1")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Lost: recipetest.Errors,
		},
		{
			SDK: "resend-go v3",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newResend(key, opts...)
				return func(ctx context.Context) error {
					_, err := c.Emails.GetWithContext(ctx, "em_1")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Lost: recipetest.Errors,
		},
		{
			SDK: "sendgrid-go v3",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				send, err := newSendGrid(key, opts...)
				return func(ctx context.Context) error {
					resp, err := send(ctx, rest.Get, "/v3/templates", nil)
					if err == nil && resp.StatusCode >= 300 { // the SDK makes no error of it
						err = fmt.Errorf("status %d", resp.StatusCode)
					}
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Lost: recipetest.Errors,
		},
		{
			SDK: "mailgun-go v4",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				mg, err := newMailgun("mail.example.com", key, opts...)
				return func(ctx context.Context) error {
					_, err := mg.GetDomain(ctx, "mail.example.com")
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Basic("api"),
			Kept: recipetest.Is[*mailgun.UnexpectedResponseError],
		},
	}
}
