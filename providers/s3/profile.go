package s3

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// Profile is S3's API as package client sees it ("Error responses" and "REST error
// responses" in the Amazon S3 API Reference). It has no base URL: that is made of a
// [Config]. Treat it as a constant.
var Profile = client.Profile{
	Name: "s3",
	// Else net/http would undo the gzip with which an object has been stored.
	Header:           http.Header{"Accept-Encoding": {"identity"}},
	RequestIDHeaders: []string{"X-Amz-Request-Id"},
	HintBody:         hint,
	HintPermits:      true,
	Unauthorized:     unauthorized,
	Throttled:        throttled,
	Failed:           failed,
	LookInSuccess:    true,
	Route:            func(r *http.Request) string { return Operations.Route(r) },
	DecodeError:      decodeError,
}

// unauthorized reports whether S3 refuses the access key itself, which it does with 400
// and 403. Another one may be had from its source.
func unauthorized(_ int, _ http.Header, body []byte) bool {
	return meanings[codeOf(body)] == http.StatusUnauthorized
}

// throttled reports whether S3 asks to slow down, with a 503 or inside a 200.
func throttled(status int, h http.Header, body []byte) bool {
	return says(status, h, body) && meanings[codeOf(body)] == http.StatusTooManyRequests
}

// failed reports whether a 200 is an error: CompleteMultipartUpload and CopyObject send
// the status before they know, and white space until they do ("Copying an object" in the
// API reference).
func failed(status int, h http.Header, body []byte) bool { return says(status, h, body) }

// says reports whether a body is an error of the service, and not an object that looks
// like one.
func says(status int, h http.Header, body []byte) bool {
	object := status < 300 && (h.Get("Etag") != "" || h.Get("Last-Modified") != "")
	return !object && rootIsError(body)
}

// hint has repeated what S3 says that it has not done, or that the same request may
// bring about: a throttled request of any method, and an internal error inside the 200
// of one that may be made twice.
func hint(status int, h http.Header, body []byte) client.Hint {
	if !says(status, h, body) {
		return client.NoHint
	}
	switch means := meanings[codeOf(body)]; {
	case means == http.StatusTooManyRequests:
		return client.Retry
	case status < 300 && means >= 500, status == http.StatusBadRequest && codeOf(body) == "RequestTimeout":
		return client.Retry // the body has not come, in the latter case
	}
	return client.NoHint
}
