package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// resources is a service that limits its resources apart, by the first path segment.
func resources() client.Profile {
	return client.Profile{LimitKey: func(r *http.Request) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		return name
	}}
}

// C35: under a LimitKey, a limit holds up the resource that it covers, all of it and
// nothing else.
func TestC35_ALimitHoldsUpTheResourceThatItCovers(t *testing.T) {
	const reset = " X-RateLimit-Limit=10 X-RateLimit-Remaining=0 X-RateLimit-Reset=1800"
	for name, tt := range map[string]struct {
		script   string
		route    bool // GET /search/code, which was answered so
		resource bool // the rest of what is below /search
	}{
		"a limit that names the resource":      {"200 X-RateLimit-Resource=search" + reset + " {}", true, true},
		"a 429 that names the resource":        {"429 X-RateLimit-Resource=search" + reset, true, true},
		"a limit without a name":               {"200" + reset + " {}", true, true},
		"a throttle":                           {"429 Retry-After=1800", true, true},
		"the IETF's fields":                    {`200 RateLimit="search";r=0;t=1800 {}`, true, true},
		"a Retry-After that is of the route":   {"503 Retry-After=1800", true, false},
		"a limit with something left":          {"200 X-RateLimit-Limit=10 X-RateLimit-Remaining=9 X-RateLimit-Reset=1800 {}", false, false},
		"a limit that a cache remembers":       {"200 Age=9" + reset + " {}", false, false},
		"a 401's, which is nobody's":           {"401" + reset, false, false},
		"a throttle that explains no resource": {"429 X-RateLimit-Resource=search X-RateLimit-Remaining=5 Retry-After=1800", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pacer := ratelimit.NewPacer()
				c, rt := scripted(t, tt.script, client.WithPacing(pacer), client.WithRetry(retry.Never), client.WithProfile(resources()))
				_ = wait(t, c, "GET", "/search/code")
				rt.Script(clienttest.JSON(200, "{}"))
				for _, free := range []string{"/users/1", "/graphql", "/rate_limit", ""} {
					require.Less(t, wait(t, c, "GET", free), time.Second, free)
				}
				other, err := c.With(client.WithAuth(client.Bearer(secret.Static("sk-other"))))
				require.NoError(t, err)
				require.Less(t, wait(t, other, "GET", "/search/code"), time.Second, "another caller's")
				const long = 29 * time.Minute
				if !tt.resource {
					require.Less(t, wait(t, c, "POST", "/search/issues"), long)
				}
				require.Equal(t, tt.route, wait(t, c, "GET", "/search/code") > long)
				if !tt.resource {
					return
				}
				rt.Script(clienttest.MustParse(tt.script)...)
				_ = wait(t, c, "GET", "/search/code")
				rt.Script(clienttest.JSON(200, "{}"))
				require.Greater(t, wait(t, c, "POST", "/search/issues"), long)
			})
		})
	}
}

// C35: a limiter counts each of the service's limits by itself, for each caller.
func TestC35_ALimiterCountsEachResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "200 {}", client.WithRateLimit(ratelimit.PerMinute(1)), client.WithProfile(resources()))
		b, err := c.With(client.WithAuth(client.Bearer(secret.Static("sk-other"))))
		require.NoError(t, err)
		for _, c := range []*client.Client{c, b} {
			for _, path := range []string{"/search/1", "/graphql", ""} {
				require.Zero(t, wait(t, c, "GET", path), path)
			}
		}
		require.InDelta(t, time.Minute, wait(t, c, "POST", "/search/2"), float64(time.Second))
	})
}

// A LimitKey sees the request without the credential, once for all attempts of a hop.
func TestALimitKeySeesNoCredential(t *testing.T) {
	for name, opt := range map[string]func(func(*http.Request) string) client.Option{
		"the profile's": func(f func(*http.Request) string) client.Option {
			return client.WithProfile(client.Profile{LimitKey: f})
		},
		"the option's": client.WithLimitKey,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var seen []string
				f := func(r *http.Request) string {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header))
					return r.URL.Path
				}
				l := &counting{}
				c, rt := scripted(t, "503, 302 Location=/b, 503, 200 {}", opt(f), client.WithRateLimit(l), client.WithAuth(client.Bearer(secret.Static(key))))
				_, err := client.Get[client.None](t.Context(), c, "/a")
				require.NoError(t, err)
				require.Equal(t, 4, rt.Count())
				require.Len(t, seen, 2, "once per hop")
				for _, s := range seen {
					require.NotContains(t, s, key)
				}
				require.Len(t, l.keys, 2)

				seen = nil
				resp, err := c.HTTPClient().Get(base + "/sdk")
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Len(t, seen, 1)
				require.NotContains(t, seen[0], key)
			})
		})
	}
}

// WithLimitKey is the whole key, whatever the profile says.
func TestWithLimitKeyReplacesTheProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, _ := scripted(t, "200 {}", client.WithProfile(resources()), client.WithRateLimit(l),
			client.WithLimitKey(func(*http.Request) string { return "mine" }))
		_ = wait(t, c, "GET", "/search/1")
		require.Equal(t, map[string]int{"mine": 1}, l.keys)
	})
}

// C37: a LimitKey that panics is its call's error, before anything is sent.
func TestC37_ALimitKeyThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "200 {}", client.WithProfile(client.Profile{LimitKey: func(*http.Request) string { panic("mine") }}))
		_, err := client.Post[client.None](t.Context(), c, "/x", thing{})
		var panicked *client.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Equal(t, client.NeverSent, asError(t, err).Effect)
		require.Zero(t, rt.Count())
	})
}
