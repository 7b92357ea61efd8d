package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// fromBrowser says why a request is not taken: a page in the user's browser made
// it, not a provider. It would be stored, shown and forwarded to the application
// all the same.
//
// A page whose name resolves to this machine (DNS rebinding) is known by its
// Host, which is neither an address nor one of names; any other by what browsers
// add to its requests: Origin (RFC 6454, section 7) and Sec-Fetch-Site (W3C
// Fetch Metadata).
func fromBrowser(r *http.Request, names []string) (why string) {
	host := hostOf(r.Host)
	_, err := netip.ParseAddr(host)
	if err != nil && host != "localhost" && !slices.Contains(names, host) {
		return fmt.Sprintf("the host %q is not this listener's; if a tunnel leads here under that name, start with -host %s", host, host)
	}
	for _, origin := range r.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return "it comes from a page in a browser"
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			return "it comes from a page in a browser"
		}
	}
	return ""
}

// hostOf is the name or address in a Host, in lower case, without its port, its
// brackets and the root's dot.
func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
