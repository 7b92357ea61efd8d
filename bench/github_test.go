package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v92/github"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

// githubItems is how many issues the list has, in pages of githubPage.
const githubItems, githubPage = 1000, 100

// githubServer has a list of issues, each with the members that GitHub's have.
type githubServer struct{ pages [][]byte }

func newGitHubServer() *githubServer {
	s := &githubServer{}
	for from := 0; from < githubItems; from += githubPage {
		var page []map[string]any
		for i := range githubPage {
			page = append(page, githubIssue(from+i+1))
		}
		s.pages = append(s.pages, mustJSON(page))
	}
	return s
}

func githubUser(login string, id int) map[string]any {
	u := map[string]any{
		"login": login, "id": id, "node_id": "MDQ6VXNlcjE=", "avatar_url": "https://avatars.githubusercontent.com/u/" + strconv.Itoa(id) + "?v=4",
		"gravatar_id": "", "type": "User", "user_view_type": "public", "site_admin": false,
		"url": "https://api.github.com/users/" + login, "html_url": "https://github.com/" + login,
	}
	for _, name := range []string{"followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events"} {
		u[name+"_url"] = "https://api.github.com/users/" + login + "/" + name
	}
	return u
}

func githubIssue(n int) map[string]any {
	url := fmt.Sprintf("https://api.github.com/repos/octocat/hello-world/issues/%d", n)
	return map[string]any{
		"url": url, "repository_url": "https://api.github.com/repos/octocat/hello-world", "labels_url": url + "/labels{/name}",
		"comments_url": url + "/comments", "events_url": url + "/events", "timeline_url": url + "/timeline",
		"html_url": fmt.Sprintf("https://github.com/octocat/hello-world/issues/%d", n), "id": 2_400_000_000 + n, "node_id": "I_kwDOABCD",
		"number": n, "title": fmt.Sprintf("Issue %d: something is <broken> & wants mending", n), "user": githubUser("octocat", 1),
		"labels": []any{
			map[string]any{"id": 208045946, "node_id": "MDU6TGFiZWwy", "url": "https://api.github.com/repos/octocat/hello-world/labels/bug", "name": "bug", "color": "f29513", "default": true, "description": "Something isn't working"},
			map[string]any{"id": 208045947, "node_id": "MDU6TGFiZWwz", "url": "https://api.github.com/repos/octocat/hello-world/labels/ui", "name": "ui", "color": "a2eeef", "default": false, "description": nil},
		},
		"state": "open", "locked": false, "assignee": githubUser("hubot", 2), "assignees": []any{githubUser("hubot", 2)}, "milestone": nil,
		"comments": 3, "created_at": "2026-04-10T20:09:31Z", "updated_at": "2026-05-10T20:09:31Z", "closed_at": nil, "author_association": "COLLABORATOR",
		"active_lock_reason": nil, "state_reason": nil, "performed_via_github_app": nil, "type": nil,
		"sub_issues_summary": map[string]any{"total": 0, "completed": 0, "percent_completed": 0},
		"body":               strings.Repeat("The \"quick\" brown fox jumps over the lazy dog.\r\n", 12),
		"reactions": map[string]any{
			"url": url + "/reactions", "total_count": 2, "+1": 2, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
		},
	}
}

func (s *githubServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token || r.URL.Query().Get("per_page") != strconv.Itoa(githubPage) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	n = max(n, 1)
	h := w.Header()
	if n < len(s.pages) {
		h.Set("Link", fmt.Sprintf(`<http://%s%s?page=%d&per_page=%d>; rel="next", <http://%s%s?page=%d&per_page=%d>; rel="last"`,
			r.Host, r.URL.Path, n+1, githubPage, r.Host, r.URL.Path, len(s.pages), githubPage))
	}
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(s.pages[n-1])))
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", "4999")
	h.Set("X-RateLimit-Reset", "4102444800")
	h.Set("X-RateLimit-Resource", "core")
	_, _ = w.Write(s.pages[n-1])
}

func eachGitHub(tb testing.TB, f func(es []entry)) {
	hc, base := loopback(tb, newGitHubServer())
	ctx := context.Background()
	check := func(n int, err error) error {
		if err == nil && n != githubItems {
			err = fmt.Errorf("%d items", n)
		}
		return err
	}
	own, err := github.New(secret.Static(token), client.WithBaseURL(base), client.WithTransport(hc.Transport))
	if err != nil {
		tb.Fatal(err)
	}
	slash := base + "/"
	sdk, err := gogithub.NewClient(gogithub.WithHTTPClient(hc), gogithub.WithURLs(&slash, nil), gogithub.WithAuthToken(token))
	if err != nil {
		tb.Fatal(err)
	}
	f([]entry{
		{"raw", func() error { return check(rawGitHub(ctx, hc, base)) }},
		{"go-github", func() error {
			n, opts := 0, &gogithub.IssueListByRepoOptions{ListOptions: gogithub.ListOptions{PerPage: githubPage}}
			for {
				issues, resp, err := sdk.Issues.ListByRepo(ctx, "octocat", "hello-world", opts)
				if err != nil {
					return err
				}
				n += len(issues)
				if resp.NextPage == 0 {
					return check(n, nil)
				}
				opts.ListOptions.Page = resp.NextPage
			}
		}},
		{"own", func() error {
			n := 0
			for _, err := range github.ListIssues.All(ctx, own.HTTP, github.ListIssuesInput{Owner: "octocat", Repo: "hello-world", PerPage: githubPage}) {
				if err != nil {
					return err
				}
				n++
			}
			return check(n, nil)
		}},
	})
}

// rawGitHub reads the same into the same type, without anything around it.
func rawGitHub(ctx context.Context, hc *http.Client, base string) (n int, err error) {
	for page := 1; ; page++ {
		req, err := rawRequest(ctx, fmt.Sprintf("%s/repos/octocat/hello-world/issues?page=%d&per_page=%d", base, page, githubPage))
		if err != nil {
			return n, err
		}
		resp, err := hc.Do(req)
		if err != nil {
			return n, err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return n, err
		}
		var issues []github.Issue
		if err := json.Unmarshal(body, &issues); err != nil {
			return n, err
		}
		n += len(issues)
		if !strings.Contains(resp.Header.Get("Link"), `rel="next"`) {
			return n, nil
		}
	}
}

func TestGitHub(t *testing.T) { eachGitHub(t, func(es []entry) { checkAll(t, es) }) }

func BenchmarkGitHub(b *testing.B) {
	eachGitHub(b, func(es []entry) { b.Run("list-1000", func(b *testing.B) { bench(b, es) }) })
}
