package httpcache

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

type transport struct {
	*Cache
	next http.RoundTripper
}

// RoundTrip answers a request from what is kept, or makes it.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead:
	case http.MethodOptions, http.MethodTrace, "QUERY":
		return t.next.RoundTrip(req)
	default:
		return t.write(req)
	}
	h := canonical(req.Header)
	if req.URL == nil || !plain(req, h) {
		return t.next.RoundTrip(req)
	}
	asks := requestDirectives(h)
	if asks.has("no-store") {
		return t.next.RoundTrip(req)
	}
	caller, err := t.caller(req)
	if err != nil {
		// Whose response it would be is not known: to ask is right for everybody.
		return t.next.RoundTrip(req)
	}
	x := &exchange{
		transport: t, req: req, header: h, asks: asks, speaks: caller,
		key: key{uri(req), who(caller, h)},
	}
	return x.run()
}

// plain reports whether a request asks for a whole representation, and nothing that the
// cache does not know is part of what it asks.
func plain(req *http.Request, h http.Header) bool {
	if req.Body != nil && req.Body != http.NoBody {
		return false
	}
	for _, name := range []string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		if len(h[name]) > 0 {
			return false
		}
	}
	return true
}

// canonical is h with its names in canonical form, as the service reads them: an SDK may
// spell them in any way. It is h itself where they are so.
func canonical(h http.Header) http.Header {
	usual := true
	for name := range h {
		usual = usual && name == http.CanonicalHeaderKey(name)
	}
	if usual {
		return h
	}
	out := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		key := http.CanonicalHeaderKey(name)
		out[key] = append(out[key], h[name]...)
	}
	return out
}

func requestDirectives(h http.Header) directives {
	d := parseDirectives(h["Cache-Control"])
	// What HTTP/1.0 has in its place (RFC 9111 §5.4).
	if len(h["Cache-Control"]) == 0 && parseDirectives(h["Pragma"]).has("no-cache") {
		d["no-cache"] = ""
	}
	return d
}

// write makes a request that may change something, and drops what is kept of its URL
// unless the service says that it did nothing (RFC 9111 §4.4).
func (t *transport) write(req *http.Request) (*http.Response, error) {
	if req.URL == nil {
		return t.next.RoundTrip(req)
	}
	// The request is next's from here on.
	target, at := uri(req), *req.URL
	resp, err := t.next.RoundTrip(req)
	if resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 {
		return resp, err
	}
	t.store.invalidate(target)
	if resp != nil && resp.StatusCode < 400 {
		for _, name := range []string{"Location", "Content-Location"} {
			if u, ok := sameOrigin(&at, resp.Header.Get(name)); ok {
				t.store.invalidate(uri(&http.Request{URL: u, Host: req.Host}))
			}
		}
	}
	return resp, err
}

// sameOrigin resolves a reference. One of another origin is none of the service's to
// speak of.
func sameOrigin(base *url.URL, ref string) (*url.URL, bool) {
	if ref == "" {
		return nil, false
	}
	u, err := base.Parse(ref)
	if err != nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return nil, false
	}
	return u, true
}

// exchange is one GET or HEAD.
type exchange struct {
	*transport
	req    *http.Request
	header http.Header // its fields, by their canonical names
	asks   directives
	speaks string // for whom, when it was asked
	key    key

	stored *entry // nil where nothing is kept for it
	others bool   // something is, for another variant
	writes uint64 // to the URL, when it was asked for
	asked  time.Time
}

func (x *exchange) run() (*http.Response, error) {
	x.stored, x.others = x.store.get(x.key, x.header)
	now := time.Now()
	if x.stored != nil && x.usable(now) {
		return x.answer(x.stored, "hit", now), nil
	}
	if x.asks.has("only-if-cached") {
		return x.unavailable(), nil
	}
	return x.forward(true)
}

// usable reports whether what is stored answers the request without asking the service
// (RFC 9111 §4 and §5.2.1).
func (x *exchange) usable(now time.Time) bool {
	e := x.stored
	if x.asks.has("no-cache") || e.says.has("no-cache") {
		return false
	}
	age, left := e.age(now), e.lifetime()-e.age(now)
	if limit, ok := x.asks.seconds("max-age"); ok && age > limit {
		return false
	}
	if least, ok := x.asks.seconds("min-fresh"); ok && left < least {
		return false
	}
	if left > 0 {
		return true
	}
	most, ok := x.asks.seconds("max-stale")
	if ok && x.asks["max-stale"] == "" {
		most = longest
	}
	return ok && !e.strict() && -left <= most
}

// forward asks the service, conditionally where that is of use and permitted.
func (x *exchange) forward(conditional bool) (*http.Response, error) {
	out, revalidates := x.req, false
	if x.stored != nil && conditional && x.stored.validated() && x.req.Method != http.MethodHead {
		out, revalidates = x.conditional(), true
	}
	x.writes = x.store.writes(x.key.uri)
	x.asked = time.Now()
	resp, err := x.next.RoundTrip(out)
	now := time.Now()
	if old, ok := x.instead(resp, err, now); ok {
		return old, nil
	}
	if err != nil || resp == nil {
		return resp, err
	}
	if resp.StatusCode == http.StatusNotModified && revalidates {
		_ = resp.Body.Close()
		if !x.stored.confirms(resp.Header) {
			x.store.forget(x.key, x.header)
			x.stored = nil
			return x.forward(false)
		}
		return x.renew(resp, now), nil
	}
	return x.received(resp, now), nil
}

