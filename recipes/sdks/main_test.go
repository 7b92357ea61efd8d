package main

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestEachSDKIsServedTwice(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `openai-go         Hello, after 2 requests
go-github         o/r, after 2 requests
aws-sdk-go-v2 s3  stored, after 2 requests
`, out.String())
}

// The key is the stack's: it can be rotated, and the SDK never has it.
func TestTheStackBringsTheKey(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(http.StatusOK, `{}`))
	c, err := newOpenAI(secret.Static("sk-real"), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = c.Models.Get(t.Context(), "m")
	require.NoError(t, err)
	require.Equal(t, "Bearer sk-real", rt.Last().Header.Get("Authorization"))
	require.Equal(t, "/v1/models/m", rt.Last().URL)

	g, err := newGitHub(secret.Static("ghp_real"), client.WithTransport(rt))
	require.NoError(t, err)
	_, _, err = g.Repositories.Get(t.Context(), "o", "r")
	require.NoError(t, err)
	require.Equal(t, "Bearer ghp_real", rt.Last().Header.Get("Authorization"))
	require.Equal(t, "api.github.com", rt.Last().Host)
}
