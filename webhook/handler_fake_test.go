package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

// fake is a provider of the test's own: X-Fake-Key says whether a delivery is
// genuine, the body is one event or an array of them.
type fake struct {
	unsignedID bool
	cap        int64
	ack        time.Duration
	methods    []string
	verify     func(ctx context.Context, r *webhook.Request) error // before anything else, if set
}

const fakeKey = "fake-key-canary-5c1d"

func (f fake) scheme(more ...webhook.Option) *webhook.Scheme {
	opts := append(more, webhook.WithSplit(f.Split))
	if f.cap > 0 {
		opts = append(opts, webhook.WithMaxBody(f.cap))
	}
	if f.ack > 0 {
		opts = append(opts, webhook.WithAckDeadline(f.ack))
	}
	if f.methods != nil {
		opts = append(opts, webhook.WithMethods(f.methods...))
	}
	return must(webhook.NewScheme("fake", f.Verify, opts...))
}

func (f fake) Verify(ctx context.Context, r *webhook.Request) (webhook.Receipt, error) {
	if f.verify != nil {
		if err := f.verify(ctx, r); err != nil {
			return webhook.Receipt{}, err
		}
	}
	if r.Header.Get("X-Fake-Key") != fakeKey {
		return webhook.Receipt{}, &webhook.Error{Provider: "fake", Reason: webhook.ErrMismatch, Detail: "the key differs", Hint: "look at the key"}
	}
	rec := webhook.Receipt{Provider: "fake", Scheme: "v1", KeyID: "key 1"}
	if id := r.Header.Get("X-Fake-Id"); id != "" {
		rec.EventID, rec.EventIDSigned = id, !f.unsignedID
		rec.Untrusted = []string{"X-Fake-Id"}
	}
	return rec, nil
}

type fakeEvent struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Object string `json:"object"`
	Amount int    `json:"amount"`
}

func (f fake) Split(r *webhook.Request, rec webhook.Receipt) ([]webhook.Raw, error) {
	parts := []json.RawMessage{r.Body}
	if bytes.HasPrefix(r.Body, []byte("[")) {
		parts = nil // RawMessage unmarshals into the room it has, which is the body
		if err := json.Unmarshal(r.Body, &parts); err != nil {
			return nil, &webhook.Error{Provider: "fake", Reason: webhook.ErrPayload, Err: err}
		}
	}
	raws := make([]webhook.Raw, len(parts))
	for i, part := range parts {
		var e fakeEvent
		if err := json.Unmarshal(part, &e); err != nil {
			return nil, &webhook.Error{Provider: "fake", Reason: webhook.ErrPayload, Err: err}
		}
		raws[i] = webhook.Raw{ID: e.ID, IDSigned: e.ID != "" && !f.unsignedID, Type: e.Type, TypeSigned: true, Object: e.Object, Payload: part}
	}
	return raws, nil
}

// delivery makes a genuine request.
func delivery(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://example.com/hooks/fake", strings.NewReader(body))
	r.Header.Set("X-Fake-Key", fakeKey)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func withID(r *http.Request, id string) *http.Request {
	r.Header.Set("X-Fake-Id", id)
	return r
}

// discard is for tests that are not about the log.
func discard() webhook.HandlerOption {
	return webhook.WithLogger(slog.New(slog.DiscardHandler))
}

// verifier is a scheme, or what a test makes one of.
type verifier interface {
	Verify(ctx context.Context, r *webhook.Request) (webhook.Receipt, error)
}

func schemeOf(v verifier) *webhook.Scheme {
	switch v := v.(type) {
	case nil:
		return nil
	case *webhook.Scheme:
		return v
	case interface {
		scheme(...webhook.Option) *webhook.Scheme
	}:
		return v.scheme()
	}
	return must(webhook.NewScheme("webhook", v.Verify))
}

func newHandler(t *testing.T, v verifier, opts ...webhook.HandlerOption) *webhook.Handler {
	t.Helper()
	h, err := webhook.NewHandler(schemeOf(v), append([]webhook.HandlerOption{discard()}, opts...)...)
	require.NoError(t, err)
	return h
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func status(h http.Handler, r *http.Request) int { return serve(h, r).StatusCode }

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

// journal notes what ran; results, if set, decides what a run returns.
type journal struct {
	mu     sync.Mutex
	ran    []string
	events []webhook.Event[fakeEvent]
	result func(e webhook.Event[fakeEvent], nth int) error
}

func (j *journal) run(_ context.Context, e webhook.Event[fakeEvent]) error {
	j.mu.Lock()
	j.ran = append(j.ran, e.Type+"/"+e.ID)
	j.events = append(j.events, e)
	n := len(j.ran)
	j.mu.Unlock()
	if j.result == nil {
		return nil
	}
	return j.result(e, n)
}

func (j *journal) list() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.ran...)
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) option() webhook.HandlerOption {
	return webhook.WithLogger(slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

var errTest = errors.New("it did not work")

func event(id, typ string) string {
	return fmt.Sprintf(`{"id":%q,"type":%q,"amount":7}`, id, typ)
}

type jsonRaw = json.RawMessage

// memoryServer is a real server on connections in memory, so that it works in
// virtual time.
type memoryServer struct {
	conns  chan net.Conn
	closed chan struct{}
	client *http.Client
	dials  atomic.Int64
}

// serveMemory starts a server in the test's synctest bubble and stops it at the
// test's end.
func serveMemory(t *testing.T, h http.Handler, readTimeout time.Duration) *memoryServer {
	t.Helper()
	m := &memoryServer{conns: make(chan net.Conn), closed: make(chan struct{})}
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return m.dial(), nil }}
	m.client = &http.Client{Transport: tr}
	srv := &http.Server{Handler: h, ReadTimeout: readTimeout}
	go func() { _ = srv.Serve(m) }()
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		require.NoError(t, srv.Close())
	})
	return m
}

func (m *memoryServer) dial() net.Conn {
	ours, theirs := net.Pipe()
	m.dials.Add(1)
	m.conns <- theirs
	return ours
}

func (m *memoryServer) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memoryServer) Close() error   { close(m.closed); return nil }
func (m *memoryServer) Addr() net.Addr { return &net.TCPAddr{} }
