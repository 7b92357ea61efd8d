// Quickstart shows what the toolkit does when a service misbehaves. It needs no
// keys, no network and no servers: a fake service runs on loopback, and every
// scene prints the attempts that a call took.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -only webhook   # the scenes whose title has the word
//
// With -stripe-url the last scene talks to a running stripe-mock, and with
// STRIPE_SECRET_KEY set to a test key, to Stripe itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	stripeURL := flag.String("stripe-url", "", "base URL of a running stripe-mock, such as http://127.0.0.1:12111")
	only := flag.String("only", "", "play only the `scenes` with this number, or with this in their title")
	flag.Parse()
	cfg := config{stripeURL: *stripeURL, stripeKey: os.Getenv("STRIPE_SECRET_KEY"), only: *only}
	if err := run(context.Background(), os.Stdout, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

type config struct{ stripeURL, stripeKey, only string }

// scene is one thing to see.
type scene struct {
	title string
	play  func(context.Context, *stage) error
}

func scenes() []scene {
	return []scene{
		{"an authenticated call", authenticated},
		{"429 with Retry-After: the wait is obeyed", throttled},
		{"503 twice: retried under one idempotency key", idempotent},
		{"a POST that must not be repeated", notRepeated},
		{"a deadline that the service's wait does not fit", deadline},
		{"a list, page by page", paging},
		{"server-sent events", events},
		{"a key rotated while calls run", rotation},
		{"a redirect to another host gets no credential", redirect},
		{"a webhook: verified, or refused", webhookScene},
		{"a session token: verified, or refused", sessionScene},
		{"signing in with OAuth, and a token that stays alive", oauthScene},
		{"a customer, created with stripe-go through the stack", stripeScene},
	}
}

func run(ctx context.Context, out io.Writer, cfg config) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	played := 0
	for i, s := range scenes() {
		if !s.chosen(i+1, cfg.only) {
			continue
		}
		played++
		fmt.Fprintf(out, "\n%d. %s\n", i+1, s.title)
		if err := s.play(ctx, &stage{out: out, cfg: cfg}); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	if played == 0 {
		return fmt.Errorf("no scene has %q in its title, or this number of 1 to %d", cfg.only, len(scenes()))
	}
	if cfg.only == "" {
		fmt.Fprint(out, ending)
	}
	fmt.Fprint(out, "\nquickstart: ok\n")
	return nil
}

// chosen reports whether the scene is one of those asked for; "" asks for all.
func (s scene) chosen(number int, only string) bool {
	if n, err := strconv.Atoi(only); err == nil {
		return n == number
	}
	return strings.Contains(strings.ToLower(s.title), strings.ToLower(only))
}

const ending = `
What you saw: every call left a ledger of its attempts; waits were obeyed, or refused at once; a write was
repeated only under a key; and credentials stayed where they belong.
See one of them again, by its number or a word of its title: go run ./examples/quickstart -only 4

Copy next, each an app.go with its app_test.go:
   examples/inhouse    a client for an API of your own: a profile, a limit, pages, a copy for each user
   examples/checkout   Stripe Checkout, from the session to the order that is fulfilled once
   examples/mail       mail through Resend, each once, and what to do about one that did not get out
   examples/webhooks   deliveries of Stripe, GitHub and Resend, verified and run once
   examples/login      sign-in with GitHub, Google or X, and tokens that stay alive
   examples/session    an API behind the session tokens of Clerk, Auth0 and Firebase
   examples/github     a bot that reports a problem as an issue, once, and has failed deliveries sent again
   examples/s3         files of users in a bucket of S3 or R2, which nobody else sees
   examples/calendar   a copy of a Google calendar that is kept in step, and bookings that become events once
   examples/clilogin   sign-in for a command-line program
   examples/shop       an application on five services that is killed half-way, and does nothing twice

To read: examples/lesson has six patterns of the first hour, and where their usual versions fail. To run:
recipes/inbox keeps deliveries in SQLite or Postgres; killed with SIGKILL, it handles each event once.
`
