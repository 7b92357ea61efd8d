package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/seal"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type secret string

func (s secret) Reveal() string { return string(s) }

func keyOf(b byte) secret {
	return secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
}

func keys(t *testing.T, values ...secret) seal.Keys {
	t.Helper()
	k, err := seal.New(values)
	require.NoError(t, err)
	return k
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	sealed := keys(t, keyOf(2)).Seal("label", []byte("plain"))
	require.NotContains(t, string(sealed), "plain")
	plain, used, err := keys(t, keyOf(1), keyOf(2)).Open("label", sealed)
	require.NoError(t, err)
	require.Equal(t, "plain", string(plain))
	require.Equal(t, 1, used)

	for says, open := range map[string]func() error{
		"tampered with": func() error { _, _, err := keys(t, keyOf(2)).Open("other", sealed); return err },
		"which is not configured": func() error {
			_, _, err := keys(t, keyOf(1)).Open("label", sealed)
			return err
		},
		"unknown format": func() error { _, _, err := keys(t, keyOf(2)).Open("label", sealed[:8]); return err },
	} {
		require.ErrorContains(t, open(), says)
	}
	_, _, err = keys(t, keyOf(2)).Open("label", sealed[:9])
	require.ErrorContains(t, err, "tampered with", "a header and nothing behind it")
}

// O9: what was sealed by an earlier version opens, since it is kept.
func TestO9_TheFormatStays(t *testing.T) {
	t.Parallel()
	sealed, err := hex.DecodeString("01efe7bc4c7983e61ad031427f7d9131650a65b3c86c161f57786ca58a3167344349c728ed216a297c095b1a85136eed038e425737b8099d" +
		"14aa22df25d9406b5d9fb6fc4df49c0e524933c0bf4a2a171583130cf039b14f00f69e3bb112dcb8c00b019772d8946f787ae3a4cce8032fe1109f4172f32d7b1b49e3a8" +
		"1c503642cb3ec74e7ef0ea9e1043e87048b87cb1bfcde0ef9a4cc20a77695984dde0d2c46c5946b36f272153fec547b569ebd0b0a94bd5fa2e13b40ada2c21f853af5679" +
		"7567fdc8cbffe19a81bc546f6fb61eb05a4a19203771906430")
	require.NoError(t, err)
	plain, _, err := keys(t, keyOf(1)).Open("user:42/test", sealed)
	require.NoError(t, err)
	require.Equal(t, `{"format":1,"access_token":"at-1","token_type":"Bearer","refresh_token":"rt-1","expiry":"2999-01-02T03:04:05Z",`+
		`"obtained":"2026-11-26T10:59:20.264557784Z","extra":{"scope":"read"}}`, string(plain))
}

func TestNew_BadInput(t *testing.T) {
	t.Parallel()
	short := secret(base64.StdEncoding.EncodeToString(make([]byte, 31)))
	for _, bad := range []secret{"", "x", short, keyOf(1)[:43], "\n" + keyOf(1), keyOf(1)[:20] + "\r\n" + keyOf(1)[20:]} {
		_, err := seal.New([]secret{keyOf(1), bad})
		require.EqualError(t, err, "key 2 of 2 is not 32 bytes in standard base64")
	}
}
