package webhook

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Layout says where a scheme's signature stands in a request and what it covers.
type Layout struct {
	// SignatureHeader holds the signature. Required.
	SignatureHeader string
	// OtherSignatureHeaders may hold further signatures of the same form, for a service
	// that signs with two keys at once. One right signature suffices, and one header.
	OtherSignatureHeaders []string
	// Encoding of the signature: Hex if zero.
	Encoding Encoding
	// Prefix is what must stand before the signature in its header, such as
	// "sha256=".
	Prefix string
	// Fields is set where the header is a list, not one signature. Prefix is then
	// empty.
	Fields *Fields
	// Signed is the signed content; empty: "{body}". Its placeholders are {body}
	// (required), {timestamp}, {id}, {type}, {method}, {url}, {path}, {query} (without
	// the question mark) and {header:Name}, a header that must be there once. Two
	// placeholders must have a delimiter between them, and a delivery in which one of
	// them holds that delimiter is refused, since the signed bytes could be split in
	// another way. What tells by itself where it ends needs none: the method, a URL
	// with a path (see URL), a timestamp in milliseconds or as a date. A timestamp in
	// seconds may stand right before the body, "{timestamp}{body}", and then has ten
	// digits.
	Signed string
	// URL is the webhook's URL as it is configured at the service, for {url}, {path}
	// and {query}; it never comes from the request's Host or X-Forwarded-* headers.
	// With a path, path and query are its own, and a request with another query is
	// refused. Without one ("https://example.com") they are taken as received.
	URL string
	// TimestampHeader holds the time of signing; empty: Fields has it, or there is
	// none. A timestamp that is not in Signed is an error, since anyone could change
	// it.
	TimestampHeader string
	// TimestampFormat is how the timestamp is written: UnixSeconds if zero.
	TimestampFormat TimestampFormat
	// IDHeader holds the delivery's identifier; empty: none. Without {id} in
	// Signed it is reported as not signed, and its header as untrusted.
	IDHeader string
	// TypeHeader holds the kind of event, under the same terms.
	TypeHeader string
}

// headerFamily is one set of header names, in canonical form.
type headerFamily struct{ signature, timestamp, id, typ string }

func (f headerFamily) canonical() headerFamily {
	return headerFamily{
		http.CanonicalHeaderKey(f.signature), http.CanonicalHeaderKey(f.timestamp),
		http.CanonicalHeaderKey(f.id), http.CanonicalHeaderKey(f.typ),
	}
}

// reader takes signatures and metadata out of a request's headers.
type reader struct {
	Layout
	template template
	// families are the sets of header names that mean the same; the first whose
	// signature header was delivered counts.
	families []headerFamily
	// encodedLen is the only length a signature may have; 0: any.
	encodedLen int
	// untrusted are the headers that carry meaning and are not signed.
	untrusted []string
	url       *publicURL // nil: not signed
	others    []string   // further signature headers
}

// newReader is given the other families of a provider's headers and those of its
// headers outside the layout that carry meaning unsigned.
func newReader(l Layout, others []headerFamily, untrusted []string) (reader, error) {
	r := reader{Layout: l}
	if err := l.TimestampFormat.check(); err != nil {
		return r, err
	}
	var err error
	if l.URL != "" {
		if r.url, _, err = parsePublicURL(l.URL, "https", "http"); err != nil {
			return r, err
		}
	}
	t, err := parseTemplate(cmp.Or(l.Signed, "{body}"), l.TimestampFormat, r.url)
	if err != nil {
		return r, err
	}
	r.template = t
	r.families = append(r.families, headerFamily{l.SignatureHeader, l.TimestampHeader, l.IDHeader, l.TypeHeader}.canonical())
	for _, f := range others {
		r.families = append(r.families, f.canonical())
	}
	for _, name := range l.OtherSignatureHeaders {
		r.others = append(r.others, http.CanonicalHeaderKey(name))
	}
	r.untrusted = slices.Clone(untrusted)
	for _, f := range r.families {
		r.distrust(f.id, t.has[idPiece])
		r.distrust(f.typ, t.has[typePiece])
	}
	return r, r.check()
}

// distrust notes a header of the layout that is not signed.
func (r *reader) distrust(name string, signed bool) {
	if name != "" && !signed && !slices.Contains(r.untrusted, name) {
		r.untrusted = append(r.untrusted, name)
	}
}

