// Command chat puts the SDKs of Slack, Twilio and Discord on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/bwmarrin/discordgo"
	"github.com/slack-go/slack"
	twilio "github.com/twilio/twilio-go/client"
	lookups "github.com/twilio/twilio-go/rest/lookups/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "slack-go",
			New: func(ctx context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newSlack(ctx, key, opts...)
				return func(ctx context.Context) error {
					_, err := c.AuthTestContext(ctx)
					return err
				}, err
			},
			Credential: formToken,
			Reply:      `{"ok":true}`,
			Lost:       recipetest.Key,
			Kept:       recipetest.Is[slack.StatusCodeError],
		},
		{
			SDK: "twilio-go v1",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newTwilio("AC0123456789", key, opts...)
				return func(ctx context.Context) error {
					_, err := lookups.NewApiServiceWithClient(c).FetchPhoneNumber("+15005550006", nil)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Basic("AC0123456789"),
			Refusal: `{"code":20404,"message":"not found","status":404}`,
			Lost:    recipetest.Context,
			Kept:    recipetest.Is[*twilio.TwilioRestError],
		},
		{
			SDK: "discordgo",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				s, err := newDiscord(key, opts...)
				return func(ctx context.Context) error {
					_, err := s.User("1", discordgo.WithContext(ctx))
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: func(key string) string { return "Bot " + key },
			Kept: recipetest.Is[*discordgo.RESTError],
		},
	}
}

// formToken is the token as slack-go sends it.
func formToken(r clienttest.Recorded) string {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return ""
	}
	return form.Get("token")
}
