package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

var zeros = make([]byte, 1<<20)

const etag = `"0123456789abcdef0123456789abcdef"`

// serve is an S3 that keeps nothing and verifies nothing, so that what is measured is the
// client.
func serve(w http.ResponseWriter, r *http.Request) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, *buf)
	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		fmt.Fprint(w, "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>")
	case r.Method == http.MethodPost:
		fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><ETag>%s</ETag></CompleteMultipartUploadResult>", "&quot;x-32&quot;")
	case r.Method == http.MethodHead, r.Method == http.MethodGet:
		object(w, r)
	}
}

func object(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	n := int64(size)
	if r.URL.Path == "/bucket/warm" {
		n = 1
	}
	first, last, status := int64(0), n-1, http.StatusOK
	if given := r.Header.Get("Range"); given != "" {
		if read, _ := fmt.Sscanf(given, "bytes=%d-%d", &first, &last); read == 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		last, status = min(last, n-1), http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, n))
	}
	h.Set("Content-Length", strconv.FormatInt(last-first+1, 10))
	h.Set("Content-Type", "binary/octet-stream")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	for left := last - first + 1; left > 0; left -= int64(len(zeros)) {
		if _, err := w.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			return
		}
	}
}
