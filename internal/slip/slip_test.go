package slip_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/slip"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// X2
func TestX2_Check(t *testing.T) {
	t.Parallel()
	for _, fine := range []string{"", "s3cr3t", "two words", "ключ", "a\ufeffb", "\xff\n\x01"} {
		require.NoError(t, slip.Check(fine), "%q", fine)
	}
	for secret, says := range map[string]string{
		"\ufeffs3cr3t": "byte order mark", " s3cr3t": "white space", "s3cr3t\n": "white space", "s3cr3t\u00a0": "white space", "\xff\n": "white space",
		"s3cr3t\nolder": "second line", "s3cr3t\r\nolder": "second line",
	} {
		err := slip.Check(secret)
		require.ErrorContains(t, err, says, "%q", secret)
		require.NotContains(t, err.Error(), "s3cr3t")
	}
}
