package client_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// lowerAuth is an Auth that writes its header as some SDKs do.
type lowerAuth struct{}

func (lowerAuth) Authorize(r *http.Request) error {
	r.Header["authorization"] = []string{"Bearer canary-secret"}
	return nil
}

// field is every value of a field, in whatever spelling it was sent.
func (s sent) field(name string) (values []string) {
	for other, vs := range s.header {
		if http.CanonicalHeaderKey(other) == name {
			values = append(values, vs...)
		}
	}
	return values
}

// C14: the stack's credential replaces the SDK's, however the SDK writes the name.
func TestC14_OneCredentialWhateverTheSpelling(t *testing.T) {
	spell := func(name string) client.Middleware {
		return move(func(r *http.Request) *http.Request { r.Header[name] = []string{"of-the-sdk"}; return r })
	}
	for _, tc := range []struct {
		auth        client.Auth
		field, want string
	}{
		{client.Bearer(secret.Static("canary-secret")), "Authorization", "Bearer canary-secret"},
		{client.BasicKey(secret.Static("canary-secret")), "Authorization", "Basic Y2FuYXJ5LXNlY3JldDo="},
		{client.APIKeyHeader("X-API-Key", secret.Static("canary-secret")), "X-Api-Key", "canary-secret"},
		{lowerAuth{}, "Authorization", "Bearer canary-secret"},
		{ownAuth{}, "X-Custom-Thing", "canary-secret"},
	} {
		for _, name := range []string{"authorization", "Authorization", "AUTHORIZATION", "x-api-key", "X-API-Key", "x-custom-thing"} {
			if http.CanonicalHeaderKey(name) != tc.field {
				continue
			}
			w := &wire{}
			req, _ := http.NewRequest("GET", own+"/x", nil)
			req.Header[name] = []string{"of-the-sdk"}
			resp, err := w.on(t, client.WithAuth(tc.auth)).HTTPClient().Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, []string{tc.want}, w.last().field(tc.field), "%T %s", tc.auth, name)
			require.Equal(t, []string{"of-the-sdk"}, req.Header[name], "the SDK's request is its own")

			for _, use := range []func(...client.Middleware) client.Option{client.WithAttemptMiddleware, client.WithCallMiddleware} {
				_, err = client.Get[client.None](t.Context(), w.on(t, client.WithAuth(tc.auth), use(spell(name))), "/x")
				require.NoError(t, err)
				require.Equal(t, []string{tc.want}, w.last().field(tc.field), "%T %s by middleware", tc.auth, name)
			}
			_, err = client.Call[client.None](t.Context(), w.on(t, client.WithAuth(tc.auth)), client.Request{Header: http.Header{name: {"explicit"}}})
			require.NoError(t, err)
			require.Equal(t, []string{"explicit"}, w.last().field(tc.field), "in Call an explicit header wins")
		}
	}
}

// C6: an SDK's own key is the key, however it writes the name.
func TestC6_OneIdempotencyKeyWhateverTheSpelling(t *testing.T) {
	for _, tc := range []struct {
		own  http.Header
		want string
	}{
		{http.Header{"idempotency-key": {"sdk"}}, "sdk"},
		{http.Header{"IDEMPOTENCY-KEY": {"sdk"}}, "sdk"},
		{http.Header{"Idempotency-Key": {"sdk"}, "idempotency-key": {"other"}}, "sdk"},
		{http.Header{"Idempotency-Key": {}, "idempotency-key": {"sdk"}}, "sdk"},
		{http.Header{"Idempotency-Key": nil}, ""},
		{http.Header{"idempotency-key": {""}}, ""},
	} {
		w := &wire{routes: map[string]http.HandlerFunc{own + "/x": to(307, "/y")}}
		req := newRequest(t, "POST", own+"/x", "x")
		for name, values := range tc.own {
			req.Header[name] = values
		}
		resp, err := w.on(t, client.WithIdempotencyHeader("Idempotency-Key")).HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Len(t, w.seen, 2)
		for _, s := range w.seen {
			got := s.field("Idempotency-Key")
			require.Len(t, got, 1, "%v", tc.own)
			if tc.want != "" {
				require.Equal(t, tc.want, got[0])
			} else {
				require.NotEmpty(t, got[0])
			}
		}
	}
}

// A field in two spellings is one field twice: which of the two was meant?
func TestRequestHeaderInTwoSpellings(t *testing.T) {
	w := &wire{}
	for _, h := range []http.Header{
		{"authorization": {"a"}, "Authorization": {"b"}}, {"x-thing": {"canary"}, "X-thing": {"canary"}},
	} {
		_, err := client.Call[client.None](t.Context(), w.on(t), client.Request{Header: h})
		require.ErrorIs(t, err, client.ErrRequest)
		require.NotContains(t, err.Error(), "canary")
	}
	require.Empty(t, w.seen)
}
