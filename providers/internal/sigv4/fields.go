package sigv4

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// field is a header field that is signed; its name, in lower case, is
// names[from:to].
type field struct {
	from, to int
	spelled  string
	values   []string
}

// ignored names the fields, in lower case, that are not signed: those that net/http
// writes or leaves out by itself, those of one connection only (RFC 9110 §7.6.1), and
// those that proxies and tracing change on the way.
func ignored(name []byte) bool {
	switch string(name) {
	case "authorization", "user-agent", "expect", "transfer-encoding", "trailer", "host", "content-length",
		"connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade",
		"accept-encoding", "via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
		"x-amzn-trace-id", "traceparent", "tracestate", "baggage":
		return true
	}
	return false
}

// collect finds the fields of h that are signed, in order, and writes their names.
func (w *scratch) collect(req *http.Request, h http.Header) error {
	w.field("host", w.host[:])
	if req.ContentLength > 0 {
		w.length[0] = strconv.FormatInt(req.ContentLength, 10)
		w.field("content-length", w.length[:])
	}
	for name, values := range h {
		from := len(w.names)
		w.names = appendLower(w.names, name)
		if len(values) == 0 || ignored(w.names[from:]) {
			w.names = w.names[:from]
			continue
		}
		if i := slices.IndexFunc(values, unsendable); i >= 0 || !isToken(name) {
			return fmt.Errorf("the header field %s holds a character that cannot be sent", quote.Text(name, 64))
		}
		w.fields = append(w.fields, field{from, len(w.names), name, values})
	}
	slices.SortFunc(w.fields, func(a, b field) int {
		return cmp.Or(bytes.Compare(w.name(a), w.name(b)), strings.Compare(a.spelled, b.spelled))
	})
	for i, f := range w.fields {
		if i > 0 && bytes.Equal(w.name(f), w.name(w.fields[i-1])) {
			continue
		}
		if i > 0 {
			w.signed = append(w.signed, ';')
		}
		w.signed = append(w.signed, w.name(f)...)
	}
	return nil
}

func (w *scratch) field(name string, values []string) {
	from := len(w.names)
	w.names = append(w.names, name...)
	w.fields = append(w.fields, field{from, len(w.names), name, values})
}

func (w *scratch) name(f field) []byte { return w.names[f.from:f.to] }

// appendFields appends a line for each name: all values of that name, in the order in
// which they are sent.
func (w *scratch) appendFields(dst []byte) []byte {
	for i, f := range w.fields {
		more := i > 0 && bytes.Equal(w.name(f), w.name(w.fields[i-1]))
		switch {
		case more:
			dst[len(dst)-1] = ',' // in place of the line's end
		default:
			dst = append(append(dst, w.name(f)...), ':')
		}
		for j, v := range f.values {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendTrimmed(dst, v)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// appendTrimmed appends a value without white space around it, and with one space for
// several in a row.
func appendTrimmed(dst []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	if !strings.Contains(v, "  ") {
		return append(dst, v...)
	}
	for i := range len(v) {
		if v[i] != ' ' || v[i-1] != ' ' { // v begins with something else
			dst = append(dst, v[i])
		}
	}
	return dst
}

func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// unsendable reports whether net/http would refuse the value, or could be talked into
// sending another field with it.
func unsendable(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// isToken reports whether a name is one (RFC 9110 §5.6.2).
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return name != ""
}

// Respell brings the fields of h that Sign sets or reads into their usual spelling, so
// that none of them is sent twice. The usual one wins.
func Respell(h http.Header) {
	for name, values := range h {
		for _, usual := range [...]string{authorization, date, token, ContentHash} {
			if name == usual || !strings.EqualFold(name, usual) {
				continue
			}
			delete(h, name)
			if _, ok := h[usual]; !ok {
				h[usual] = values
			}
		}
	}
}
