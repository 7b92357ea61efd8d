package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

var quickly = client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Microsecond), Throttled: retry.Constant(time.Microsecond)})

// tlsServed returns a TLS server that counts its connections and answers {}.
func tlsServed(t *testing.T, configure func(*httptest.Server)) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var conns atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	if configure != nil {
		configure(s)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &conns
}

// C19, C5: what the app's own code refuses in a TLS handshake, or the service does, is
// refused once, and nothing was sent. What the network did to it is retried.
func TestC19_ARefusedHandshakeIsFinal(t *testing.T) {
	t.Parallel()
	pin := errors.New("pin mismatch")
	timeout := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	bare := func(s *httptest.Server) *http.Transport { return s.Client().Transport.(*http.Transport).Clone() }
	check := func(err error) func(*testing.T, *httptest.Server) http.RoundTripper {
		return func(_ *testing.T, s *httptest.Server) http.RoundTripper {
			tr := bare(s)
			tr.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error { return err }
			return tr
		}
	}
	for name, tc := range map[string]struct {
		transport func(*testing.T, *httptest.Server) http.RoundTripper
		server    func(*httptest.Server)
		want      int
		is        error
		sent      bool // with the handshake, before the service refused it
	}{
		"VerifyConnection":           {transport: check(pin), want: 1, is: pin},
		"VerifyConnection, wrapped":  {transport: check(fmt.Errorf("check: %w", pin)), want: 1, is: pin},
		"its check timed out":        {transport: check(timeout), want: 3, is: client.ErrTimeout},
		"its check lost the network": {transport: check(fmt.Errorf("ask for its status: %w", syscall.ECONNRESET)), want: 3, is: syscall.ECONNRESET},
		"its check was hung up on":   {transport: check(fmt.Errorf("ask for its status: %w", io.EOF)), want: 3, is: io.EOF},
		"its check was cut short":    {transport: check(fmt.Errorf("ask for its status: %w", io.ErrUnexpectedEOF)), want: 3, is: io.ErrUnexpectedEOF},
		"its check was closed":       {transport: check(fmt.Errorf("ask for its status: %w", net.ErrClosed)), want: 3, is: net.ErrClosed},
		"VerifyPeerCertificate": {want: 1, is: pin, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper {
			tr := bare(s)
			tr.TLSClientConfig.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return pin }
			return tr
		}},
		"GetClientCertificate": {want: 1, is: pin, server: func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		}, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper {
			tr := bare(s)
			tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, pin }
			return tr
		}},
		"DialTLSContext": {want: 1, is: pin, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper {
			return &http.Transport{DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return nil, errors.Join(conn.Close(), pin)
			}}
		}},
		"DialTLSContext, to a proxy": {want: 1, is: pin, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper {
			return &http.Transport{
				Proxy:          http.ProxyURL(&url.URL{Scheme: "https", Host: s.Listener.Addr().String()}),
				DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return nil, pin },
			}
		}},
		"DialTLSContext, the network": {want: 3, is: io.EOF, transport: func(*testing.T, *httptest.Server) http.RoundTripper {
			return &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return nil, io.EOF }}
		}},
		"a transport of another kind": {want: 1, is: pin, transport: func(t *testing.T, s *httptest.Server) http.RoundTripper {
			return &wrappedTransport{check(pin)(t, s)}
		}},
		"unknown authority": {want: 1, transport: func(*testing.T, *httptest.Server) http.RoundTripper { return &http.Transport{} }},
		"no version in common": {want: 1, server: func(s *httptest.Server) { s.TLS = &tls.Config{MinVersion: tls.VersionTLS13} },
			transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper {
				tr := bare(s)
				tr.TLSClientConfig.MaxVersion = tls.VersionTLS12
				return tr
			}},
		"a client certificate is missing, TLS 1.2": {want: 1, server: func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
		}, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper { return bare(s) }},
		"a client certificate is missing, TLS 1.3": {want: 1, sent: true, server: func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}
		}, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper { return bare(s) }},
		"a client certificate is missing, HTTP/2": {want: 1, server: func(s *httptest.Server) {
			s.EnableHTTP2 = true
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
		}, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper { return bare(s) }},
		"the service's own fault": {want: 3, server: func(s *httptest.Server) {
			s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, pin }}
		}, transport: func(_ *testing.T, s *httptest.Server) http.RoundTripper { return bare(s) }},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := tlsServed(t, tc.server)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				rt := tc.transport(t, s)
				c, err := client.New(s.URL, client.WithTransport(rt), quickly)
				require.NoError(t, err)
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: method})
				e := asError(t, err)
				require.Len(t, e.Attempts, tc.want, "%s: %v", method, err)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
				}
				if tc.want == 1 {
					require.ErrorContains(t, err, "the TLS handshake failed: ")
				}
				if method == http.MethodPost && !tc.sent {
					require.Equal(t, client.NeverSent, e.Effect, "%v", err)
				}
				c.CloseIdleConnections()
			}
		})
	}
}

