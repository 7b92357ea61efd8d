package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const (
	base = "https://api.example.com"
	key  = "sk_test_canary/+=\"0123456789"
)

type thing struct {
	ID string `json:"id"`
	N  int    `json:"n,omitempty"`
}

// scripted returns a client over a transport that follows the script.
func scripted(t *testing.T, script string, opts ...client.Option) (*client.Client, *clienttest.Transport) {
	t.Helper()
	steps, err := clienttest.Parse(script)
	require.NoError(t, err)
	rt := clienttest.NewTransport(t, steps...)
	return over(t, rt, opts...), rt
}

func over(t *testing.T, rt *clienttest.Transport, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{
		client.WithAuth(client.Bearer(secret.Static(key))),
		client.WithTransport(rt),
		client.WithPacing(nil),
	}, opts...)
	c, err := client.New(base, opts...)
	require.NoError(t, err)
	return c
}

// served returns a client of a scripted server on loopback.
func served(t *testing.T, srv *clienttest.Server, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{client.WithAuth(client.Bearer(secret.Static(key)))}, opts...)
	c, err := client.New(srv.URL, opts...)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	var e *client.Error
	require.ErrorAs(t, err, &e)
	return e
}

func reasons(attempts []client.Attempt) []client.Reason {
	var out []client.Reason
	for _, a := range attempts {
		out = append(out, a.Reason)
	}
	return out
}
