package webhook

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Encoding says how a signature is written in its header.
type Encoding int

const (
	// Hex is base 16 in either case. It is the zero value.
	Hex Encoding = iota
	// Base64 is canonical standard base64 (RFC 4648 section 4) with padding.
	Base64
)

// encodedLen is the length of n bytes in the encoding.
func (e Encoding) encodedLen(n int) int {
	if e == Base64 {
		return base64.StdEncoding.EncodedLen(n)
	}
	return hex.EncodedLen(n)
}

const (
	maxSignature  = 64 // bytes: SHA-512 and Ed25519
	maxCandidates = 16
)

var strictBase64 = base64.StdEncoding.Strict()

// decode writes the signature that text stands for to dst, if it has exactly size
// bytes.
func (e Encoding) decode(dst *[maxSignature]byte, text string, size int) bool {
	if len(text) != e.encodedLen(size) {
		return false
	}
	var src [2 * maxSignature]byte
	n := copy(src[:], text)
	var err error
	if e == Base64 {
		// One byte more than fits: the decoder wants room for the padding. Line
		// breaks, which it skips, leave fewer bytes than size.
		var buf [maxSignature + 3]byte
		n, err = strictBase64.Decode(buf[:], src[:n])
		copy(dst[:], buf[:n])
	} else {
		n, err = hex.Decode(dst[:], src[:n])
	}
	return err == nil && n == size
}

// decodeAny is decode for signatures that vary in length. dst is as long as src.
func (e Encoding) decodeAny(dst, src []byte) (n int, ok bool) {
	var err error
	if e == Hex {
		n, err = hex.Decode(dst, src)
		return n, err == nil && n > 0
	}
	n, err = strictBase64.Decode(dst, src)
	// A line break, which the decoder skips, makes the text longer than it has to
	// be.
	return n, err == nil && n > 0 && base64.StdEncoding.EncodedLen(n) == len(src)
}

// candidates are the signatures of one header that are worth trying, still
// encoded.
type candidates struct {
	n    int
	text [maxCandidates]string
	seen bool // the header holds the scheme's signature, be it well formed or not
}

// add takes text if it has the right length, 0 being any; what is malformed is
// passed over, and so is what comes after the sixteenth.
func (c *candidates) add(text string, encodedLen int) {
	c.seen = true
	if (encodedLen == 0 || len(text) == encodedLen) && c.n < maxCandidates {
		c.text[c.n] = text
		c.n++
	}
}

// Fields describes a signature header that is a list of name-value items, such as
// Stripe's "t=1750861210,v1=5257…,v1=9a8f…". Items of other names are passed
// over.
type Fields struct {
	// Separator stands between items, Assign between name and value: "," and "="
	// when empty. Both are single bytes.
	Separator, Assign string
	// Signature is the name of the items that hold a signature; there may be
	// several. Required.
	Signature string
	// Timestamp is the name of the item that holds the timestamp; it must be
	// there exactly once. Empty: the list has none.
	Timestamp string
	// bare: an item without a name is passed over instead of refused.
	bare bool
}

func (f *Fields) separator() byte { return byteOr(f.Separator, ',') }
func (f *Fields) assign() byte    { return byteOr(f.Assign, '=') }

func byteOr(s string, def byte) byte {
	if s == "" {
		return def
	}
	return s[0]
}

func (f *Fields) check() error {
	if len(f.Separator) > 1 || len(f.Assign) > 1 || f.separator() == f.assign() {
		return fmt.Errorf("the separator and the assignment sign of a signature header are two different bytes")
	}
	if f.Signature == "" {
		return fmt.Errorf("no name for the signature in the signature header")
	}
	if f.Signature == f.Timestamp {
		return fmt.Errorf("signature and timestamp have one name in the signature header")
	}
	return nil
}

// read collects the signatures of header and returns its timestamp.
func (f *Fields) read(header string, encodedLen int, out *candidates) (timestamp string, err error) {
	sep, assign, stamped := f.separator(), f.assign(), false
	for more := true; more; {
		var item string
		if i := strings.IndexByte(header, sep); i >= 0 {
			item, header = header[:i], header[i+1:]
		} else {
			item, more = header, false
		}
		i := strings.IndexByte(item, assign)
		if i < 0 {
			if f.bare {
				continue
			}
			return "", &Error{Reason: ErrMalformed, Detail: "an item of the signature header has no value"}
		}
		switch name, value := item[:i], item[i+1:]; {
		case name == f.Signature:
			out.add(value, encodedLen)
		case name == f.Timestamp && f.Timestamp != "":
			if stamped {
				return "", &Error{Reason: ErrDuplicate, Detail: "field " + f.Timestamp}
			}
			timestamp, stamped = value, true
		}
	}
	if f.Timestamp != "" && !stamped {
		return "", &Error{Reason: ErrMissing, Detail: "field " + f.Timestamp}
	}
	return timestamp, nil
}
