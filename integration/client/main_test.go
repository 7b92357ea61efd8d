package client

import (
	"net/http"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// transport returns one that keeps no connection beyond the test.
func transport(t *testing.T) *http.Transport {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// newClient returns a client with a transport of its own and quick retries.
func newClient(t *testing.T, base string, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{
		client.WithTransport(transport(t)),
		client.WithRetry(retry.Policy{MaxAttempts: 3, Backoff: retry.Constant(10 * time.Millisecond)}),
	}, opts...)
	c, err := client.New(base, opts...)
	require.NoError(t, err)
	return c
}
