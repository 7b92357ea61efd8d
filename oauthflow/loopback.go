package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/loopback"
)

// Loopback is the authorization code flow for programs without a web server of
// their own (RFC 8252 section 7.3). The zero value listens on a random port of
// 127.0.0.1, or [::1] where there is no IPv4, and opens the user's browser.
type Loopback struct {
	// Open shows authURL to the user. Nil: [OpenBrowser]. If it returns an
	// error, the flow ends.
	Open func(ctx context.Context, authURL string) error

	// Page answers the browser when it comes back; err is nil after success.
	// Nil: a plain page that says what happened.
	Page func(w http.ResponseWriter, r *http.Request, err error)

	// Address to listen on, such as "127.0.0.1:8976" for a provider that does
	// not allow any port. It must be on a loopback address or localhost. Empty:
	// where Config.RedirectURL says, if that is an http URL on this machine.
	Address string
}

// Run opens the browser, waits for the redirect and completes the flow; see
// [Client.Complete] for the errors. It ends at the first redirect that belongs
// to the attempt, or when ctx does: give ctx a deadline. Other requests are
// refused and do not disturb it.
//
// The redirect goes to the host that is registered: that of Config.RedirectURL if
// it is an http URL on this machine ("http://localhost/callback", as Microsoft
// Entra registers it), else that of Address, else 127.0.0.1. The path is that of
// Config.RedirectURL too, "/callback" if there is none. The port is that of
// Address or Config.RedirectURL, any free one if they name none. Register the
// client as a public one: a secret in a distributed program is none.
func (l Loopback) Run(ctx context.Context, c *Client, opts ...BeginOption) (*Result, error) {
	if c.formPost() {
		return nil, errors.New("oauthflow: loopback: the provider's response mode form_post needs a web application")
	}
	to := registered(c.cfg.RedirectURL)
	ln, err := l.listen(ctx, &to)
	if err != nil {
		return nil, fmt.Errorf("oauthflow: loopback: %w", err)
	}
	defer ln.Close()
	flow := &loopbackFlow{client: c, page: l.Page, path: to.path, host: to.at(ln.Addr()), done: make(chan loopbackResult, 1)}
	if flow.page == nil {
		flow.page = loopbackPage
	}
	redirect := "http://" + flow.host + flow.path
	flow.attempt, err = c.Begin(ctx, append(slices.Clip(opts), func(b *begin) { b.redirect = redirect })...)
	if err != nil {
		return nil, err
	}
	return l.serve(ctx, ln, flow)
}

// redirectTarget is what of the redirect URL is known before there is a port.
type redirectTarget struct {
	host string // "" where nobody says
	port string // "" is any
	path string
}

// registered reads the redirect URL that the provider knows. A host that is not
// this machine belongs to the same client's web application.
func registered(redirectURL string) redirectTarget {
	to := redirectTarget{path: "/callback"}
	u, err := url.Parse(redirectURL)
	if err != nil {
		return to
	}
	if u.Path != "" {
		to.path = u.Path
	}
	if u.Scheme == "http" && loopback.Host(u.Hostname()) {
		to.host, to.port = u.Hostname(), u.Port()
	}
	return to
}

// at returns the host and port of the redirect URL, for a listener at addr.
func (to *redirectTarget) at(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if to.host != "" {
		host = to.host
	}
	return net.JoinHostPort(host, port)
}

// listen opens the port that the redirect goes to. Where only Address names the
// host, the redirect names it too.
func (l Loopback) listen(ctx context.Context, to *redirectTarget) (net.Listener, error) {
	var lc net.ListenConfig
	if l.Address != "" {
		host, _, err := net.SplitHostPort(l.Address)
		if err != nil || !loopback.Host(host) {
			return nil, errors.New("the address to listen on must be a loopback address with a port")
		}
		if to.host == "" {
			to.host = host
		}
		if to.host != host && to.host != "localhost" && host != "localhost" {
			return nil, errors.New("the address to listen on is not the one that the redirect URL names")
		}
		return lc.Listen(ctx, "tcp", l.Address)
	}
	port := to.port
	if port == "" {
		port = "0"
	}
	if to.host != "" && to.host != "localhost" {
		return lc.Listen(ctx, "tcp", net.JoinHostPort(to.host, port))
	}
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:"+port)
	if err == nil {
		return ln, nil
	}
	return lc.Listen(ctx, "tcp", "[::1]:"+port)
}

func (l Loopback) serve(ctx context.Context, ln net.Listener, flow *loopbackFlow) (*Result, error) {
	// The exchange belongs to the flow: a browser that hangs up does not end
	// it.
	handler := func(w http.ResponseWriter, r *http.Request) { flow.serve(ctx, w, r) }
	srv := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = srv.Serve(ln)
	}()
	defer func() {
		// The browser still has to get its page.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
		<-stopped
	}()
	show := l.Open
	if show == nil {
		show = OpenBrowser
	}
	if err := show(ctx, flow.attempt.URL); err != nil {
		return nil, fmt.Errorf("oauthflow: loopback: open the browser: %w", err)
	}
	select {
	case r := <-flow.done:
		return r.res, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("oauthflow: loopback: %w", context.Cause(ctx))
	}
}

type loopbackResult struct {
	res *Result
	err error
}

// loopbackFlow handles the requests of one Run.
type loopbackFlow struct {
	client     *Client
	attempt    *Attempt
	page       func(http.ResponseWriter, *http.Request, error)
	path, host string
	taken      atomic.Bool
	done       chan loopbackResult
}

func (f *loopbackFlow) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	// Another Host is a page that rebinds its name to this machine. Browsers leave
	// the default port out.
	if r.Host != f.host && r.Host+":80" != f.host || r.URL.Path != f.path || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || params.Get("state") != f.attempt.State || !f.taken.CompareAndSwap(false, true) {
		// Not of this attempt, so it must not end it either.
		http.Error(w, "This address does not belong to the sign-in under way.", http.StatusBadRequest)
		return
	}
	res, err := f.client.Complete(ctx, f.attempt.Sealed, params)
	defer func() { f.done <- loopbackResult{res, err} }() // also if page panics
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Connection", "close")
	f.page(w, r, err)
}

func loopbackPage(w http.ResponseWriter, _ *http.Request, err error) {
	message := "You are signed in. You can close this page and go back to the program."
	if err != nil {
		message = "Signing in did not work. The program says why."
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title>`+
		`<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}</style></head>`+
		`<body><p>`+message+`</p></body></html>`)
}