// The check of a certificate may begin to fail at any time, after many calls that
// passed it.
func TestC19_ARefusedHandshakeIsFinalLater(t *testing.T) {
	t.Parallel()
	var rotated atomic.Bool
	pin := func() error {
		if rotated.Load() {
			return errors.New("pin mismatch")
		}
		return nil
	}
	for name, set := range map[string]func(*http.Transport){
		"VerifyConnection": func(tr *http.Transport) {
			tr.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error { return pin() }
		},
		"VerifyPeerCertificate": func(tr *http.Transport) {
			tr.TLSClientConfig.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return pin() }
		},
		"GetClientCertificate": func(tr *http.Transport) {
			tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return new(tls.Certificate), pin()
			}
		},
		"DialTLSContext": func(tr *http.Transport) {
			cfg := tr.TLSClientConfig.Clone()
			tr.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if err := pin(); err != nil {
					return nil, err
				}
				return (&tls.Dialer{Config: cfg}).DialContext(ctx, network, addr)
			}
		},
	} {
		s, _ := tlsServed(t, func(s *httptest.Server) { s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} })
		tr := s.Client().Transport.(*http.Transport).Clone()
		tr.DisableKeepAlives = true
		set(tr)
		for rt, most := range map[http.RoundTripper]int{
			tr:                    1,
			&wrappedTransport{tr}: 2, // one that cannot be looked into
		} {
			rotated.Store(false)
			c, err := client.New(s.URL, client.WithTransport(rt), quickly)
			require.NoError(t, err)
			_, err = client.Get[client.None](t.Context(), c, "/")
			require.NoError(t, err, name)
			rotated.Store(true)
			_, err = client.Get[client.None](t.Context(), c, "/")
			require.ErrorContains(t, err, "pin mismatch", name)
			if name == "DialTLSContext" && most > 1 {
				continue // nobody can tell it from the network's
			}
			require.ErrorContains(t, err, "the TLS handshake failed: ", name)
			require.LessOrEqual(t, len(asError(t, err).Attempts), most, name)
		}
	}
}

type wrappedTransport struct{ http.RoundTripper }

// A handshake that is cut off, or never answered, is the network's doing.
func TestAHandshakeThatBreaksIsRetried(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(net.Conn){
		"closed": func(net.Conn) {},
		"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"silent": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
	} {
		t.Run(name, func(t *testing.T) {
			at, conns := listening(t, serve)
			tr := &http.Transport{TLSHandshakeTimeout: 20 * time.Millisecond}
			t.Cleanup(tr.CloseIdleConnections)
			c, err := client.New("https://"+at, client.WithTransport(tr), quickly)
			require.NoError(t, err)
			_, err = client.Post[client.None](t.Context(), c, "/", nil)
			require.Equal(t, client.NeverSent, asError(t, err).Effect, "%v", err)
			// One that the client gave up on at once may be accepted a moment later.
			require.Eventually(t, func() bool { return conns.Load() == 3 }, 10*time.Second, time.Millisecond, "%v", err)
		})
	}
}

// listening serves each connection and closes it.
func listening(t *testing.T, serve func(net.Conn)) (address string, conns *atomic.Int32) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	conns = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return ln.Addr().String(), conns
}

