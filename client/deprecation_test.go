package client_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// deprecating is a client whose deprecations are noted.
func deprecating(t *testing.T, steps ...clienttest.Step) (c *client.Client, told func() []client.Deprecated, logged func() string, srv *clienttest.Server) {
	t.Helper()
	var (
		mu   sync.Mutex
		all  []client.Deprecated
		ends int
		log  bytes.Buffer
	)
	srv = clienttest.NewServer(t, steps...)
	c, err := client.New(srv.URL,
		client.WithAuth(client.Bearer(secret.Static("tok_canary_1"))),
		client.WithProfile(client.Profile{Name: "svc"}),
		client.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		client.WithObserver(observerFunc(func(_ context.Context, o client.Observation) {
			mu.Lock()
			defer mu.Unlock()
			switch o := o.(type) {
			case client.Deprecated:
				all = append(all, o)
			case client.CallEnded:
				ends++
			}
		})))
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	told = func() []client.Deprecated {
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return ends == srv.Count()
		}, 10*time.Second, time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		return all
	}
	return c, told, log.String, srv
}

func TestADeprecationIsToldOncePerRoute(t *testing.T) {
	c, told, logged, _ := deprecating(t, clienttest.JSON(200, `{}`).
		Header("Deprecation", "@1688169599").Header("Sunset", "Sun, 11 Nov 2029 23:59:59 GMT").
		Header("Link", `<https://u:p@example.com/other?key=1>; rel="next", <https://u:p@example.com/docs?key=tok_canary_1#v1>; rel="deprecation"`))
	get := func(path, route string) {
		t.Helper()
		_, err := client.Call[client.None](t.Context(), c, client.Request{Path: path, Route: route})
		require.NoError(t, err)
	}
	get("/users/1", "/users/{id}")
	get("/users/2", "/users/{id}")
	copied, err := c.With(client.WithHeader("X-A", "b"))
	require.NoError(t, err)
	_, err = client.Call[client.None](t.Context(), copied, client.Request{Path: "/users/3", Route: "/users/{id}"})
	require.NoError(t, err)
	require.Len(t, told(), 1)
	d := told()[0]
	require.Equal(t, "svc", d.Call.Provider)
	require.Equal(t, "/users/{id}", d.Call.Route)
	require.Equal(t, time.Date(2023, 6, 30, 23, 59, 59, 0, time.UTC), d.Since)
	require.Equal(t, time.Date(2029, 11, 11, 23, 59, 59, 0, time.UTC), d.Sunset)
	require.Equal(t, "https://example.com/docs#v1", d.Link)
	require.Equal(t, 1, strings.Count(logged(), `msg="call deprecated"`))
	require.Contains(t, logged(), "path=/users/{id} provider=svc")
	require.Contains(t, logged(), "link=https://example.com/docs#v1")
	require.NotContains(t, logged(), "canary")

	get("/teams/1", "/teams/{id}")
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "DELETE", Path: "/users/1", Route: "/users/{id}"})
	require.NoError(t, err)
	require.Len(t, told(), 3, "another route, and another method")
	get("/a", "")
	get("/b", "")
	require.Len(t, told(), 4, "what has no route counts as one")
}

func TestWhatADeprecationSays(t *testing.T) {
	date := time.Date(2029, 11, 11, 23, 59, 59, 0, time.UTC)
	for name, v := range map[string]struct {
		deprecation, sunset string
		want                *client.Deprecated
	}{
		"a date":              {"@1889135999", "", &client.Deprecated{Since: date}},
		"a draft's date":      {"Sun, 11 Nov 2029 23:59:59 GMT", "", &client.Deprecated{Since: date}},
		"a draft's true":      {"true", "", &client.Deprecated{}},
		"a sunset":            {"", "Sun, 11 Nov 2029 23:59:59 GMT", &client.Deprecated{Sunset: date}},
		"a broken sunset":     {"true", "soon", &client.Deprecated{}},
		"nothing":             {"", "", nil},
		"false":               {"false", "", nil},
		"no number":           {"@soon", "", nil},
		"no year":             {"@999999999999999", "", nil},
		"more than a number":  {"@9999999999999999999999", "", nil},
		"only a bad sunset":   {"", "@1889135999", nil},
		"a bad date, and one": {"tok_canary_1", "Sun, 11 Nov 2029 23:59:59 GMT", &client.Deprecated{Sunset: date}},
	} {
		step := clienttest.JSON(200, `{}`)
		if v.deprecation != "" {
			step = step.Header("Deprecation", v.deprecation)
		}
		if v.sunset != "" {
			step = step.Header("Sunset", v.sunset)
		}
		c, told, logged, _ := deprecating(t, step)
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		if v.want == nil {
			require.Empty(t, told(), name)
			require.NotContains(t, logged(), "deprecated", name)
			continue
		}
		require.Len(t, told(), 1, name)
		require.True(t, v.want.Since.Equal(told()[0].Since), name)
		require.True(t, v.want.Sunset.Equal(told()[0].Sunset), name)
		require.Contains(t, logged(), "call deprecated", name)
		require.NotContains(t, logged(), "canary", name)
	}
}

// A link that is none to a page, or a long one, is not repeated.
func TestTheLinkOfADeprecation(t *testing.T) {
	for link, want := range map[string]string{
		`<https://example.com/d>; rel=sunset`:                                         "https://example.com/d",
		`<https://a.example/s>; rel=sunset, <https://a.example/d>; rel="deprecation"`: "https://a.example/d",
		`<javascript:alert(1)>; rel=deprecation`:                                      "",
		`</relative>; rel=deprecation`:                                                "",
		`<https://e.example/` + strings.Repeat("a", 2000) + `>; rel=deprecation`:      "",
		`<https://e.example/tok_canary_1>; rel=deprecation`:                           "https://e.example/[redacted]",
	} {
		c, told, _, _ := deprecating(t, clienttest.JSON(200, `{}`).Header("Deprecation", "true").Header("Link", link))
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, want, told()[0].Link, link)
	}
}

func TestDeprecationsAreBoundedAndOfTheServiceAlone(t *testing.T) {
	other := clienttest.NewServer(t, clienttest.JSON(200, `{}`).Header("Deprecation", "true"))
	c, told, _, srv := deprecating(t, clienttest.Redirect(302, other.URL+"/x"))
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Empty(t, told(), "another service's")

	srv.Script(clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Deprecation", "true") }))
	for i := range 1100 {
		_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Route: fmt.Sprintf("/x/%d", i)})
		require.NoError(t, err)
	}
	require.Len(t, told(), 1024)
}
