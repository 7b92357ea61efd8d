package clienttest

import (
	"net"
	"testing"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/stray"
)

// ErrStray is matched by the error of a call that [NoStrayRequests] has refused.
var ErrStray = stray.ErrRefused

// StrayOption widens what [NoStrayRequests] lets through.
type StrayOption func(*strayConfig) error

type strayConfig struct {
	hosts    []string
	liveKeys bool
}

// AllowHosts lets requests to these hosts through, such as that of a test server in a
// container. A port does not count.
func AllowHosts(hosts ...string) StrayOption {
	return func(c *strayConfig) error {
		for _, h := range hosts {
			if host, _, err := net.SplitHostPort(h); err == nil {
				h = host
			}
			c.hosts = append(c.hosts, h)
		}
		return nil
	}
}

// AllowLiveKeys lets keys through that a Profile of package client knows for live ones.
func AllowLiveKeys() StrayOption { return func(c *strayConfig) error { c.liveKeys = true; return nil } }

// NoStrayRequests keeps a test off the network. Until the test ends, every request of a
// client of package client is refused that would go to another host than this machine,
// and every one with a live key, wherever it goes. The call fails with an error that
// matches [ErrStray], is not retried, and nothing has been sent; the test fails as well,
// and names what was to be called, so that code that swallows its errors is found out.
//
//	func TestCheckout(t *testing.T) {
//		clienttest.NoStrayRequests(t)
//
// What answers in a test is let through: a [Transport] or any other RoundTripper of the
// test's own, a [Server] or anything else on loopback, a transport that dials in its own
// way or by a proxy that the test has put on loopback. What is held is the default
// transport and every *http.Transport that connects to where the URL says; around one of
// client.NewTransport another RoundTripper may stand. http.DefaultTransport is held
// below a client, not where it is used without one: to change it would race with those
// who use it.
//
// It holds for the whole process, since a client does not know its test: a parallel test
// is held too, what one test allows is allowed for all as long as it runs, and each that
// asked is told of what was refused.
func NoStrayRequests(tb testing.TB, opts ...StrayOption) {
	tb.Helper()
	var c strayConfig
	if err := option.Apply(&c, opts); err != nil {
		tb.Fatalf("clienttest: NoStrayRequests: %s", err)
	}
	tb.Cleanup(stray.Watch(&stray.Watcher{Hosts: c.hosts, LiveKeys: c.liveKeys, Report: func(what string) {
		tb.Errorf("clienttest: a stray request, of this test or of one that runs beside it: %s", what)
	}}))
}
