package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Which requests have a body with a byte in it.
func TestSendsBody(t *testing.T) {
	t.Parallel()
	of := func(text string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	}
	some := io.NopCloser(strings.NewReader("x"))
	for name, tc := range map[string]struct {
		body   io.ReadCloser
		length int64
		open   func() (io.ReadCloser, error)
		want   bool
	}{
		"none":                {nil, 0, of("x"), false},
		"NoBody":              {http.NoBody, 0, of("x"), false},
		"a length":            {some, 1, of(""), true},
		"not to be opened":    {some, -1, nil, true},
		"opens to nothing":    {some, -1, of(""), false},
		"opens to something":  {some, -1, of("x"), true},
		"nothing, by length":  {some, 0, of(""), false},
		"cannot be opened":    {some, -1, func() (io.ReadCloser, error) { return nil, errors.New("locked") }, true},
		"opens to no reader":  {some, -1, func() (io.ReadCloser, error) { return nil, nil }, true},
		"no body, but length": {nil, 1, nil, false},
	} {
		require.Equal(t, tc.want, sendsBody(&http.Request{Body: tc.body, ContentLength: tc.length}, tc.open), name)
	}
}

// A call's own deadline moves with what it stood for; one that was given does not.
func TestUntil(t *testing.T) {
	t.Parallel()
	at := time.Now()
	for _, explicit := range []bool{false, true} {
		h := &call{}
		h.at, h.explicit = at, explicit
		h.stood.Store(int64(time.Second))
		require.Equal(t, !explicit, h.until().Equal(at.Add(time.Second)))
		require.Equal(t, explicit, h.until().Equal(at))
	}
	h := &call{}
	h.stood.Store(int64(time.Second))
	require.Zero(t, h.until())
}

// Which transports run the user's code in a TLS handshake.
func TestChecksTLS(t *testing.T) {
	t.Parallel()
	for i, cfg := range []*tls.Config{
		{VerifyConnection: func(tls.ConnectionState) error { return nil }},
		{VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil }},
		{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil }},
		{EncryptedClientHelloRejectionVerify: func(tls.ConnectionState) error { return nil }},
	} {
		require.True(t, checksTLS(&http.Transport{TLSClientConfig: cfg}), i)
	}
	require.False(t, checksTLS(&http.Transport{TLSClientConfig: &tls.Config{}}))
	require.False(t, checksTLS(&http.Transport{}))
	require.False(t, checksTLS(roundTripper(nil)))
}

// tlsConn is a connection with a negotiated protocol.
type tlsConn struct {
	net.Conn
	protocol string
}

func (c tlsConn) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{NegotiatedProtocol: c.protocol}
}

func TestMultiplexed(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		w := &watch{host: &hostState{}}
		w.host.http2.Store(known)
		require.True(t, w.multiplexed(tlsConn{protocol: "h2"}))
		require.False(t, w.multiplexed(tlsConn{protocol: "http/1.1"}))
		require.Equal(t, known, w.multiplexed(nil), "without TLS, by what the host has spoken")
	}
}

// What a write may have done where a success was a throttle in disguise.
func TestEffectOfAThrottledSuccess(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Effect{199: MaybeApplied, 200: Rejected, 299: Rejected, 300: MaybeApplied, 429: Rejected} {
		var v verdict
		v.status, v.throttled = status, true
		require.Equal(t, want, v.effect(http.MethodPost), status)
		require.Equal(t, NoEffect, v.effect(http.MethodGet))
	}
}

// How long a breaker stays open yet.
func TestWhatIsLeftOfAnOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Breaker{Failures: 1, Cooldown: time.Minute}
		var s breakerState
		require.Zero(t, s.left(b))
		s.opened = time.Now()
		for _, left := range []time.Duration{time.Minute, 40 * time.Second, 20 * time.Second, 0, 0} {
			require.Equal(t, left, s.left(b))
			time.Sleep(20 * time.Second)
		}
	})
}

// C36: where half of the origins have taught something, it is one of the others that
// goes.
func TestC36_WhatHasTaughtNothingGoesFirst(t *testing.T) {
	t.Parallel()
	s := newShared()
	for i := range maxOrigins {
		s.host(origin{"https", fmt.Sprint(i)}).paced.Store(i%2 == 0)
	}
	for i := range 100 {
		s.host(origin{"https", fmt.Sprint("more", i)})
	}
	for i := 0; i < maxOrigins; i += 2 {
		require.NotNil(t, s.hosts[origin{"https", fmt.Sprint(i)}])
	}
}

// What the process has set for its default transport stays.
func TestHTTP2SettingsOfTheDefaultTransportStay(t *testing.T) {
	was := http.DefaultTransport
	defer func() { http.DefaultTransport = was }()
	http.DefaultTransport = &http.Transport{HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 7, PingTimeout: time.Second}}
	made := newTransport(time.Minute)
	require.Equal(t, 7, made.HTTP2.MaxConcurrentStreams)
	require.Equal(t, time.Second, made.HTTP2.PingTimeout)
	require.Equal(t, maxPing, made.HTTP2.SendPingTimeout)
	http.DefaultTransport = &http.Transport{}
	require.Equal(t, maxPing, newTransport(0).HTTP2.PingTimeout)
}

// hostOf is by what is sent, not by what was asked for.
func TestHostOf(t *testing.T) {
	t.Parallel()
	c, err := New("https://api.example.com")
	require.NoError(t, err)
	u := &url.URL{Scheme: "https", Host: "api.example.com", Path: "/x"}
	a := &attempt{x: &hop{}, spec: &spec{url: u}, target: target{host: &hostState{}}}
	a.x.call = &call{}
	a.x.c = c
	same := *u
	same.Path = "/y"
	require.Same(t, a.host, a.hostOf(&http.Request{URL: u}))
	require.Same(t, a.host, a.hostOf(&http.Request{URL: &same}))
	for _, other := range []*url.URL{{Scheme: "https", Host: "b.example.com"}, {Scheme: "http", Host: "api.example.com"}} {
		require.NotSame(t, a.host, a.hostOf(&http.Request{URL: other}))
	}
}

// Which bodies come in one piece, so that an error can be looked for in them.
func TestDocument(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string]bool{
		"application/json": true, "text/json": true, "application/problem+json": true, "application/xml": true, "text/xml": true, "application/atom+xml": true,
		"text/html": false, "text/plain": false, "application/x-ndjson": false, "text/event-stream": false, "": false,
	} {
		require.Equal(t, want, document(mediaType), mediaType)
	}
}

// The head of a body that is handed on can still be read.
func TestUnwrapped(t *testing.T) {
	t.Parallel()
	rc := io.NopCloser(strings.NewReader("x"))
	require.Equal(t, rc, unwrapped(&streamBody{rc: rc}))
	require.Equal(t, rc, unwrapped(&streamBody{rc: &closedOnce{ReadCloser: rc}}))
	require.Equal(t, rc, unwrapped(rc))
}
