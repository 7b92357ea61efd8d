package client_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// Which answers are failures of the service.
func TestWhatOpensABreaker(t *testing.T) {
	for status, opens := range map[int]bool{200: false, 404: false, 429: false, 499: false, 500: true, 501: false, 502: true, 599: true} {
		c := over(t, clienttest.NewTransport(t, clienttest.Status(status)), client.WithBreaker(client.Breaker{Failures: 1}), client.WithRetry(retry.Never))
		_, _ = client.Get[client.None](t.Context(), c, "/x")
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.Equal(t, opens, errors.Is(err, client.ErrCircuitOpen), status)
	}
}

// A success that comes late is no news of a service that has failed since.
func TestBreakerIsNotClosedByALateSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/slow":
				time.Sleep(5 * time.Second)
			case "/late":
				time.Sleep(15 * time.Second)
				w.WriteHeader(503)
			case "/soon":
				time.Sleep(5 * time.Second)
				w.WriteHeader(503)
			case "/probe":
				time.Sleep(10 * time.Second)
			case "/broken":
				w.WriteHeader(503)
			}
		}))
		c := over(t, rt, client.WithBreaker(client.Breaker{Failures: 2, Cooldown: 10 * time.Second}), client.WithRetry(retry.Never))
		get := func(path string) error {
			_, err := client.Get[client.None](t.Context(), c, path)
			return err
		}
		var wg sync.WaitGroup
		for _, path := range []string{"/slow", "/soon", "/late"} {
			wg.Go(func() { _ = get(path) })
		}
		synctest.Wait()
		require.ErrorIs(t, get("/broken"), client.ErrUnavailable)
		require.ErrorIs(t, get("/broken"), client.ErrUnavailable)
		require.ErrorIs(t, get("/ok"), client.ErrCircuitOpen)
		time.Sleep(6 * time.Second)
		require.ErrorIs(t, get("/ok"), client.ErrCircuitOpen, "a success of before it opened does not close it")
		time.Sleep(4*time.Second - 1)
		require.ErrorIs(t, get("/ok"), client.ErrCircuitOpen)
		time.Sleep(time.Nanosecond) // a failure of before it opened does not keep it open either
		wg.Go(func() {
			if err := get("/probe"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		time.Sleep(6 * time.Second) // the late failure has come by now
		require.ErrorIs(t, get("/ok"), client.ErrCircuitOpen, "one probe at a time")
		wg.Wait()
		require.NoError(t, get("/ok"), "the probe closes it, whatever failed before")
		require.ErrorIs(t, get("/broken"), client.ErrUnavailable)
		require.NoError(t, get("/ok"), "the row begins anew")
	})
}
