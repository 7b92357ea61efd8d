package s3

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const bucket = "standpipe"

// retries counts what patient clients have had to do again.
var retries atomic.Int64

// patient retries often and soon.
var patient = []client.Option{
	client.WithRetry(retry.Policy{MaxAttempts: 10, Backoff: retry.Constant(20 * time.Millisecond), Throttled: retry.Constant(20 * time.Millisecond), NoBudget: true,
		Notify: func(context.Context, retry.Attempt) { retries.Add(1) }}),
	client.WithPacing(nil),
}

func config(endpoint string) s3.Config {
	return s3.Config{
		Bucket: bucket, Region: servers.S3Region, Endpoint: endpoint,
		Credentials: s3.AccessKey{ID: secret.Static(servers.S3AccessKeyID), Secret: secret.Static(servers.S3SecretAccessKey)},
	}
}

func newClient(t *testing.T, cfg s3.Config) *s3.Client {
	t.Helper()
	c, err := s3.New(cfg, patient...)
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

// each runs a test against each server, with its bucket made.
func each(t *testing.T, test func(t *testing.T, name string, srv *servers.Server)) {
	for name, start := range map[string]func(testing.TB) *servers.Server{"versitygw": servers.Versitygw, "minio": servers.MinIO} {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			c := newClient(t, config(srv.URL))
			// MinIO listens before it is ready, and asks to wait for a minute then.
			impatient, err := c.HTTP.With(client.WithRetry(retry.Never))
			require.NoError(t, err)
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				resp, err := impatient.Do(context.Background(), client.Request{Method: "PUT", CheckStatus: true})
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			}, 2*time.Minute, 100*time.Millisecond, "the bucket")
			test(t, name, srv)
		})
	}
}
