package githubtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// ask makes a request as any HTTP client would.
func ask(t *testing.T, srv *githubtest.Server, method, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+githubtest.Token)
	req.Header.Set("User-Agent", "test")
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	resp, err := (&http.Client{Transport: srv.Transport()}).Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// It refuses what GitHub does.
func TestRefusals(t *testing.T) {
	srv := githubtest.NewHandler()
	const issues = "/repos/octocat/hello-world/issues"
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		"no credential":         {"GET", "/user", "", []string{"Authorization", ""}, 401, "Requires authentication"},
		"a wrong one":           {"GET", "/user", "", []string{"Authorization", "Bearer ghp_other"}, 401, "Bad credentials"},
		"another scheme":        {"GET", "/user", "", []string{"Authorization", "Basic eDp5"}, 401, "Bad credentials"},
		"no JWT":                {"GET", "/app/hook/deliveries", "", nil, 401, "A JSON web token could not be decoded"},
		"a bad JWT":             {"GET", "/app/hook/deliveries", "", []string{"Authorization", "Bearer eyJ.e30.AA"}, 401, "could not be decoded"},
		"an unsigned JWT":       {"GET", "/app/hook/deliveries", "", []string{"Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."}, 401, "could not be decoded"},
		"another version":       {"GET", "/user", "", []string{"X-GitHub-Api-Version", "2020-01-01"}, 400, "Unsupported"},
		"an unknown path":       {"GET", "/emojis", "", nil, 404, "Not Found"},
		"an unknown repo":       {"GET", "/repos/octocat/none", "", nil, 404, "Not Found"},
		"an unknown issue":      {"GET", issues + "/7", "", nil, 404, "Not Found"},
		"no JSON":               {"POST", issues, "{", nil, 400, "Problems parsing JSON"},
		"no title":              {"POST", issues, "{}", nil, 422, `"code":"missing_field","field":"title","resource":"Issue"`},
		"a time that is none":   {"GET", issues + "?since=now", "", nil, 422, `"field":"since"`},
		"a pull without a head": {"POST", "/repos/octocat/hello-world/pulls", `{"title":"t","base":"main"}`, nil, 422, `"field":"head"`},
		"a file without words":  {"PUT", "/repos/octocat/hello-world/contents/x", `{"message":"m"}`, nil, 422, "weren't supplied"},
		"a release without":     {"POST", "/repos/octocat/hello-world/releases", `{}`, nil, 422, `"field":"tag_name"`},
		"an unknown hook":       {"GET", "/repos/octocat/hello-world/hooks/1/deliveries", "", nil, 404, "Not Found"},
	} {
		resp := ask(t, srv, tc.method, tc.path, tc.body, tc.header...)
		body := read(t, resp)
		require.Equal(t, tc.status, resp.StatusCode, "%s: %s", name, body)
		require.Contains(t, body, tc.says, name)
		require.NotEmpty(t, resp.Header.Get("X-GitHub-Request-Id"), name)
	}
	r := httptest.NewRequest("GET", "/user", nil)
	r.Header.Set("Authorization", "Bearer "+githubtest.Token)
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	require.Equal(t, 403, w.Code, "GitHub wants a User-Agent")
}

// A conditional request is a 304 while nothing has changed, and is not counted.
func TestConditionalRequests(t *testing.T) {
	srv := githubtest.NewHandler()
	const path = "/repos/octocat/hello-world/issues"
	first := ask(t, srv, "GET", path, "")
	tag := first.Header.Get("ETag")
	require.True(t, strings.HasPrefix(tag, `W/"`), tag)
	require.Equal(t, "4999", first.Header.Get("X-RateLimit-Remaining"))
	again := ask(t, srv, "GET", path, "", "If-None-Match", `"x", `+tag)
	require.Equal(t, 304, again.StatusCode)
	require.Empty(t, read(t, again))
	require.Equal(t, "4999", again.Header.Get("X-RateLimit-Remaining"))
	srv.AddIssues("octocat/hello-world", 1)
	changed := ask(t, srv, "GET", path, "", "If-None-Match", tag)
	require.Equal(t, 200, changed.StatusCode)
	require.NotEqual(t, tag, changed.Header.Get("ETag"))
}

