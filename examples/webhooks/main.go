// Command webhooks is one server with endpoints for Stripe, GitHub and Resend.
// It needs no account: it plays the providers itself, signs like them, sends to
// its own endpoints and prints what happened.
//
//	go run ./examples/webhooks                         # the demonstration, then the end
//	go run ./examples/webhooks -listen localhost:8080  # the demonstration, then wait for more
//
// With -listen the endpoints take the secrets in STRIPE_WEBHOOK_SECRET,
// GITHUB_WEBHOOK_SECRET and RESEND_WEBHOOK_SECRET, for real deliveries; a
// variable that is not set leaves that endpoint with the demonstration's
// secret. What an application copies is in receiver.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	listen := flag.String("listen", "", "after the demonstration, wait for deliveries at this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "webhooks:", err)
		os.Exit(1)
	}
}

// run ends after the demonstration or, with an address to listen at, with ctx.
func run(ctx context.Context, out io.Writer, listen string) error {
	a := &app{out: out}
	log := slog.New(slog.NewTextHandler(logWriter{a}, &slog.HandlerOptions{ReplaceAttr: terse}))

	demonstration, err := receiver(a, secret.Static(demoStripe), secret.Static(demoGitHub), secret.Static(demoResend), log)
	if err != nil {
		return err
	}
	if err := serve(ctx, "127.0.0.1:0", demonstration, func(base string) error { return demo(ctx, a, base) }); err != nil || listen == "" {
		return err
	}

	endpoints, err := receiver(a, fromEnv("STRIPE_WEBHOOK_SECRET", demoStripe), fromEnv("GITHUB_WEBHOOK_SECRET", demoGitHub),
		fromEnv("RESEND_WEBHOOK_SECRET", demoResend), log)
	if err != nil {
		return err
	}
	return serve(ctx, listen, endpoints, func(base string) error {
		fmt.Fprintf(a, "\nwaiting for more at %s/hooks/{stripe,github,resend}; interrupt to end\n", base)
		<-ctx.Done()
		return nil
	})
}

// serve runs a server while fn runs.
func serve(ctx context.Context, addr string, h http.Handler, fn func(base string) error) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	err = fn("http://" + l.Addr().String())
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(stop))
	if serving := <-done; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
}

func fromEnv(name, otherwise string) secret.Source {
	if os.Getenv(name) == "" {
		return secret.Static(otherwise)
	}
	return secret.Env(name)
}

// terse leaves out of a log line what changes from run to run.
func terse(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.TimeKey || attr.Key == "endpoint" || attr.Key == "skew_seconds" {
		return slog.Attr{}
	}
	return attr
}
