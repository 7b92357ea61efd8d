package client_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The default transport can be had, bounds and all, and is nobody else's.
func TestNewTransport(t *testing.T) {
	tr := client.NewTransport()
	require.EqualValues(t, 1<<20, tr.MaxResponseHeaderBytes)
	require.Equal(t, 64, tr.MaxIdleConnsPerHost)
	require.Equal(t, 50*time.Second, tr.IdleConnTimeout)
	require.Equal(t, 10*time.Second, tr.HTTP2.SendPingTimeout, "a third of the default attempt timeout")
	require.Equal(t, 10*time.Second, tr.HTTP2.PingTimeout)
	require.True(t, tr.ForceAttemptHTTP2)
	require.NotNil(t, tr.Proxy)
	require.NotSame(t, tr, client.NewTransport())
	require.NotSame(t, tr.HTTP2, client.NewTransport().HTTP2)
}

// WithTLS and WithProxy adjust the transport of their own client, which keeps what else
// the default transport has: HTTP/2 for one.
func TestWithTLS(t *testing.T) {
	srv, conns := tlsServed(t, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"id":"`+r.Proto+`"}`) })
	})
	plain, err := client.New(srv.URL)
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), plain, "/")
	require.ErrorContains(t, err, "the TLS handshake failed")

	cfg := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	cfg.NextProtos = nil
	option := client.WithTLS(cfg)
	cfg.RootCAs = nil
	c, err := client.New(srv.URL, option)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	got, err := client.Get[thing](t.Context(), c, "/")
	require.NoError(t, err, "the configuration is a copy of what was given")
	require.Equal(t, "HTTP/2.0", got.ID)

	// A copy shares the connections, unless it is given others.
	conns.Store(0)
	same, err := c.With(client.WithAuth(client.Bearer(secret.Static("k"))), client.WithTransport(nil))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), same, "/")
	require.NoError(t, err, "the default transport is the adjusted one")
	same.CloseIdleConnections()
	conns.Store(0)
	copied, err := c.With(client.WithTimeout(time.Minute))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), copied, "/")
	require.NoError(t, err)
	require.Zero(t, conns.Load())

	pinned := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	pinned.VerifyConnection = func(tls.ConnectionState) error { return errors.New("pin mismatch") }
	refuses, err := copied.With(client.WithTLS(pinned))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), refuses, "/")
	require.ErrorContains(t, err, "pin mismatch")
	require.Len(t, asError(t, err).Attempts, 1)
	none, err := copied.With(client.WithTLS(nil))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), none, "/")
	require.ErrorContains(t, err, "the TLS handshake failed")
	_, err = client.Get[thing](t.Context(), c, "/")
	require.NoError(t, err)
}

func TestWithProxy(t *testing.T) {
	srv, _ := tlsServed(t, nil)
	asked := make(chan string, 10)
	at, _ := listening(t, func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		asked <- req.Method + " " + req.Host
		out, err := net.Dial("tcp", req.Host)
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(out, c)
			_ = out.Close()
		}()
		_, _ = io.Copy(c, out)
	})
	cfg := srv.Client().Transport.(*http.Transport).TLSClientConfig
	c, err := client.New(srv.URL, client.WithTLS(cfg), client.WithProxy(http.ProxyURL(&url.URL{Scheme: "http", Host: at})),
		client.WithAuth(client.Bearer(secret.Static("canary-secret"))))
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	_, err = client.Get[client.None](t.Context(), c, "/")
	require.NoError(t, err)
	require.Equal(t, "CONNECT "+srv.Listener.Addr().String(), <-asked)

	// C40: it is the proxy that a cleartext credential is kept from.
	clear, err := c.With(client.WithBaseURL("http://127.0.0.1:1"))
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), clear, "/")
	require.ErrorContains(t, err, "through a proxy")

	direct, err := c.With(client.WithProxy(nil))
	require.NoError(t, err)
	t.Cleanup(direct.CloseIdleConnections)
	_, err = client.Get[client.None](t.Context(), direct, "/")
	require.NoError(t, err, "and the TLS configuration is still there")
	require.Empty(t, asked)
}

// Two owners of one transport would each think that theirs is what counts.
func TestAGivenTransportIsNotAdjusted(t *testing.T) {
	given := client.WithTransport(client.NewTransport())
	for name, adjust := range map[string]client.Option{
		"WithTLS": client.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), "WithTLS(nil)": client.WithTLS(nil),
		"WithProxy": client.WithProxy(http.ProxyFromEnvironment), "WithProxy(nil)": client.WithProxy(nil),
	} {
		for _, opts := range [][]client.Option{{given, adjust}, {adjust, given}} {
			_, err := client.New(base, opts...)
			require.ErrorIs(t, err, client.ErrConfig, name)
			require.ErrorContains(t, err, "WithTransport")
		}
		c, err := client.New(base, given)
		require.NoError(t, err)
		_, err = c.With(adjust)
		require.ErrorIs(t, err, client.ErrConfig, name)
		_, err = c.With(adjust, client.WithTransport(nil))
		require.NoError(t, err, "the given one is gone")
		c, err = client.New(base, adjust)
		require.NoError(t, err)
		_, err = c.With(given)
		require.NoError(t, err, "a later transport replaces what was adjusted")
	}
}
