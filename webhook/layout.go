package webhook

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Layout says where a scheme's signature stands in a request and what it covers.
type Layout struct {
	// SignatureHeader holds the signature. Required.
	SignatureHeader string
	// Encoding of the signature: Hex if zero.
	Encoding Encoding
	// Prefix is what must stand before the signature in its header, such as
	// "sha256=".
	Prefix string
	// Fields is set where the header is a list, not one signature. Prefix is then
	// empty.
	Fields *Fields
	// Signed is the signed content with the placeholders {body} (required),
	// {timestamp}, {id} and {type}; empty: "{body}". Two placeholders must have a
	// delimiter between them, and a delivery whose identifier or type holds that
	// delimiter is refused, since the signed bytes could be split in another way. A
	// timestamp in milliseconds or as a date needs no delimiter; one in seconds may
	// stand right before the body, "{timestamp}{body}", and then has ten digits.
	Signed string
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
}

// newReader is given the other families of a provider's headers and those of its
// headers outside the layout that carry meaning unsigned.
func newReader(l Layout, others []headerFamily, untrusted []string) (reader, error) {
	r := reader{Layout: l}
	if err := l.TimestampFormat.check(); err != nil {
		return r, err
	}
	t, err := parseTemplate(stringOr(l.Signed, "{body}"), l.TimestampFormat)
	if err != nil {
		return r, err
	}
	r.template = t
	r.families = append(r.families, headerFamily{l.SignatureHeader, l.TimestampHeader, l.IDHeader, l.TypeHeader}.canonical())
	for _, f := range others {
		r.families = append(r.families, f.canonical())
	}
	r.untrusted = slices.Clone(untrusted)
	for _, f := range r.families {
		r.distrust(f.id, t.id)
		r.distrust(f.typ, t.typ)
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
	inFields := r.Fields != nil && r.Fields.Timestamp != ""
	switch {
	case r.SignatureHeader == "":
		return errors.New("no signature header named")
	case r.Encoding != Hex && r.Encoding != Base64:
		return errors.New("unknown encoding")
	case (r.TimestampHeader != "" || inFields) != r.template.timestamp:
		return errors.New("a timestamp must be both received and signed, or neither")
	case r.TimestampFormat != UnixSeconds && !r.template.timestamp:
		return errors.New("a timestamp format without a timestamp")
	case r.TimestampHeader != "" && inFields:
		return errors.New("two places for the timestamp")
	case r.template.id && r.IDHeader == "":
		return errors.New("{id} is signed but has no header")
	case r.template.typ && r.TypeHeader == "":
		return errors.New("{type} is signed but has no header")
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

func (r *reader) read(h http.Header, sigs *candidates, m *metadata) (fam *headerFamily, err error) {
	fam = r.family(h)
	header, err := one(h, fam.signature)
	if err != nil {
		return fam, err
	}
	if r.Fields == nil {
		rest, ok := strings.CutPrefix(header, r.Prefix)
		if !ok {
			return fam, &Error{Reason: ErrMalformed, Detail: "header " + fam.signature + " does not begin with " + quote(r.Prefix)}
		}
		sigs.add(rest, r.encodedLen)
	} else if m.timestamp, err = r.Fields.read(header, r.encodedLen, sigs); err != nil {
		return fam, err
	}
	if fam.timestamp != "" {
		if m.timestamp, err = one(h, fam.timestamp); err != nil {
			return fam, err
		}
	}
	if r.template.timestamp {
		if m.at, err = r.TimestampFormat.read(m.timestamp); err != nil {
			return fam, err
		}
	}
	if m.id, err = signedOrNot(h, fam.id, r.template.id); err != nil {
		return fam, err
	}
	if m.typ, err = signedOrNot(h, fam.typ, r.template.typ); err != nil {
		return fam, err
	}
	return fam, r.template.unambiguous(m)
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
