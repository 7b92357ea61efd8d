package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	sdk "github.com/google/go-github/v92/github"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

// accepts are the one field in which the requests differ, go-github's value and ours.
// Ours is the media type that GitHub's documentation recommends. "v3" is its old name,
// and the previews' fields have become the API's own. GetContent asks for the object
// type, so that a folder is an object as a file is, where go-github tries to decode a
// list. Whatever else says what is asked for is equal: method, host, path, query, body,
// version, credential and content type.
var accepts = map[string][2]string{
	"":                   {"application/vnd.github.v3+json", "application/vnd.github+json"},
	"issues.listForRepo": {"application/vnd.github.squirrel-girl-preview", "application/vnd.github+json"},
	"issues.get":         {"application/vnd.github.squirrel-girl-preview", "application/vnd.github+json"},
	"repos.get": {
		"application/vnd.github.scarlet-witch-preview+json, application/vnd.github.mercy-preview+json, application/vnd.github.baptiste-preview+json, application/vnd.github.nebula-preview+json",
		"application/vnd.github+json",
	},
	"repos.getContent": {"application/vnd.github.v3+json", "application/vnd.github.object+json"},
}

// sdkCalls are go-github's for the same as everything's.
func sdkCalls(t *testing.T, c *sdk.Client) map[string]func(context.Context) error {
	text := func(s string) *string { return &s }
	yes, body, three := true, "<ü> & more", 3
	file := filepath.Join(t.TempDir(), "a b.zip")
	require.NoError(t, os.WriteFile(file, []byte("PK"), 0o600))
	two := func(_ any, _ *sdk.Response, err error) error { return err }
	return map[string]func(context.Context) error{
		"users.getAuthenticated": func(ctx context.Context) error { return wrap(c.Users.Get(ctx, "")) },
		"repos.listForAuthenticatedUser": func(ctx context.Context) error {
			return wrap(c.Repositories.ListByAuthenticatedUser(ctx, &sdk.RepositoryListByAuthenticatedUserOptions{
				Visibility: "all", Affiliation: "owner,collaborator", Sort: "pushed", Direction: "desc", ListOptions: sdk.ListOptions{PerPage: 100},
			}))
		},
		"repos.get": func(ctx context.Context) error { return wrap(c.Repositories.Get(ctx, owner, repo)) },
		"issues.listForRepo": func(ctx context.Context) error {
			return wrap(c.Issues.ListByRepo(ctx, owner, repo, &sdk.IssueListByRepoOptions{
				State: "all", Labels: []string{"bug", "a b"}, Assignee: "*", Creator: "hubot", Milestone: "none",
				Sort: "updated", Direction: "asc", Since: since, ListOptions: sdk.ListOptions{PerPage: 100},
			}))
		},
		"issues.get": func(ctx context.Context) error { return wrap(c.Issues.Get(ctx, owner, repo, 7)) },
		"issues.create": func(ctx context.Context) error {
			return wrap(c.Issues.Create(ctx, owner, repo, sdk.CreateIssueRequest{
				Title: "It is broken", Body: &body, Labels: []string{"bug"}, Assignees: []string{"hubot"}, Milestone: &three, Type: text("Bug"),
			}))
		},
		"issues.update": func(ctx context.Context) error {
			return wrap(c.Issues.Update(ctx, owner, repo, 7, sdk.UpdateIssueRequest{
				Title: text("It was broken"), Body: &body, State: text("closed"), StateReason: text("completed"), Labels: []string{}, Assignees: []string{"hubot"},
			}))
		},
		"issues.createComment": func(ctx context.Context) error {
			return wrap(c.Issues.CreateComment(ctx, owner, repo, 7, sdk.IssueCommentRequest{Body: body}))
		},
		"pulls.list": func(ctx context.Context) error {
			return wrap(c.PullRequests.List(ctx, owner, repo, &sdk.PullRequestListOptions{
				State: "open", Head: "octocat:mend", Base: "main", Sort: "created", Direction: "desc", ListOptions: sdk.ListOptions{PerPage: 100},
			}))
		},
		"pulls.create": func(ctx context.Context) error {
			return wrap(c.PullRequests.Create(ctx, owner, repo, sdk.CreatePullRequest{
				Title: text("Mend it"), Head: "mend", Base: "main", Body: &body, Draft: &yes, MaintainerCanModify: &yes,
			}))
		},
		"repos.getContent": func(ctx context.Context) error {
			_, _, _, err := c.Repositories.GetContents(ctx, owner, repo, "README.md", &sdk.RepositoryContentGetOptions{Ref: "main"})
			return err
		},
		"repos.createOrUpdateFileContents": func(ctx context.Context) error {
			return wrap(c.Repositories.UpdateFile(ctx, owner, repo, "README.md", &sdk.RepositoryContentFileOptions{
				Message: text("Say more"), Content: []byte{0, 255, '<'}, SHA: text("95b966ae1c166bd92f8ae7d1c313e738c731dfc3"), Branch: text("main"),
			}))
		},
		"repos.createRelease": func(ctx context.Context) error {
			return wrap(c.Repositories.CreateRelease(ctx, owner, repo, sdk.CreateReleaseRequest{
				TagName: "v1.0.0", TargetCommitish: text("main"), Name: text("One"), Body: &body, Draft: &yes, Prerelease: &yes, GenerateReleaseNotes: &yes, MakeLatest: text("false"),
			}))
		},
		"repos.uploadReleaseAsset": func(ctx context.Context) error {
			f, err := os.Open(file)
			require.NoError(t, err)
			defer f.Close()
			return wrap(c.Repositories.UploadReleaseAsset(ctx, owner, repo, 7, &sdk.UploadOptions{Name: "a b.zip", Label: "All & more", MediaType: "application/octet-stream"}, f))
		},
		"repos.listWebhooks": func(ctx context.Context) error {
			return wrap(c.Repositories.ListHooks(ctx, owner, repo, &sdk.ListOptions{PerPage: 100}))
		},
		"repos.createWebhook": func(ctx context.Context) error {
			return wrap(c.Repositories.CreateHook(ctx, owner, repo, &sdk.Hook{
				Active: &yes, Events: []string{"issues", "push"},
				Config: &sdk.HookConfig{URL: text("https://example.com/hooks"), ContentType: text("form"), Secret: text("s")},
			}))
		},
		"repos.deleteWebhook": func(ctx context.Context) error {
			_, err := c.Repositories.DeleteHook(ctx, owner, repo, 5)
			return err
		},
		"apps.createInstallationAccessToken": func(ctx context.Context) error {
			return wrap(c.Apps.CreateInstallationToken(ctx, 9, &sdk.InstallationTokenOptions{
				Repositories: []string{repo}, Permissions: &sdk.InstallationPermissions{Issues: text("write")},
			}))
		},
		"repos.listWebhookDeliveries": func(ctx context.Context) error {
			r, resp, err := c.Repositories.ListHookDeliveries(ctx, owner, repo, 5, &sdk.ListCursorOptions{PerPage: 100})
			return two(r, resp, err)
		},
		"orgs.listWebhookDeliveries": func(ctx context.Context) error {
			return wrap(c.Organizations.ListHookDeliveries(ctx, "acme", 5, &sdk.ListCursorOptions{PerPage: 100}))
		},
		"apps.listWebhookDeliveries": func(ctx context.Context) error {
			return wrap(c.Apps.ListHookDeliveries(ctx, &sdk.ListCursorOptions{PerPage: 100}))
		},
		"repos.redeliverWebhookDelivery": func(ctx context.Context) error {
			return wrap(c.Repositories.RedeliverHookDelivery(ctx, owner, repo, 5, 12345678))
		},
		"orgs.redeliverWebhookDelivery": func(ctx context.Context) error {
			return wrap(c.Organizations.RedeliverHookDelivery(ctx, "acme", 5, 12345678))
		},
		"apps.redeliverWebhookDelivery": func(ctx context.Context) error {
			return wrap(c.Apps.RedeliverHookDelivery(ctx, 12345678))
		},
	}
}

