package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// named is an Auth that knows whom it speaks for.
type named struct{ name string }

func (named) Authorize(*http.Request) error { return nil }
func (n named) Identity() string            { return n.name }

func sourceOf(value string) secret.Func {
	return func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(value)}, nil }
}

// C36: what an origin has taught is shared by every copy, whatever it changes.
func TestC36_CopiesShareWhatAnOriginHasTaught(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]func(i int) []client.Option{
		"nothing": func(int) []client.Option { return nil },
		"the credential": func(i int) []client.Option {
			return []client.Option{client.WithAuth(client.Bearer(secret.Static(fmt.Sprint("user-", i))))}
		},
		"no credential": func(int) []client.Option { return []client.Option{client.WithAuth(nil)} },
		"the identity":  func(i int) []client.Option { return []client.Option{client.WithIdentity(fmt.Sprint("user-", i))} },
		"the path":      func(i int) []client.Option { return []client.Option{client.WithBaseURL(fmt.Sprint(base, "/v", i))} },
		"the same place": func(int) []client.Option {
			return []client.Option{client.WithBaseURL("https://API.example.com:443/v2")}
		},
		"the pacer": func(int) []client.Option { return []client.Option{client.WithPacing(ratelimit.NewPacer())} },
		"many things else": func(i int) []client.Option {
			return []client.Option{client.WithHeader("X", fmt.Sprint(i)), client.WithTimeout(time.Minute)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				root, rt := scripted(t, "503")
				for i := range 1000 {
					c, err := root.With(opts(i)...)
					require.NoError(t, err)
					_, err = client.Get[client.None](t.Context(), c, "/x")
					require.ErrorIs(t, err, client.ErrUnavailable)
				}
				require.LessOrEqual(t, rt.Count(), 1000+retry.DefaultBudget/retry.RetryCost+10, "one budget")

				root, rt = scripted(t, "503", client.WithBreaker(client.Breaker{Failures: 5}), client.WithRetry(retry.Never))
				for i := range 100 {
					c, err := root.With(opts(i)...)
					require.NoError(t, err)
					_, err = client.Get[client.None](t.Context(), c, "/x")
					require.Error(t, err)
				}
				require.Equal(t, 5, rt.Count(), "one breaker")
				_, err := client.Get[client.None](t.Context(), root, "/x")
				require.ErrorIs(t, err, client.ErrCircuitOpen, "also for the client they were made from")
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		root, rt := scripted(t, "503", client.WithBreaker(client.Breaker{Failures: 1}), client.WithRetry(retry.Never))
		_, err := client.Get[client.None](t.Context(), root, "/x")
		require.Error(t, err)
		rt.Script(clienttest.JSON(200, "{}"))
		other, err := root.With(client.WithBaseURL("https://eu.example.com"))
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), other, "/x")
		require.NoError(t, err, "another origin has a breaker of its own")
		back, err := other.With(client.WithBaseURL(base))
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), back, "/x")
		require.ErrorIs(t, err, client.ErrCircuitOpen)
	})
}

