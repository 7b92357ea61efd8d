package judge

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An overlay of net/http asks the hook of package under for the transport of
// every http.Client. Without the hook it does what it did.
const (
	transportMethod = `func (c *Client) transport() RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return DefaultTransport
}
`
	transportReplaced = `func (c *Client) transport() RoundTripper {
	rt := c.Transport
	if rt == nil {
		rt = DefaultTransport
	}
	if transportUnder != nil {
		return transportUnder(c, rt)
	}
	return rt
}
`
	transportHook = `package http

import _ "unsafe" // for go:linkname

//go:linkname transportUnder
var transportUnder func(*Client, RoundTripper) RoundTripper
`
)

// overlay writes the overlay into dir and returns the file for go test -overlay.
func overlay(t *testing.T, dir string) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output() // a test built with -trimpath does not know
	require.NoError(t, err)
	std := filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http")
	source, err := os.ReadFile(filepath.Join(std, "client.go"))
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(source, []byte(transportMethod)), "net/http's Client.transport is not what it was")
	client := filepath.Join(dir, "client.go.txt")
	write(t, client, bytes.Replace(source, []byte(transportMethod), []byte(transportReplaced), 1))
	hook := filepath.Join(dir, "hook.go.txt")
	write(t, hook, []byte(transportHook))

	list, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(std, "client.go"): client,
		filepath.Join(std, "hook.go"):   hook,
	}})
	require.NoError(t, err)
	path := filepath.Join(dir, "overlay.json")
	write(t, path, list)
	return path
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
