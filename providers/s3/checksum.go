package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"

	"github.com/standpipe-go/standpipe/client"
)

// Checksum is a kind of checksum that goes along with what is uploaded, and that the
// service verifies ("Checking object integrity" in the User Guide).
type Checksum string

// The kinds that S3 and R2 have in common. The first three are one checksum of all of the
// object, also where it is uploaded in parts, so that a download can verify it again; at
// R2 CRC64NVME alone is. Else they are checksums of the parts.
const (
	CRC32C    Checksum = "CRC32C" // the fastest, by instructions that processors have
	CRC32     Checksum = "CRC32"
	CRC64NVME Checksum = "CRC64NVME"
	SHA256    Checksum = "SHA256"

	// NoChecksum is for services that know none of them.
	NoChecksum Checksum = "none"
)

// crc is a cyclic redundancy check, as its polynomial is written with the lowest power
// first.
type crc struct {
	poly uint64
	bits int
}

// crcs are those whose sums can be combined.
var crcs = map[Checksum]crc{
	CRC64NVME: {0x9a6c9329ac4bc9b5, 64},
	CRC32:     {crc32.IEEE, 32},
	CRC32C:    {crc32.Castagnoli, 32},
}

var (
	nvme       = crc64.MakeTable(crcs[CRC64NVME].poly)
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func (s Checksum) check() error {
	switch s {
	case CRC64NVME, CRC32, CRC32C, SHA256, NoChecksum:
		return nil
	}
	return fmt.Errorf("s3: %w: there is no checksum %.32q", client.ErrRequest, string(s))
}

// header is the field that carries it.
func (s Checksum) header() string { return "X-Amz-Checksum-" + string(s) }

// hash makes it; nil is none.
func (s Checksum) hash() hash.Hash {
	switch s {
	case CRC64NVME:
		return crc64.New(nvme)
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoli)
	case SHA256:
		return sha256.New()
	}
	return nil
}

// Of is the checksum of data as it is sent, in base64, for the fields of
// [PutObjectInput] and [UploadPartInput]. That of [NoChecksum] is "".
func (s Checksum) Of(data []byte) string {
	h := s.hash()
	if h == nil {
		return ""
	}
	h.Write(data)
	return encoded(h)
}

func encoded(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// combine makes of the sums of two pieces that of both: of the second, n bytes long.
func (c crc) combine(first, second uint64, n int64) uint64 {
	return c.times(c.power(n), first) ^ second
}

// power is x to the 8n, by the polynomial.
func (c crc) power(n int64) uint64 {
	one := uint64(1) << (c.bits - 1)
	p, square := one, one>>8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = c.times(p, square)
		}
		square = c.times(square, square)
	}
	return p
}

// times multiplies by the polynomial.
func (c crc) times(a, b uint64) (p uint64) {
	for m := uint64(1) << (c.bits - 1); m != 0; m >>= 1 {
		if a&m != 0 {
			p ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ c.poly
		} else {
			b >>= 1
		}
	}
	return p
}

// text is a sum as it is sent.
func (c crc) text(sum uint64) string {
	b := make([]byte, c.bits/8)
	for i := range b {
		b[len(b)-1-i] = byte(sum >> (8 * i))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// sumOf is the value of a hash of this kind.
func (c crc) sumOf(h hash.Hash) (sum uint64) {
	for _, b := range h.Sum(nil) {
		sum = sum<<8 | uint64(b)
	}
	return sum
}