// A proxy's refusal is its word: it is named, and a decision is not asked for again.
func TestAProxysRefusalIsNamed(t *testing.T) {
	for _, tc := range []struct {
		status string
		want   int32
		say    string
	}{
		{"407 Proxy Authentication Required", 1, "refused the connection with 407 Proxy Authentication Required: give it a user name and password in its URL"},
		{"403 Forbidden", 1, "refused the connection with 403 Forbidden"},
		{"405 Method Not Allowed", 1, "refused the connection with 405 Method Not Allowed"},
		{"302 Found", 1, "refused the connection with 302 Found"},
		{"429 Too Many Requests", 3, "could not make the connection: 429 Too Many Requests"},
		{"502 Bad Gateway", 3, "could not make the connection: 502 Bad Gateway"},
		{"504 Gateway Timeout", 3, "could not make the connection: 504 Gateway Timeout"},
	} {
		at, conns := listening(t, func(c net.Conn) {
			if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", tc.status)
				_ = req.Body.Close()
			}
		})
		proxy := &url.URL{Scheme: "http", Host: at, User: url.UserPassword("me", "canary-secret")}
		own := &http.Transport{Proxy: http.ProxyURL(proxy)}
		made := client.NewTransport()
		made.Proxy = own.Proxy
		for name, rt := range map[string]*http.Transport{"of the user's": own, "the default": made} {
			c, err := client.New("https://api.example.com", client.WithTransport(rt), quickly)
			require.NoError(t, err)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				conns.Store(0)
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: "/x"})
				e := asError(t, err)
				require.ErrorContains(t, err, "the proxy "+at+" "+tc.say, name)
				require.Equal(t, tc.want, conns.Load(), "%s, %s: %v", name, method, err)
				require.NotContains(t, show(err), "canary")
				require.Zero(t, e.Status)
				if method == http.MethodPost {
					require.Equal(t, client.NeverSent, e.Effect)
				}
			}
			rt.CloseIdleConnections()
		}
	}
}

// The reason phrase of a proxy is looked for where there is a proxy, and nowhere else.
func TestAnErrorThatIsNoProxys(t *testing.T) {
	forbidden := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("Forbidden") }
	for name, tr := range map[string]*http.Transport{
		"no proxy":          {DialContext: forbidden},
		"none for this URL": {DialContext: forbidden, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }},
	} {
		c, err := client.New(base, client.WithTransport(tr), quickly)
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NotContains(t, err.Error(), "proxy", name)
		require.Len(t, asError(t, err).Attempts, 3)
	}
	// In a transport of another kind one phrase alone can be nobody else's.
	for phrase, want := range map[string]int{"Proxy Authentication Required": 1, "Forbidden": 3} {
		c, err := client.New(base, quickly, client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New(phrase) })))
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.Len(t, asError(t, err).Attempts, want)
		if want == 1 {
			require.ErrorContains(t, err, "the proxy refused the connection with 407")
		}
	}
}

// A SOCKS proxy tells its decisions apart from what it could not do.
func TestASOCKSProxysRefusal(t *testing.T) {
	for name, tc := range map[string]struct {
		method, reply byte
		want          int32
	}{
		"no method": {0xff, 0, 1}, "ruleset": {0, 2, 1}, "command": {0, 7, 1},
		"general failure": {0, 1, 3}, "host unreachable": {0, 4, 3}, "connection refused": {0, 5, 3},
	} {
		at, conns := listening(t, func(c net.Conn) {
			var buf [262]byte
			_, _ = c.Read(buf[:])
			_, _ = c.Write([]byte{5, tc.method})
			if tc.method == 0 {
				_, _ = c.Read(buf[:])
				_, _ = c.Write([]byte{5, tc.reply, 0, 1, 0, 0, 0, 0, 0, 0})
			}
			_, _ = io.Copy(io.Discard, c)
		})
		rt := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "socks5", Host: at})}
		c, err := client.New("https://api.example.com", client.WithTransport(rt), quickly)
		require.NoError(t, err)
		_, err = client.Post[client.None](t.Context(), c, "/x", nil)
		require.Equal(t, client.NeverSent, asError(t, err).Effect, name)
		require.Equal(t, tc.want, conns.Load(), "%s: %v", name, err)
		if tc.want == 1 {
			require.ErrorContains(t, err, "the proxy refused the connection: ", name)
		}
		rt.CloseIdleConnections()
	}
}