// C36: limits belong to the origin and whom the calls are made for, however often the
// credential is made.
func TestC36_OneCredentialIsOneIdentity(t *testing.T) {
	t.Setenv("CLIENT_TEST_A", "sk-env-a")
	t.Setenv("CLIENT_TEST_B", "sk-env-a")
	cache := secret.Cache(sourceOf("x"), time.Hour)
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "at"})
	held := client.Bearer(sourceOf("x"))
	static := func(s string) client.Auth { return client.Bearer(secret.Static(s)) }
	for name, tt := range map[string]struct {
		make func(i int) []client.Option
		same bool
	}{
		"one secret":                  {func(int) []client.Option { return auth(static(key)) }, true},
		"two secrets":                 {func(i int) []client.Option { return auth(static(fmt.Sprint(key, i))) }, false},
		"one secret, one of them old": {func(i int) []client.Option { return auth(client.Bearer(secret.Static([]string{key, "old"}[:1+i]...))) }, true},
		"one secret, sent in two ways": {func(i int) []client.Option {
			return auth([]client.Auth{static(key), client.APIKeyHeader("X-Key", secret.Static(key))}[i])
		}, true},
		"one secret, in query and header": {func(i int) []client.Option {
			return auth([]client.Auth{static(key), client.APIKeyQuery("k", secret.Static(key))}[i])
		}, true},
		"one user":                    {func(int) []client.Option { return auth(client.Basic("u", secret.Static(key))) }, true},
		"two users with one password": {func(i int) []client.Option { return auth(client.Basic(fmt.Sprint("u", i), secret.Static(key))) }, false},
		"two users over one cache":    {func(i int) []client.Option { return auth(client.Basic(fmt.Sprint("u", i), cache)) }, false},
		"one user over one cache":     {func(int) []client.Option { return auth(client.Basic("u", cache)) }, true},
		"one variable":                {func(int) []client.Option { return auth(client.Bearer(secret.Env("CLIENT_TEST_A"))) }, true},
		"two variables": {func(i int) []client.Option {
			return auth(client.Bearer(secret.Env([]string{"CLIENT_TEST_A", "CLIENT_TEST_B"}[i])))
		}, false},
		"one cache":                  {func(int) []client.Option { return auth(client.Bearer(cache)) }, true},
		"two caches of a function":   {func(int) []client.Option { return auth(client.Bearer(secret.Cache(sourceOf("x"), time.Hour))) }, false},
		"two caches of one secret":   {func(int) []client.Option { return auth(client.Bearer(secret.Cache(secret.Static(key), time.Hour))) }, true},
		"one query source":           {func(int) []client.Option { return auth(client.APIKeyQuery("k", cache)) }, true},
		"one value over a function":  {func(int) []client.Option { return auth(held) }, true},
		"two values over a function": {func(int) []client.Option { return auth(client.Bearer(sourceOf("x"))) }, false},
		"one token source":           {func(int) []client.Option { return auth(client.OAuth2(tokens)) }, true},
		"two token sources": {func(int) []client.Option {
			return auth(client.OAuth2(oauth2.ReuseTokenSource(nil, tokens)))
		}, false},
		"a name of its own":              {func(int) []client.Option { return auth(&named{"tenant"}) }, true},
		"two names of their own":         {func(i int) []client.Option { return auth(&named{fmt.Sprint("tenant", i)}) }, false},
		"one without a name":             {func(int) []client.Option { return auth(&named{}) }, false},
		"equal values":                   {func(int) []client.Option { return auth(named{}) }, true},
		"values that cannot be compared": {func(int) []client.Option { return auth(authFunc(func(*http.Request) {})) }, false},
		"a given name":                   {func(int) []client.Option { return append(auth(client.Bearer(sourceOf("x"))), client.WithIdentity("u")) }, true},
		"a given name, first": {func(int) []client.Option {
			return append([]client.Option{client.WithIdentity("u")}, auth(client.Bearer(sourceOf("x")))...)
		}, true},
		"two given names": {func(i int) []client.Option {
			return append(auth(client.Bearer(sourceOf("x"))), client.WithIdentity(fmt.Sprint(i)))
		}, false},
		"the Auth's own name wins":        {func(i int) []client.Option { return append(auth(&named{"tenant"}), client.WithIdentity(fmt.Sprint(i))) }, true},
		"the secret wins over the name":   {func(i int) []client.Option { return append(auth(static(fmt.Sprint(key, i))), client.WithIdentity("u")) }, false},
		"a name where there is no secret": {func(i int) []client.Option { return append(auth(nil), client.WithIdentity(fmt.Sprint(i))) }, false},
		"nobody":                          {func(int) []client.Option { return auth(nil) }, true},
		"nothing changed":                 {func(int) []client.Option { return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			for how, mk := range map[string]func(root *client.Client, opts ...client.Option) (*client.Client, error){
				"copies": func(root *client.Client, opts ...client.Option) (*client.Client, error) { return root.With(opts...) },
				"two copies": func(root *client.Client, opts ...client.Option) (*client.Client, error) {
					c, err := root.With(opts...)
					require.NoError(t, err)
					return c.With()
				},
			} {
				l := &counting{}
				root, _ := scripted(t, "200 {}", client.WithRateLimit(l))
				for i := range 2 {
					c, err := mk(root, tt.make(i)...)
					require.NoError(t, err)
					_, err = client.Get[client.None](t.Context(), c, "/x")
					require.NoError(t, err)
				}
				require.Len(t, l.keys, map[bool]int{true: 1, false: 2}[tt.same], how)
				for k := range l.keys {
					require.True(t, strings.HasPrefix(k, base+"#"), k)
					require.NotContains(t, k, "sk", "the limiter's key holds no secret")
					require.NotContains(t, k, "u0", "nor a user name, which may be one")
				}
			}
		})
	}
}

