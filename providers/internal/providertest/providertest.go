// Package providertest is the conformance suite that every provider's adapter
// runs: what package client promises must hold through the adapter, and through
// the official SDK inside it.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// Adapter is what the suite needs to know of a provider.
type Adapter struct {
	Profile client.Profile

	// New makes the adapter over a client's options, as the package's own New
	// does, and returns the client below it, a write and a read.
	New func(key secret.Source, opts ...client.Option) (*Calls, error)

	// Credential finds the key in a request as the service saw it. Nil finds a Bearer
	// token.
	Credential func(clienttest.Recorded) string

	// Key finds the idempotency key of a write where that is not in the profile's header:
	// in its body. Nil is in the header, or nowhere.
	Key func(clienttest.Recorded) string

	// Success answers the write and the read.
	Success clienttest.Step

	// Failure is an error of the provider, in its own form, and what of it an
	// error of the client below shows.
	Failure clienttest.Step
	Code    string
	Message string

	// Throttle is how the provider says "too many requests".
	Throttle clienttest.Step

	// SDKErrors says that where the service has responded, the write and the read
	// return an error of the official SDK, which keeps its type (P6). Otherwise theirs
	// are a *client.Error throughout.
	SDKErrors bool
}

// Calls is an adapter's client, ready to use.
type Calls struct {
	HTTP  *client.Client
	Write func(context.Context) error
	Read  func(context.Context) error
}

const key = "key_canary_0123456789"

// Run runs the suite.
func Run(t *testing.T, a Adapter) {
	t.Run("profile", a.profile)
	t.Run("construction", a.construction)
	t.Run("credential", a.credential)
	t.Run("redirect", a.redirect)
	t.Run("rotation", a.rotation)
	t.Run("attempts", a.attempts)
	t.Run("throttle", a.throttle)
	t.Run("errors", a.errors)
	t.Run("sentinels", a.sentinels)
	t.Run("cancel", a.cancel)
}

// sent is the key in a request as the service saw it.
func (a *Adapter) sent(r clienttest.Recorded) string {
	if a.Credential != nil {
		return a.Credential(r)
	}
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// start makes the adapter over a scripted server.
func (a *Adapter) start(t *testing.T, src secret.Source, opts []client.Option, steps ...clienttest.Step) (*Calls, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	opts = append([]client.Option{
		client.WithBaseURL(srv.URL),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)}),
		client.WithPacing(nil),
	}, opts...)
	calls, err := a.New(src, opts...)
	require.NoError(t, err)
	t.Cleanup(calls.HTTP.CloseIdleConnections)
	return calls, srv
}

func (a *Adapter) profile(t *testing.T) {
	p := a.Profile
	require.NotEmpty(t, p.Name)
	for _, raw := range append([]string{p.BaseURL}, p.Origins...) {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme)
		require.NotEmpty(t, u.Host)
	}
	for name := range p.Header {
		require.Equal(t, http.CanonicalHeaderKey(name), name)
	}
}

func (a *Adapter) construction(t *testing.T) {
	for name, src := range map[string]secret.Source{
		"nil": nil, "blank": secret.Static(" "), "unset": secret.Env("STANDPIPE_NO_SUCH_VARIABLE"),
	} {
		_, err := a.New(src)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	_, err := a.New(secret.Static(key), client.WithBaseURL("not a url"))
	require.ErrorIs(t, err, client.ErrConfig)
	calls, err := a.New(secret.Static(key))
	require.NoError(t, err)
	require.Equal(t, a.Profile.BaseURL, calls.HTTP.BaseURL())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", calls.HTTP, calls.HTTP, calls.HTTP), key)
}

func (a *Adapter) credential(t *testing.T) {
	calls, srv := a.start(t, secret.Static(key), nil, a.Success)
	require.NoError(t, calls.Write(t.Context()))
	require.Equal(t, key, a.sent(srv.Last()), "the stack's credential replaces the SDK's")
	require.NoError(t, calls.Read(t.Context()))
	require.Equal(t, key, a.sent(srv.Last()))
	for name, values := range a.Profile.Header {
		require.Equal(t, values, srv.Last().Header[name])
	}
}

func (a *Adapter) redirect(t *testing.T) {
	other := clienttest.NewServer(t, a.Success)
	calls, _ := a.start(t, secret.Static(key), nil, clienttest.Redirect(302, other.URL+"/elsewhere"))
	_ = calls.Read(t.Context())
	require.Equal(t, 1, other.Count())
	require.NotContains(t, fmt.Sprint(other.Last()), key)
	require.Empty(t, other.Last().Header.Get("Authorization"), "not even the SDK's placeholder")
}

func (a *Adapter) rotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("key_one_1\n"), 0o600))
	accept := "key_one_1"
	// Kept for an hour, since a file alone is read again each second.
	calls, srv := a.start(t, secret.Cache(secret.File(path), time.Hour), nil, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		if a.sent(clienttest.Recorded{Header: r.Header, URL: r.URL.RequestURI()}) != accept {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.Success.Serve(w)
	}))
	require.NoError(t, calls.Read(t.Context()))
	require.NoError(t, os.WriteFile(path, []byte("key_two_2\n"), 0o600))
	accept = "key_two_2"
	require.NoError(t, calls.Read(t.Context()), "a 401 reads the source once more")
	require.Equal(t, 3, srv.Count())
}

