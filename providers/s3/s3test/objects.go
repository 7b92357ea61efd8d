package s3test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func newObject(data []byte, h http.Header) *object {
	sum := md5.Sum(data)
	return &object{data: data, header: h, etag: `"` + hex.EncodeToString(sum[:]) + `"`, modified: time.Now().Truncate(time.Second)}
}

// settings are what of a request's header is stored.
func settings(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if stored(name) && values[0] != "" {
			out[name] = values
		}
	}
	return out
}

func (s *Server) putObject(w http.ResponseWriter, r *request) error {
	if r.ContentLength < 0 {
		return refuse(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	o := newObject(r.body, settings(r.Header))
	for name, make := range checksums {
		if sum := r.Header.Get(checksumHeader(name)); sum != "" {
			o.header.Set(checksumHeader(name), sumOf(make(), r.body))
			o.header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		}
	}
	if err := s.store(r, o); err != nil {
		return err
	}
	w.Header().Set("ETag", o.etag)
	return nil
}

// store puts an object at its key, if that is as the request wants it.
func (s *Server) store(r *request, o *object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := r.bucket.objects[r.key]
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case none != "" && none != "*":
		return refuse(http.StatusNotImplemented, "NotImplemented", "If-None-Match takes * alone.")
	case none == "*" && there != nil, match != "" && there != nil && there.etag != match:
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case match != "" && there == nil:
		return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	r.bucket.objects[r.key] = o
	return nil
}

func (s *Server) find(b *bucket, key string) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := b.objects[key]
	if !ok {
		return nil, refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	return o, nil
}

func (s *Server) getObject(w http.ResponseWriter, r *request) error {
	o, err := s.find(r.bucket, r.key)
	if err != nil {
		return err
	}
	if match := r.Header.Get("If-Match"); match != "" && match != "*" && match != o.etag {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	h := w.Header()
	if none := r.Header.Get("If-None-Match"); none != "" && (none == "*" || none == o.etag) {
		h.Set("ETag", o.etag)
		return refuse(http.StatusNotModified, "", "")
	}
	data, status := o.data, http.StatusOK
	if given := r.Header.Get("Range"); given != "" {
		first, last, ok := rangeOf(given, len(data))
		if !ok {
			return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
		}
		h.Set("Content-Range", "bytes "+strconv.Itoa(first)+"-"+strconv.Itoa(last)+"/"+strconv.Itoa(len(data)))
		data, status = data[first:last+1], http.StatusPartialContent
	}
	for name, values := range o.header {
		if !strings.HasPrefix(name, "X-Amz-Checksum-") || r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && status == http.StatusOK {
			h[name] = values
		}
	}
	h.Set("ETag", o.etag)
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "binary/octet-stream")
	}
	for name, field := range map[string]string{"response-content-type": "Content-Type", "response-content-disposition": "Content-Disposition"} {
		if value := r.query.Get(name); value != "" {
			h.Set(field, value)
		}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
	return nil
}

// rangeOf reads one range of bytes (RFC 9110 §14.1.2).
func rangeOf(given string, size int) (first, last int, ok bool) {
	span, ok := strings.CutPrefix(given, "bytes=")
	from, to, cut := strings.Cut(span, "-")
	if !ok || !cut {
		return 0, 0, false
	}
	first, firstErr := strconv.Atoi(from)
	last, lastErr := strconv.Atoi(to)
	switch {
	case from == "" && lastErr == nil: // the last so many
		first, last = max(size-last, 0), size-1
	case firstErr != nil:
		return 0, 0, false
	case to == "", lastErr == nil && last >= size:
		last = size - 1
	case lastErr != nil:
		return 0, 0, false
	}
	return first, last, first <= last && first < size
}

func (s *Server) deleteObject(w http.ResponseWriter, r *request) error {
	s.mu.Lock()
	there := r.bucket.objects[r.key]
	match := r.Header.Get("If-Match")
	if fits := match == "" || match == "*" || there != nil && there.etag == match; fits {
		delete(r.bucket.objects, r.key)
		there = nil
	}
	s.mu.Unlock()
	if there != nil {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) copyObject(w http.ResponseWriter, r *request) error {
	given, version, _ := strings.Cut(r.Header.Get("X-Amz-Copy-Source"), "?")
	if version != "" {
		return errVersions
	}
	source, err := url.PathUnescape(strings.TrimPrefix(given, "/"))
	name, key, ok := strings.Cut(source, "/")
	if err != nil || !ok {
		return refuse(http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	s.mu.Lock()
	from := s.buckets[name]
	s.mu.Unlock()
	if from == nil {
		return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	o, err := s.find(from, key)
	if err != nil {
		return err
	}
	match, none := r.Header.Get("X-Amz-Copy-Source-If-Match"), r.Header.Get("X-Amz-Copy-Source-If-None-Match")
	if match != "" && match != o.etag || none != "" && (none == "*" || none == o.etag) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if from == r.bucket && key == r.key && !changes(r.Header) && !s.opts.R2 {
		return refuse(http.StatusBadRequest, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without "+
			"changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	made := &object{data: o.data, header: o.header, etag: o.etag, modified: time.Now().Truncate(time.Second)}
	if r.Header.Get("X-Amz-Metadata-Directive") == "REPLACE" {
		made.header = settings(r.Header)
	}
	if err := s.store(r, made); err != nil {
		return err
	}
	return writeDocument(w, struct {
		XMLName      xml.Name `xml:"CopyObjectResult"`
		ETag         string
		LastModified time.Time
	}{ETag: made.etag, LastModified: made.modified.UTC()})
}

var errVersions = refuse(http.StatusNotImplemented, "NotImplemented", "This server has no versions of objects.")

// changes reports whether a copy of an object onto itself is anything but that object.
func changes(h http.Header) bool {
	return h.Get("X-Amz-Metadata-Directive") == "REPLACE" || h.Get("X-Amz-Storage-Class") != "" || h.Get("X-Amz-Server-Side-Encryption") != "" ||
		h.Get("X-Amz-Website-Redirect-Location") != ""
}

func (s *Server) deleteObjects(w http.ResponseWriter, r *request) error {
	signed := r.Header.Get("Content-Md5") != ""
	for name := range checksums {
		signed = signed || r.Header.Get(checksumHeader(name)) != ""
	}
	if !signed {
		return refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Object  []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		}
		Quiet bool
	}
	if err := xml.Unmarshal(r.body, &in); err != nil || len(in.Object) == 0 || len(in.Object) > 1000 {
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	for _, o := range in.Object {
		if o.VersionID != "" {
			return errVersions
		}
	}
	type deleted struct{ Key string }
	type failed struct{ Key, Code, Message string }
	out := struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Deleted []deleted
		Error   []failed
	}{}
	for _, o := range in.Object {
		if f := s.fault("DeleteObjects", o.Key, true); f != nil {
			out.Error = append(out.Error, failed{o.Key, f.Code, "An error that was asked for."})
			continue
		}
		s.mu.Lock()
		delete(r.bucket.objects, o.Key)
		s.mu.Unlock()
		if !in.Quiet {
			out.Deleted = append(out.Deleted, deleted{o.Key})
		}
	}
	return writeDocument(w, out)
}