func wrap[T any](_ T, _ *sdk.Response, err error) error { return err }

// delivered is a failed delivery, of which Redeliver asks for another.
const delivered = `[{"id":12345678,"guid":"0b989ba4","delivered_at":"2026-01-02T03:04:05Z","status":"timed out","status_code":0}]`

// recorded answers each kind of request with what can be decoded, and keeps it.
func recorded(t *testing.T) *clienttest.Transport {
	return clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		body := `{}`
		switch path := r.URL.Path; {
		case r.Method == "GET" && filepath.Base(path) == "deliveries":
			body = delivered
		case r.Method == "GET" && slices.Contains([]string{"issues", "pulls", "repos", "hooks"}, filepath.Base(path)):
			body = `[]`
		}
		clienttest.JSON(200, body).Serve(w)
	}))
}

// P1: for each operation go-github and the adapter send the same, but for accepts.
func TestP1_OperationsSendWhatGoGitHubSends(t *testing.T) {
	ours, theirs := recorded(t), recorded(t)
	c, err := github.New(secret.Static("ghp_integration"), client.WithTransport(ours))
	require.NoError(t, err)
	alone, err := sdk.NewClient(sdk.WithTransport(theirs), sdk.WithAuthToken("ghp_integration"))
	require.NoError(t, err)

	made := map[string]clienttest.Recorded{}
	for name, call := range everything(c.HTTP, "https://uploads.github.com") {
		require.NoError(t, call(t.Context()), name)
		made[name] = ours.Last()
	}
	for kind, hook := range hooks {
		before := ours.Count()
		done, err := github.Redeliver(t.Context(), c.HTTP, hook, time.Time{})
		require.NoError(t, err, kind)
		require.Len(t, done, 1)
		made[kind+".listWebhookDeliveries"], made[kind+".redeliverWebhookDelivery"] = ours.Requests()[before], ours.Requests()[before+1]
	}
	calls := sdkCalls(t, alone)
	for _, op := range github.Operations {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			require.Contains(t, made, name)
			require.Contains(t, calls, name)
			_ = calls[name](t.Context()) // what comes back is another test's
			want, got := shown(t, theirs.Last()), shown(t, made[name])
			differ, ok := accepts[name]
			if !ok {
				differ = accepts[""]
			}
			require.Equal(t, differ, [2]string{want["Accept"].(string), got["Accept"].(string)})
			delete(want, "Accept")
			delete(got, "Accept")
			require.Equal(t, want, got)
		})
	}
}

