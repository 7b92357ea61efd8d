package recipetest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// Placeholder is what recipes give an SDK as its key: the stack puts the real one in its
// place, and no service ever sees it.
const Placeholder = "set by the stack"

// firstKey and secondKey are long enough for those who look at them.
const (
	firstKey  = "key-one-0123456789abcdefghijklmnop"
	secondKey = "key-two-0123456789abcdefghijklmnop"
)

// Run holds each recipe to sentence P6: one request for each attempt of the stack, with
// the credential of our source, under the caller's context, and errors that keep their
// type.
func Run(t *testing.T, recipes ...Recipe) {
	t.Helper()
	for _, r := range recipes {
		t.Run(r.SDK, func(t *testing.T) {
			r.run(t, "one request for each attempt, 503", func(t *testing.T) { r.counts(t, http.StatusServiceUnavailable) })
			r.run(t, "one request for each attempt, 429", func(t *testing.T) { r.counts(t, http.StatusTooManyRequests) })
			r.run(t, "the credential is the source's", r.credential)
			r.run(t, "the context is obeyed", r.obeys)
			r.run(t, "the error keeps its type", r.keeps)
		})
	}
}

func (r *Recipe) run(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		if r.Waits {
			synctest.Test(t, f)
			return
		}
		f(t)
	})
}

// rotating is a source whose secret the test changes.
type rotating struct {
	mu  sync.Mutex
	now string
}

func (s *rotating) Secrets(context.Context) ([]secret.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []secret.Value{secret.New(s.now)}, nil
}

func (s *rotating) set(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = key
}

// service is what a recipe's SDK calls: a server on loopback, or one in memory where time
// is virtual.
type service interface {
	Count() int
	Last() clienttest.Recorded
}

// bench is a recipe at a service.
type bench struct {
	srv      service
	key      *rotating
	attempts atomic.Int64 // of the stack, as it sees them itself
	call     Call
}

// set makes the SDK's client and its service.
func (r *Recipe) set(t *testing.T, step clienttest.Step) *bench {
	t.Helper()
	for name, value := range r.Fields {
		step = step.Header(name, value)
	}
	b := &bench{key: &rotating{now: firstKey}}
	var transport http.RoundTripper
	if r.Waits {
		inMemory := clienttest.NewTransport(t, step)
		b.srv, transport = inMemory, inMemory
	} else {
		srv := clienttest.NewServer(t, step)
		u, err := url.Parse(srv.URL)
		require.NoError(t, err)
		next := &http.Transport{}
		t.Cleanup(next.CloseIdleConnections)
		b.srv, transport = srv, toService{u.Host, next}
	}
	opts := []client.Option{
		client.WithTransport(transport),
		client.WithAttemptMiddleware(func(rt http.RoundTripper) http.RoundTripper { return counted{rt, &b.attempts} }),
	}
	if r.Retries == 0 {
		wait := retry.Constant(time.Millisecond)
		opts = append(opts, client.WithRetry(retry.Policy{Backoff: wait, Throttled: wait}))
	}
	var err error
	b.call, err = r.New(t.Context(), b.key, opts...)
	require.NoError(t, err)
	return b
}

type counted struct {
	next http.RoundTripper
	n    *atomic.Int64
}

func (c counted) RoundTrip(req *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(req)
}

func (r *Recipe) success() clienttest.Step {
	return clienttest.JSON(http.StatusOK, cmp.Or(r.Reply, "{}"))
}

// counts asks a service that does not recover. The headers spare SDKs that wait by
// themselves a real second.
func (r *Recipe) counts(t *testing.T, status int) {
	b := r.set(t, clienttest.JSON(status, "{}").Header("Retry-After-Ms", "1"))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var ledger client.Ledger
	err := b.call(client.WithLedger(ctx, &ledger))
	require.NoError(t, ctx.Err())
	require.Error(t, err)
	require.Equal(t, int(b.attempts.Load()), b.srv.Count(), "each attempt is a request, and each request an attempt")
	switch {
	case r.Retries == 0:
		require.Equal(t, retry.Default().Attempts(), b.srv.Count(), "the stack's attempts are not multiplied")
	case status == http.StatusServiceUnavailable:
		require.Equal(t, r.Retries, b.srv.Count(), "the SDK's attempts are not multiplied")
	}
	if r.Lost&Context == 0 {
		require.Len(t, ledger.Attempts(), b.srv.Count())
	}
}

func (r *Recipe) credential(t *testing.T) {
	b := r.set(t, r.success())
	expected := r.Key
	if expected == nil {
		expected = func(key string) string { return key }
	}
	require.NoError(t, b.call(t.Context()))
	first := b.srv.Last()
	for _, placeholder := range []string{Placeholder, "set_by_the_stack", "setByTheStack"} {
		require.NotContains(t, all(first), placeholder)
	}
	// X3: a secret that was rotated is in the next call, without a restart.
	b.key.set(secondKey)
	require.NoError(t, b.call(t.Context()))
	second := b.srv.Last()
	if r.Signed {
		require.NotEmpty(t, r.Credential(first))
		require.NotEqual(t, r.Credential(first), r.Credential(second))
		require.NotContains(t, all(first), firstKey)
		return
	}
	require.Equal(t, expected(firstKey), r.Credential(first))
	newest := secondKey
	if r.Lost&Key != 0 {
		newest = firstKey
	}
	require.Equal(t, expected(newest), r.Credential(second))
}

// all is a request as text, unescaped as far as a placeholder could be escaped.
func all(r clienttest.Recorded) string {
	var b strings.Builder
	plain, err := url.QueryUnescape(r.URL)
	if err != nil {
		plain = r.URL
	}
	b.WriteString(plain)
	_ = r.Header.Write(&b)
	b.Write(r.Body)
	return b.String()
}

func (r *Recipe) obeys(t *testing.T) {
	if r.Lost&Context != 0 {
		t.Skip("the SDK takes no context: what bounds a call is client.WithTimeout")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	step := clienttest.Handle(func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	})
	if r.Waits {
		step = clienttest.Hang()
		time.AfterFunc(time.Second, cancel) // of virtual time
	}
	b := r.set(t, step)
	err := b.call(ctx)
	require.Error(t, err)
	require.Equal(t, 1, b.srv.Count(), "what was given up is not repeated")
	if r.Lost&Canceled == 0 {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func (r *Recipe) keeps(t *testing.T) {
	b := r.set(t, clienttest.JSON(http.StatusNotFound, cmp.Or(r.Refusal, `{"message":"not found"}`)))
	err := b.call(t.Context())
	require.Error(t, err)
	require.Equal(t, 1, b.srv.Count())
	_, ours := errors.AsType[*client.Error](err)
	require.False(t, ours, "a response is the SDK's to judge: %v", err)
	if r.Lost&Errors == 0 {
		require.True(t, r.Kept(err), "%T: %v", err, err)
	}
}

// Is reports whether an error is, or wraps, an E: the usual Kept.
func Is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
