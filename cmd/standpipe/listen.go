package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

func listenCommand() *command {
	return &command{
		name: "listen", arguments: "[PROVIDER]", summary: "receive deliveries: print, verify, store and forward them",
		help: `Listens for deliveries until it is interrupted. Each is printed, without the values of
header fields that may be credentials; verified, if a PROVIDER and its secret are named;
written to a file, with -store; and forwarded byte for byte with -forward, whose response
becomes the response. Without -forward the response is 200, or the right one to a PROVIDER's
challenge. A delivery that does not verify is forwarded all the same: what the handler
makes of it is what one wants to see.

To receive from the internet, point a tunnel of your choice at the address and give the
tunnel's name with -host. What a page in a browser sends is refused.`,
		run: runListen,
	}
}

// listener is the state of one "listen".
type listener struct {
	streams
	scheme  *webhook.Scheme // nil: nothing is verified
	forward *url.URL        // nil: nothing is forwarded
	store   store
	timeout time.Duration
	hosts   []string // the names, but for localhost, under which deliveries come

	mu sync.Mutex // one delivery is printed at a time
	n  int
}

func runListen(ctx context.Context, s streams, c *command, args []string) error {
	fs := newFlags(c, s)
	var o options
	o.register(fs)
	l := &listener{streams: s}
	addr := fs.String("addr", "127.0.0.1:4242", "`address` to listen on; port 0 takes a free one")
	forward := fs.String("forward", "", "`URL` to forward to")
	fs.Func("host", "`name` under which a tunnel leads here; may be repeated", func(name string) error {
		if u, err := url.Parse("https://" + name); err != nil || u.Host != name || u.Hostname() == "" {
			return errors.New("not the name of a host")
		}
		l.hosts = append(l.hosts, hostOf(name))
		return nil
	})
	fs.StringVar(&l.store.dir, "store", "", "`directory` to write each delivery to, for replay and verify")
	fs.DurationVar(&l.timeout, "timeout", 30*time.Second, "how long to wait for the response of -forward: a `duration` such as 10s")
	args, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		p, err := findProvider(args[0])
		if err != nil {
			return err
		}
		if l.scheme, err = p.scheme(&o); err != nil {
			return configuration(err)
		}
	}
	if *forward != "" {
		if l.forward, err = parseTarget(*forward); err != nil {
			return err
		}
	}
	if err := l.store.open(); err != nil {
		return err
	}
	return l.serve(ctx, *addr)
}

// serve runs until ctx ends.
func (l *listener) serve(ctx context.Context, addr string) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           l,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	fmt.Fprintf(l.out, "listening on http://%s\n", ln.Addr())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		quit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = srv.Shutdown(quit)
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// ServeHTTP handles one delivery.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := fromBrowser(r, l.hosts); why != "" {
		l.mu.Lock()
		fmt.Fprintf(l.err, "standpipe: refused a request: %s\n", why)
		l.mu.Unlock()
		http.Error(w, "refused: "+why, http.StatusForbidden)
		return
	}
	now := time.Now()
	body, err := readAll(http.MaxBytesReader(w, r.Body, maxDump))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusRequestEntityTooLarge)
		return
	}
	d := dumpOf(r, body)
	file, err := l.store.keep(d, now)
	if err != nil {
		// Without a 2xx the provider sends again, when there may be room on the disk.
		fmt.Fprintln(l.err, "standpipe: storing a delivery:", err)
		http.Error(w, "the delivery could not be stored", http.StatusServiceUnavailable)
		return
	}
	var a *answer
	var forwardErr error
	if l.forward != nil {
		ctx, cancel := context.WithTimeout(r.Context(), l.timeout)
		defer cancel()
		a, forwardErr = deliver(ctx, l.destination(r.URL), d, maxDump)
		if forwardErr == nil && a.cut {
			forwardErr = fmt.Errorf("the response has more than %d bytes", maxDump)
		}
	}
	l.print(r.Context(), d, now, file, a, forwardErr)
	switch {
	case forwardErr != nil:
		http.Error(w, "forwarding failed", http.StatusBadGateway)
	case a != nil:
		copyAnswer(w, a)
	default:
		l.answer(w, r, d, now)
	}
}

// destination is the -forward URL with the delivery's query.
func (l *listener) destination(received *url.URL) *url.URL {
	u := *l.forward
	if received.RawQuery != "" {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += received.RawQuery
	}
	return &u
}

// answer is for deliveries that go nowhere else.
func (l *listener) answer(w http.ResponseWriter, r *http.Request, d *dump, at time.Time) {
	if l.scheme == nil {
		return
	}
	a, ok, err := l.scheme.Challenge(r.Context(), d.request(at))
	if !ok || err != nil {
		return
	}
	copyAnswer(w, &answer{status: a.Status, header: a.Header, body: a.Body})
}

func copyAnswer(w http.ResponseWriter, a *answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	for _, name := range hopByHop {
		w.Header().Del(name)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the sender's going away is its own business
}