func auth(a client.Auth) []client.Option { return []client.Option{client.WithAuth(a)} }

// C36: a name goes with the credential for which it was given.
func TestC36_AnotherCredentialDropsTheName(t *testing.T) {
	l := &counting{}
	root, _ := scripted(t, "200 {}", client.WithRateLimit(l), client.WithAuth(client.Bearer(sourceOf("app"))), client.WithIdentity("app"))
	call := func(c *client.Client, err error) {
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
	}
	call(root, nil)
	call(root.With(client.WithHeader("X", "y")))
	require.Equal(t, map[string]int{base + "#app": 2}, l.keys)
	user := client.WithAuth(client.Bearer(sourceOf("user")))
	call(root.With(user))
	require.Len(t, l.keys, 2, "the user is not the app")
	call(root.With(client.WithIdentity("")))
	require.Len(t, l.keys, 3, "nor is one whose name was taken away")
	call(root.With(user, client.WithIdentity("app")))
	require.Equal(t, 3, l.keys[base+"#app"])
	c, err := client.New(base, client.WithTransport(answering(200, http.Header{})), client.WithRateLimit(l), client.WithAuth(client.Bearer(sourceOf("z"))), client.WithIdentity("app"))
	call(c, err)
	require.Equal(t, 4, l.keys[base+"#app"], "nor does it matter where a client comes from")
	c, err = root.With(client.WithBaseURL("https://eu.example.com"))
	call(c, err)
	require.Equal(t, 1, l.keys["https://eu.example.com#app"], "another origin is another key")
}

// C36: one client for many users, and each at its own pace.
func TestC36_EachUserHasLimitsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer user-1" {
				w.Header().Set("X-RateLimit-Remaining", "0")
				w.Header().Set("X-RateLimit-Reset", "600")
			}
		}))
		root, err := client.New(base, client.WithTransport(rt), client.WithRateLimit(ratelimit.PerSecond(1)))
		require.NoError(t, err)
		call := func(user string) (time.Duration, error) {
			c, err := root.With(client.WithAuth(client.Bearer(secret.Static(user))))
			require.NoError(t, err)
			start := time.Now()
			_, err = client.Get[client.None](t.Context(), c, "/x")
			return time.Since(start), err
		}
		for i := range 5 {
			took, err := call("user-2")
			require.NoError(t, err)
			require.Equal(t, i > 0, took > 900*time.Millisecond, "the limit is not begun anew with each copy")
		}
		took, err := call("user-1")
		require.NoError(t, err)
		require.Zero(t, took, "and is each user's own")
		_, err = call("user-1")
		require.ErrorIs(t, err, client.ErrRateLimited, "what a user was told holds for the user's next copy")
		_, err = call("user-3")
		require.NoError(t, err, "and for no other")
	})
}

