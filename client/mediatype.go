package client

import (
	"bytes"
	"net/http"
	"strings"
	"unicode/utf8"
)

// contentType is the field as far as it is read: no honest one comes near.
func contentType(h http.Header) string {
	s := firstOf(h["Content-Type"])
	return s[:min(len(s), 1<<10)]
}

// mediaType is the type in a Content-Type, in lower case and without its
// parameters, however those are written (RFC 9110 §8.3.1). A field that was put
// together from two counts as its first.
func mediaType(h http.Header) string {
	t := contentType(h)
	if t == "application/json" {
		return t // the usual case
	}
	t, _, _ = strings.Cut(t, ";")
	t, _, _ = strings.Cut(t, ",")
	return lower(strings.TrimSpace(t))
}

// markup reports whether a media type is HTML or XML: a page that a proxy or a
// load balancer put in the service's place, which is never taken for JSON.
func markup(mediaType string) bool {
	switch mediaType {
	case "text/html", "text/xml", "application/xml":
		return true
	}
	return strings.HasSuffix(mediaType, "+xml")
}

// document reports whether a media type is JSON or XML in one piece, and no stream
// of records.
func document(mediaType string) bool {
	switch mediaType {
	case "application/json", "text/json":
		return true
	}
	return strings.HasSuffix(mediaType, "+json") || markup(mediaType) && mediaType != "text/html"
}

// charset is the charset parameter of a Content-Type, in lower case, "" where
// there is none. Parameters that are not well-formed are skipped.
func charset(h http.Header) string {
	_, params, found := strings.Cut(contentType(h), ";")
	if !found {
		return ""
	}
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if lower(strings.TrimSpace(name)) == "charset" {
			return lower(strings.Trim(strings.TrimSpace(value), `"'`))
		}
	}
	return ""
}

// inUTF8 returns body in UTF-8, and false where it is in a charset that this
// package does not read. JSON is UTF-8 (RFC 8259 §8.1) and is taken as such where
// it can be, since many a label is wrong.
func inUTF8(h http.Header, body []byte) ([]byte, bool) {
	switch charset(h) {
	case "", "utf-8", "utf8":
		return body, true
	case "iso-8859-1", "iso8859-1", "latin1", "us-ascii":
		if utf8.Valid(body) {
			return body, true
		}
		var b bytes.Buffer
		for _, c := range body {
			b.WriteRune(rune(c)) // ISO 8859-1 is the first 256 code points
		}
		return b.Bytes(), true
	}
	return body, utf8.Valid(body)
}

// mark is the byte order mark in UTF-8.
const mark = "\uFEFF"

// withoutMark drops a byte order mark and the white space of JSON in front.
func withoutMark(body []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(body, []byte(mark)), " \t\r\n")
}

// looksLikeJSON reports whether a body can be a JSON object or list.
func looksLikeJSON(body []byte) bool {
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}
