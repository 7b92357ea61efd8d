package client_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestReadOnlyRefusesWhatIsNoRead(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithReadOnly(), client.WithIdempotencyHeader("Idempotency-Key"))
	require.NoError(t, err)
	derived, err := c.With(client.WithAuth(client.Bearer(secret.Static("sk_1"))), client.WithProfile(client.Profile{Name: "example"}))
	require.NoError(t, err)
	for method, reads := range map[string]bool{
		"": true, "GET": true, "HEAD": true, "OPTIONS": true, "QUERY": true,
		"POST": false, "PUT": false, "PATCH": false, "DELETE": false, "TRACE": false, "CONNECT": false, "PURGE": false, "get": false,
	} {
		for name, call := range map[string]func(*client.Client) error{
			"Call": func(c *client.Client) error {
				_, err := client.Call[client.None](t.Context(), c, client.Request{Method: method, Path: "/x"})
				return err
			},
			"Do": func(c *client.Client) error {
				resp, err := c.Do(t.Context(), client.Request{Method: method, Path: "/x"})
				if err == nil {
					err = resp.Body.Close()
				}
				return err
			},
			"HTTPClient": func(c *client.Client) error {
				req, err := http.NewRequestWithContext(t.Context(), method, "https://api.example.com/x", strings.NewReader("a"))
				require.NoError(t, err)
				resp, err := c.HTTPClient().Do(req)
				if err == nil {
					err = resp.Body.Close()
				}
				return err
			},
		} {
			for _, c := range []*client.Client{c, derived} {
				before := rt.Count()
				err := call(c)
				if reads {
					require.NoError(t, err, "%s %s", name, method)
					require.Equal(t, before+1, rt.Count(), "%s %s", name, method)
					continue
				}
				require.ErrorIs(t, err, client.ErrReadOnly, "%s %s", name, method)
				require.Equal(t, before, rt.Count(), "%s %s", name, method)
				var e *client.Error
				require.ErrorAs(t, err, &e)
				require.Empty(t, e.Attempts)
				require.Empty(t, e.IdempotencyKey, "none is made for what does not go")
				if method != "TRACE" {
					require.Equal(t, client.NeverSent, e.Effect)
				}
			}
		}
	}
}

// A body is not even read.
func TestReadOnlyReadsNoBody(t *testing.T) {
	c, err := client.New("https://api.example.com", client.WithTransport(clienttest.NewTransport(t)), client.WithReadOnly())
	require.NoError(t, err)
	body := &unwanted{}
	_, err = client.Post[client.None](t.Context(), c, "/x", client.Stream("text/plain", body, -1))
	require.ErrorIs(t, err, client.ErrReadOnly)
	require.Zero(t, body.reads)
}

type unwanted struct{ reads int }

func (r *unwanted) Read([]byte) (int, error) { r.reads++; return 0, context.Canceled }

// Services take another method from a header, in whatever spelling.
func TestReadOnlyRefusesAnotherMethodInAHeader(t *testing.T) {
	rt := clienttest.NewTransport(t)
	for _, name := range []string{"X-HTTP-Method-Override", "X-Http-Method", "x-method-override"} {
		c, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithReadOnly(), client.WithHeader(name, "DELETE"))
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrReadOnly, name)
	}
	require.Zero(t, rt.Count())
}

// What middleware or an Auth makes of a read is looked at again.
func TestReadOnlyHoldsForWhatMiddlewareMakes(t *testing.T) {
	change := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Method = http.MethodDelete
			return next.RoundTrip(r)
		})
	}
	for name, o := range map[string]client.Option{
		"per call": client.WithCallMiddleware(change), "per attempt": client.WithAttemptMiddleware(change),
		"auth": client.WithAuth(changesMethod{}),
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		c, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithReadOnly(), o)
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrReadOnly, name)
		require.Zero(t, rt.Count(), name)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type changesMethod struct{}

func (changesMethod) Authorize(r *http.Request) error { r.Method = http.MethodDelete; return nil }

// A redirect is a request like any other, under an SDK too.
func TestReadOnlyHoldsOnRedirects(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Redirect(307, "/y"), clienttest.JSON(200, `{}`))
	c, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithReadOnly())
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Equal(t, 2, rt.Count())

	hc := c.HTTPClient()
	hc.CheckRedirect = func(r *http.Request, _ []*http.Request) error { r.Method = http.MethodPost; return nil }
	rt.Script(clienttest.Redirect(307, "/y"), clienttest.JSON(200, `{}`))
	before := rt.Count()
	_, err = hc.Get("https://api.example.com/x")
	require.ErrorIs(t, err, client.ErrReadOnly)
	require.Equal(t, before+1, rt.Count())
}
