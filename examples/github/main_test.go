package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestTheDemonstration(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, demonstrate(t.Context(), &out))
	require.Equal(t, `reported: payments: The queue is full, as #1
reported: payments: The queue is still full, as #1
reported: mail: No connection, as #2
GitHub was asked for 2 issues and 1 comment
open issues:
    #2 mail: No connection
    #1 payments: The queue is full
delivered again: push 0b6e, which had timed out
`, out.String())
}

func TestAtGitHub(t *testing.T) {
	srv := githubtest.NewHandler()
	srv.AddIssues("octocat/hello-world", 1)
	var out bytes.Buffer
	token, at := secret.Static(githubtest.Token), client.WithTransport(srv.Transport())
	require.NoError(t, atGitHub(t.Context(), &out, token, "octocat/hello-world", "", at))
	require.Equal(t, "open issues:\n    #1 Issue 1\n", out.String())
	require.Zero(t, srv.Count("issues.create"), "it only reads unless it is told to report")
	require.NoError(t, atGitHub(t.Context(), &out, token, "octocat/hello-world", "demo", at))
	require.Equal(t, 1, srv.Count("issues.create"))
}
