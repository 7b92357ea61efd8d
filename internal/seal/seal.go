// Package seal keeps small texts at rest and in cookies under keys that rotate:
// AES-256-GCM, each text bound to a label, with the ID of its key in front.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// The layout of a sealed text: format, key ID, nonce and ciphertext.
const (
	format = 1
	idLen  = 8
	header = 1 + idLen
)

// What is sealed is kept, so these labels stay as they were first written.
const (
	idLabel   = "standpipe oauthflow record key ID\x00"
	dataLabel = "standpipe oauthflow record\x00"
)

var (
	errFormat   = errors.New("unknown format")
	errTampered = errors.New("it was tampered with or belongs under another key")
)

// Keys seal with the first, the newest, and open with any of them. They are
// immutable and safe for concurrent use.
type Keys []key

type key struct {
	id   [idLen]byte
	aead cipher.AEAD
}

// New reads keys, newest first, each 32 bytes in standard base64. Its error begins
// with "key" and names which one will not do.
func New[V interface{ Reveal() string }](values []V) (Keys, error) {
	keys := make(Keys, len(values))
	for i, v := range values {
		var err error
		if keys[i], err = newKey(v.Reveal()); err != nil {
			return nil, fmt.Errorf("key %d of %d %w", i+1, len(values), err)
		}
	}
	return keys, nil
}

// newKey reads a key. Its ID is a hash under a label of its own, which says
// nothing about 256 random bits.
func newKey(text string) (key, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 32 || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return key{}, errors.New("is not 32 bytes in standard base64")
	}
	block, _ := aes.NewCipher(raw) // takes any 32 bytes
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	k := key{aead: aead}
	sum := sha256.Sum256(append([]byte(idLabel), raw...))
	copy(k.id[:], sum[:])
	return k, nil
}

// Seal seals plain under label with the newest key. There must be one.
func (k Keys) Seal(label string, plain []byte) []byte {
	newest := k[0]
	out := make([]byte, 0, header+len(plain)+newest.aead.Overhead())
	out = append(append(out, format), newest.id[:]...)
	return newest.aead.Seal(out, nil, plain, associated(label))
}

// Open returns the plain text and the index of the key that had sealed it. Its
// error says what is wrong and holds no part of the text.
func (k Keys) Open(label string, sealed []byte) (plain []byte, used int, err error) {
	if len(sealed) < header || sealed[0] != format {
		return nil, 0, errFormat
	}
	for i, key := range k {
		if [idLen]byte(sealed[1:header]) != key.id {
			continue
		}
		plain, err := key.aead.Open(nil, nil, sealed[header:], associated(label))
		if err != nil {
			return nil, 0, errTampered
		}
		return plain, i, nil
	}
	return nil, 0, fmt.Errorf("sealed under key %x, which is not configured", sealed[1:header])
}

func associated(label string) []byte { return []byte(dataLabel + label) }
