package client_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// HTTP/2 error codes (RFC 9113 section 7).
const (
	protocolError = 0x1
	internalError = 0x2
	refusedStream = 0x7
	answered      = -1
)

// resetting is an unencrypted HTTP/2 service that reads each request whole and then
// resets its stream with the next of the codes, or answers 200. The last code stays.
type resetting struct {
	url string

	mu    sync.Mutex
	codes []int
	seen  int
	open  []net.Conn
}

func newResetting(t *testing.T) *resetting {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &resetting{url: "http://" + ln.Addr().String()}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, c)
			s.mu.Unlock()
			conns.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		s.mu.Lock()
		for _, c := range s.open {
			_ = c.Close()
		}
		s.mu.Unlock()
		conns.Wait()
	})
	return s
}

func (s *resetting) script(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes, s.seen = codes, 0
}

func (s *resetting) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *resetting) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.codes[min(s.seen, len(s.codes)-1)]
	s.seen++
	return code
}

func (s *resetting) serve(c net.Conn) {
	defer c.Close()
	frame := func(kind, flags byte, stream uint32, payload ...byte) {
		head := []byte{0, 0, byte(len(payload)), kind, flags, 0, 0, 0, 0}
		binary.BigEndian.PutUint32(head[5:], stream)
		_, _ = c.Write(append(head, payload...))
	}
	preface := make([]byte, 24)
	if _, err := io.ReadFull(c, preface); err != nil {
		return
	}
	frame(4, 0, 0) // SETTINGS
	for {
		var head [9]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == 4 && flags&1 == 0:
			frame(4, 1, 0)
		case kind == 6 && flags&1 == 0:
			frame(6, 1, 0, payload...)
		case kind <= 1 && flags&1 != 0: // DATA or HEADERS that end the stream
			if code := s.next(); code == answered {
				frame(1, 5, stream, 0x88) // HEADERS, whole: ":status: 200"
			} else {
				frame(3, 0, stream, 0, 0, 0, byte(code)) // RST_STREAM
			}
		}
	}
}

// overHTTP2 returns a client of s that has had an answer already.
func overHTTP2(t *testing.T, s *resetting, opts ...client.Option) *client.Client {
	t.Helper()
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(tr.CloseIdleConnections)
	c, err := client.New(s.url, append([]client.Option{client.WithTransport(tr), client.WithPacing(nil)}, opts...)...)
	require.NoError(t, err)
	s.script(answered)
	_, err = client.Get[client.None](t.Context(), c, "/warm")
	require.NoError(t, err)
	return c
}

// C16, C5: what HTTP/2 has refused is sent again whatever the method, and each time
// is an attempt in the ledger, has taken its token and has been paid for.
func TestC16_WhatHTTP2RepeatsIsAnAttempt(t *testing.T) {
	s := newResetting(t)
	for _, r := range []client.Request{
		{}, {Method: "DELETE"}, {Method: "POST"}, {Method: "POST", Body: thing{}},
		{Method: "POST", Body: thing{}, Header: http.Header{"Idempotency-Key": {"k"}}},
	} {
		for _, code := range []int{refusedStream, protocolError} {
			for _, policy := range []retry.Policy{{}, retry.Never} {
				limiter, budget := &counting{}, retry.NewBudget(100)
				policy.Budget = budget
				c := overHTTP2(t, s, client.WithRateLimit(limiter), client.WithRetry(policy))
				s.script(code, answered)
				limiter.taken = 0
				var ledger client.Ledger
				var meta client.Meta
				r.Meta = &meta
				_, err := client.Call[client.None](client.WithLedger(t.Context(), &ledger), c, r)
				require.NoError(t, err, "%s %x", r.Method, code)
				require.Len(t, meta.Attempts, 2)
				require.Equal(t, 2, s.count())
				require.Equal(t, 2, limiter.taken)
				list := ledger.Attempts()
				require.Equal(t, []client.Reason{client.Retried, client.Succeeded}, reasons(list))
				require.ErrorContains(t, list[0].Err, "HTTP/2")
				require.False(t, list[1].Start.Before(list[0].Start.Add(list[0].Duration)))
				require.Equal(t, 100, budget.Tokens(), "what it cost has come back with the success")
			}
		}
	}
}

// C16: an attempt that HTTP/2 would repeat ends where it cannot be paid for, or where
// its token would come too late.
func TestC16_WhatHTTP2RepeatsHasToBePaidFor(t *testing.T) {
	s := newResetting(t)
	for _, body := range []any{nil, thing{}} {
		c := overHTTP2(t, s, client.WithRetry(retry.Policy{Budget: retry.NewBudget(0)}))
		s.script(protocolError)
		_, err := client.Post[client.None](t.Context(), c, "/x", body)
		require.ErrorContains(t, err, "budget")
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
		require.LessOrEqual(t, s.count(), 2)
	}
	var tokens atomic.Int32
	tokens.Store(2) // one for the warm-up
	c := overHTTP2(t, s, client.WithRetry(retry.Never), client.WithRateLimit(tokenFunc(func() error {
		if tokens.Add(-1) < 0 {
			return errors.New("too late")
		}
		return nil
	})))
	s.script(protocolError)
	_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
	require.ErrorIs(t, err, client.ErrRateLimited)
	require.LessOrEqual(t, s.count(), 2)
}

