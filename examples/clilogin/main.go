// Clilogin signs the user of a command-line program in: through the browser on
// the same machine (RFC 8252), or with a code typed on another device (RFC
// 8628).
//
// It runs as it is, offline, against a fake authorization server on loopback.
// For a real one name an OpenID issuer and a public client that is registered
// with the redirect URL http://127.0.0.1/callback:
//
//	OIDC_ISSUER=https://example.eu.auth0.com/ OIDC_CLIENT_ID=… go run ./examples/clilogin
//
//	go run ./examples/clilogin -flow device
//	go run ./examples/clilogin -demo     # plays the user as well, and exits
//
// What an application copies is in app.go and app_test.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/standpipe-go/standpipe/oauthflow"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "clilogin:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("clilogin", flag.ContinueOnError)
	flow := flags.String("flow", "loopback", "loopback (the browser on this machine) or device (a code for another one)")
	demo := flags.Bool("demo", false, "go through both flows with a fake server, playing the user, and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	logins := map[string]login{"loopback": loopback, "device": device}
	names := []string{*flow}
	if *demo {
		names = []string{"loopback", "device"}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	c, u, err := setUp(ctx, *demo, out)
	if err != nil {
		return err
	}
	for _, name := range names {
		l, ok := logins[name]
		if !ok {
			return fmt.Errorf("there is no flow %q", name)
		}
		if err := signIn(ctx, c, l, u, out); err != nil {
			return err
		}
	}
	return nil
}

// setUp returns a client of the issuer that the environment names, or else of a fake one.
func setUp(ctx context.Context, demo bool, out io.Writer) (*oauthflow.Client, user, error) {
	if issuer := os.Getenv("OIDC_ISSUER"); issuer != "" && !demo {
		c, err := connect(ctx, issuer, os.Getenv("OIDC_CLIENT_ID"))
		return c, atTerminal(out), err
	}
	fake, c, err := startFake(ctx)
	if err != nil || !demo {
		return c, atTerminal(out), err
	}
	return c, playedUser(fake, out), nil
}