// C36: at most 10,000 Auth values are told apart; one with a limit running is not
// forgotten.
// C36: a copy whose limit may never be met is told of, once.
func TestC36_ALimitOfItsOwnIsWarnedOf(t *testing.T) {
	cache := secret.Cache(sourceOf("s3cr3t"), time.Minute)
	limit := client.WithRateLimit(ratelimit.PerSecond(10))
	auth := func(src secret.Source) client.Option { return client.WithAuth(client.Bearer(src)) }
	for name, tc := range map[string]struct {
		root []client.Option
		copy func() []client.Option // of each of two copies
		want int
	}{
		"a function":             {[]client.Option{limit}, func() []client.Option { return []client.Option{auth(sourceOf("s3cr3t"))} }, 1},
		"a cache":                {[]client.Option{limit}, func() []client.Option { return []client.Option{auth(secret.Cache(sourceOf("s3cr3t"), time.Minute))} }, 1},
		"a pacer":                {[]client.Option{client.WithPacing(ratelimit.NewPacer())}, func() []client.Option { return []client.Option{auth(cache)} }, 1},
		"a name":                 {[]client.Option{limit}, func() []client.Option { return []client.Option{auth(cache), client.WithIdentity("ada")} }, 0},
		"a source that can tell": {[]client.Option{limit}, func() []client.Option { return []client.Option{auth(secret.Static("s3cr3t"))} }, 0},
		"the same source":        {[]client.Option{limit, auth(cache)}, func() []client.Option { return []client.Option{auth(cache)} }, 0},
		"nothing of it":          {[]client.Option{limit, auth(cache)}, func() []client.Option { return nil }, 0},
		"no limit":               {nil, func() []client.Option { return []client.Option{auth(cache)} }, 0},
		"no pacing either":       {[]client.Option{client.WithPacing(nil)}, func() []client.Option { return []client.Option{auth(cache)} }, 0},
		"a limit for the copy":   {nil, func() []client.Option { return []client.Option{limit, auth(cache)} }, 0},
	} {
		var out strings.Builder
		log := slog.New(slog.NewTextHandler(&out, nil))
		root, err := client.New(base, append(tc.root, client.WithLogger(log))...)
		require.NoError(t, err, name)
		require.Empty(t, out.String(), "one client for a process has nothing to be told of")
		for range 2 {
			_, err := root.With(tc.copy()...)
			require.NoError(t, err, name)
		}
		require.Equal(t, tc.want, strings.Count(out.String(), "level=WARN"), name)
		require.Equal(t, tc.want, strings.Count(out.String(), "client.WithIdentity"), name)
		require.NotContains(t, out.String(), "s3cr3t")

		root, err = client.New(base, tc.root...)
		require.NoError(t, err, name)
		_, err = root.With(tc.copy()...)
		require.NoError(t, err, "without a logger")
	}
}

func TestC36_IdentitiesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		root, err := client.New(base, client.WithTransport(answering(200, http.Header{})), client.WithPacing(nil), client.WithRateLimit(ratelimit.Quota(1, ratelimit.Hour)))
		require.NoError(t, err)
		call := func(a client.Auth) error {
			c, err := root.With(client.WithAuth(a))
			require.NoError(t, err)
			_, err = client.Get[client.None](t.Context(), c, "/x")
			return err
		}
		auths := make([]client.Auth, 10_000)
		for i := range auths {
			auths[i] = client.Bearer(sourceOf("x"))
			require.NoError(t, call(auths[i]))
		}
		require.ErrorIs(t, call(auths[0]), client.ErrRateLimited, "the hour's one call is spent")
		late := client.Bearer(sourceOf("x"))
		require.NoError(t, call(late))
		require.ErrorIs(t, call(client.Bearer(sourceOf("x"))), client.ErrRateLimited, "those that find no room share the limit of one")
		require.ErrorIs(t, call(auths[0]), client.ErrRateLimited, "nobody was forgotten")
		require.ErrorIs(t, call(auths[9_999]), client.ErrRateLimited)

		time.Sleep(time.Hour)
		for range 5_000 {
			require.NoError(t, call(client.Bearer(sourceOf("x"))), "what is idle makes room")
		}
		for i := range 5_000 {
			require.NoError(t, call(auths[9_999-i]))
		}
		require.ErrorIs(t, call(auths[9_999]), client.ErrRateLimited)
	})
}

// uncomparable is an Auth that is no map's key.
type uncomparable struct{ _ []func() }

func (uncomparable) Authorize(*http.Request) error { return nil }

