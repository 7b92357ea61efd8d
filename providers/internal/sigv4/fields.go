package sigv4

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// contentLength is net/http's own field, which no header's is taken for.
const contentLength = "content-length"

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
	if w.length = req.ContentLength; w.length > 0 {
		w.field(contentLength, nil)
	}
	for name, values := range h {
		from := len(w.names)
		w.names = appendLower(w.names, name)
		if len(values) == 0 || ignored(w.names[from:]) {
			w.names = w.names[:from]
			continue
		}
		sendable, plain := isToken(name), true
		for _, v := range values {
			s, p := inspect(v)
			sendable, plain = sendable && s, plain && p
		}
		if !sendable {
			return fmt.Errorf("the header field %s holds a character that cannot be sent", quote.Text(name, 64))
		}
		w.fields = append(w.fields, field{from: from, to: len(w.names), spelled: name, values: values, plain: plain})
	}
	slices.SortFunc(w.fields, func(a, b field) int {
		if c := bytes.Compare(w.name(a), w.name(b)); c != 0 {
			return c
		}
		return strings.Compare(a.spelled, b.spelled)
	})
	for i := range w.fields {
		f := &w.fields[i]
		if i > 0 {
			if f.more = bytes.Equal(w.name(*f), w.name(w.fields[i-1])); f.more {
				continue
			}
			w.signed = append(w.signed, ';')
		}
		w.signed = append(w.signed, w.name(*f)...)
	}
	return nil
}

func (w *scratch) field(name string, values []string) {
	from := len(w.names)
	w.names = append(w.names, name...)
	w.fields = append(w.fields, field{from: from, to: len(w.names), spelled: name, values: values, plain: true})
}

func (w *scratch) name(f field) []byte { return w.names[f.from:f.to] }

// appendFields appends a line for each name: all values of that name, in the order in
// which they are sent.
func (w *scratch) appendFields(dst []byte) []byte {
	for _, f := range w.fields {
		if f.more {
			dst[len(dst)-1] = ',' // in place of the line's end
		} else {
			dst = append(append(dst, w.name(f)...), ':')
		}
		if f.spelled == contentLength {
			dst = strconv.AppendInt(dst, w.length, 10)
		}
		for j, v := range f.values {
			if j > 0 {
				dst = append(dst, ',')
			}
			if f.plain {
				dst = append(dst, v...)
			} else {
				dst = appendTrimmed(dst, v)
			}
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
	from := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[from:] {
		if c >= 'A' && c <= 'Z' {
			dst[from+i] = c | 0x20
		}
	}
	return dst
}

// inspect reports whether v can be sent, and whether it is plain: without white space
// that appendTrimmed could take out. A value that net/http would refuse, or could be
// talked into sending another field with, cannot be sent.
func inspect(v string) (sendable, plain bool) {
	for len(v) >= 8 && visible(v) {
		v = v[8:]
	}
	var has kind
	for i := range len(v) {
		has |= kinds[v[i]]
	}
	return has&control == 0, has&space == 0
}

// visible reports whether the first eight bytes of v are visible ASCII. It looks at all
// of them at once: an address, a digest or a date is hardly longer to look at than a
// number.
func visible(v string) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	eight := uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16 | uint64(v[3])<<24 |
		uint64(v[4])<<32 | uint64(v[5])<<40 | uint64(v[6])<<48 | uint64(v[7])<<56
	// Each has its high bit set: what is beyond ASCII, the lowest of those below '!', and
	// a DEL.
	return (eight|(eight-each*'!')|(eight+each))&high == 0
}

// kind says what a byte of a value is, beside ordinary.
type kind uint8

const (
	control kind = 1 << iota
	space
)

var kinds = func() (of [256]kind) {
	for c := range of {
		switch {
		case c == ' ' || c == '\t':
			of[c] = space
		case c < ' ' || c == 0x7f:
			of[c] = control
		}
	}
	return of
}()

// isToken reports whether a name is one (RFC 9110 §5.6.2).
func isToken(name string) bool {
	for i := range len(name) {
		if !ofToken[name[i]] {
			return false
		}
	}
	return name != ""
}

var ofToken = setOf("!#$%&'*+-.^_`|~", letters, digits)

// Respell brings the fields of h that Sign sets or reads into their usual spelling, so
// that none of them is sent twice. The usual one wins.
func Respell(h http.Header) {
	for name, values := range h {
		switch name {
		case authorization, date, token, ContentHash:
			continue
		}
		for _, usual := range [...]string{authorization, date, token, ContentHash} {
			if len(name) != len(usual) || !strings.EqualFold(name, usual) {
				continue
			}
			delete(h, name)
			if _, ok := h[usual]; !ok {
				h[usual] = values
			}
		}
	}
}
