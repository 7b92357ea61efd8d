package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-list"}, &out))
	require.Contains(t, out.String(), "post-after-reset")

	out.Reset()
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, run(t.Context(), []string{"-only", "post-after-reset,empty-secret", "-peer", "retryable", "-out", page}, &out))
	require.Contains(t, out.String(), "go-retryablehttp  ✗ sent 5 times")
	require.Contains(t, out.String(), "Standpipe, Stripe")
	require.NotContains(t, out.String(), "azcore")
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(written), "| Keyless POST, connection reset | ✓ sent once | ✗ sent 5 times |")

	out.Reset()
	require.NoError(t, run(t.Context(), []string{"-only", "empty-secret", "-markdown"}, &out))
	require.Contains(t, out.String(), "## Webhooks in")

	require.ErrorContains(t, run(t.Context(), []string{"-only", "nothing-like-it"}, &out), `no behaviour "nothing-like-it"`)
	require.Error(t, run(t.Context(), []string{"-no-such-flag"}, &out))
}