// The requests of an hour are counted for each caller and resource, and come back.
func TestAQuota(t *testing.T) {
	now := time.Now()
	srv := githubtest.NewHandler(githubtest.Options{
		Limit: 2, Tokens: map[string]string{githubtest.Token: "octocat", "other": "hubot"}, Now: func() time.Time { return now },
	})
	status := func(header ...string) int { return ask(t, srv, "GET", "/user", "", header...).StatusCode }
	require.Equal(t, []int{200, 200, 403}, []int{status(), status(), status()})
	require.Equal(t, 200, status("Authorization", "token other"))
	refused := ask(t, srv, "GET", "/user", "")
	require.Contains(t, read(t, refused), "API rate limit exceeded")
	for name, want := range map[string]string{"Limit": "2", "Used": "2", "Remaining": "0", "Resource": "core"} {
		require.Equal(t, want, refused.Header.Get("X-RateLimit-"+name))
	}
	require.Equal(t, 404, ask(t, srv, "GET", "/search/issues", "").StatusCode, "another resource")
	now = now.Add(time.Hour)
	require.Equal(t, 200, status())
}

// A page links to those around it, with the query that it was asked for by.
func TestPages(t *testing.T) {
	srv := githubtest.NewHandler()
	srv.AddIssues("octocat/hello-world", 65)
	resp := ask(t, srv, "GET", "/repos/octocat/hello-world/issues?state=all&page=2", "")
	var list []struct{ Number int }
	require.NoError(t, json.Unmarshal([]byte(read(t, resp)), &list))
	require.Len(t, list, 30)
	require.Equal(t, 35, list[0].Number, "the newest first")
	link := resp.Header.Get("Link")
	for rel, page := range map[string]int{"prev": 1, "next": 3, "last": 3, "first": 1} {
		require.Contains(t, link, fmt.Sprintf(`<https://api.github.com/repos/octocat/hello-world/issues?page=%d&state=all>; rel="%s"`, page, rel))
	}
	resp = ask(t, srv, "GET", "/repos/octocat/hello-world/issues?per_page=1000", "")
	require.Empty(t, resp.Header.Get("Link"), "100 at most")
}

// Each fault is what it says, once, and for the operation that it is for.
func TestFaults(t *testing.T) {
	srv := githubtest.NewHandler()
	get := func() (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/user", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+githubtest.Token)
		req.Header.Set("User-Agent", "test")
		resp, err := srv.Transport().RoundTrip(req)
		if err != nil {
			return nil, "", err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return resp, string(body), err
	}
	for name, tc := range map[string]struct {
		fault  githubtest.Fault
		status int // 0: no response; -1: one that breaks off
		says   string
		header string
	}{
		"an outage":               {githubtest.Fault{}, 503, "Service unavailable.", ""},
		"another status":          {githubtest.Fault{Status: 404, Message: "Not Found"}, 404, "Not Found", ""},
		"a page":                  {githubtest.Fault{Status: 502, HTML: true}, 502, "<h1>Unicorn!</h1>", "Content-Type=text/html; charset=utf-8"},
		"primary":                 {githubtest.Fault{Limit: githubtest.Primary}, 403, "API rate limit exceeded", "X-RateLimit-Remaining=0"},
		"secondary":               {githubtest.Fault{Limit: githubtest.Secondary, RetryAfter: 30 * time.Second}, 403, "secondary rate limit", "Retry-After=30"},
		"secondary, untold":       {githubtest.Fault{Limit: githubtest.Secondary, Status: 429}, 429, "secondary rate limit", "Retry-After="},
		"a reset":                 {githubtest.Fault{Reset: true}, 0, "", ""},
		"a response that is lost": {githubtest.Fault{Lost: true}, 0, "", ""},
		"a cut":                   {githubtest.Fault{CutAfter: 10}, -1, "", ""},
	} {
		srv.Inject(githubtest.Fault{Operation: "issues.create"}) // for another
		tc.fault.Operation, tc.fault.Skip = "users.getAuthenticated", 1
		srv.Inject(tc.fault)
		resp, _, err := get()
		require.NoError(t, err, name)
		require.Equal(t, 200, resp.StatusCode, name)
		resp, body, err := get()
		switch tc.status {
		case 0:
			require.Error(t, err, name)
		case -1:
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
			require.Len(t, body, 10)
		default:
			require.NoError(t, err, name)
			require.Equal(t, tc.status, resp.StatusCode, name)
			require.Contains(t, body, tc.says, name)
			if field, value, ok := strings.Cut(tc.header, "="); ok {
				require.Equal(t, value, resp.Header.Get(field), name)
			}
		}
		_, _, err = get()
		require.NoError(t, err, name)
	}
	require.Equal(t, 27, srv.Count("users.getAuthenticated"))
}

// A lost response: what was asked for was done.
func TestALostResponse(t *testing.T) {
	srv := githubtest.New(t)
	srv.Inject(githubtest.Fault{Operation: "issues.create", Lost: true})
	req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/repos/octocat/hello-world/issues", strings.NewReader(`{"title":"t"}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+githubtest.Token)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	_, err = tr.RoundTrip(req)
	require.Error(t, err)
	resp := ask(t, srv, "GET", "/repos/octocat/hello-world/issues/1", "")
	require.Equal(t, 200, resp.StatusCode)
}

// Comments are kept and listed, by the paths of GitHub Enterprise Server too.
func TestCommentsAndPathsOfEnterpriseServer(t *testing.T) {
	srv := githubtest.NewHandler()
	srv.AddIssues("octocat/hello-world", 1)
	require.Equal(t, 201, ask(t, srv, "POST", "/api/v3/repos/octocat/hello-world/issues/1/comments", `{"body":"one"}`).StatusCode)
	require.Equal(t, 422, ask(t, srv, "POST", "/repos/octocat/hello-world/issues/1/comments", `{}`).StatusCode)
	require.Contains(t, read(t, ask(t, srv, "GET", "/repos/octocat/hello-world/issues/1/comments", "")), `"body":"one"`)
	require.Contains(t, read(t, ask(t, srv, "GET", "/repos/octocat/hello-world/issues/1", "")), `"comments":1`)
}

// It is one server for many goroutines.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	srv := githubtest.NewHandler(githubtest.Options{Repositories: []string{"acme/one", "acme/two"}})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			repo := []string{"one", "two"}[i%2]
			resp := ask(t, srv, "POST", "/repos/acme/"+repo+"/issues", `{"title":"t"}`)
			if resp.StatusCode != 201 {
				t.Errorf("%d", resp.StatusCode)
			}
			srv.AddDelivery(github.Hook{}, github.Delivery{})
			_ = srv.Deliveries(github.Hook{})
			srv.AddFile("acme/"+repo, "x", []byte("x"))
			srv.Inject(githubtest.Fault{Operation: "pulls.create"})
		})
	}
	wg.Wait()
	require.Equal(t, 50, srv.Count("issues.create"))
	resp := ask(t, srv, "GET", "/repos/acme/one/issues?per_page=100", "")
	require.Equal(t, 25, strings.Count(read(t, resp), `"number":`))
}

