package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemo(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo"}, &out))
	require.Equal(t, 3, strings.Count(out.String(), "the page says: Hello, Alice Example"))
	require.Equal(t, 3, strings.Count(out.String(), "and refuse"))
	require.NotRegexp(t, "code=|state=|at_|rt_", out.String(), "nothing secret is printed")
}

func TestServesUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0"}, &out))
	require.Contains(t, out.String(), "GitHub is played by")
	require.Error(t, run(ctx, []string{"-no-such-flag"}, &out))
	require.Error(t, run(ctx, []string{"-addr", "nowhere"}, &out))
}

// The fakes sign in anybody as anybody, so the public never meets them.
func TestFakesPlayOnLoopbackOnly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"-addr", ":0"},
		{"-addr", "0.0.0.0:0", "-base", "http://localhost"},
		{"-addr", "127.0.0.1:0", "-base", "https://app.example.com"},
		{"-addr", "127.0.0.1:0", "-base", "http://localhost.example.com"},
	} {
		require.ErrorContains(t, run(ctx, args, io.Discard), "set GITHUB_CLIENT_ID", args)
	}
	t.Setenv("GITHUB_CLIENT_ID", "Iv1.0123456789abcdef")
	t.Setenv("GITHUB_CLIENT_SECRET", "not-a-secret")
	var out strings.Builder
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0", "-base", "https://app.example.com"}, &out))
	require.Equal(t, "Open https://app.example.com/\n", out.String(), "only the real service is there")
	out.Reset()
	require.NoError(t, run(ctx, []string{"-addr", "[::1]:0"}, &out))
	require.Equal(t, 3, strings.Count(out.String(), "DEMO "), "GitHub is real")
	require.Equal(t, 3, strings.Count(out.String(), "\n"))
}
