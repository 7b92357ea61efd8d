package client

import (
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// validHeaderValue refuses what would end a header line or is not text
// (RFC 9110 §5.5).
func validHeaderValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// validToken reports whether s is a token (RFC 9110 §5.6.2).
func validToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			continue
		}
		if !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// checkRequest refuses a request that would not be sent as what it is: a method, a
// Host field, a query, a header or a trailer that is not well-formed.
func checkRequest(req *http.Request) error {
	u := req.URL
	switch {
	case req.Method != "" && !validToken(req.Method):
		return failf(ErrRequest, "the method is not a token (RFC 9110 section 5.6.2)")
	case !validHeaderValue(req.Host) || !validHeaderValue(u.Host):
		return failf(ErrRequest, "the request's host holds CR, LF, NUL or another control character")
	case !validHeaderValue(u.RawQuery) || !validHeaderValue(u.Opaque):
		return failf(ErrRequest, "the request's URL holds CR, LF, NUL or another control character")
	}
	if err := checkHeader(req.Header); err != nil || len(req.Trailer) == 0 {
		return err
	}
	return checkHeader(req.Trailer)
}

// spelled returns the name of a field that somebody gave as it is to be sent: as it
// was given, since there are services that tell names apart by their case, though they
// should not (RFC 9110 §5.1). HTTP's own names become canonical: net/http and this
// package look for them.
func spelled(name string) string {
	switch field := http.CanonicalHeaderKey(name); {
	case redact.Harmless(field), narrows(field), describesBody(field):
		return field
	default:
		switch field {
		case "Authorization", "Cookie", "Host", "Keep-Alive", "Origin", "Proxy-Authorization", "Proxy-Connection", "Referer", "Te", "Trailer", "Upgrade", "Via", "X-Idempotency-Key":
			return field
		}
	}
	return name
}

// spelled is the same for a request's own header. The idempotency key is looked for.
func (f *fields) spelled(name string) string {
	if sameField(name, f.keyHeader) {
		return f.keyHeader
	}
	return spelled(name)
}

// fieldValue is the first value of the field in this spelling, or "".
func fieldValue(h http.Header, name string) string { return firstOf(h[name]) }

func firstOf(values []string) string {
	if len(values) > 0 {
		return values[0]
	}
	return ""
}

// setField sets the field name in h, and removes its other spellings.
func setField(h http.Header, name string, values []string) {
	onlySpelling(h, name)
	h[name] = values
}

// sameField reports whether two names, which are tokens, are one field's: SDKs write
// names in lower case into the map, and on the wire case makes no difference (RFC 9110
// §5.1).
func sameField(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// spellings counts the names under which h has a field.
func spellings(h http.Header, name string) (n int) {
	for other := range h {
		if sameField(other, name) {
			n++
		}
	}
	return n
}

// oneSpelling leaves h with the field name in this spelling alone; a value that stands
// there already wins.
func oneSpelling(h http.Header, name string) {
	found := h[name]
	var others []string
	for other := range h {
		if other != name && sameField(other, name) {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	for _, other := range others {
		if len(found) == 0 {
			found = h[other]
		}
		delete(h, other)
	}
	if len(found) > 0 {
		h[name] = found
	}
}

// onlySpelling removes the field name from h in every spelling but this one.
func onlySpelling(h http.Header, name string) {
	for other := range h {
		if other != name && sameField(other, name) {
			delete(h, other)
		}
	}
}

// checkHeader refuses header fields that are not well-formed. The error names
// the field and never repeats its value.
func checkHeader(h http.Header) error {
	for name, values := range h {
		if !validToken(name) {
			// What is no name may be a value, or a whole line.
			return failf(ErrRequest, "a header name of %d bytes is not a token (RFC 9110 section 5.6.2)", len(name))
		}
		for _, v := range values {
			if !validHeaderValue(v) {
				return failf(ErrRequest, "header %s holds CR, LF, NUL or another control character", name)
			}
		}
	}
	return nil
}

// copyHeader copies a header map; the values stay shared, since nobody may
// change them in place.
func copyHeader(h http.Header) http.Header {
	out := make(http.Header, len(h)+1)
	for name, values := range h {
		out[name] = values
	}
	return out
}

// fields is what the client knows of header fields and of the query.
type fields struct {
	header     []headerField // sent with every request
	query      []queryParam  // and with every one that is made by its Path
	keyHeader  string        // where the service takes an idempotency key, as it is spelled there, or ""
	keyMethods []string
	requestIDs []string
}

// sends reports whether the client sends the field with every request.
func (f *fields) sends(name string) bool {
	return slices.ContainsFunc(f.header, func(own headerField) bool { return sameField(own.name, name) })
}

// headerField is one field of a header. A list of them is quicker to copy into a
// header than another header.
type headerField struct {
	name   string
	values []string
}
