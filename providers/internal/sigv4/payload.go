package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// hashing is a hash with what it is fed through.
type hashing struct {
	hash.Hash
	buf [32 << 10]byte
}

// Payload reads body to its end, or until ctx ends, and returns its SHA-256 in
// hexadecimal.
func (s *Signer) Payload(ctx context.Context, body io.Reader) (string, error) {
	h, _ := s.hashing.Get().(*hashing)
	if h == nil {
		h = &hashing{Hash: sha256.New()}
	}
	defer s.hashing.Put(h)
	h.Reset()
	for {
		n, err := body.Read(h.buf[:])
		h.Write(h.buf[:n])
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return "", err
		}
	}
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], h.Sum(h.buf[:0]))
	return string(text[:]), nil
}
