package stray

import (
	"context"
	"net"
	"net/http"
)

// Dialer refuses connections where requests would be: for a transport that another
// RoundTripper stands around, of which nobody knows.
type Dialer struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Guard puts a Dialer before that of t.
func Guard(t *http.Transport) {
	dial := t.DialContext
	//lint:ignore SA1019 the older one is still in use
	switch older := t.Dial; {
	case dial != nil && code(dial) != code(new(net.Dialer).DialContext):
		return // of somebody's own
	case dial == nil && older != nil:
		return
	case dial == nil:
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = (&Dialer{dial}).DialContext
}

// DialContext is what http.Transport wants.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if On() {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		if err := refuse("a connection to "+address+", where nothing of the test is", func(w *Watcher) bool { return w.lets(host) }); err != nil {
			return nil, err
		}
	}
	return d.dial(ctx, network, address)
}
