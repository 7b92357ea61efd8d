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

	"golang.org/x/oauth2"

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

// login is one way to sign in.
type login func(ctx context.Context, c *oauthflow.Client, u user, out io.Writer) (*oauth2.Token, *oauthflow.IDToken, error)

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
		if err := signIn(ctx, c, u, l, out); err != nil {
			return err
		}
	}
	return nil
}

// signIn is what a program does with the token: use it, refresh it, give it
// back.
func signIn(ctx context.Context, c *oauthflow.Client, u user, l login, out io.Writer) error {
	tok, id, err := l(ctx, c, u, out)
	if errors.Is(err, oauthflow.ErrAccessDenied) {
		return errors.New("you did not allow it")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Signed in as %q (%q).\n", id.Name, id.Subject)
	if tok.RefreshToken != "" {
		if tok, err = c.Refresh(ctx, tok); err != nil {
			return err
		}
		fmt.Fprintln(out, "The token was refreshed; a real program keeps it in a manager.")
	}
	if err := c.Revoke(ctx, tok); err != nil && !errors.Is(err, oauthflow.ErrUnsupported) {
		return err
	}
	fmt.Fprintln(out, "Signed out.")
	return nil
}

func loopback(ctx context.Context, c *oauthflow.Client, u user, out io.Writer) (*oauth2.Token, *oauthflow.IDToken, error) {
	fmt.Fprintln(out, "Opening the browser …")
	res, err := oauthflow.Loopback{Open: u.open}.Run(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	return res.Token, res.IDToken, nil
}

func device(ctx context.Context, c *oauthflow.Client, u user, out io.Writer) (*oauth2.Token, *oauthflow.IDToken, error) {
	da, err := c.DeviceAuth(ctx)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(out, "On any device, open %s and enter %s\n", da.VerificationURI, da.UserCode)
	if err := u.enter(da.UserCode); err != nil {
		return nil, nil, err
	}
	tok, err := c.DeviceToken(ctx, da)
	if err != nil {
		return nil, nil, err
	}
	id, err := c.VerifyIDToken(ctx, tok, oauthflow.IDTokenCheck{})
	return tok, id, err
}
