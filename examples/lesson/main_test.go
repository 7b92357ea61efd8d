package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// Each file begins with what it prints, and the program prints that.
func TestTheOutputIsWhatTheFilesSay(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	for _, name := range []string{"keyauth.go", "oauth.go", "webhooks.go", "backoff.go", "sdk.go", "app.go"} {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		comment, _, ok := strings.Cut(string(raw), "\n\npackage main")
		require.True(t, ok, name)
		for line := range strings.Lines(comment) {
			if text, ok := strings.CutPrefix(line, "//\t"); ok {
				said.WriteString(text)
			}
		}
		said.WriteString("\n\n")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, said.String()+"Next: go run ./examples/quickstart, where the services misbehave.\n", out.String())
}

// The seconds of the lesson are seconds.
func TestBackoffWaitsSevenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		service := clienttest.NewTransport(t, flaky()...)
		require.NoError(t, backoffOver(t.Context(), time.Second, service, t.Logf))
		require.Equal(t, 7*time.Second, time.Since(began))
		require.Equal(t, 5, service.Count())
	})
}
