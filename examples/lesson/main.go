// Lesson is the first hour with other people's APIs: six patterns, a file for each, with
// what it prints and where its usual version fails. It needs no account, no key and no
// network: the services are played on loopback.
//
//	go run ./examples/lesson
//
// Read the files in this order: keyauth.go, oauth.go, webhooks.go, backoff.go, sdk.go,
// app.go. What an application copies is in app.go and app_test.go.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "lesson:", err)
		os.Exit(1)
	}
}

func patterns() []pattern {
	return []pattern{
		{"Key authentication", keyAuthentication, keyUsually},
		{"The three steps of OAuth", oauthSteps, oauthUsually},
		{"The webhook switch", webhookSwitch, webhookUsually},
		{"Backoff of 1, 2 and 4 seconds", backoff, backoffUsually},
		{"An SDK, and the same call by hand", sdkAndByHand, sdkUsually},
		{"The small APIClient", smallClient, clientUsually},
	}
}

func run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for i, p := range patterns() {
		fmt.Fprintf(out, "%d. %s\n", i+1, p.title)
		line := func(format string, args ...any) { fmt.Fprintf(out, "   "+format+"\n", args...) }
		if err := p.play(ctx, line); err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
		line("Usually: %s", p.usually)
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "Next: go run ./examples/quickstart, where the services misbehave.")
	return nil
}
