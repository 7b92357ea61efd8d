// Package stray refuses, for the time of a test that asks for it by
// clienttest.NoStrayRequests, what this module would send to the network.
//
// It is the one piece of state that all clients of a process share: a client is made
// long before a test begins, and nothing but a process has both. While nobody watches it
// is one atomic load.
package stray

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/internal/loopback"
)

// ErrRefused is matched by the errors of what has been refused.
var ErrRefused = errors.New("stray request")

// Watcher is a test that wants to have no stray requests.
type Watcher struct {
	// Report is told of each that is refused, under a lock, until the watch ends.
	Report func(string)

	Hosts    []string // which may be called, as URL.Hostname has them
	LiveKeys bool     // are let through
}

var watch struct {
	on atomic.Int32 // how many there are
	mu sync.Mutex
	by []*Watcher
}

// Watch refuses stray requests until end is called. Several may watch at once, as
// parallel tests do: what one allows is allowed while it watches.
func Watch(w *Watcher) (end func()) {
	watch.mu.Lock()
	defer watch.mu.Unlock()
	watch.by = append(watch.by, w)
	watch.on.Add(1)
	return func() {
		watch.mu.Lock()
		defer watch.mu.Unlock()
		if i := slices.Index(watch.by, w); i >= 0 {
			watch.by = slices.Delete(watch.by, i, i+1)
			watch.on.Add(-1)
		}
	}
}

// On reports whether anybody watches.
func On() bool { return watch.on.Load() > 0 }

// Request refuses req, which rt is to send, where it would go to the network: to a host
// that is not this machine, by a transport that connects to where the URL says. what is
// how the error calls it.
func Request(rt http.RoundTripper, req *http.Request, what string) error {
	if !On() || !connects(rt, req) {
		return nil
	}
	return refuse(what+", which nothing in the test answers", func(w *Watcher) bool { return w.lets(req.URL.Hostname()) })
}

// LiveKey refuses what is to be sent with a key that acts on more than a test.
func LiveKey(what string) error {
	return refuse(what+", with a live key", func(w *Watcher) bool { return w.LiveKeys })
}

func (w *Watcher) lets(host string) bool {
	return loopback.Host(host) || slices.ContainsFunc(w.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// refuse tells every watcher, unless one of them lets it pass.
func refuse(what string, lets func(*Watcher) bool) error {
	watch.mu.Lock()
	defer watch.mu.Unlock()
	if len(watch.by) == 0 || slices.ContainsFunc(watch.by, lets) {
		return nil
	}
	for _, w := range watch.by {
		w.Report(what)
	}
	return fmt.Errorf("%w: %s", ErrRefused, what)
}

// connects reports whether rt connects to the host of req's URL, or has a proxy of the
// environment do so. A RoundTripper that is no *http.Transport may be anything, and one
// that dials in a way of its own leads to where the test wants it.
func connects(rt http.RoundTripper, req *http.Request) bool {
	t, ok := rt.(*http.Transport)
	if !ok {
		return false
	}
	if t.Proxy != nil && code(t.Proxy) != code(http.ProxyFromEnvironment) {
		if proxy, err := t.Proxy(req); err == nil && proxy != nil && loopback.Host(proxy.Hostname()) {
			return false
		}
	}
	//lint:ignore SA1019 the older ones are still in use
	ownDial, ownTLS := t.Dial != nil, t.DialTLSContext != nil || t.DialTLS != nil
	if t.DialContext != nil {
		at := code(t.DialContext)
		ownDial = at != code(new(net.Dialer).DialContext) && at != code(new(Dialer).DialContext)
	}
	return !ownDial && !(ownTLS && req.URL.Scheme == "https")
}

// code tells functions apart by their code: every method value of net.Dialer is one.
func code(f any) uintptr { return reflect.ValueOf(f).Pointer() }
