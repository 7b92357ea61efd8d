package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Loopback is the authorization code flow for programs without a web server of
// their own (RFC 8252 section 7.3). The zero value listens where
// Config.RedirectURL points to, on a random port if it names none, and opens
// the user's browser.
type Loopback struct {
	// Open shows authURL to the user. Nil: [OpenBrowser]. If it returns an
	// error, the flow ends.
	Open func(ctx context.Context, authURL string) error

	// Page responds to the browser when it comes back; err is nil after success.
	// Nil: a plain page that says what happened.
	Page func(w http.ResponseWriter, r *http.Request, err error)

	// Address to listen on, such as "127.0.0.1:8976", instead of where
	// Config.RedirectURL points to. It must be on a loopback address; port 0 is
	// a random one.
	Address string
}

// Run opens the browser, waits for the redirect and completes the flow; see
// [Client.Complete] for the errors. It ends at the first redirect that belongs
// to the attempt, or when ctx does: give ctx a deadline. Other requests are
// refused and do not disturb it. If one of them reported an error and had no
// state, as some providers send denials, the error at the end of ctx says so.
//
// The redirect goes to Config.RedirectURL as it is registered, but for the
// port, which most providers leave open: "http://localhost/callback". Name the
// port where yours compares it: "http://127.0.0.1:8976/callback". If
// RedirectURL is empty, the redirect goes to "/callback" on 127.0.0.1, or [::1]
// where there is no IPv4; if it is not on this machine, only its path counts.
// Register the program as a public client: a secret in a distributed program is no
// secret.
func (l Loopback) Run(ctx context.Context, c *Client, opts ...BeginOption) (*Result, error) {
	if c.formPost() {
		return nil, errors.New("oauthflow: loopback: the provider's response mode form_post needs a web application")
	}
	address, err := newLoopbackAddress(c.cfg.RedirectURL, l.Address)
	if err != nil {
		return nil, fmt.Errorf("oauthflow: loopback: %w", err)
	}
	lns, err := address.listen(ctx)
	if err != nil {
		return nil, fmt.Errorf("oauthflow: loopback: %w", err)
	}
	defer closeAll(lns)
	redirect := address.redirectTo(lns[0])
	flow := &loopbackFlow{client: c, page: l.Page, redirect: redirect, done: make(chan loopbackResult, 1)}
	if flow.page == nil {
		flow.page = loopbackPage
	}
	flow.attempt, err = c.Begin(ctx, append(slices.Clip(opts), func(b *begin) error { b.redirect = redirect.String(); return nil })...)
	if err != nil {
		return nil, err
	}
	return l.serve(ctx, lns, flow)
}

func (l Loopback) serve(ctx context.Context, lns []net.Listener, flow *loopbackFlow) (*Result, error) {
	// The exchange belongs to the flow: a browser that hangs up does not end
	// it.
	handler := func(w http.ResponseWriter, r *http.Request) { flow.serve(ctx, w, r) }
	srv := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	for _, ln := range lns {
		serving.Go(func() { _ = srv.Serve(ln) })
	}
	defer func() {
		// The browser still has to get its page.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = srv.Shutdown(grace)
		_ = srv.Close()
		serving.Wait()
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
		err := context.Cause(ctx)
		if stray := flow.stray.Load(); stray != nil {
			err = fmt.Errorf("%w; a redirect without a state came before: %w", err, stray)
		}
		return nil, fmt.Errorf("oauthflow: loopback: %w", err)
	}
}

type loopbackResult struct {
	res *Result
	err error
}

// loopbackFlow handles the requests of one Run.
type loopbackFlow struct {
	client   *Client
	attempt  *Attempt
	page     func(http.ResponseWriter, *http.Request, error)
	redirect *url.URL
	taken    atomic.Bool
	stray    atomic.Pointer[CallbackError] // the last error that came without a state
	done     chan loopbackResult
}

func (f *loopbackFlow) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	// Another Host is a page that rebinds its name to this machine.
	if !sameHost(r.Host, f.redirect.Host) || r.URL.Path != cmp.Or(f.redirect.Path, "/") || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || params.Get("state") != f.attempt.State || !f.taken.CompareAndSwap(false, true) {
		// Not of this attempt, so it must not end it either.
		if e := newCallbackError(params, ErrState); e.Code != "" && params.Get("state") == "" {
			f.stray.Store(e)
		}
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
