// Command webhooks is one server with endpoints for Stripe, GitHub and Resend.
// It needs no account: it plays the providers itself, signs like them, sends to
// its own endpoints and prints what happened.
//
//	go run ./examples/webhooks   # the demonstration
//	STRIPE_WEBHOOK_SECRET=… go run ./examples/webhooks -listen localhost:8080   # real deliveries
//
// With -listen it serves the endpoints whose secret is in STRIPE_WEBHOOK_SECRET,
// GITHUB_WEBHOOK_SECRET or RESEND_WEBHOOK_SECRET. A variable that is not set
// leaves that endpoint out; without any of them the program ends with an error.
// The demonstration's own secrets are never used there: its lines begin with
// DEMO, and it listens on loopback only. What an application copies is in app.go and
// app_test.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	listen := flag.String("listen", "", "instead of the demonstration, take real deliveries at this `address`")
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
	if listen == "" {
		p := &printer{out: out, prefix: "DEMO "}
		own := secrets{secret.Static(demoStripe), secret.Static(demoGitHub), secret.Static(demoResend)}
		endpoints, err := receiver(p, own, p.log())
		if err != nil {
			return err
		}
		return serve(ctx, "127.0.0.1:0", endpoints, func(base string) error { return demo(ctx, p, base) })
	}
	p := &printer{out: out}
	var from secrets
	var served []string
	for _, e := range []struct {
		name, variable string
		source         *secret.Source
	}{
		{"stripe", "STRIPE_WEBHOOK_SECRET", &from.stripe},
		{"github", "GITHUB_WEBHOOK_SECRET", &from.github},
		{"resend", "RESEND_WEBHOOK_SECRET", &from.resend},
	} {
		switch value := os.Getenv(e.variable); value {
		case "":
			p.headline("%s is not set: there is no /hooks/%s", e.variable, e.name)
		case demoStripe, demoGitHub, demoResend:
			return fmt.Errorf("%s is a secret of the demonstration, which everybody can read", e.variable)
		default:
			*e.source = secret.Env(e.variable)
			served = append(served, e.name)
		}
	}
	if len(served) == 0 {
		return errors.New("set STRIPE_WEBHOOK_SECRET, GITHUB_WEBHOOK_SECRET or RESEND_WEBHOOK_SECRET to the secret that the service shows for the endpoint")
	}
	endpoints, err := receiver(p, from, p.log())
	if err != nil {
		return err
	}
	return serve(ctx, listen, endpoints, func(base string) error {
		p.headline("waiting for deliveries at %s/hooks/%s; interrupt to end", base, strings.Join(served, " and /hooks/"))
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
