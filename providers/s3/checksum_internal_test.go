package s3

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sum of two pieces is made of theirs, for pieces of any length.
func TestChecksumsCombine(t *testing.T) {
	require.Equal(t, "rosUhgp5mIg=", CRC64NVME.Of([]byte("123456789")), "the check value of the polynomial, 0xae8b14860a799888")
	d := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, 4096)
	for i := range data {
		data[i] = byte(d.Uint32())
	}
	for kind, c := range crcs {
		for range 200 {
			whole := data[:d.IntN(len(data)+1)]
			at := d.IntN(len(whole) + 1)
			first, second := kind.hash(), kind.hash()
			first.Write(whole[:at])
			second.Write(whole[at:])
			sum := c.combine(c.sumOf(first), c.sumOf(second), int64(len(whole)-at))
			require.Equal(t, kind.Of(whole), c.text(sum), "%s of %d and %d bytes", kind, at, len(whole)-at)
		}
	}
}
