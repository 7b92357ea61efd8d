package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

const fakeID = "clilogin"

// startFake starts an authorization server on loopback, until ctx ends.
func startFake(ctx context.Context) (*oauthtest.Server, *oauthflow.Client, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	fake := oauthtest.New(oauthtest.Config{
		URL:            "http://" + ln.Addr().String(),
		Clients:        []oauthtest.Client{{ID: fakeID, RedirectURIs: []string{"http://127.0.0.1/callback"}}},
		DeviceInterval: time.Second,
	})
	srv := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() { _ = srv.Serve(ln) }()
	c, err := newClient(fake.Provider(), fakeID)
	return fake, c, err
}

// playedUser does at once what the program at out asks for, and consents to everything,
// as Alice.
func playedUser(fake *oauthtest.Server, out io.Writer) user {
	return user{
		open: func(ctx context.Context, authURL string) error {
			fmt.Fprintln(out, "Opening the browser …")
			back, err := fake.Authorize(authURL, "alice")
			if err != nil {
				return err
			}
			go visit(ctx, back.String())
			return nil
		},
		enter: func(ctx context.Context, at, userCode string) error {
			if err := atTerminal(out).enter(ctx, at, userCode); err != nil {
				return err
			}
			return fake.ApproveDevice(userCode, "alice")
		},
	}
}

// visit is the browser that follows the redirect. If it fails, the flow waits in vain and
// its context says so.
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
