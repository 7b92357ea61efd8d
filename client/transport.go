package client

import (
	"cmp"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/stray"
)

const (
	// maxPing bounds how long a silent HTTP/2 connection goes unquestioned.
	maxPing = 15 * time.Second
	// maxIdleConn is less than the minute after which load balancers drop what is idle.
	maxIdleConn = 50 * time.Second
)

// newTransport makes the default transport. An HTTP/2 connection that has died in
// silence would swallow one attempt after another: it is asked for a sign of life, and
// given up, before an attempt of the given timeout is over.
func newTransport(attempt time.Duration) *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		t = d.Clone()
	}
	stray.Guard(t)
	t.MaxResponseHeaderBytes = 1 << 20
	t.MaxIdleConnsPerHost = 64
	t.IdleConnTimeout = maxIdleConn
	if t.OnProxyConnectResponse == nil {
		t.OnProxyConnectResponse = proxyAnswered
	}
	if t.HTTP2 == nil {
		t.HTTP2 = &http.HTTP2Config{}
	}
	ping := maxPing
	if attempt > 0 {
		ping = min(attempt/3, maxPing)
	}
	t.HTTP2.SendPingTimeout = cmp.Or(t.HTTP2.SendPingTimeout, ping)
	t.HTTP2.PingTimeout = cmp.Or(t.HTTP2.PingTimeout, ping)
	return t
}

// newTransport makes the default transport of a client.
func (c *config) newTransport() *http.Transport {
	t := newTransport(c.attemptTimeout)
	if c.tls != nil {
		t.TLSClientConfig = c.tls.Clone() // package net/http adds to it
	}
	if c.proxySet {
		t.Proxy = c.proxy
	}
	return t
}

// NewTransport returns a new transport like the one that a client has without
// [WithTransport], to be adjusted and given to that option: with the proxy of the
// environment, response headers of at most 1 MiB, 64 idle connections a host, which are
// kept for 50 s, and, for attempts of [DefaultAttemptTimeout], pings that find an HTTP/2
// connection dead. For certificates or a proxy alone, [WithTLS] and [WithProxy] do.
func NewTransport() *http.Transport { return newTransport(DefaultAttemptTimeout) }