// C20: an SDK that retries by itself does not multiply attempts.
func (a *Adapter) attempts(t *testing.T) {
	for _, step := range []clienttest.Step{
		clienttest.Status(503), clienttest.Status(503).Header("Retry-After", "0"), clienttest.Reset(),
		clienttest.Text(500, "no"), clienttest.Status(429).Header("Retry-After", "0"),
	} {
		calls, srv := a.start(t, secret.Static(key), nil, step)
		require.Error(t, calls.Read(t.Context()))
		require.Equal(t, 3, srv.Count(), "a read makes three attempts")

		calls, srv = a.start(t, secret.Static(key), []client.Option{client.WithRetry(retry.Never)}, step)
		require.Error(t, calls.Read(t.Context()))
		require.Error(t, calls.Write(t.Context()))
		require.Equal(t, 2, srv.Count(), "and none is added by the SDK")
	}
	calls, srv := a.start(t, secret.Static(key), nil, clienttest.Status(503), clienttest.Status(503), a.Success)
	err := calls.Write(t.Context())
	key := a.Key
	switch {
	case key != nil:
	case a.Profile.IdempotencyHeader == "":
		require.Error(t, err)
		require.Equal(t, 1, srv.Count(), "a write without a key is not repeated")
		return
	default:
		key = func(r clienttest.Recorded) string {
			require.Len(t, r.Header[a.Profile.IdempotencyHeader], 1)
			return r.Header.Get(a.Profile.IdempotencyHeader)
		}
	}
	require.NoError(t, err)
	keys := map[string]bool{}
	for _, r := range srv.Requests() {
		require.NotEmpty(t, key(r))
		keys[key(r)] = true
	}
	require.Len(t, keys, 1, "one key on all three attempts")
	require.Equal(t, 3, srv.Count())
	require.NoError(t, calls.Write(t.Context()))
	require.NotContains(t, keys, key(srv.Last()), "and another for another call")
}

func (a *Adapter) throttle(t *testing.T) {
	calls, srv := a.start(t, secret.Static(key), nil, a.Throttle, a.Success)
	require.NoError(t, calls.Write(t.Context()), "what was refused is sent again, a write too")
	require.Equal(t, 2, srv.Count())

	calls, _ = a.start(t, secret.Static(key), []client.Option{client.WithRetry(retry.Never)}, a.Throttle)
	_, err := client.Get[client.None](t.Context(), calls.HTTP, "/x")
	require.ErrorIs(t, err, client.ErrRateLimited)
}

func (a *Adapter) errors(t *testing.T) {
	calls, _ := a.start(t, secret.Static(key), nil, a.Failure)
	_, err := client.Get[client.None](t.Context(), calls.HTTP, "/x")
	var e *client.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, a.Profile.Name, e.Provider)
	require.Equal(t, a.Code, e.Code)
	require.Equal(t, a.Message, e.Message)
	require.True(t, strings.HasPrefix(err.Error(), a.Profile.Name+": GET /x: "), err.Error())
	require.Error(t, calls.Write(t.Context()))
	require.NotContains(t, fmt.Sprint(calls.Write(t.Context())), key)
}

// P5: the same failure is the same sentinel at every service, and no other. Where the
// adapter returns errors of its own, they match it too, and say what may have happened.
func (a *Adapter) sentinels(t *testing.T) {
	sentinels := map[int]error{
		400: client.ErrBadRequest, 401: client.ErrUnauthorized, 403: client.ErrForbidden, 404: client.ErrNotFound,
		409: client.ErrConflict, 422: client.ErrBadRequest, 429: client.ErrRateLimited, 500: client.ErrUnavailable, 503: client.ErrUnavailable,
	}
	for status, want := range sentinels {
		step := clienttest.Status(status).Header(a.requestID(), "req_1")
		if status == 429 || status >= 500 { // of what is tried again
			step = step.Header("Retry-After", "0")
		}
		calls, _ := a.start(t, secret.Static(key), nil, step)
		made := map[string]func() error{
			"raw": func() error { _, err := client.Get[client.None](t.Context(), calls.HTTP, "/x"); return err },
		}
		if !a.SDKErrors {
			made["write"] = func() error { return calls.Write(t.Context()) }
			made["read"] = func() error { return calls.Read(t.Context()) }
		}
		for name, call := range made {
			err := call()
			for _, sentinel := range sentinels {
				require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %d: %v", name, status, err)
			}
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, "%s, %d: %T", name, status, err)
			require.Equal(t, status, e.Status, name)
			require.Equal(t, "req_1", e.RequestID, name)
			require.NotEmpty(t, e.Attempts, name)
			effect := client.NoEffect
			switch {
			case name == "write" && status >= 500:
				effect = client.MaybeApplied
			case name == "write":
				effect = client.Rejected
			}
			require.Equal(t, effect, e.Effect, "%s, %d", name, status)
		}
	}
	if a.SDKErrors {
		return
	}
	calls, _ := a.start(t, secret.Static(key), nil, a.Failure)
	for _, err := range []error{calls.Write(t.Context()), calls.Read(t.Context())} {
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, "%T", err)
		require.Equal(t, []string{a.Profile.Name, a.Code, a.Message}, []string{e.Provider, e.Code, e.Message})
	}
}

// requestID is a header in which the service names its requests.
func (a *Adapter) requestID() string {
	return slices.Concat(a.Profile.RequestIDHeaders, []string{"Request-Id"})[0]
}

func (a *Adapter) cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls, srv := a.start(t, secret.Static(key), nil, clienttest.Handle(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	require.ErrorIs(t, calls.Read(ctx), context.Canceled)
	require.Equal(t, 1, srv.Count())
}
