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

// newClient returns a client over a transport of its own, which keeps no
// connection beyond the test, with quick retries.
func newClient(t *testing.T, base string, opts ...client.Option) *client.Client {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	opts = append([]client.Option{
		client.WithTransport(tr),
		client.WithRetry(retry.Policy{MaxAttempts: 3, Backoff: retry.Constant(10 * time.Millisecond)}),
	}, opts...)
	c, err := client.New(base, opts...)
	require.NoError(t, err)
	return c
}
