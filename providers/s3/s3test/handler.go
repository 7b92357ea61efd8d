package s3test

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

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

// Inject has f happen from now on. Of several that fit a request, the first is taken. It
// panics at the name of an operation that there is not, whose fault would never come.
func (s *Server) Inject(f Fault) {
	faketest.MustKnow(slices.Collect(maps.Keys(s.handlers())), f.Operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{f, f.Skip, cmp.Or(f.Times, 1)})
}
