package slack_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/slack"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"ok":true,"channel":"C1","ts":"1503435956.000247"}`),
		clienttest.JSON(200, `{"ok":false,"error":"channel_not_found"}`))
	defer srv.Close()
	// In an application: slack.New(secret.Env("SLACK_BOT_TOKEN"))
	c, err := slack.New(secret.Static("xoxb-example"), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	sent, err := slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: "C1", Text: "Hello"})
	if err != nil {
		panic(err)
	}
	fmt.Println("posted", sent.TS)

	_, err = slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: "C9", Text: "Hello"})
	switch {
	case errors.Is(err, client.ErrNotFound):
		fmt.Println("no such channel, or the bot cannot see it")
	case errors.Is(err, client.ErrUnauthorized):
		fmt.Println("the workspace has removed the app")
	}
	// Output:
	// posted 1503435956.000247
	// no such channel, or the bot cannot see it
}
