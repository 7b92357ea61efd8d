// Command mail sends a mail through Resend under a key of the application's own, and says
// what to do about one that did not get out: tell the user, wait, or call again.
//
//	go run ./examples/mail
//
// It needs no account: a fake Resend runs on loopback. With a key in RESEND_API_KEY it
// sends one to the address that Resend has for tests. What an application copies is in
// app.go and app_test.go.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	do := run
	if os.Getenv("RESEND_API_KEY") != "" {
		do = func(ctx context.Context, out io.Writer) error { return live(ctx, out) }
	}
	if err := do(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mail:", err)
		os.Exit(1)
	}
}

// scenes are what Resend responds with, to one mail after the other.
var scenes = []struct{ title, user, script string }{
	{"Resend fails once", "1", `503, 200 {"id":"em_1"}`},
	{"The address is none", "2", `422 {"name":"validation_error","message":"Invalid to field."}`},
	{"Too many mails", "3", `429 Retry-After=3600 {"name":"rate_limit_exceeded","message":"Too many requests."}`},
	{"The day's quota is used up", "4", `429 {"name":"daily_quota_exceeded","message":"You have reached your daily quota."}`},
	{"Resend is down", "5", `503`},
	{"The same mail, called again", "5", `200 {"id":"em_5"}`},
}

func run(ctx context.Context, out io.Writer) error {
	fake := clienttest.Start()
	defer fake.Close()
	for _, s := range scenes {
		fake.Script(clienttest.MustParse(s.script)...)
		if err := show(ctx, out, s.title, s.user, fake); err != nil {
			return err
		}
	}
	fake.Close()
	return show(ctx, out, "There is no network", "6", fake)
}

// show makes a mailer of its own, since one that has met a throttle sends nothing for
// as long.
func show(ctx context.Context, out io.Writer, title, user string, fake *clienttest.Server) error {
	m, err := newMailer(secret.Static("re_demo"), "Example <hello@example.com>", client.WithBaseURL(fake.URL),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})) // nobody waits in a demonstration
	if err != nil {
		return err
	}
	before := fake.Count()
	o := m.welcome(ctx, user, "ada@example.com")
	m.resend.HTTP.CloseIdleConnections()
	fmt.Fprintf(out, "%s:\n", title)
	for _, r := range fake.Requests()[before:] {
		fmt.Fprintf(out, "    Resend is asked under the key %s\n", r.Header.Get("Idempotency-Key"))
	}
	fmt.Fprintf(out, "    %s\n", o.state)
	if !o.again.IsZero() {
		fmt.Fprintf(out, "    again in %s\n", time.Until(o.again).Round(time.Minute))
	}
	return nil
}

// live sends a mail to an address that Resend takes and delivers nothing to, from a
// sender that needs no domain. The options are for its test.
func live(ctx context.Context, out io.Writer, options ...client.Option) error {
	m, err := newMailer(secret.Env("RESEND_API_KEY"), "Example <onboarding@resend.dev>", options...)
	if err != nil {
		return err
	}
	o := m.welcome(ctx, "live-test", "delivered@resend.dev")
	if o.err != nil {
		return fmt.Errorf("%s: %w", o.state, o.err)
	}
	_, err = fmt.Fprintln(out, o.state, o.id)
	return err
}
