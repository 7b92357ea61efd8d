package httpcache_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
	"github.com/standpipe-go/standpipe/secret"
)

// changing is a source whose secret is another from one moment to the next.
type changing struct{ now string }

func (s *changing) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New(s.now)}, nil
}

// signing is an Auth of the user's own, of which nothing is known.
type signing struct{}

func (signing) Authorize(req *http.Request) error {
	req.Header.Set("Authorization", "Signature x")
	return nil
}

// named is one that knows its account.
type named struct {
	signing
	name string
}

func (n named) Identity() string { return n.name }

func TestNobodyGetsTheResponseOfAnother(t *testing.T) {
	for name, tt := range map[string]struct {
		one, two []client.Option
		shared   bool
	}{
		"two tokens":                        {auth(client.Bearer(secret.Static("a"))), auth(client.Bearer(secret.Static("b"))), false},
		"one token":                         {auth(client.Bearer(secret.Static("a"))), auth(client.Bearer(secret.Static("a"))), true},
		"none and a token":                  {auth(nil), auth(client.Bearer(secret.Static("a"))), false},
		"one name for two tokens":           {append(auth(client.Bearer(secret.Static("a"))), client.WithIdentity("n")), append(auth(client.Bearer(secret.Static("b"))), client.WithIdentity("n")), false},
		"two query keys":                    {auth(client.APIKeyQuery("k", secret.Static("a"))), auth(client.APIKeyQuery("k", secret.Static("b"))), false},
		"one query key":                     {auth(client.APIKeyQuery("k", secret.Static("a"))), auth(client.APIKeyQuery("k", secret.Static("a"))), true},
		"two users of one password":         {auth(client.Basic("u", secret.Static("a"))), auth(client.Basic("v", secret.Static("a"))), false},
		"two headers":                       {auth(client.APIKeyHeader("X-A", secret.Static("a"))), auth(client.APIKeyHeader("X-B", secret.Static("a"))), false},
		"an Auth of which nothing is known": {auth(signing{}), auth(signing{}), false},
		"one whose account has a name":      {append(auth(signing{}), client.WithIdentity("n")), append(auth(signing{}), client.WithIdentity("n")), true},
		"two names":                         {append(auth(signing{}), client.WithIdentity("n")), append(auth(signing{}), client.WithIdentity("m")), false},
		"one that knows its name":           {auth(named{name: "n"}), auth(named{name: "n"}), true},
		"two that know theirs":              {auth(named{name: "n"}), auth(named{name: "m"}), false},
		"one that does not know":            {auth(named{}), auth(named{}), false},
		"a default header":                  {append(auth(nil), client.WithHeader("X-Token", "a")), append(auth(nil), client.WithHeader("X-Token", "b")), false},
		"the same default header":           {append(auth(nil), client.WithHeader("X-Token", "a")), append(auth(nil), client.WithHeader("X-Token", "a")), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, cache := numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{})
				get(t, newClient(t, o, cache, tt.one...), "/x")
				got, _ := get(t, newClient(t, o, cache, tt.two...), "/x")
				require.Equal(t, tt.shared, got == "1")
			})
		})
	}
}

func auth(a client.Auth) []client.Option { return []client.Option{client.WithAuth(a)} }

// The caller's own fields can be credentials, whatever they are called.
func TestTheCallersOwnCredentialCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{}))
		for i, field := range []string{"Authorization: Bearer x", "Authorization: Bearer y", "Cookie: s=1", "X-Own-Key: 1", "X-Request-Id: 1"} {
			got, _ := get(t, c, "/x", field)
			require.Equal(t, string(rune('1'+i)), got, field)
		}
		got, _ := get(t, c, "/x", "X-Request-Id: 2", "Traceparent: 00-1-2-00")
		require.Equal(t, "5", got, "what is known to be no credential makes no difference")
	})
}

// A source may have the secret of somebody else from one call to the next, or during
// one.
func TestASecretThatChangesIsAnotherCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, cache := &changing{"a"}, httpcache.New(httpcache.Config{})
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, cache, auth(client.Bearer(src))...)
		get(t, c, "/x")
		src.now = "b"
		got, _ := get(t, c, "/x")
		require.Equal(t, "2", got)
		src.now = "a"
		got, _ = get(t, c, "/x")
		require.Equal(t, "1", got)

		// The response to the second attempt is b's.
		entries := cache.Stats().Entries
		o.handler = func(n int, req *http.Request) *http.Response {
			if src.now == "a" {
				src.now = "b"
				return reply(401, "")
			}
			return reply(200, "9", "Cache-Control: max-age=60")
		}
		got, _ = get(t, c, "/y")
		require.Equal(t, "9", got)
		require.Equal(t, entries, cache.Stats().Entries)
	})
}

// A write by anybody drops what others have, who would see it too.
func TestAWriteInvalidatesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, cache := numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{})
		a := newClient(t, o, cache)
		b := newClient(t, o, cache, auth(client.Bearer(secret.Static("tok_b")))...)
		get(t, a, "/x")
		require.NoError(t, post(b, "/x"))
		got, _ := get(t, a, "/x")
		require.Equal(t, "3", got)
	})
}

func TestCallerOfTheAppsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type user struct{}
		o := numbered("Cache-Control: max-age=60")
		cache := httpcache.New(httpcache.Config{Caller: func(req *http.Request) (string, error) {
			name, ok := req.Context().Value(user{}).(string)
			if !ok {
				return "", errors.New("nobody")
			}
			return name, nil
		}})
		hc := &http.Client{Transport: cache.Middleware(o)}
		fetch := func(ctx context.Context) string {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/x", nil)
			require.NoError(t, err)
			resp, err := hc.Do(req)
			require.NoError(t, err)
			return drain(t, resp)
		}
		as := func(name string) context.Context { return context.WithValue(context.Background(), user{}, name) }
		require.Equal(t, "1", fetch(as("u")))
		require.Equal(t, "1", fetch(as("u")))
		require.Equal(t, "2", fetch(as("v")))
		require.Equal(t, "3", fetch(context.Background()))
		require.Equal(t, "4", fetch(context.Background()))
	})
}

// A request needs no more than a URL, and an empty path is the root.
func TestABareRequestIsKnownAgain(t *testing.T) {
	o := numbered(`ETag: "v"`)
	rt := httpcache.New(httpcache.Config{Caller: func(*http.Request) (string, error) { return "all", nil }}).Middleware(o)
	for _, path := range []string{"", "/", ""} {
		resp, err := rt.RoundTrip(&http.Request{URL: &url.URL{Scheme: "https", Host: "API.example.com", Path: path}})
		require.NoError(t, err)
		drain(t, resp)
	}
	require.Equal(t, `"v"`, o.last().Header.Get("If-None-Match"))
	require.Equal(t, `"v"`, o.seen[1].Header.Get("If-None-Match"))
}

// Without a client around it, and without a function, nobody can tell who asks.
func TestOutsideOfAClientNothingIsKept(t *testing.T) {
	o, cache := numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{})
	hc := &http.Client{Transport: cache.Middleware(o)}
	for range 2 {
		resp, err := hc.Get("https://api.example.com/x")
		require.NoError(t, err)
		drain(t, resp)
	}
	require.Equal(t, 2, o.count())
	require.Zero(t, cache.Stats())
}

// Under an SDK the stack's credential counts, and the body is a stream.
func TestUnderAnSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		for range 2 {
			resp, err := c.HTTPClient().Get("https://api.example.com/x")
			require.NoError(t, err)
			require.Equal(t, "1", drain(t, resp))
		}
		require.Equal(t, 1, o.count())
		time.Sleep(time.Minute)
	})
}

// An error within a 200 is not kept, and what is kept is judged as what comes is.
// An SDK may spell the names of fields in any way: they are what they are to the service.
func TestFieldsInAnySpelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{handler: func(n int, req *http.Request) *http.Response {
			return reply(200, strconv.Itoa(n), "Cache-Control: max-age=60", "Vary: Accept-Language")
		}}
		hc := newClient(t, o, httpcache.New(httpcache.Config{})).HTTPClient()
		for _, tc := range []struct {
			header http.Header
			want   string
		}{
			{http.Header{"accept-language": {"fr"}}, "1"},
			{http.Header{"accept-language": {"it"}}, "2"},
			{http.Header{"Accept-Language": {"fr"}}, "1"},
			{http.Header{"ACCEPT-LANGUAGE": {"it"}}, "2"},
			{http.Header{"accept-language": {"it"}, "cache-control": {"no-cache"}}, "3"},
			{http.Header{"accept-language": {"it"}, "range": {"bytes=0-1"}}, "4"},
			{http.Header{"accept-language": {"it"}}, "3"},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/x", nil)
			require.NoError(t, err)
			req.Header = tc.header
			resp, err := hc.Do(req)
			require.NoError(t, err)
			require.Equal(t, tc.want, drain(t, resp), "%v", tc.header)
		}
	})
}

func TestAnErrorWithinASuccessIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{})
		o := always(200, `{"ok":false,"error":"not_allowed"}`, "Cache-Control: max-age=60")
		c := newClient(t, o, cache, client.WithProfile(client.Profile{
			Failed: func(_ int, _ http.Header, body []byte) bool { return string(body[:11]) == `{"ok":false` },
		}))
		_, err := client.Get[client.None](context.Background(), c, "/x")
		require.ErrorContains(t, err, "not_allowed")
		require.Zero(t, cache.Stats().Entries)

		// Do does not look into it, so it is kept; Call then does.
		resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
		require.NoError(t, err)
		drain(t, resp)
		require.Equal(t, 1, cache.Stats().Entries)
		_, err = client.Get[client.None](context.Background(), c, "/x")
		require.ErrorContains(t, err, "not_allowed")
		require.Equal(t, 2, o.count())
	})
}
