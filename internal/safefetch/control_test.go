package safefetch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// X5: what is public is dialled, and nothing else, a name among it.
func TestX5_Control(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"8.8.8.8:443", "[2606:4700:4700::1111]:443"} {
		require.NoError(t, control(t.Context(), "tcp", address, nil), address)
	}
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[::ffff:127.0.0.1]:443", "8.8.8.8", "dns.example:443", "/run/socket", ""} {
		require.ErrorIs(t, control(t.Context(), "tcp", address, nil), ErrAddress, address)
	}
}
