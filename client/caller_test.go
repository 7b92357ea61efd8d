package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// passing runs f in the per-call or the per-attempt slot.
func passing(slot func(...client.Middleware) client.Option, f func(*http.Request)) client.Option {
	return slot(func(next http.RoundTripper) http.RoundTripper {
		return clientRoundTripper(func(req *http.Request) (*http.Response, error) {
			f(req)
			return next.RoundTrip(req)
		})
	})
}

type clientRoundTripper func(*http.Request) (*http.Response, error)

func (f clientRoundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// X1: the name tells who calls, in both slots and under an SDK, and nothing of the
// credential.
func TestX1_CallerFromNamesTheCredential(t *testing.T) {
	t.Parallel()
	for name, slot := range map[string]func(...client.Middleware) client.Option{
		"call": client.WithCallMiddleware, "attempt": client.WithAttemptMiddleware,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ask := func(auth client.Auth) string {
				var caller string
				c, _ := scripted(t, "200 {}", client.WithAuth(auth), passing(slot, func(req *http.Request) {
					var err error
					caller, err = client.CallerFrom(req.Context())
					require.NoError(t, err)
				}))
				_, err := client.Get[thing](context.Background(), c, "/x")
				require.NoError(t, err)
				first := caller
				resp, err := c.HTTPClient().Get(base + "/x")
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, first, caller)
				require.NotContains(t, caller, key)
				return caller
			}
			same := ask(client.Bearer(secret.Static(key)))
			require.Equal(t, same, ask(client.Bearer(secret.Static(key))))
			for _, auth := range []client.Auth{nil, client.Bearer(secret.Static("other")), client.APIKeyHeader("X-Key", secret.Static(key)), client.APIKeyQuery("key", secret.Static(key))} {
				require.NotEqual(t, same, ask(auth))
			}
		})
	}
}

type unknownAuth struct{}

func (unknownAuth) Authorize(*http.Request) error { return nil }

func TestCallerFromSaysWhereItCannotTell(t *testing.T) {
	t.Parallel()
	_, err := client.CallerFrom(context.Background())
	require.ErrorIs(t, err, client.ErrConfig)

	var told error
	look := passing(client.WithCallMiddleware, func(req *http.Request) { _, told = client.CallerFrom(req.Context()) })
	c, _ := scripted(t, "200 {}", client.WithAuth(unknownAuth{}), look)
	_, err = client.Get[thing](context.Background(), c, "/x")
	require.NoError(t, err)
	require.ErrorIs(t, told, client.ErrConfig)
	require.ErrorContains(t, told, "WithIdentity")

	for _, auth := range []func(secret.Source) client.Auth{client.Bearer, func(s secret.Source) client.Auth { return client.APIKeyQuery("k", s) }} {
		c, _ = scripted(t, "200 {}", client.WithAuth(auth(failingSource{})), look)
		_, err = client.Get[thing](context.Background(), c, "/x")
		require.Error(t, err)
		require.ErrorIs(t, told, errNoSecret)
	}
}

type failingSource struct{}

var errNoSecret = errors.New("the vault is sealed")

func (failingSource) Secrets(context.Context) ([]secret.Value, error) { return nil, errNoSecret }

// P5: what middleware puts in the place of a response is judged as a response is, and
// what it has replaced is not.
func TestP5_AFailureInASuccessIsFoundInWhatMiddlewareHandsOn(t *testing.T) {
	t.Parallel()
	failed := func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), `"ok":false`) }
	for name, tt := range map[string]struct {
		p          client.Profile
		sent, made string
		fails      bool
	}{
		"made to fail":     {client.Profile{Failed: failed}, `{"ok":true}`, `{"ok":false,"error":"no_such"}`, true},
		"made to throttle": {client.Profile{Throttled: failed}, `{"ok":true}`, `{"ok":false,"error":"no_such"}`, true},
		"made good":        {client.Profile{Failed: failed}, `{"ok":false}`, `{"id":"x"}`, false},
		"handed on":        {client.Profile{Failed: failed}, `{"ok":false,"error":"no_such"}`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var info client.Info
			c, _ := scripted(t, "200 "+tt.sent, client.WithProfile(tt.p), client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return clientRoundTripper(func(req *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(req)
					info, _ = client.InfoFrom(req.Context())
					if err == nil && tt.made != "" {
						resp.Body = http.NoBody
						resp = clienttestResponse(t, tt.made)
						resp.Request = req
					}
					return resp, err
				})
			}))
			got, err := client.Get[thing](context.Background(), c, "/x")
			require.Equal(t, strings.Contains(tt.sent, "false"), info.Failed)
			p := tt.p
			p.LookInSuccess = true
			looking, wrong := c.With(client.WithProfile(p))
			require.NoError(t, wrong)
			resp, wrong := looking.Do(context.Background(), client.Request{Path: "/x", CheckStatus: true})
			require.Equal(t, tt.fails, wrong != nil, "%v", wrong)
			if resp != nil {
				require.NoError(t, resp.Body.Close())
			}
			if !tt.fails {
				require.NoError(t, err)
				require.Equal(t, "x", got.ID)
				return
			}
			var e *client.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "no_such", e.Code)
		})
	}
}

