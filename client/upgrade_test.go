package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// A connection that the service hands over is the caller's to write to, and
// outlives every bound but Close.
func TestUpgradedConnection(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(conn, line)
	}))
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, client.WithAttemptTimeout(30*time.Second))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp, err := c.Do(ctx, client.Request{Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}, MaxBody: 1})
	require.NoError(t, err)
	require.Equal(t, 101, resp.StatusCode)
	conn, ok := resp.Body.(io.ReadWriteCloser)
	require.True(t, ok)
	_, err = io.WriteString(conn, "hello\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
	require.NoError(t, conn.Close())

	began := time.Now()
	_, err = client.Get[thing](t.Context(), c, "/")
	require.Equal(t, 101, asError(t, err).Status, "Call does not take a connection")
	require.Less(t, time.Since(began), 20*time.Second, "nor wait for what comes on it")
}

// A HEAD has no body, however long the one that it speaks of.
func TestHead(t *testing.T) {
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: 5 << 40, Body: io.NopCloser(http.NoBody), Request: r}, nil
	})
	c, _ := scripted(t, "200", client.WithTransport(rt))
	var meta client.Meta
	_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "HEAD", Meta: &meta})
	require.NoError(t, err)
	require.Equal(t, 200, meta.Status)

	c, _ = scripted(t, "204, 304")
	_, err = client.Get[client.None](t.Context(), c, "/")
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), c, "/")
	require.Equal(t, 304, asError(t, err).Status)
}

// C5, C22: a write whose header went out over HTTP/2 may have been applied,
// whoever reports what first.
func TestC22_WriteOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan int, 8)
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			arrived <- r.ProtoMajor
			<-r.Context().Done()
		}))
		listener := overPipes(srv)
		srv.EnableHTTP2 = true
		srv.TLS = &tls.Config{SessionTicketsDisabled: true}
		srv.StartTLS()
		defer srv.Close()
		transport := srv.Client().Transport.(*http.Transport)
		transport.DialContext = listener.dial
		defer transport.CloseIdleConnections()
		c, err := client.New(srv.URL, client.WithTransport(transport), client.WithAttemptTimeout(time.Second))
		require.NoError(t, err)
		_, err = client.Post[thing](t.Context(), c, "/x", thing{N: 1})
		e := asError(t, err)
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, client.MaybeApplied, e.Effect)
		require.Len(t, e.Attempts, 1)
		require.Len(t, arrived, 1)
		require.Equal(t, 2, <-arrived)
	})
}
