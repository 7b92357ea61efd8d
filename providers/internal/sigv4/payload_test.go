package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestPayload(t *testing.T) {
	s := s3Signer()
	for _, n := range []int{0, 1, 32<<10 - 1, 32 << 10, 100_000} {
		body := bytes.Repeat([]byte("x"), n)
		sum := sha256.Sum256(body)
		got, err := s.Payload(t.Context(), bytes.NewReader(body))
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(sum[:]), got)
		got, err = s.Payload(t.Context(), iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(body))))
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(sum[:]), got)
	}
	broken := errors.New("broken")
	_, err := s.Payload(t.Context(), iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Payload(ended, bytes.NewReader(make([]byte, 1<<20)))
	require.ErrorIs(t, err, context.Canceled)
}
