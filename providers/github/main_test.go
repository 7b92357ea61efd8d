package github_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const token = "ghp_test_0123456789"

// scripted returns a client over a GitHub that follows the script, see clienttest.Parse.
func scripted(t *testing.T, script string, opts ...client.Option) (*github.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := github.New(secret.Static(token), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

// faked returns a client over a GitHub in memory.
func faked(t *testing.T, opts ...client.Option) (*github.Client, *githubtest.Server) {
	t.Helper()
	srv := githubtest.NewHandler()
	c, err := github.New(secret.Static(githubtest.Token), append([]client.Option{client.WithTransport(srv.Transport())}, opts...)...)
	require.NoError(t, err)
	return c, srv
}