// shown is what a service sees of a request.
func shown(t *testing.T, r clienttest.Recorded) map[string]any {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	s := map[string]any{"Method": r.Method, "Host": r.Host, "path": u.EscapedPath(), "query": u.Query(), "body": string(r.Body)}
	var body any
	if json.Unmarshal(r.Body, &body) == nil {
		s["body"] = body
	}
	if m, ok := body.(map[string]any); ok && len(m) == 0 {
		s["body"] = ""
	}
	for _, name := range []string{"Accept", "Authorization", "Content-Type", "X-GitHub-Api-Version"} {
		s[name] = r.Header.Get(name)
	}
	if len(r.Body) == 0 {
		delete(s, "Content-Type")
	}
	return s
}

// P6: go-github on the stack, over the fake: one request per attempt, with the token of
// the stack's source; its errors keep their types, its pages their links.
func TestP6_GoGitHubOnTheStack(t *testing.T) {
	srv := githubtest.New(t)
	srv.AddIssues(owner+"/"+repo, 250)
	base := srv.URL + "/"
	hc, err := github.HTTPClient(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	c, err := sdk.NewClient(sdk.WithHTTPClient(hc), sdk.WithURLs(&base, &base), sdk.WithAuthToken("the-stack-replaces-it"))
	require.NoError(t, err)
	ctx := t.Context()

	n, opts := 0, &sdk.IssueListByRepoOptions{ListOptions: sdk.ListOptions{PerPage: 100}}
	for {
		issues, resp, err := c.Issues.ListByRepo(ctx, owner, repo, opts)
		require.NoError(t, err)
		n += len(issues)
		if resp.NextPage == 0 {
			break
		}
		opts.ListOptions.Page = resp.NextPage
	}
	require.Equal(t, 250, n)
	require.Equal(t, 3, srv.Count("issues.listForRepo"))

	// Everything that the adapter has, the fake does for go-github as well.
	issue, _, err := c.Issues.Create(ctx, owner, repo, sdk.CreateIssueRequest{Title: "It is broken", Labels: []string{"bug"}})
	require.NoError(t, err)
	_, _, err = c.Issues.CreateComment(ctx, owner, repo, issue.GetNumber(), sdk.IssueCommentRequest{Body: "So it is."})
	require.NoError(t, err)
	closed := "closed"
	issue, _, err = c.Issues.Update(ctx, owner, repo, issue.GetNumber(), sdk.UpdateIssueRequest{State: &closed})
	require.NoError(t, err)
	require.Equal(t, "closed", issue.GetState())
	file, folder, _, err := c.Repositories.GetContents(ctx, owner, repo, "README.md", nil)
	require.NoError(t, err)
	require.Nil(t, folder)
	content, err := file.GetContent()
	require.NoError(t, err)
	require.Equal(t, "# hello-world\n", content)

	_, _, err = c.Issues.Get(ctx, owner, repo, 9999)
	said, ok := err.(*sdk.ErrorResponse)
	require.True(t, ok, "%T", err)
	require.Equal(t, 404, said.Response.StatusCode)

	srv.Inject(githubtest.Fault{Operation: "repos.get", Limit: githubtest.Secondary, RetryAfter: time.Hour})
	_, _, err = c.Repositories.Get(ctx, owner, repo)
	_, ok = err.(*sdk.AbuseRateLimitError)
	require.True(t, ok, "%T", err)
	require.Equal(t, 1, srv.Count("repos.get"))
}

// An outage under go-github is waited out by the stack.
func TestP6_AnOutageUnderGoGitHub(t *testing.T) {
	srv := githubtest.New(t)
	base := srv.URL + "/"
	hc, err := github.HTTPClient(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	c, err := sdk.NewClient(sdk.WithHTTPClient(hc), sdk.WithURLs(&base, &base))
	require.NoError(t, err)
	srv.Inject(githubtest.Fault{Operation: "users.getAuthenticated"})
	me, _, err := c.Users.Get(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, githubtest.Login, me.GetLogin())
	require.Equal(t, 2, srv.Count("users.getAuthenticated"))
}