// conditional is the request with what the stored response is known by (RFC 9111
// §4.3.1).
func (x *exchange) conditional() *http.Request {
	out := x.req.WithContext(x.req.Context())
	if out.Header = x.req.Header.Clone(); out.Header == nil {
		out.Header = http.Header{}
	}
	if tag := x.stored.etag(); tag != "" {
		out.Header["If-None-Match"] = []string{tag}
	}
	if modified := x.stored.header.Get("Last-Modified"); modified != "" {
		out.Header["If-Modified-Since"] = []string{modified}
	}
	return out
}

// renew answers with what is stored, which a 304 has made good for another while.
func (x *exchange) renew(resp *http.Response, now time.Time) *http.Response {
	e := x.stored.freshened(resp.Header, x.asked, now)
	x.put(e)
	return x.answer(e, "fwd=stale; fwd-status=304", now)
}

// put keeps e, or drops what it replaces where it may not be kept.
func (x *exchange) put(e *entry) {
	// The credential may have been renewed on the way: the response is then that one's.
	caller, err := x.caller(x.req)
	if err != nil || caller != x.speaks {
		return
	}
	if !e.storable() {
		x.store.forget(x.key, x.header)
		return
	}
	x.store.put(x.key, x.header, e, x.writes)
}

// received hands a response of the service's on, and keeps a copy where it may.
func (x *exchange) received(resp *http.Response, now time.Time) *http.Response {
	why := "uri-miss"
	switch {
	case x.stored != nil && x.asks.has("no-cache"):
		why = "request"
	case x.stored != nil:
		why = "stale"
	case x.others:
		why = "vary-miss"
	}
	e := &entry{
		status: resp.StatusCode, header: storedFields(resp.Header), uncompressed: resp.Uncompressed,
		asked: x.asked, came: now, says: parseDirectives(resp.Header["Cache-Control"]),
	}
	setStatus(resp, "fwd="+why)
	info, _ := client.InfoFrom(x.req.Context())
	switch {
	case x.req.Method == http.MethodHead:
		x.compare(resp)
	case !e.storable() || info.Failed || len(resp.Trailer) > 0:
		// What was kept is not what the service has now; of a failure of its own, and of
		// a limit, that cannot be said.
		if resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusRequestTimeout {
			x.store.forget(x.key, x.header)
		}
	case resp.ContentLength > x.maxBody:
		x.store.forget(x.key, x.header)
	default:
		x.keep(resp, e)
	}
	return resp
}

// keep makes a copy of the body as it is read.
func (x *exchange) keep(resp *http.Response, e *entry) {
	keep := func(body []byte) {
		whole := *e
		whole.body = body
		x.put(&whole)
	}
	if resp.Body == nil || resp.Body == http.NoBody {
		keep(nil)
		return
	}
	resp.Body = &copied{rc: resp.Body, s: x.store, limit: x.maxBody, length: resp.ContentLength, keep: keep}
}

// compare drops what is stored where a HEAD shows that the service has something else
// now (RFC 9111 §4.3.5).
func (x *exchange) compare(resp *http.Response) {
	if x.stored == nil || resp.StatusCode != http.StatusOK {
		return
	}
	for _, name := range []string{"Etag", "Last-Modified", "Content-Length"} {
		was, is := x.stored.header.Get(name), resp.Header.Get(name)
		if was != "" && is != "" && was != is {
			x.store.forget(x.key, x.header)
			return
		}
	}
}

// instead answers with what is stored in place of an error, where that is permitted (RFC
// 5861 §4).
func (x *exchange) instead(resp *http.Response, err error, now time.Time) (*http.Response, bool) {
	e := x.stored
	if e == nil || e.strict() || x.asks.has("no-cache") || x.req.Context().Err() != nil || !outage(resp, err) {
		return nil, false
	}
	most := x.staleIfError
	for _, d := range []directives{e.says, x.asks} {
		if s, ok := d.seconds("stale-if-error"); ok {
			most = max(most, s)
		}
	}
	if most <= 0 || e.age(now)-e.lifetime() > most {
		return nil, false
	}
	status := "fwd=stale"
	if resp != nil {
		status += "; fwd-status=" + strconv.Itoa(resp.StatusCode)
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
	}
	return x.answer(e, status+`; detail="stale-if-error"`, now), true
}

// outage reports whether a request met a failure of the service's or of the network.
func outage(resp *http.Response, err error) bool {
	if err != nil || resp == nil {
		for _, ours := range []error{client.ErrConfig, client.ErrRequest, client.ErrRedirect, client.ErrOrigin} {
			if errors.Is(err, ours) {
				return false
			}
		}
		return err != nil
	}
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
