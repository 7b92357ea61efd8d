package httpcache_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// origin is a service in memory. Its handler sees each request that reaches it.
type origin struct {
	mu      sync.Mutex
	seen    []*http.Request
	handler func(n int, req *http.Request) *http.Response
}

func (o *origin) RoundTrip(req *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.seen = append(o.seen, req)
	n := len(o.seen)
	o.mu.Unlock()
	resp := o.handler(n, req)
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.Request = req
	return resp, nil
}

func (o *origin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.seen)
}

func (o *origin) last() *http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[len(o.seen)-1]
}

// reply makes a response with fields of the form "Name: value". It has a Date, as what
// a service sends has.
func reply(status int, body string, fields ...string) *http.Response {
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "Content-Type": {"application/json"}}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if name = http.CanonicalHeaderKey(name); name == "Date" {
			h.Del(name)
		}
		h.Add(name, value)
	}
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Proto: "HTTP/1.1",
		Header: h, ContentLength: int64(len(body)), Body: http.NoBody,
	}
	if body != "" {
		resp.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	}
	return resp
}

// always is an origin that responds to everything in one way.
func always(status int, body string, fields ...string) *origin {
	return &origin{handler: func(int, *http.Request) *http.Response { return reply(status, body, fields...) }}
}

// numbered responds with its requests' number, so that a response tells when it was
// made.
func numbered(fields ...string) *origin {
	return &origin{handler: func(n int, _ *http.Request) *http.Response { return reply(200, strconv.Itoa(n), fields...) }}
}

func newClient(t *testing.T, o *origin, cache *httpcache.Cache, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("https://api.example.com", append([]client.Option{
		client.WithTransport(o), client.WithCallMiddleware(cache.Middleware),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}),
		client.WithAuth(client.Bearer(secret.Static("tok_a"))),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

// get returns a body and what the cache says that it did.
func get(t *testing.T, c *client.Client, path string, fields ...string) (body, status string) {
	t.Helper()
	h := http.Header{}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		h.Add(name, value)
	}
	var meta client.Meta
	b, err := client.Call[[]byte](context.Background(), c, client.Request{Path: path, Header: h, Meta: &meta})
	require.NoError(t, err)
	said := meta.Header["Cache-Status"]
	if len(said) == 0 {
		return string(b), ""
	}
	return string(b), strings.TrimPrefix(said[len(said)-1], "standpipe; ")
}
