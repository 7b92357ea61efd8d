package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

// deliver posts to a server in memory.
func deliver(t *testing.T, srv *memoryServer, body string) (*http.Response, error) {
	t.Helper()
	r := delivery(body)
	r.RequestURI, r.URL.Scheme = "", "http"
	return srv.client.Do(r)
}

// Under a real server the response is out and whole at the deadline, and leaves the
// connection to the next delivery.
// W25
func TestW25_ServerAnswersInTimeWhileTheHandlerGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{result: func(webhook.Event[fakeEvent], int) error {
			time.Sleep(time.Minute)
			return nil
		}}
		var log buffer
		h := newHandler(t, fake{ack: 10 * time.Second}, log.option(), webhook.On("paid", j.run),
			webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
		srv := serveMemory(t, h, 0)
		begin := time.Now()
		res, err := deliver(t, srv, event("e1", "paid"))
		require.NoError(t, err)
		require.Equal(t, 503, res.StatusCode)
		require.NotEmpty(t, res.Header.Get("Retry-After"))
		require.Equal(t, "try again later\n", read(t, res))
		require.NoError(t, res.Body.Close())
		require.Equal(t, 9*time.Second, time.Since(begin), "body included")
		require.False(t, res.Close, "the connection is free")
		synctest.Wait() // the line is written after the response
		require.Contains(t, log.String(), "ignores its context")

		require.NoError(t, h.Drain(t.Context()))
		require.Equal(t, time.Minute, time.Since(begin))
		res, err = deliver(t, srv, event("e1", "paid"))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 200, res.StatusCode, "it succeeded late, which the guard knows")
		require.Len(t, j.list(), 1)
	})
}

// W25
func TestW25_ServerAnswersAHandlerThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
			runtime.Goexit()
			return nil
		}))
		res, err := deliver(t, serveMemory(t, h, 0), event("e1", "paid"))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 500, res.StatusCode)
		require.NoError(t, h.Drain(t.Context()))
	})
}

func TestServerAnswersAPanicInTheVerifier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{verify: func(context.Context, *webhook.Request) error { panic("in the verifier") }})
		srv := serveMemory(t, h, 0)
		for range 2 {
			res, err := deliver(t, srv, event("e1", "paid"))
			require.NoError(t, err)
			require.Equal(t, "try again later\n", read(t, res))
			require.NoError(t, res.Body.Close())
			require.Equal(t, 503, res.StatusCode)
		}
		require.EqualValues(t, 1, srv.dials.Load(), "the connection survives")
	})
}

// plainWriter hides everything but the three methods, as some middleware does.
type plainWriter struct{ w http.ResponseWriter }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p plainWriter) WriteHeader(status int)      { p.w.WriteHeader(status) }

// wrapper hides nothing for good.
type wrapper struct{ plainWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.w }

// W25
func TestW25_ServerAnswersInTimeBehindMiddleware(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"that cannot flush": func(w http.ResponseWriter) http.ResponseWriter { return plainWriter{w} },
		"that can":          func(w http.ResponseWriter) http.ResponseWriter { return wrapper{plainWriter{w}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHandler(t, fake{ack: 10 * time.Second}, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
					time.Sleep(time.Minute)
					return nil
				}))
				srv := serveMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) }), 0)
				begin := time.Now()
				res, err := deliver(t, srv, event("e1", "paid"))
				require.NoError(t, err)
				require.Equal(t, 503, res.StatusCode)
				require.Equal(t, "try again later\n", read(t, res))
				require.NoError(t, res.Body.Close())
				require.Equal(t, 9*time.Second, time.Since(begin))
				require.NoError(t, h.Drain(t.Context()))
			})
		})
	}
}

// W25
func TestW25_ServerAnswersInTimeOverHTTP2(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := newHandler(t, fake{}, webhook.WithDeadline(30*time.Millisecond), webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
		<-release
		return nil
	}))
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	defer close(release)
	req, err := http.NewRequest(http.MethodPost, srv.URL, strings.NewReader(event("e1", "paid")))
	require.NoError(t, err)
	req.Header.Set("X-Fake-Key", fakeKey)
	res, err := srv.Client().Do(req)
	require.NoError(t, err)
	require.Equal(t, 2, res.ProtoMajor)
	require.Equal(t, 503, res.StatusCode)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "try again later\n", string(body))
	require.NoError(t, res.Body.Close())
}

// slowBody arrives whole, but late, and cannot be interrupted.
type slowBody struct {
	r     io.Reader
	delay time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(b.delay)
	b.delay = 0
	return b.r.Read(p)
}

func (b *slowBody) Close() error { return nil }

func TestBodyThatArrivesTooLateIsNotWorkedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		h := newHandler(t, fake{ack: 10 * time.Second}, webhook.On("paid", j.run))
		r := delivery("")
		body := event("e1", "paid")
		r.Body, r.ContentLength = &slowBody{r: strings.NewReader(body), delay: 10 * time.Second}, int64(len(body))
		require.Equal(t, 503, status(h, r))
		require.Empty(t, j.list())

		r = delivery("")
		r.Body, r.ContentLength = &slowBody{r: strings.NewReader(body), delay: 8 * time.Second}, int64(len(body))
		require.Equal(t, 200, status(h, r))
		require.Len(t, j.list(), 1)
	})
}

// The log tells a sender who drips from a function that takes too long.
func TestDeadlineInTheBodyIsNotLoggedAsTheHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log buffer
		h := newHandler(t, fake{}, webhook.WithDeadline(9*time.Second), log.option())
		conn := serveMemory(t, h, 0).dial()
		defer conn.Close()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 12))
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.NotContains(t, log.String(), "still running")
		require.Equal(t, 1, strings.Count(log.String(), "webhook refused"))
	})
}
