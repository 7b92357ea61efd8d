package sigv4

import (
	"net/http"
	"strings"
)

// hostOf is the Host field that req is sent with.
func hostOf(req *http.Request) string {
	if req.Host != "" {
		return req.Host
	}
	return req.URL.Host
}

// withoutDefaultPort leaves out a port that the scheme implies: proxies and servers
// drop it, or do not.
func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// plainHost reports whether host is sent as it is: net/http encodes what is not ASCII,
// and drops the zone of an IPv6 address.
func plainHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '/' {
			return false
		}
	}
	return host != ""
}
