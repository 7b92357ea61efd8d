package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// C12: a request that middleware has left behind, and that comes back while the next
// attempt waits, does not end the bound of that one.
func TestC12_ALateRequestDoesNotFreeTheNextAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent, asked atomic.Int32
		rt := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if sent.Add(1) == 1 {
				time.Sleep(5 * time.Second) // it heeds nothing
				return nil, errors.New("lost")
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		hasty := func(next http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if asked.Add(1) > 1 {
					return next.RoundTrip(r)
				}
				go next.RoundTrip(r)
				synctest.Wait()
				return &http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
			})
		}
		c, err := client.New(base, client.WithTransport(rt), client.WithAttemptMiddleware(hasty),
			client.WithAttemptTimeout(10*time.Second), client.WithTimeout(10*time.Minute),
			client.WithRetry(retry.Policy{MaxAttempts: 2, Backoff: retry.Constant(time.Second)}))
		require.NoError(t, err)
		began := time.Now()
		_, err = client.Get[client.None](t.Context(), c, "/")
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Less(t, time.Since(began), time.Minute)
		attempts := asError(t, err).Attempts
		require.Len(t, attempts, 2)
		require.Equal(t, 10*time.Second, attempts[1].Duration)
	})
}
