package s3test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is a request as its handler sees it.
type request struct {
	*http.Request
	query  url.Values
	bucket *bucket
	key    string
	body   []byte
}

// operations are told by their method and the query; objects have a key.
func operation(r *request) string {
	has := r.query.Has
	if r.key == "" {
		switch {
		case r.Method == http.MethodGet && r.query.Get("list-type") == "2":
			return "ListObjectsV2"
		case r.Method == http.MethodGet && has("uploads"):
			return "ListMultipartUploads"
		case r.Method == http.MethodPost && has("delete"):
			return "DeleteObjects"
		}
		return ""
	}
	for _, other := range []string{"acl", "tagging", "retention", "legal-hold", "attributes", "restore", "select"} {
		if has(other) {
			return ""
		}
	}
	switch {
	case r.Method == http.MethodGet && !has("uploadId"):
		return "GetObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method == http.MethodPut && has("uploadId") && has("partNumber") && r.Header.Get("X-Amz-Copy-Source") == "":
		return "UploadPart"
	case r.Method == http.MethodPut && has("uploadId"):
		return ""
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodDelete && has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	case r.Method == http.MethodPost && has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && has("uploadId"):
		return "CompleteMultipartUpload"
	}
	return ""
}

// ServeHTTP is S3.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.serial++
	id := fmt.Sprintf("s3test-%d", s.serial)
	s.mu.Unlock()
	h := w.Header()
	h.Set("X-Amz-Request-Id", id)
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if err := s.serve(w, r); err != nil {
		f, ok := err.(*failure)
		if !ok {
			f = &failure{http.StatusInternalServerError, "InternalError", "the test server failed"}
		}
		f.write(w, r)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	// The target as it was sent, since a key may have any segments.
	target, _, _ := strings.Cut(r.RequestURI, "?")
	name, rest, _ := strings.Cut(strings.TrimPrefix(target, "/"), "/")
	key, err := url.PathUnescape(rest)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "IncompleteBody", "The body is shorter than its Content-Length.")
	}
	q := &request{Request: r, query: query, key: key, body: body}
	op := operation(q)
	f := s.fault(op, key, false)
	if f != nil && f.before(w, r) {
		return nil
	}
	if err := s.authenticate(q); err != nil {
		return err
	}
	if err := s.unwrap(q); err != nil {
		return err
	}
	s.mu.Lock()
	b, ok := s.buckets[name]
	s.mu.Unlock()
	if q.bucket = b; !ok {
		return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	switch {
	case f != nil && f.Lost:
		w = silent{http.Header{}}
	case f != nil:
		w = &faulty{ResponseWriter: w, f: f}
	}
	err = s.handle(w, q, op)
	f.after()
	return err
}

func (s *Server) handle(w http.ResponseWriter, r *request, op string) error {
	if s.opts.R2 && (r.Header.Get("X-Amz-Acl") != "" || r.Header.Get("X-Amz-Tagging") != "") {
		return refuse(http.StatusNotImplemented, "NotImplemented", "The header is not implemented.")
	}
	if handle := s.handlers()[op]; handle != nil {
		return handle(w, r)
	}
	return refuse(http.StatusNotImplemented, "NotImplemented", "This server does not know the operation.")
}

// handlers are the operations that the server knows.
func (s *Server) handlers() map[string]func(http.ResponseWriter, *request) error {
	return map[string]func(http.ResponseWriter, *request) error{
		"GetObject": s.getObject, "HeadObject": s.getObject, "PutObject": s.putObject, "DeleteObject": s.deleteObject,
		"CopyObject": s.copyObject, "DeleteObjects": s.deleteObjects, "ListObjectsV2": s.listObjects,
		"CreateMultipartUpload": s.createUpload, "UploadPart": s.uploadPart, "CompleteMultipartUpload": s.completeUpload,
		"AbortMultipartUpload": s.abortUpload, "ListMultipartUploads": s.listUploads,
	}
}