// A list has what its filters say and no more, in the order that is asked for.
func TestFiltersOfAList(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	srv := githubtest.NewHandler(githubtest.Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	const issues = "/repos/octocat/hello-world/issues"
	for _, body := range []string{`{"title":"1","assignees":["ada"]}`, `{"title":"2"}`, `{"title":"3","assignees":["ada","ben"]}`} {
		require.Equal(t, 201, ask(t, srv, "POST", issues, body).StatusCode)
	}
	require.Equal(t, 201, ask(t, srv, "POST", issues+"/1/comments", `{"body":"Me too."}`).StatusCode)
	for query, want := range map[string]string{
		"": "321", "direction=asc": "123", "sort=updated": "132", "sort=comments": "132", "sort=created&direction=asc": "123",
		"assignee=ada": "31", "assignee=ben": "3", "assignee=none": "2", "assignee=*": "31", "assignee=cyd": "",
		"milestone=1": "", "milestone=*": "", "milestone=none": "321", "creator=octocat": "321", "creator=ada": "",
	} {
		var found []struct{ Title string }
		require.NoError(t, json.Unmarshal([]byte(read(t, ask(t, srv, "GET", issues+"?"+query, ""))), &found), query)
		var titles string
		for _, i := range found {
			titles += i.Title
		}
		require.Equal(t, want, titles, query)
	}
	for _, head := range []string{"a", "b"} {
		require.Equal(t, 201, ask(t, srv, "POST", "/repos/octocat/hello-world/pulls", `{"title":"`+head+`","head":"`+head+`","base":"main"}`).StatusCode)
	}
	for query, want := range map[string]string{"": "ba", "sort=created": "ba", "sort=updated": "ab", "sort=updated&direction=desc": "ba", "head=octocat:a": "a"} {
		var found []struct{ Title string }
		require.NoError(t, json.Unmarshal([]byte(read(t, ask(t, srv, "GET", "/repos/octocat/hello-world/pulls?"+query, ""))), &found), query)
		var titles string
		for _, i := range found {
			titles += i.Title
		}
		require.Equal(t, want, titles, query)
	}
}
