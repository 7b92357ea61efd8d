package client_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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

// wireNames returns the names of the fields of the next request as they come over
// HTTP/1, for a service that tells them apart by their case.
func wireNames(t *testing.T) (base string, names func() []string) {
	t.Helper()
	seen := make(chan []string, 10)
	at, _ := listening(t, func(c net.Conn) {
		var list []string
		for lines := bufio.NewScanner(c); lines.Scan(); {
			if lines.Text() == "" {
				seen <- list
				list = nil
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
			if name, _, ok := strings.Cut(lines.Text(), ":"); ok {
				list = append(list, name)
			}
		}
	})
	return "http://" + at, func() []string { return <-seen }
}

// The name of a field is sent as whoever gave it spells it, once, and those of HTTP's
// own as everybody does.
func TestTheSpellingOfAHeaderNameIsKept(t *testing.T) {
	at, names := wireNames(t)
	key := secret.Static("k-123456")
	for what, tc := range map[string]struct {
		opts []client.Option
		r    client.Request
		want []string // and no other of apikey, user-agent, content-type, idem
	}{
		"of the request":        {nil, client.Request{Header: http.Header{"apiKey": {"k"}}}, []string{"User-Agent", "apiKey"}},
		"HTTP's own":            {nil, client.Request{Header: http.Header{"user-agent": {"k"}, "CONTENT-TYPE": {"a/b"}, "host": {"x"}}, Method: "POST", Body: 1}, []string{"Content-Type", "User-Agent"}},
		"of the credential":     {[]client.Option{client.WithAuth(client.APIKeyHeader("apiKey", key))}, client.Request{}, []string{"User-Agent", "apiKey"}},
		"with a prefix":         {[]client.Option{client.WithAuth(client.HeaderPrefix("APIkey", "Token ", key))}, client.Request{}, []string{"APIkey", "User-Agent"}},
		"of the client":         {[]client.Option{client.WithHeader("apiKey", "k")}, client.Request{}, []string{"User-Agent", "apiKey"}},
		"the client's last one": {[]client.Option{client.WithHeader("apikey", "k"), client.WithHeader("apiKey", "k")}, client.Request{}, []string{"User-Agent", "apiKey"}},
		"of the profile":        {[]client.Option{client.WithProfile(client.Profile{Header: http.Header{"apiKey": {"k"}}})}, client.Request{}, []string{"User-Agent", "apiKey"}},
		"the client over the profile": {[]client.Option{client.WithHeader("apikey", "k"), client.WithProfile(client.Profile{Header: http.Header{"apiKey": {"k"}}})},
			client.Request{}, []string{"User-Agent", "apikey"}},
		"the request over both": {[]client.Option{client.WithHeader("apikey", "k"), client.WithAuth(client.APIKeyHeader("apiKey", key))},
			client.Request{Header: http.Header{"APIKEY": {"mine"}}}, []string{"APIKEY", "User-Agent"}},
		"the credential over the client": {[]client.Option{client.WithHeader("APIKEY", "k"), client.WithAuth(client.APIKeyHeader("apiKey", key))},
			client.Request{}, []string{"User-Agent", "apiKey"}},
		"of the idempotency key": {[]client.Option{client.WithIdempotencyHeader("idemKey")}, client.Request{Method: "POST"}, []string{"User-Agent", "idemKey"}},
		"a key of the request's": {[]client.Option{client.WithIdempotencyHeader("idemKey")},
			client.Request{Method: "POST", Header: http.Header{"IDEMKEY": {"mine"}}}, []string{"User-Agent", "idemKey"}},
	} {
		t.Run(what, func(t *testing.T) {
			c, err := client.New(at, tc.opts...)
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			for range 2 { // the second finds what the first has left
				_, err = client.Call[client.None](t.Context(), c, tc.r)
				require.NoError(t, err)
				got := slices.DeleteFunc(names(), func(name string) bool {
					return !slices.Contains([]string{"apikey", "user-agent", "content-type", "idemkey"}, strings.ToLower(name))
				})
				slices.Sort(got)
				require.Equal(t, tc.want, got)
			}
		})
	}
	_, err := client.New(at, client.WithProfile(client.Profile{Header: http.Header{"apiKey": {"a"}, "APIKEY": {"b"}}}))
	require.ErrorIs(t, err, client.ErrConfig)
	require.ErrorContains(t, err, "two spellings")
}

// C14, C15: a credential under a name of its own spelling is renewed after a 401, and
// taken off where it must not go, as any other.
func TestC14_ACredentialUnderItsOwnSpelling(t *testing.T) {
	now := "canary-old"
	src := secret.Cache(secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(now)}, nil }), time.Hour)
	rt := &hosts{t: t, routes: map[string]http.HandlerFunc{
		base + "/new": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("apiKey") != "canary-new" { // a server sees names in canonical form
				w.WriteHeader(401)
			}
			_, _ = io.WriteString(w, `{}`)
		},
		base + "/away": to(302, "https://elsewhere.example/"),
	}}
	c, err := client.New(base, client.WithTransport(rt), client.WithAuth(client.APIKeyHeader("apiKey", src)))
	require.NoError(t, err)
	_, err = secret.Current(t.Context(), src)
	require.NoError(t, err)
	now = "canary-new"
	_, err = client.Get[thing](t.Context(), c, "/new")
	require.NoError(t, err)
	require.Len(t, rt.seen, 2)
	_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/away", Header: http.Header{"APIKEY": {"canary-mine"}}})
	require.NoError(t, err)
	require.True(t, carries(rt.seen[2]))
	//lint:ignore SA1008 the spelling is what is tested
	require.Equal(t, []string{"canary-mine"}, rt.seen[2].Header["APIKEY"])
	require.False(t, carries(rt.seen[3]))
}