type tokenFunc func() error

func (f tokenFunc) Wait(context.Context, string) error { return f() }

// C5: what the service has reset after it began is not repeated without a key.
func TestC5_AStreamThatBreaksIsNotRepeated(t *testing.T) {
	s := newResetting(t)
	c := overHTTP2(t, s)
	s.script(internalError, answered)
	_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
	e := asError(t, err)
	require.Equal(t, []client.Reason{client.NotIdempotent}, reasons(e.Attempts))
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.Equal(t, 1, s.count())
}

// lateConn delivers what is written at once, and reports so only when it is let.
type lateConn struct {
	net.Conn
	late    *atomic.Bool
	release chan struct{}
}

func (c *lateConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.late.Load() {
		<-c.release
	}
	return n, err
}

// C5, C22: over unencrypted HTTP/2 too, a timeout that falls between the write and
// its report does not make a write one that was never sent.
func TestC5_AWriteThatIsReportedLateWasSent(t *testing.T) {
	t.Parallel()
	for name, encrypted := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var posts atomic.Int32
				hang := make(chan struct{})
				srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost && r.ProtoMajor == 2 {
						posts.Add(1)
						<-hang
					}
				}))
				listener := overPipes(srv)
				srv.EnableHTTP2 = encrypted
				srv.Config.Protocols = new(http.Protocols)
				srv.Config.Protocols.SetHTTP1(true)
				srv.Config.Protocols.SetHTTP2(encrypted)
				srv.Config.Protocols.SetUnencryptedHTTP2(!encrypted)
				if encrypted {
					srv.TLS = &tls.Config{SessionTicketsDisabled: true}
					srv.StartTLS()
				} else {
					srv.Start()
				}
				defer srv.Close()
				defer close(hang)
				var late atomic.Bool
				release := make(chan struct{})
				reported := sync.OnceFunc(func() { late.Store(false); close(release) })
				defer reported()
				tr := srv.Client().Transport.(*http.Transport).Clone()
				defer tr.CloseIdleConnections()
				tr.Protocols = new(http.Protocols)
				tr.Protocols.SetHTTP2(encrypted)
				tr.Protocols.SetUnencryptedHTTP2(!encrypted)
				tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := listener.dial(ctx, network, addr)
					return &lateConn{c, &late, release}, err
				}
				c, err := client.New(srv.URL, client.WithTransport(tr), client.WithAttemptTimeout(time.Second))
				require.NoError(t, err)
				_, err = client.Get[client.None](t.Context(), c, "/warm")
				require.NoError(t, err)
				synctest.Wait() // what else is written is not what is held up
				late.Store(true)
				var ledger client.Ledger
				done := make(chan error, 1)
				go func() {
					_, err := client.Post[client.None](client.WithLedger(t.Context(), &ledger), c, "/x", nil)
					done <- err
				}()
				synctest.Wait()
				require.EqualValues(t, 1, posts.Load(), "it has arrived")
				time.Sleep(1500 * time.Millisecond) // by then the attempt's time is over
				reported()
				e := asError(t, <-done)
				require.Equal(t, client.MaybeApplied, e.Effect, "%v", e)
				require.Len(t, ledger.Attempts(), 1)
				require.EqualValues(t, 1, posts.Load())
			})
		})
	}
}

// C5, C22: that a second connection could not be had says nothing of what the first
// has carried.
func TestC5_AFailedDialAfterAWriteIsNoNeverSent(t *testing.T) {
	for name, dial := range map[string]error{
		"dial": &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")},
		"dns":  &net.DNSError{Err: "no such host", Name: "standby.example.com"},
	} {
		srv := clienttest.NewServer(t, clienttest.Reset())
		tr := &http.Transport{}
		t.Cleanup(tr.CloseIdleConnections)
		c, err := client.New(srv.URL, client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
			if resp, err := tr.RoundTrip(r); err == nil {
				return resp, nil
			}
			return nil, dial // of the standby
		})))
		require.NoError(t, err)
		_, err = client.Post[client.None](t.Context(), c, "/x", thing{})
		e := asError(t, err)
		require.Equal(t, client.MaybeApplied, e.Effect, name)
		require.Equal(t, []client.Reason{client.NotIdempotent}, reasons(e.Attempts), name)
		require.Equal(t, 1, srv.Count(), name)
	}
}
