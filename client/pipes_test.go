package client_test

import (
	"context"
	"net"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

// pipes is a listener whose connections are pipes, so that a server of net/http and its
// clients share a bubble, in which time passes only while all of them wait.
type pipes struct {
	addr  net.Addr
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
	dials atomic.Int32
}

// overPipes has srv, which is not started yet, listen to pipes, and returns them. A TLS
// server must send no session tickets: both ends would write, and nobody would read.
func overPipes(srv *httptest.Server) *pipes {
	_ = srv.Listener.Close()
	l := &pipes{addr: srv.Listener.Addr(), conns: make(chan net.Conn), ended: make(chan struct{})}
	srv.Listener = l
	return l
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	l.dials.Add(1)
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

func (l *pipes) Addr() net.Addr { return l.addr }
