package client_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// C31: an error that is not retried is handed on with its headers, and its body comes
// at the service's own pace.
func TestC31_AnErrorBodyComesAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 400, Header: http.Header{"Content-Type": {"text/plain"}}, Request: r,
				ContentLength: -1, Body: &drip{20 * time.Second, 10, "line\n", r.Context()}}, nil
		})
		start := time.Now()
		resp, err := plain(t, slow).HTTPClient().Get(base + "/log")
		require.NoError(t, err)
		require.Zero(t, time.Since(start), "not withheld")
		head := make([]byte, 5)
		_, err = io.ReadFull(resp.Body, head)
		require.NoError(t, err)
		require.Equal(t, "line\n", string(head))
		require.NoError(t, resp.Body.Close())

		resp, err = plain(t, slow, client.WithTimeout(5*time.Minute)).Do(t.Context(), client.Request{Path: "/log"})
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Len(t, body, 50, "not cut")
		require.NoError(t, resp.Body.Close())
	})
}
