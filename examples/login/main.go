// Login is a web application in which people sign in with GitHub, Google or X.
//
// It runs as it is, offline: without credentials each service is played by a
// fake authorization server on loopback, with a consent page on which anybody
// signs in as anybody. So fakes play only where the application is reached on
// loopback, and every line then begins with DEMO. With credentials in the
// environment it talks to the real service:
//
//	GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET (of a GitHub App, whose tokens expire)
//	GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
//	X_CLIENT_ID, X_CLIENT_SECRET
//
// Register <base>/callback/github and so on as redirect URLs, and name the
// base, where browsers reach the application, by -base. Behind more than one
// process set OAUTH_COOKIE_KEY, and use a store and sessions of your own in
// place of the ones in memory. What an application copies is in app.go and app_test.go.
//
//	go run ./examples/login          # then open http://127.0.0.1:8080/
//	go run ./examples/login -demo    # walks through a sign-in by itself and exits
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("login", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	base := flags.String("base", "", "where browsers reach the application (default: http:// and the address)")
	demo := flags.Bool("demo", false, "sign in by itself, print each step, and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *demo {
		*addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	if *base == "" || *demo {
		*base = "http://" + ln.Addr().String()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	playing, err := connectAll(ctx, *base, setting{env: !*demo, fakes: onLoopback(ln.Addr().String(), *base)})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = shutDown(ctx, playing.services)
	}()
	logs := io.Writer(os.Stderr)
	faked := len(playing.fakes) > 0
	if faked {
		out, logs = demoLines{out}, demoLines{logs}
	}
	serve(ctx, ln, newApp(playing.services, *base, htmlPages{faked}, slog.New(slog.NewTextHandler(logs, nil))).handler())
	fmt.Fprintf(out, "Open %s/\n", *base)
	for _, s := range playing.services {
		if address, ok := playing.fakes[s]; ok {
			fmt.Fprintf(out, "  %s is played by %s\n", s.title, address)
		}
	}
	if *demo {
		return walk(ctx, *base, out)
	}
	<-ctx.Done()
	return nil
}

// onLoopback reports whether only this machine reaches an application that
// listens at addr and is told to be at base.
func onLoopback(addr, base string) bool {
	here, err := netip.ParseAddrPort(addr)
	if err != nil || !here.Addr().Unmap().IsLoopback() {
		return false
	}
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// demoLines says of each line that what it tells of is no real sign-in.
type demoLines struct{ w io.Writer }

func (d demoLines) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if _, err := fmt.Fprintf(d.w, "DEMO %s", line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// serve answers on ln until ctx ends.
func serve(ctx context.Context, ln net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() { _ = srv.Serve(ln) }()
}
