package main

import (
	"flag"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestDemo(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo"}, &out))
	require.Equal(t, 2, strings.Count(out.String(), `Signed in as "Alice Example" ("alice").`))
	require.Equal(t, 2, strings.Count(out.String(), "refreshed"))
	require.Equal(t, 2, strings.Count(out.String(), "Signed out."))
	require.Contains(t, out.String(), "/device and enter ")
}

func TestUsage(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.ErrorContains(t, run(t.Context(), []string{"-flow", "telepathy"}, &out), "telepathy")
	t.Setenv("OIDC_ISSUER", "http://plain.example.com")
	require.Error(t, run(t.Context(), nil, &out))
}
