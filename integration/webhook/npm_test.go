package webhook_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// npm is a running official.mjs: one request at a time.
type npm struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

// question is what official.mjs is asked; each operation reads some of it.
type question struct {
	Operation   string            `json:"operation"`
	Body        []byte            `json:"body"` // encoding/json writes base64
	Header      string            `json:"header,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Secret      string            `json:"secret,omitempty"`
	ID          string            `json:"id,omitempty"`
	Timestamp   int64             `json:"timestamp,omitempty"`
	PublicKey   string            `json:"publicKey,omitempty"`
	PrivateKey  string            `json:"privateKey,omitempty"`
	Signature   string            `json:"signature,omitempty"`
	Payload     string            `json:"payload,omitempty"`
	Kind        string            `json:"kind,omitempty"`
	Challenge   string            `json:"challenge,omitempty"`
	Certificate string            `json:"certificate,omitempty"`
}

// startNPM starts the libraries for the length of the test.
func startNPM(t *testing.T) *npm {
	t.Helper()
	node := servers.NodePath(t)
	for _, name := range []string{"stripe", "@octokit/webhooks-methods", "svix", "braintree", "sns-validator"} {
		if _, err := os.Stat(filepath.Join(servers.Dir(t), "node_modules", name, "package.json")); err != nil {
			servers.Missing(t, "npm package %s", name)
		}
	}
	// Not t.Context(), which ends before the cleanup that lets the script finish.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, node, "official.mjs")
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close() // ends the script; its exit status is what counts
		err := cmd.Wait()
		if !t.Failed() {
			require.NoError(t, err)
		}
	})
	return &npm{t: t, in: in, out: bufio.NewReader(out)}
}

// ask returns the operation's value, or its error.
func (n *npm) ask(q question) (json.RawMessage, error) {
	n.t.Helper()
	line, err := json.Marshal(q)
	require.NoError(n.t, err)
	_, err = n.in.Write(append(line, '\n'))
	require.NoError(n.t, err)
	reply, err := n.out.ReadBytes('\n')
	require.NoError(n.t, err)
	var answer struct {
		OK    bool            `json:"ok"`
		Value json.RawMessage `json:"value"`
		Error string          `json:"error"`
	}
	require.NoError(n.t, json.Unmarshal(reply, &answer))
	if !answer.OK {
		return nil, errors.New(answer.Error)
	}
	return answer.Value, nil
}

// askString is ask for operations whose value is a string.
func (n *npm) askString(q question) string {
	n.t.Helper()
	value, err := n.ask(q)
	require.NoError(n.t, err)
	var s string
	require.NoError(n.t, json.Unmarshal(value, &s))
	return s
}
