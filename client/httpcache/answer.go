package httpcache

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// answer makes a response of e.
func (x *exchange) answer(e *entry, status string, now time.Time) *http.Response {
	resp := x.response(e.status)
	resp.Header, resp.Uncompressed = e.header.Clone(), e.uncompressed
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if status == "hit" {
		status += "; ttl=" + strconv.FormatInt(int64((e.lifetime()-e.age(now))/time.Second), 10)
	}
	if x.stored == e { // the service has not been asked, or has had nothing to say
		resp.Header["Age"] = []string{strconv.FormatInt(int64(e.age(now)/time.Second), 10)}
		// What reads limits in a response must not take old ones for new (C35).
		resp.Header["X-From-Cache"] = []string{"1"}
	}
	setStatus(resp, status)
	if resp.ContentLength = int64(len(e.body)); e.uncompressed {
		resp.ContentLength = -1
	}
	if x.req.Method != http.MethodHead && len(e.body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(e.body))
	}
	return resp
}

// unavailable is the response to only-if-cached where nothing is (RFC 9111 §5.2.1.7).
func (x *exchange) unavailable() *http.Response {
	resp := x.response(http.StatusGatewayTimeout)
	resp.Header = http.Header{}
	setStatus(resp, `detail="only-if-cached"`)
	return resp
}

func (x *exchange) response(status int) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, Request: x.req,
	}
}

// setStatus says what the cache did (RFC 9211), after what caches before it have said.
func setStatus(resp *http.Response, status string) {
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	said := append([]string(nil), resp.Header["Cache-Status"]...)
	resp.Header["Cache-Status"] = append(said, "standpipe; "+status)
}
