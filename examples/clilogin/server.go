package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// user is how the person at the keyboard is reached: in earnest by a browser
// and a text on the screen, in the demo not at all.
type user struct {
	open  func(ctx context.Context, authURL string) error
	enter func(userCode string) error
}

var scopes = []string{"openid", "profile", "offline_access"}

func setUp(ctx context.Context, demo bool, out io.Writer) (*oauthflow.Client, user, error) {
	u := user{open: showAndOpen(out), enter: func(string) error { return nil }}
	cfg := oauthflow.Config{ClientID: os.Getenv("OIDC_CLIENT_ID"), RedirectURL: "http://127.0.0.1/callback", Scopes: scopes}
	if issuer := os.Getenv("OIDC_ISSUER"); issuer != "" && !demo {
		p, err := oauthflow.Discover(ctx, issuer)
		if err != nil {
			return nil, u, err
		}
		cfg.Provider = p
	} else {
		fake, err := startFake(ctx)
		if err != nil {
			return nil, u, err
		}
		cfg.Provider, cfg.ClientID = fake.Provider(), "clilogin"
		if demo {
			u = playedUser(fake)
		}
	}
	c, err := oauthflow.New(cfg)
	return c, u, err
}

// showAndOpen prints the address as well: the browser may be on another screen of this
// machine. On a machine without one nobody could follow the redirect back to it.
func showAndOpen(out io.Writer) func(context.Context, string) error {
	return func(ctx context.Context, authURL string) error {
		fmt.Fprintln(out, authURL)
		if err := oauthflow.OpenBrowser(ctx, authURL); err != nil {
			return fmt.Errorf("no browser could be opened here: use -flow device to sign in on another machine, or -demo to watch (%w)", err)
		}
		return nil
	}
}

func startFake(ctx context.Context) (*oauthtest.Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fake := oauthtest.New(oauthtest.Config{
		URL:            "http://" + ln.Addr().String(),
		Clients:        []oauthtest.Client{{ID: "clilogin", RedirectURIs: []string{"http://127.0.0.1/callback"}}},
		DeviceInterval: time.Second,
	})
	srv := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() { _ = srv.Serve(ln) }()
	return fake, nil
}

// playedUser consents to everything, as Alice.
func playedUser(fake *oauthtest.Server) user {
	return user{
		open: func(ctx context.Context, authURL string) error {
			back, err := fake.Authorize(authURL, "alice")
			if err != nil {
				return err
			}
			go visit(ctx, back.String())
			return nil
		},
		enter: func(userCode string) error { return fake.ApproveDevice(userCode, "alice") },
	}
}

// visit is the browser that follows the redirect. If it fails, the flow waits
// in vain and its context says so.
func visit(ctx context.Context, address string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the page is for people
}
