package client

import (
	"bytes"
	"hash"
)

// checksum is what the bytes must add up to.
type checksum struct {
	hash hash.Hash
	want []byte
	who  string // says so
}

// noHash is where bytes go that nobody adds up.
type noHash struct{ hash.Hash }

func (noHash) Write(p []byte) (int, error) { return len(p), nil }

// verify compares the sum.
func (k checksum) verify() error {
	if k.want == nil {
		return nil
	}
	if got := k.hash.Sum(nil); !bytes.Equal(got, k.want) {
		return failf(ErrChecksum, "the content does not have %s: it is %x, not %x", k.who, got, k.want)
	}
	return nil
}

const (
	reprDigest    = "the service's Repr-Digest"
	contentDigest = "the service's Content-Digest"
)
