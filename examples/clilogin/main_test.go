package main

import (
	"flag"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemo(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo"}, &out))
	require.Equal(t, 2, strings.Count(out.String(), `Signed in as "Alice Example" ("alice").`))
	require.Equal(t, 2, strings.Count(out.String(), "refreshed"))
	require.Equal(t, 2, strings.Count(out.String(), "Signed out."))
	require.Contains(t, out.String(), "/device and enter ")
}

func TestWithoutABrowserItSaysSoAndEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its browser is found without a PATH")
	}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	t.Setenv("PATH", t.TempDir())
	var out strings.Builder
	require.ErrorContains(t, run(t.Context(), nil, &out), "no browser could be opened here: use -flow device")
	require.Contains(t, out.String(), "http://127.0.0.1:")
}

func TestUsage(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.ErrorContains(t, run(t.Context(), []string{"-flow", "telepathy"}, &out), "telepathy")
	t.Setenv("OIDC_ISSUER", "http://plain.example.com")
	require.Error(t, run(t.Context(), nil, &out))
}