// C36: who is one caller to a limit, and who is not.
func TestC36_WhoCountsAsOne(t *testing.T) {
	l := &counting{}
	root, _ := scripted(t, "200 {}", client.WithRateLimit(l))
	keyOf := func(c *client.Client, err error) (k string) {
		require.NoError(t, err)
		l.keys = nil
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		for k = range l.keys {
		}
		return k
	}
	of := func(a client.Auth) string { return keyOf(root.With(client.WithAuth(a))) }
	known := secret.Static("the key of one account")
	require.Equal(t, of(client.Bearer(known)), of(client.BasicKey(known)), "without a user name it is the key's")
	require.NotEqual(t, of(client.Bearer(known)), of(client.Basic("u", known)))
	require.Equal(t, of(client.Basic("u", known)), of(client.Basic("u", known)))
	require.NotEqual(t, of(client.Basic("u", sourceOf("a"))), of(client.Basic("u", sourceOf("b"))), "of sources that do not say whose they are")
	odd, err := root.With(client.WithAuth(uncomparable{}))
	require.NoError(t, err)
	require.Equal(t, keyOf(odd, nil), keyOf(odd.With(client.WithHeader("X", "y"))), "a copy is its original")
	require.NotEqual(t, keyOf(odd, nil), of(uncomparable{}))
}

// C36: identities without limits, or under limits that cannot tell whether they are
// idle, are bounded too: the first are forgotten, the others are not.
func TestC36_IdentitiesWithoutLimitsAreBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limiter ratelimit.Limiter
		apart   bool
	}{"none": {nil, true}, "one that cannot tell": {&counting{}, false}} {
		root, err := client.New(base, client.WithTransport(answering(200, http.Header{})), client.WithPacing(nil), client.WithRateLimit(tc.limiter))
		require.NoError(t, err)
		l := &counting{}
		for i := range 10_002 {
			c, err := root.With(client.WithAuth(client.Bearer(sourceOf("x"))))
			require.NoError(t, err)
			if i < 10_000 {
				continue
			}
			c, err = c.With(client.WithRateLimit(l))
			require.NoError(t, err)
			_, err = client.Get[client.None](t.Context(), c, "/x")
			require.NoError(t, err)
		}
		require.Equal(t, tc.apart, len(l.keys) == 2, name)
	}
}

// C36: copies of a client wait for one limit in the order of their calls.
func TestC36_CopiesWaitInOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root, err := client.New(base, client.WithTransport(answering(200, http.Header{"Ratelimit-Remaining": {"99"}, "Ratelimit-Reset": {"1"}})), client.WithRateLimit(ratelimit.PerMinute(1)))
		require.NoError(t, err)
		_, err = client.Get[client.None](t.Context(), root, "/x")
		require.NoError(t, err)
		start := time.Now()
		took := func(after time.Duration) func() time.Duration {
			var done time.Duration
			c, err := root.With(client.WithHeader("X", after.String()))
			require.NoError(t, err)
			var wg sync.WaitGroup
			wg.Go(func() {
				time.Sleep(after)
				if _, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Timeout: time.Hour}); err != nil {
					t.Error(err)
				}
				done = time.Since(start)
			})
			return func() time.Duration { wg.Wait(); return done.Round(time.Second) }
		}
		late, early := took(time.Minute+1), took(time.Second)
		time.Sleep(30 * time.Second)
		other, err := root.With(client.WithHeader("X", "impatient"))
		require.NoError(t, err)
		asked := time.Now()
		_, err = client.Call[client.None](t.Context(), other, client.Request{Path: "/x", Timeout: time.Minute})
		require.ErrorIs(t, err, ratelimit.ErrDeadline, "its turn is after the one that waits")
		require.Zero(t, time.Since(asked))
		require.Equal(t, time.Minute, early())
		require.Equal(t, 2*time.Minute, late(), "one that comes as the token does has others before it")

		free, err := root.With(client.WithRateLimit(nil))
		require.NoError(t, err)
		start = time.Now()
		_, err = client.Get[client.None](t.Context(), free, "/x")
		require.NoError(t, err)
		require.Zero(t, time.Since(start), "what replaces the limit replaces the line")
	})
}