func clienttestResponse(t *testing.T, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base, nil)
	require.NoError(t, err)
	resp, err := clienttest.NewTransport(t, clienttest.JSON(200, body)).RoundTrip(req)
	require.NoError(t, err)
	return resp
}

// C23, P5: who finds a failure in a success later has the call's own error for it.
func TestP5_MetaFailIsTheErrorOfItsCall(t *testing.T) {
	t.Parallel()
	var meta client.Meta
	c, _ := scripted(t, `503 X-Request-Id=r1, 200 X-Request-Id=r2 {}`, client.WithProfile(client.Profile{Name: "acme", Repeatable: func(*http.Request) bool { return true }}),
		client.WithAuth(client.Bearer(secret.Static(key))))
	_, err := client.Call[thing](context.Background(), c, client.Request{Method: http.MethodPost, Path: "/x", Meta: &meta})
	require.NoError(t, err)
	e := meta.Fail(client.ErrorDetail{Code: "GONE", Message: "no " + key, Status: 404}, nil)
	require.ErrorIs(t, e, client.ErrNotFound)
	require.Len(t, e.Attempts, 2)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.EqualError(t, e, `acme: POST /x: 200 OK, but the response body holds an error: GONE "no [redacted]" (request r2, 2 attempts, maybe applied)`)

	cause := errors.New("cut off")
	e = meta.Fail(client.ErrorDetail{Status: 429}, cause)
	require.ErrorIs(t, e, client.ErrRateLimited)
	require.ErrorIs(t, e, cause)

	// Of no call there is no more to say than what was given.
	e = new(client.Meta).Fail(client.ErrorDetail{Code: "X", Status: 404}, nil)
	require.ErrorIs(t, e, client.ErrNotFound)
	require.Equal(t, "X", e.Code)
}

// P5: an error also matches what the adapter calls it, whether the service says it by a
// status, inside a 200 or too late for either. Why a credential could not be renewed is
// not hidden by it.
func TestP5_AnAdaptersOwnSentinel(t *testing.T) {
	t.Parallel()
	expired := errors.New("list everything again")
	profile := client.WithProfile(client.Profile{
		Name: "acme", Failed: func(_ int, _ http.Header, body []byte) bool { return string(body) == `{"code":"expired"}` },
		DecodeError: func(status int, h http.Header, body []byte) client.ErrorDetail {
			d := client.DecodeError(status, h, body)
			if d.Code == "expired" {
				d.Err, d.Status = expired, http.StatusGone
			}
			return d
		},
	})
	for script, want := range map[string]string{
		`410 {"code":"expired"}`: `acme: GET /x: 410 Gone expired: list everything again`,
		`200 {"code":"expired"}`: `acme: GET /x: 200 OK, but list everything again: expired`,
	} {
		c, _ := scripted(t, script, profile)
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, expired)
		require.ErrorIs(t, err, client.ErrNotFound)
		require.EqualError(t, err, want)
	}
	c, _ := scripted(t, `410 {"code":"other"}`, profile)
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.NotErrorIs(t, err, expired)

	var meta client.Meta
	c, _ = scripted(t, `200 {}`, profile)
	_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &meta})
	require.NoError(t, err)
	cause := errors.New("cut off")
	for _, m := range []*client.Meta{&meta, {}} {
		require.ErrorIs(t, m.Fail(client.ErrorDetail{Err: expired}, nil), expired)
		e := m.Fail(client.ErrorDetail{Err: expired}, cause)
		require.ErrorIs(t, e, cause)
		require.NotErrorIs(t, e, expired)
	}
}
