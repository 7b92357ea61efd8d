package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Why there was no connection to send a request on, where that is known.
var (
	errNoTLS       = errors.New("TLS was refused")     // by one of the two sides, which would do so again
	errNoProxy     = errors.New("the proxy refused")   // as it would again
	errProxyFailed = errors.New("the proxy could not") // and may the next time
)

// unconnected returns err, with which the transport gave up on req, as what it is: a
// TLS handshake that one of the two sides refused, or a proxy's refusal. Any other
// error comes back unchanged.
func (a *attempt) unconnected(req *http.Request, w *watch, err error) error {
	if _, ok := errors.AsType[*failure](err); ok {
		return err // ours, of proxyAnswered for one
	}
	if refusesTLS(err) || w.refusedTLS() || w.unconnected() && dialsTLS(a.x.c.cfg.transport) && !networks(err) {
		return failWrap(errNoTLS, "the TLS handshake failed", err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && strings.HasPrefix(op.Op, "socks ") && socksRefusal(op.Err) {
		return failWrap(errNoProxy, "the proxy refused the connection", err)
	}
	if req.URL.Scheme == "https" {
		return a.refusedByProxy(req, err)
	}
	return err
}

// mayConnect reports whether a request to host is to be watched for how its TLS
// handshake ends, should it need one: until the host has answered, after an attempt
// without a response, and where the user's own code has a say. Else the error's type
// has to tell.
func (a *attempt) mayConnect(host *hostState, before *kept) bool {
	return a.number > 1 && before == nil || !host.http1.Load() || a.x.c.checksTLS()
}

// checksTLS reports whether rt asks code of the user's during a TLS handshake, whose
// errors can be of any type.
func checksTLS(rt http.RoundTripper) bool {
	t, ok := rt.(*http.Transport)
	if !ok {
		return false
	}
	cfg := t.TLSClientConfig
	return dialsTLS(t) || cfg != nil && (cfg.VerifyConnection != nil || cfg.VerifyPeerCertificate != nil ||
		cfg.GetClientCertificate != nil || cfg.EncryptedClientHelloRejectionVerify != nil)
}

// dialsTLS reports whether the user's code makes rt's TLS connections.
func dialsTLS(rt http.RoundTripper) bool {
	t, ok := rt.(*http.Transport)
	//lint:ignore SA1019 the older one is still in use
	return ok && (t.DialTLSContext != nil || t.DialTLS != nil)
}

// refusesTLS reports whether err says by its type that one side refused the handshake.
func refusesTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		roots        x509.SystemRootsError
		record       tls.RecordHeaderError
		hello        *tls.ECHRejectionError
	)
	if errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &roots) || errors.As(err, &record) || errors.As(err, &hello) {
		return true
	}
	alert, ok := alertOf(err)
	return ok && refusal(alert)
}

// alertOf returns the TLS alert that err tells of, from whichever side.
func alertOf(err error) (uint8, bool) {
	for {
		op, ok := errors.AsType[*net.OpError](err)
		if !ok {
			return 0, false
		}
		if op.Op == "remote error" || op.Op == "local error" {
			// Package crypto/tls does not export the type.
			v := reflect.ValueOf(op.Err)
			if v.Kind() != reflect.Uint8 {
				return 0, false
			}
			return uint8(v.Uint()), true
		}
		err = op.Err
	}
}

// refusal reports whether the alert (RFC 8446 §6.2) is a decision on what was offered,
// which the same offer meets again. The others tell of a broken connection or of a
// fault inside the peer.
func refusal(alert uint8) bool {
	switch alert {
	case 40, // handshake_failure
		42, 43, 44, 45, 46, // what is wrong with a certificate
		47,     // illegal_parameter
		48, 49, // unknown_ca, access_denied
		70, 71, 86, // protocol_version, insufficient_security, inappropriate_fallback
		109, 110, 112, 113, // extensions, unrecognized_name, bad_certificate_status_response
		115, 116, 120, 121: // unknown_psk_identity, certificate_required, no_application_protocol, ech_required
		return true
	}
	return false
}

// networks reports whether err is the network's, or a deadline's: the peer has decided
// nothing.
func networks(err error) bool {
	if op, ok := err.(*net.OpError); ok && op.Op == "proxyconnect" {
		return networks(op.Err) // what package net/http puts around anything
	}
	if alert, ok := alertOf(err); ok {
		return !refusal(alert)
	}
	var network net.Error // a number of the system's is one too
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed)
}

// proxyAnswered is OnProxyConnectResponse of the default transport, which would else
// keep nothing of the proxy's status but a text.
func proxyAnswered(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal(proxy, resp.StatusCode)
}

// refusedByProxy finds in an error of another transport that it is the reason phrase
// of a proxy's response, which is all that package net/http leaves of it.
func (a *attempt) refusedByProxy(req *http.Request, err error) error {
	if errors.Unwrap(err) != nil {
		return err
	}
	status := statusOf(err.Error())
	if status == 0 {
		return err
	}
	t, ok := a.x.c.cfg.transport.(*http.Transport)
	if !ok { // it may have one inside
		if status == http.StatusProxyAuthRequired {
			return proxyRefusal(nil, status)
		}
		return err
	}
	if t.Proxy == nil {
		return err
	}
	if proxy, broken := t.Proxy(req); broken == nil && proxy != nil {
		return proxyRefusal(proxy, status)
	}
	return err
}

// statusOf returns the status with that reason phrase, as far as it is no success.
func statusOf(phrase string) int {
	for status := 300; status < 600; status++ {
		if text := http.StatusText(status); text != "" && text == phrase {
			return status
		}
	}
	return 0
}

// proxyRefusal is the error of a connection for which a proxy, nil if it is not known,
// has answered the CONNECT with that status. It names the proxy without its user name
// and password.
func proxyRefusal(proxy *url.URL, status int) error {
	name := "the proxy"
	if proxy != nil {
		name += " " + printable(proxy.Host)
	}
	said := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	switch {
	case status == http.StatusProxyAuthRequired:
		return failf(errNoProxy, "%s refused the connection with %s: give it a user name and password in its URL", name, said)
	case retryableStatus(status):
		return failf(errProxyFailed, "%s could not make the connection: %s", name, said)
	}
	return failf(errNoProxy, "%s refused the connection with %s", name, said)
}

// socksRefusal reports whether a SOCKS proxy's error (RFC 1928 §6, RFC 1929) is a
// decision. Package net/http tells it by its text alone.
func socksRefusal(err error) bool {
	if err == nil || errors.Unwrap(err) != nil {
		return false
	}
	return containsAny(err.Error(), "not allowed by ruleset", "command not supported", "address type not supported",
		"no acceptable authentication methods", "authentication failed", "invalid username/password")
}
