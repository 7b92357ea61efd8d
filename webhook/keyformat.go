package webhook

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/standpipe-go/standpipe/internal/slip"
)

// KeyFormat says how the text of a secret stands for the key's bytes. It is
// always stated, never guessed from the text.
type KeyFormat int

const (
	// RawKey: the text's own bytes are the key. This is the zero value and what
	// most providers do. White space around the text is refused as a slip, and so are a
	// byte order mark and a second line.
	RawKey KeyFormat = iota
	// Base64Key: canonical standard base64 (RFC 4648 section 4) with padding.
	Base64Key
	// HexKey: base 16, in either case.
	HexKey
	// StandardKey: canonical base64 of at least 24 bytes, with or without the
	// prefix "whsec_" (Standard Webhooks specification 1.0.0, "Signature
	// scheme").
	StandardKey
	// SHA1Key: the SHA-1 digest of the text is the key, as Braintree does it.
	SHA1Key
)

var errNotCanonical = errors.New("not canonical base64")

func (f KeyFormat) decode(text string) ([]byte, error) {
	switch f {
	case RawKey, SHA1Key:
		if err := slip.Check(text); err != nil {
			return nil, err
		}
		if f == SHA1Key {
			sum := sha1.Sum([]byte(text))
			return sum[:], nil
		}
		return []byte(text), nil
	case Base64Key:
		key, err := decodeBase64(text)
		if err == nil && len(key) == 0 {
			err = errors.New("the key is empty")
		}
		return key, err
	case HexKey:
		key, err := hex.DecodeString(text)
		if err != nil {
			return nil, errors.New("not base 16") // hex's own error quotes the secret's bytes
		}
		return key, nil
	case StandardKey:
		return decodeStandardKey(text)
	}
	return nil, fmt.Errorf("unknown key format %d", int(f))
}

const standardKeyMin = 24

func decodeStandardKey(text string) ([]byte, error) {
	rest, _ := strings.CutPrefix(text, "whsec_")
	key, err := decodeBase64(rest)
	if err != nil {
		return nil, err
	}
	if len(key) < standardKeyMin {
		return nil, fmt.Errorf("the key has %d bytes, at least %d are required", len(key), standardKeyMin)
	}
	return key, nil
}

// decodeBase64 takes canonical, padded base64 only. The standard decoder skips
// line breaks, so that they are looked for first; and its errors are not passed
// on, since this is used on secrets.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errNotCanonical
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errNotCanonical
	}
	return b, nil
}

// wrongKinds maps the beginnings of credentials that are commonly configured by
// mistake to what they are.
type wrongKinds map[string]string

func (w wrongKinds) check(text string) error {
	for prefix, what := range w {
		if strings.HasPrefix(text, prefix) {
			return fmt.Errorf("this is %s (%s…), not the secret that signs webhooks", what, prefix)
		}
	}
	return nil
}