func (r *reader) check() error {
	inFields, has := r.Fields != nil && r.Fields.Timestamp != "", &r.template.has
	switch {
	case r.SignatureHeader == "":
		return errors.New("no signature header named")
	case slices.Contains(r.others, "") || slices.Contains(r.others, r.families[0].signature):
		return errors.New("another signature header has no name, or that of the first")
	case len(r.others) > 0 && inFields:
		return errors.New("several signature headers with a timestamp in each")
	case r.Encoding != Hex && r.Encoding != Base64:
		return errors.New("unknown encoding")
	case (r.url != nil) != (has[urlPiece] || has[pathPiece] || has[queryPiece]):
		return errors.New("a URL must be both configured and signed, or neither")
	case (r.TimestampHeader != "" || inFields) != has[timestampPiece]:
		return errors.New("a timestamp must be both received and signed, or neither")
	case r.TimestampFormat != UnixSeconds && !has[timestampPiece]:
		return errors.New("a timestamp format without a timestamp")
	case r.TimestampHeader != "" && inFields:
		return errors.New("two places for the timestamp")
	case has[idPiece] && r.IDHeader == "":
		return errors.New("{id} is signed but has no header")
	case has[typePiece] && r.TypeHeader == "":
		return errors.New("{type} is signed but has no header")
	case slices.ContainsFunc(r.template.headers, func(name string) bool {
		f := r.families[0]
		return name == f.signature || name == f.timestamp || name == f.id || name == f.typ || slices.Contains(r.others, name)
	}):
		return errors.New("a header of the layout is signed by its own placeholder")
	case r.Fields == nil:
		return nil
	case r.Prefix != "":
		return errors.New("a list of fields has no prefix")
	}
	return r.Fields.check()
}

func (r *reader) family(h http.Header) *headerFamily {
	if len(r.families) == 1 {
		return &r.families[0]
	}
	for i := range r.families {
		if len(h[r.families[i].signature]) > 0 {
			return &r.families[i]
		}
	}
	return &r.families[0]
}

func (r *reader) read(req *Request, sigs *candidates, m *metadata) (fam *headerFamily, err error) {
	h := req.Header
	fam = r.family(h)
	if err := r.readSignatures(h, fam.signature, sigs, m); err != nil {
		return fam, err
	}
	if fam.timestamp != "" {
		if m.timestamp, err = one(h, fam.timestamp); err != nil {
			return fam, err
		}
	}
	if r.template.has[timestampPiece] {
		if m.at, err = r.TimestampFormat.read(m.timestamp); err != nil {
			return fam, err
		}
	}
	if m.id, err = signedOrNot(h, fam.id, r.template.has[idPiece]); err != nil {
		return fam, err
	}
	if m.typ, err = signedOrNot(h, fam.typ, r.template.has[typePiece]); err != nil {
		return fam, err
	}
	for _, name := range r.template.headers {
		value, err := one(h, name)
		if err != nil {
			return fam, err
		}
		m.headers = append(m.headers, value)
	}
	m.method = req.method()
	if r.url != nil {
		if err := r.url.read(req, m); err != nil {
			return fam, err
		}
	}
	return fam, r.template.unambiguous(m)
}

// signedURL is what is signed of a request's URL, but for what is configured.
func (r *reader) signedURL(req *Request) string {
	var m metadata
	if r.url.read(req, &m) != nil {
		return "" // it is not as it was verified, so nothing is known of it
	}
	switch has := &r.template.has; {
	case has[urlPiece]:
		return m.url
	case has[pathPiece] && has[queryPiece]:
		return withQuery(m.path, m.query)
	case has[pathPiece]:
		return m.path
	}
	return m.query
}

// readSignatures collects what the signature headers hold. One that is missing, or is not
// wholly understood, is passed over while another is there.
func (r *reader) readSignatures(h http.Header, name string, sigs *candidates, m *metadata) error {
	err := r.readSignature(h, name, sigs, m)
	for _, other := range r.others {
		if err != nil {
			sigs.n = 0
		}
		understood := sigs.n
		next := r.readSignature(h, other, sigs, m)
		if next != nil {
			sigs.n = understood
		}
		switch {
		case errors.Is(next, ErrDuplicate):
			return next
		case next == nil && !errors.Is(err, ErrDuplicate):
			err = nil
		case errors.Is(err, ErrMissing) && !errors.Is(next, ErrMissing):
			err = next
		}
	}
	return err
}

func (r *reader) readSignature(h http.Header, name string, sigs *candidates, m *metadata) error {
	header, err := one(h, name)
	if err != nil {
		return err
	}
	if r.Fields != nil {
		m.timestamp, err = r.Fields.read(header, r.encodedLen, sigs)
		return err
	}
	rest, ok := strings.CutPrefix(header, r.Prefix)
	if !ok {
		return &Error{Reason: ErrMalformed, Detail: "header " + name + " does not begin with " + shown(r.Prefix)}
	}
	sigs.add(rest, r.encodedLen)
	return nil
}

// signedOrNot returns a header that must be there once if it is signed. An
// unsigned identifier or type must not be repeated either, but may be missing.
func signedOrNot(h http.Header, name string, signed bool) (string, error) {
	if name == "" || !signed && len(h[name]) == 0 {
		return "", nil
	}
	return one(h, name)
}

// noMatch tells apart why none of the candidates verified.
func noMatch(sigs *candidates, wellFormed bool, fam *headerFamily) error {
	switch {
	case wellFormed:
		return &Error{Reason: ErrMismatch}
	case sigs.seen:
		return &Error{Reason: ErrMalformed, Detail: "the signature in header " + fam.signature + " has the wrong form"}
	}
	return &Error{Reason: ErrMissing, Detail: "header " + fam.signature + " holds no signature of this scheme"}
}
