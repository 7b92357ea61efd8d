package providertest

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// Key is the credential of every call of the suite, for what a service says that repeats
// it.
const Key = key

// Said is how a service says that something is wrong, in its own form, and what of that
// an error has.
type Said struct {
	Step clienttest.Step
	Code string // "" where the service has none
}

// Bad is what a service says to bad input, each as it is documented.
type Bad struct {
	WrongKey      Said // client.ErrUnauthorized
	ExpiredKey    Said // the same
	UnknownObject Said // client.ErrNotFound
	Invalid       Said // client.ErrBadRequest
	RateLimit     Said // client.ErrRateLimited
	Outage        Said // client.ErrUnavailable

	// InSuccess are errors inside a 200, with the sentinel of each. A service that has
	// none leaves it nil.
	InSuccess map[error]Said
}

// sentinels are those that a service's error can match; an error matches one of them.
var sentinels = []error{
	client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
	client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
}

// BadInput holds the adapter to the one table of bad input: the same failure is the same
// sentinel at every service (P5), with the service's own code and request ID and without
// the credential, from the adapter's write, its read and the client below.
func BadInput(t *testing.T, a Adapter, bad Bad) {
	for name, row := range map[string]struct {
		said Said
		want error
	}{
		"wrong key":      {bad.WrongKey, client.ErrUnauthorized},
		"expired key":    {bad.ExpiredKey, client.ErrUnauthorized},
		"unknown object": {bad.UnknownObject, client.ErrNotFound},
		"invalid":        {bad.Invalid, client.ErrBadRequest},
		"rate limit":     {bad.RateLimit, client.ErrRateLimited},
		"outage":         {bad.Outage, client.ErrUnavailable},
		"HTML page":      {Said{Step: clienttest.Text(502, "<html><h1>Bad Gateway</h1>"+key).Header("Content-Type", "text/html")}, client.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) { a.says(t, row.said, row.want) })
	}
	for want, said := range bad.InSuccess {
		t.Run("inside a 200: "+want.Error(), func(t *testing.T) { a.says(t, said, want) })
	}
	t.Run("HTML page with 200", func(t *testing.T) {
		page := clienttest.Text(200, "<html>"+key).Header("Content-Type", "text/html")
		for name, err := range a.each(t, page) {
			if name != "write" || err != nil { // a write may have no body to read
				require.ErrorIs(t, err, client.ErrDecode, name)
			}
		}
	})
	t.Run("cut body", a.cutBody)
}

// each makes the calls against a service that says one thing, and no second attempt.
func (a *Adapter) each(t *testing.T, steps ...clienttest.Step) map[string]error {
	t.Helper()
	calls, _ := a.start(t, secret.Static(key), []client.Option{client.WithRetry(retry.Never)}, steps...)
	_, raw := client.Get[map[string]any](t.Context(), calls.HTTP, "/x")
	made := map[string]error{"raw": raw}
	if !a.SDKErrors {
		made["write"], made["read"] = calls.Write(t.Context()), calls.Read(t.Context())
	}
	return made
}

func (a *Adapter) says(t *testing.T, said Said, want error) {
	for name, err := range a.each(t, said.Step.Header(a.requestID(), "req_bad_1")) {
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %v: %v", name, sentinel, err)
		}
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, "%s: %T", name, err)
		require.Equal(t, a.Profile.Name, e.Provider, name)
		require.Equal(t, said.Code, e.Code, name)
		require.Equal(t, "req_bad_1", e.RequestID, name)
		require.Contains(t, err.Error(), "req_bad_1", name)
		require.NotContains(t, err.Error(), "<html>", name)
		requireNoKey(t, err)
	}
}

// cutBody: a success that breaks off, and one that ends too early, are none, and a write
// may have been applied.
func (a *Adapter) cutBody(t *testing.T) {
	w := httptest.NewRecorder()
	a.Success.Serve(w)
	body, contentType := w.Body.String(), w.Header().Get("Content-Type")
	if len(body) < 2 {
		t.Skip("the success has no body to cut")
	}
	half := len(body) / 2
	for cut, step := range map[string]clienttest.Step{
		"broken off": clienttest.Truncate(200, body, half).Header("Content-Type", contentType),
		"short":      clienttest.Text(200, body[:half]).Header("Content-Type", contentType),
	} {
		made := a.each(t, step)
		require.Error(t, made["raw"], cut)
		for name, err := range made {
			if name == "write" && err == nil {
				continue // it has no body to read
			}
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, "%s, %s: %T", cut, name, err)
			require.Equal(t, 200, e.Status, "%s, %s", cut, name)
			if cut == "short" {
				require.ErrorIs(t, err, client.ErrDecode, name)
			} else {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
			}
			if name == "write" {
				require.Equal(t, client.MaybeApplied, e.Effect, cut)
			}
			requireNoKey(t, err)
		}
	}
}

// requireNoKey looks for the credential in an error, however it is printed, and in all
// that it wraps.
func requireNoKey(t *testing.T, err error) {
	t.Helper()
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), key)
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			requireNoKey(t, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			requireNoKey(t, inner)
		}
	}
}
