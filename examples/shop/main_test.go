package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The process that run starts is this one, in a test.
func init() {
	if os.Getenv("SHOP_STRIPE") != "" {
		main()
		os.Exit(0)
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Equal(t, "1 charge, 1 mail, 1 file, 1 report", lines[len(lines)-1])
	require.NotContains(t, out.String(), "the process: <nil>")
	require.Equal(t, 2, strings.Count(out.String(), "under the key receipt/pi_1"))
}
