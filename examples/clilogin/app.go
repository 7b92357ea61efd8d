// This file and app_test.go are for copying: how a command-line program signs its user
// in, through the browser on the same machine (RFC 8252), or with a code that is typed on
// another device (RFC 8628). Change the scopes, and what signedIn does. In your main:
//
//	c, err := connect(ctx, "https://example.eu.auth0.com/", "the program's client ID")
//	…
//	err = signIn(ctx, c, loopback, atTerminal(os.Stdout), os.Stdout)

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// scopes are what the program asks for. With offline_access it can stay signed in.
var scopes = []string{"openid", "profile", "offline_access"}

// connect finds out how to talk to an OpenID issuer. The program has no secret: it is
// registered there as a public client with the redirect URL http://127.0.0.1/callback.
func connect(ctx context.Context, issuer, clientID string) (*oauthflow.Client, error) {
	p, err := oauthflow.Discover(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return newClient(p, clientID)
}

// newClient is for what connect found out, or for a provider that package oauthflow has,
// such as oauthflow.Okta. The options are for tests.
func newClient(p oauthflow.Provider, clientID string, options ...oauthflow.Option) (*oauthflow.Client, error) {
	return oauthflow.New(oauthflow.Config{Provider: p, ClientID: clientID, RedirectURL: "http://127.0.0.1/callback", Scopes: scopes}, options...)
}

// user is how the person at the keyboard is reached.
type user struct {
	open  func(ctx context.Context, authURL string) error      // a browser on this machine
	enter func(ctx context.Context, at, userCode string) error // a code on another device
}

// atTerminal opens the browser, and says on out what else there is to do.
func atTerminal(out io.Writer) user {
	return user{
		// The address is printed as well: the browser may be on another screen of this
		// machine. On a machine without one nobody could follow the redirect back to it.
		open: func(ctx context.Context, authURL string) error {
			fmt.Fprintln(out, "Opening the browser …\n"+authURL)
			if err := oauthflow.OpenBrowser(ctx, authURL); err != nil {
				return fmt.Errorf("no browser could be opened here: use -flow device to sign in on another machine (%w)", err)
			}
			return nil
		},
		enter: func(_ context.Context, at, userCode string) error {
			_, err := fmt.Fprintf(out, "On any device, open %s and enter %s\n", at, userCode)
			return err
		},
	}
}

// login is one way to sign in: loopback or device.
type login func(context.Context, *oauthflow.Client, user) (*oauth2.Token, *oauthflow.IDToken, error)

func loopback(ctx context.Context, c *oauthflow.Client, u user) (*oauth2.Token, *oauthflow.IDToken, error) {
	res, err := oauthflow.Loopback{Open: u.open}.Run(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	return res.Token, res.IDToken, nil
}

func device(ctx context.Context, c *oauthflow.Client, u user) (*oauth2.Token, *oauthflow.IDToken, error) {
	da, err := c.DeviceAuth(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := u.enter(ctx, da.VerificationURI, da.UserCode); err != nil {
		return nil, nil, err
	}
	tok, err := c.DeviceToken(ctx, da)
	if err != nil {
		return nil, nil, err
	}
	id, err := c.VerifyIDToken(ctx, tok, oauthflow.IDTokenCheck{})
	return tok, id, err
}

// signIn signs the user in and, since this is an example, out again.
func signIn(ctx context.Context, c *oauthflow.Client, by login, u user, out io.Writer) error {
	tok, id, err := by(ctx, c, u)
	if errors.Is(err, oauthflow.ErrAccessDenied) {
		return errors.New("you did not allow it")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Signed in as %q (%q).\n", id.Name, id.Subject)
	return signedIn(ctx, c, tok, out)
}

// signedIn is what a program does with a token: use it, refresh it, give it back. A real
// one keeps it in a manager (package tokens), which refreshes it when that is due.
func signedIn(ctx context.Context, c *oauthflow.Client, tok *oauth2.Token, out io.Writer) error {
	if tok.RefreshToken != "" {
		var err error
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
