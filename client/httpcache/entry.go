package httpcache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// entry is a stored response. It is never changed: what a 304 freshens is a new one over
// the same body.
type entry struct {
	status       int
	header       http.Header
	body         []byte
	uncompressed bool // net/http has undone its gzip

	asked, came time.Time // when the request was sent, and its response received
	says        directives
}

func (e *entry) size() int64 {
	n := len(e.body) + 512 // for what the tables cost
	for name, values := range e.header {
		n += len(name) + 32
		for _, v := range values {
			n += len(v) + 16
		}
	}
	return int64(n)
}

// lifetime is for how long the service has called it fresh (RFC 9111 §4.2.1). There is no
// heuristic: nobody has asked for data that the service does not vouch for.
func (e *entry) lifetime() time.Duration {
	if d, ok := e.says.seconds("max-age"); ok {
		return d
	}
	field := e.header["Expires"]
	if len(field) == 0 {
		return 0
	}
	until, err := http.ParseTime(field[0])
	if err != nil || slices.ContainsFunc(field, func(v string) bool { return v != field[0] }) {
		return 0 // "0", which means that it has expired, and what contradicts itself
	}
	return max(until.Sub(e.date()), 0)
}

// date is when the service made it, or when it came where that is not said.
func (e *entry) date() time.Time {
	if d, err := http.ParseTime(e.header.Get("Date")); err == nil {
		return d
	}
	return e.came
}

// age is how old it is at now (RFC 9111 §4.2.3).
func (e *entry) age(now time.Time) time.Duration {
	apparent := max(e.came.Sub(e.date()), 0)
	told, _ := deltaSeconds(strings.Trim(e.header.Get("Age"), " \t"))
	corrected := told + e.came.Sub(e.asked)
	return max(apparent, corrected) + max(now.Sub(e.came), 0)
}

// validated reports whether the service can be asked if it still holds.
func (e *entry) validated() bool { return e.etag() != "" || e.header.Get("Last-Modified") != "" }

func (e *entry) etag() string { return e.header.Get("Etag") }

// strict reports whether it must not be used without the service's word once it is stale
// (RFC 9111 §4.2.4). It holds against any consent of a caller's.
func (e *entry) strict() bool { return e.says.has("must-revalidate") || e.says.has("no-cache") }

// storable reports whether it may be stored and would be of use (RFC 9111 §3). 206 and
// redirects are not stored: where a call may go is decided anew each time.
func (e *entry) storable() bool {
	if e.says.has("no-store") || slices.Contains(varies(e.header), "*") {
		return false
	}
	fresh := e.lifetime() > 0 && !e.says.has("no-cache")
	switch e.status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent:
		return fresh || e.validated()
	case http.StatusNotFound, http.StatusGone:
		return fresh
	}
	return false
}

// freshened is e as a 304 makes it (RFC 9111 §3.2).
func (e *entry) freshened(h http.Header, asked, came time.Time) *entry {
	kept := e.header.Clone()
	// They are of the old response. The 304 has its own Age if it came through a cache,
	// and without a Date it is as old as its arrival (RFC 9110 §6.6.1).
	kept.Del("Age")
	kept.Del("Date")
	for name, values := range storedFields(h) {
		switch name {
		// They describe a body that the 304 does not have.
		case "Content-Length", "Content-Encoding", "Content-Range":
			continue
		}
		kept[name] = slices.Clone(values)
	}
	again := *e
	again.header, again.asked, again.came = kept, asked, came
	again.says = parseDirectives(kept["Cache-Control"])
	return &again
}

// confirms reports whether a 304 is about e: where it has a validator, that is e's
// (RFC 9111 §4.3.4).
func (e *entry) confirms(h http.Header) bool {
	if tag := h.Get("Etag"); tag != "" {
		return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(e.etag(), "W/")
	}
	if modified := h.Get("Last-Modified"); modified != "" && e.etag() == "" {
		return modified == e.header.Get("Last-Modified")
	}
	return true
}

// ofOneHop are the fields that are about a connection, or a proxy's (RFC 9111 §3.1).
var ofOneHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// storedFields is a copy of h without what is not stored.
func storedFields(h http.Header) http.Header {
	kept := h.Clone()
	for _, field := range h["Connection"] {
		for name := range strings.SplitSeq(field, ",") {
			kept.Del(strings.Trim(name, " \t"))
		}
	}
	for _, name := range ofOneHop {
		delete(kept, name)
	}
	return kept
}
