package github_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// C29: GitHub's limits come as a 403 or a 429, with and without a header; a 403 for what
// is not permitted is none, also where it took the last request of the hour.
func TestC29_AThrottleIsToldFromWhatIsNotPermitted(t *testing.T) {
	none := http.Header{"X-Ratelimit-Remaining": {"0"}}
	for name, tc := range map[string]struct {
		status int
		header http.Header
		body   string
		limit  bool
	}{
		"primary":                            {403, none, limitSaid, true},
		"primary, as a 429":                  {429, none, limitSaid, true},
		"primary, without its header":        {403, nil, limitSaid, true},
		"primary, of a HEAD":                 {403, none, "", true},
		"primary, by a proxy's page":         {403, none, "<html>", true},
		"secondary":                          {403, nil, secondarySaid, true},
		"secondary, as a 429":                {429, nil, secondarySaid, true},
		"secondary, with a time":             {403, http.Header{"Retry-After": {"30"}}, `{"message":"Wait."}`, true},
		"secondary, in the words of old":     {403, nil, `{"message":"You have triggered an abuse detection mechanism."}`, true},
		"secondary, by its page":             {403, nil, `{"message":"Slow down.","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, true},
		"not permitted":                      {403, nil, `{"message":"Resource not accessible by integration"}`, false},
		"not permitted, by the last request": {403, none, `{"message":"Must have admin rights to Repository."}`, false},
		"not permitted, by a proxy's page":   {403, nil, "<html>rate limit</html>", false},
		"another status":                     {404, none, limitSaid, false},
	} {
		t.Run(name, func(t *testing.T) {
			step := clienttest.Text(tc.status, tc.body).Header("Content-Type", "application/json")
			for name, values := range tc.header {
				step = step.Header(name, values[0])
			}
			rt := clienttest.NewTransport(t, step)
			c, err := github.New(secret.Static(token), client.WithTransport(rt), client.WithRetry(retry.Never))
			require.NoError(t, err)
			_, err = github.GetUser.Do(t.Context(), c.HTTP, client.None{})
			require.Equal(t, tc.limit, errors.Is(err, client.ErrRateLimited), "%v", err)
			require.Equal(t, tc.status == 403 && !tc.limit, errors.Is(err, client.ErrForbidden), "%v", err)
		})
	}
}

// C29: how long is waited. What GitHub asks for; until the limit is whole again; a
// minute where it says nothing, and longer each time.
func TestC29_HowLongAThrottleIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			step     clienttest.Step
			attempts int
			least    time.Duration
		}{
			"Retry-After":           {clienttest.JSON(403, secondarySaid).Header("Retry-After", "5"), 2, 5 * time.Second},
			"a reset":               {clienttest.JSON(403, limitSaid).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Limit", "5000"), 2, 40 * time.Second},
			"nothing":               {clienttest.JSON(403, secondarySaid), 2, time.Minute},
			"nothing, as a 429":     {clienttest.JSON(429, secondarySaid), 2, time.Minute},
			"an hour":               {clienttest.JSON(403, limitSaid).Header("Retry-After", "3600"), 1, 0},
			"what is not permitted": {clienttest.JSON(403, `{"message":"Must have admin rights to Repository."}`), 1, 0},
		} {
			if name == "a reset" {
				tc.step = tc.step.Header("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(tc.least+time.Second).Unix(), 10))
			}
			rt := clienttest.NewTransport(t, tc.step, clienttest.JSON(200, `{"login":"octocat"}`))
			c, err := github.New(secret.Static(token), client.WithTransport(rt), client.WithTimeout(10*time.Minute))
			require.NoError(t, err)
			began := time.Now()
			_, err = github.GetUser.Do(t.Context(), c.HTTP, client.None{})
			require.Equal(t, tc.attempts == 2, err == nil, "%s: %v", name, err)
			require.Equal(t, tc.attempts, rt.Count(), name)
			require.GreaterOrEqual(t, time.Since(began), tc.least, name)
			require.Less(t, time.Since(began), tc.least+10*time.Second, name)
		}
	})
}

// C29: a secondary limit that goes on is waited for longer each time, and the others wait
// too: to go on would get the caller banned.
func TestC29_ASecondaryLimitHoldsBackEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.JSON(403, secondarySaid), clienttest.JSON(403, secondarySaid), clienttest.JSON(200, `{}`))
		c, err := github.New(secret.Static(token), client.WithTransport(rt), client.WithTimeout(time.Hour))
		require.NoError(t, err)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: "o", Repo: "r"})
				require.NoError(t, err)
			})
		}
		time.Sleep(59 * time.Second)
		require.Equal(t, 1, rt.Count(), "one was refused, the others were held back")
		wg.Wait()
		require.GreaterOrEqual(t, time.Since(began), 2*time.Minute)
	})
}

// C35: GitHub counts by resource. One that is used up holds up nothing else.
func TestC35_TheLimitsOfGitHub(t *testing.T) {
	for path, want := range map[string]string{
		"/user": "core", "/repos/o/search/issues": "core", "/repos/o/r/issues": "core", "/": "core",
		"/search/issues": "search", "/search/repositories": "search", "/search/code": "code_search",
		"/graphql": "graphql", "/api/graphql": "graphql", "/api/v3/search/code": "code_search", "/api/v3/user": "core",
		"/rate_limit": "rate_limit", "/app-manifests/x/conversions": "integration_manifest",
		"/scim/v2/organizations/o/Users": "scim", "/orgs/o/audit-log": "audit_log",
		"/repos/o/r/dependency-graph/snapshots": "dependency_snapshots", "/repos/o/r/dependency-graph/sbom": "dependency_sbom",
		"/repos/o/r/code-scanning/sarifs":               "code_scanning_upload",
		"/repos/o/r/actions/runners/registration-token": "actions_runner_registration",
	} {
		require.Equal(t, want, github.Profile.LimitKey(&http.Request{URL: &url.URL{Path: path}}), path)
	}
	synctest.Test(t, func(t *testing.T) {
		reset := strconv.FormatInt(time.Now().Add(20*time.Second).Unix(), 10)
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).Header("X-RateLimit-Limit", "30").Header("X-RateLimit-Remaining", "0").
			Header("X-RateLimit-Reset", reset).Header("X-RateLimit-Resource", "search"), clienttest.JSON(200, `{}`))
		c, err := github.New(secret.Static(token), client.WithTransport(rt))
		require.NoError(t, err)
		began := time.Now()
		for _, path := range []string{"/search/issues", "/user", "/search/code", "/rate_limit"} {
			_, err := client.Get[client.None](t.Context(), c.HTTP, path)
			require.NoError(t, err)
			require.Zero(t, time.Since(began), path)
		}
		_, err = client.Get[client.None](t.Context(), c.HTTP, "/search/users")
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 20*time.Second)
	})
}

// GitHub permits 100 requests at once.
func TestNoMoreThanAHundredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			now.Add(-1)
			_, _ = w.Write([]byte(`{}`))
		}))
		c, err := github.New(secret.Static(token), client.WithTransport(rt))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 250 {
			wg.Go(func() {
				_, err := github.GetUser.Do(t.Context(), c.HTTP, client.None{})
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.EqualValues(t, 100, most.Load())
	})
}

// The context's deadline ends a wait before it begins, with GitHub's own response.
func TestC1_AThrottleThatWouldPassTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "403 "+secondarySaid)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		_, err := github.GetUser.Do(ctx, c.HTTP, client.None{})
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Zero(t, time.Since(began))
		require.True(t, strings.Contains(err.Error(), "secondary rate limit"), err.Error())
	})
}
