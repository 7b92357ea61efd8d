package jose

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// MaxTokenBytes is the size above which [Parse] refuses a token unread.
const MaxTokenBytes = 16 << 10

// Header is what this package reads of a protected header. Everything else in
// it is checked for form and ignored.
type Header struct {
	// Algorithm is "alg", canonical: "Ed25519" is [EdDSA].
	Algorithm Algorithm
	// KeyID is "kid"; "" when there is none (an empty one is malformed).
	KeyID string
	// Type is "typ" as it stands, "" when there is none. See [Header.HasType].
	Type string

	unsecured bool // "alg" is "none"
}

// HasType reports whether the header's "typ" is the given media type, by the
// rules of RFC 7515 section 4.1.9: letter case does not matter, and a type
// without a slash stands for one with "application/" before it.
func (h Header) HasType(typ string) bool {
	return strings.EqualFold(mediaSubtype(h.Type), mediaSubtype(typ))
}

func mediaSubtype(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) && !strings.Contains(typ[len(prefix):], "/") {
		return typ[len(prefix):]
	}
	return typ
}

// Token is a compact JWS that passed the gate of [Parse]. Nothing in it is to be
// believed before [Token.Verify] has returned without error; the header serves
// to find the key. The zero Token verifies with no key.
type Token struct {
	Header Header

	input     []byte // header and payload as they were signed
	payload   []byte
	signature []byte
}

// strict refuses non-zero tail bits; it does skip CR and LF, which Parse has
// ruled out before.
var strict = base64.RawURLEncoding.Strict()

// Parse takes raw apart. All errors wrap [ErrMalformed], except that an unknown
// algorithm, "none" among them, wraps [ErrAlgorithm].
func Parse(raw string) (Token, error) {
	t, header, err := parseSegments(raw, false)
	if err != nil {
		return Token{}, err
	}
	if t.Header, err = parseHeader(header); err != nil {
		return Token{}, err
	}
	if t.Header.Algorithm == "" {
		return Token{}, fmt.Errorf("%w: unknown, or none", ErrAlgorithm)
	}
	return t, nil
}

// ParseUnsecured takes apart a token that nobody signed (RFC 7515 appendix A.5:
// "alg" is "none", the third segment is empty) and returns its payload. Only
// emulators make such tokens; there is nothing in them to believe. Everything
// else about the gate of [Parse] holds. All errors wrap [ErrMalformed], except
// that a token with an algorithm wraps [ErrAlgorithm].
func ParseUnsecured(raw string) (Header, []byte, error) {
	t, header, err := parseSegments(raw, true)
	if err != nil {
		return Header{}, nil, err
	}
	h, err := parseHeader(header)
	if err != nil {
		return Header{}, nil, err
	}
	if !h.unsecured || len(t.signature) != 0 {
		return Header{}, nil, fmt.Errorf("%w: not an unsecured token", ErrAlgorithm)
	}
	return h, t.payload, nil
}

func parseSegments(raw string, unsecured bool) (t Token, header []byte, err error) {
	if len(raw) > MaxTokenBytes {
		return t, nil, malformed("larger than 16 KiB")
	}
	if strings.Count(raw, ".") != 2 {
		return t, nil, malformed("not three segments")
	}
	if strings.IndexByte(raw, '\n') >= 0 || strings.IndexByte(raw, '\r') >= 0 {
		return t, nil, malformed("line break in base64url")
	}
	i := strings.IndexByte(raw, '.')
	j := i + 1 + strings.IndexByte(raw[i+1:], '.') // LastIndexByte looks at each byte by itself
	if i == 0 || j == len(raw)-1 && !unsecured {
		return t, nil, malformed("empty segment")
	}
	// One buffer for the signed text and the three decoded segments.
	buf := make([]byte, 0, len(raw)+len(raw)*3/4)
	buf = append(buf, raw...)
	t.input = buf[:j:j]
	if header, buf, err = decode(buf, 0, i); err != nil {
		return Token{}, nil, err
	}
	if t.payload, buf, err = decode(buf, i+1, j); err != nil {
		return Token{}, nil, err
	}
	if t.signature, _, err = decode(buf, j+1, len(raw)); err != nil {
		return Token{}, nil, err
	}
	return t, header, nil
}

// decode appends what buf[from:to] stands for to buf.
func decode(buf []byte, from, to int) (part, rest []byte, err error) {
	start := len(buf)
	buf, err = strict.AppendDecode(buf, buf[from:to])
	if err != nil {
		return nil, nil, malformed("not canonical base64url")
	}
	return buf[start:len(buf):len(buf)], buf, nil
}

func parseHeader(data []byte) (Header, error) {
	var h Header
	var buf [8]strictjson.Member
	members, err := strictjson.Object(data, buf[:0])
	if err != nil {
		return h, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	hasAlgorithm := false
	for _, m := range members {
		switch string(m.Name) {
		case "alg":
			name, ok := commonString(m.Value)
			if !ok {
				return h, malformed(`"alg" is not a string`)
			}
			hasAlgorithm = true
			h.Algorithm, h.unsecured = algorithmByName(name), name == "none"
		case "kid":
			id, ok := strictjson.String(m.Value)
			if !ok || id == "" {
				return h, malformed(`"kid" is not a string, or is empty`)
			}
			h.KeyID = id
		case "typ":
			typ, ok := commonString(m.Value)
			if !ok {
				return h, malformed(`"typ" is not a string`)
			}
			h.Type = typ
		case "crit", "b64", "zip":
			// No extension is understood here, and RFC 7515 section 4.1.11
			// leaves no other choice than to refuse.
			return h, malformed(`"crit", "b64" or "zip" in the header`)
		}
	}
	if !hasAlgorithm {
		return h, malformed(`no "alg"`)
	}
	return h, nil
}

// commonString spares the usual values of "alg" and "typ" an allocation.
func commonString(value []byte) (string, bool) {
	switch string(value) {
	case `"RS256"`:
		return string(RS256), true
	case `"ES256"`:
		return string(ES256), true
	case `"EdDSA"`:
		return string(EdDSA), true
	case `"JWT"`:
		return "JWT", true
	case `"at+jwt"`:
		return "at+jwt", true
	}
	return strictjson.String(value)
}

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// Verify checks the signature with key and returns the payload, which the
// caller may keep but must not modify. The token's algorithm must be in
// allowed and must suit the key; both errors wrap [ErrAlgorithm], a wrong
// signature wraps [ErrSignature].
func (t Token) Verify(key *Key, allowed ...Algorithm) ([]byte, error) {
	if !permits(allowed, t.Header.Algorithm) {
		return nil, fmt.Errorf("%w: not in the list of the verifier", ErrAlgorithm)
	}
	if key == nil {
		return nil, fmt.Errorf("%w: no key", ErrKey)
	}
	if !key.Suits(t.Header.Algorithm) {
		return nil, fmt.Errorf("%w: does not belong to the key", ErrAlgorithm)
	}
	if !key.verify(t.Header.Algorithm, t.input, t.signature) {
		return nil, ErrSignature
	}
	return t.payload, nil
}

// UnverifiedPayload returns the payload before anything vouches for it: for
// refusing early, for choosing among issuers' keys, and for nothing else.
func (t Token) UnverifiedPayload() []byte { return t.payload }

func permits(allowed []Algorithm, a Algorithm) bool {
	return slices.ContainsFunc(allowed, func(other Algorithm) bool { return other.canonical() == a })
}
