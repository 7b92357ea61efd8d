package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// asciiHost returns the host field of a URL in the ASCII form (RFC 5891) in which
// package net/http looks it up and connects to it, and false where it has none. It asks
// net/http itself, whose tables are nobody else's to import: a transport is told to
// connect and stopped. That is slow, and only hosts beyond ASCII pay for it. A host
// that is nothing but another spelling of an ASCII name ("ｌocalhost") is none.
func asciiHost(host string) (string, bool) {
	if isASCII(host) {
		return host, true
	}
	if len(host) > maxHost || !utf8.ValidString(host) {
		return "", false
	}
	u := &url.URL{Host: host}
	name, port := u.Hostname(), u.Port()
	dialled := ""
	t := &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		dialled, _, _ = net.SplitHostPort(address)
		return nil, errDialled
	}}
	resp, err := t.RoundTrip(&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: name}, Header: http.Header{}})
	if err == nil {
		_ = resp.Body.Close() // cannot be: there was no connection
	}
	if !strings.Contains(dialled, "xn--") || !isASCII(dialled) || strings.ContainsAny(dialled, ":/ ") {
		return "", false
	}
	if port != "" {
		dialled += ":" + port
	}
	return dialled, true
}

// maxHost is how long a host beyond ASCII may be: longer than any name in the DNS is.
const maxHost = 1 << 10

var errDialled = errors.New("only the address was wanted")

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// oneHost reports whether net/http writes host into the Host field as the name that it
// connects to. It maps capitals and other spellings of a letter for the connection
// alone, so that a front end could take the request for another host's.
func oneHost(host string) bool {
	if isASCII(host) {
		return true
	}
	want, ok := asciiHost(host)
	if !ok {
		return false
	}
	var field strings.Builder
	err := (&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: host}}).Write(&field)
	return err == nil && strings.Contains(lower(field.String()), "\r\nhost: "+lower(want)+"\r\n")
}
