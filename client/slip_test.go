package client_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// X2: what comes with a secret by mistake is said when the client is made, wherever the
// secret is sent, and nothing of the secret is shown.
func TestX2_WhatComesWithASecretByMistake(t *testing.T) {
	t.Parallel()
	auths := map[string]func(secret.Source) client.Auth{
		"header Authorization": client.Bearer,
		"header X-Key":         func(s secret.Source) client.Auth { return client.APIKeyHeader("X-Key", s) },
		"query parameter key":  func(s secret.Source) client.Auth { return client.APIKeyQuery("key", s) },
		"Basic":                func(s secret.Source) client.Auth { return client.Basic("user", s) },
	}
	for where, auth := range auths {
		for text, want := range map[string]string{
			"\ufeffs3cr3t": "a byte order mark before the secret", " s3cr3t": "white space around the secret",
			"s3cr3t\u00a0": "white space around the secret",
		} {
			file := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			for _, src := range []secret.Source{secret.Static(text), secret.File(file)} {
				_, err := client.New(base, client.WithAuth(auth(src)))
				require.ErrorIs(t, err, client.ErrConfig)
				require.EqualError(t, err, "client: auth: the secret for "+where+": "+want)
			}
		}
		_, err := client.New(base, client.WithAuth(auth(secret.Static("s3cr3t\nolder"))))
		require.ErrorContains(t, err, "the secret for "+where+" holds CR, LF")
		_, err = client.New(base, client.WithAuth(auth(secret.Static("two words"))))
		require.NoError(t, err)
	}
}
