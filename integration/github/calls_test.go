package github

import (
	"context"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	owner, repo = "octocat", "hello-world"
	uploadURL   = "/repos/octocat/hello-world/releases/7/assets{?name,label}"
)

var since = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// everything are the operations, each with all that its input can hold. uploads is where
// assets go. Those of webhooks are made by Redeliver, see redeliveries.
func everything(c *client.Client, uploads string) map[string]func(context.Context) error {
	yes, body := true, "<ü> & more"
	return map[string]func(context.Context) error{
		"users.getAuthenticated": func(ctx context.Context) error { return ignoring(github.GetUser.Do(ctx, c, client.None{})) },
		"repos.listForAuthenticatedUser": func(ctx context.Context) error {
			return ignoring(github.ListRepositories.Do(ctx, c, github.ListRepositoriesInput{
				Visibility: "all", Affiliation: "owner,collaborator", Sort: "pushed", Direction: "desc", PerPage: 100,
			}))
		},
		"repos.get": func(ctx context.Context) error {
			return ignoring(github.GetRepository.Do(ctx, c, github.RepositoryInput{Owner: owner, Repo: repo}))
		},
		"issues.listForRepo": func(ctx context.Context) error {
			return ignoring(github.ListIssues.Do(ctx, c, github.ListIssuesInput{
				Owner: owner, Repo: repo, State: "all", Labels: []string{"bug", "a b"}, Assignee: "*", Creator: "hubot", Milestone: "none",
				Sort: "updated", Direction: "asc", Since: since, PerPage: 100,
			}))
		},
		"issues.get": func(ctx context.Context) error {
			return ignoring(github.GetIssue.Do(ctx, c, github.IssueInput{Owner: owner, Repo: repo, Number: 7}))
		},
		"issues.create": func(ctx context.Context) error {
			return ignoring(github.CreateIssue.Do(ctx, c, github.CreateIssueInput{
				Owner: owner, Repo: repo, Title: "It is broken", Body: body, Labels: []string{"bug"}, Assignees: []string{"hubot"}, Milestone: 3, Type: "Bug",
			}))
		},
		"issues.update": func(ctx context.Context) error {
			return ignoring(github.UpdateIssue.Do(ctx, c, github.UpdateIssueInput{
				Owner: owner, Repo: repo, Number: 7, Title: "It was broken", Body: &body, State: "closed", StateReason: "completed",
				Labels: []string{}, Assignees: []string{"hubot"},
			}))
		},
		"issues.createComment": func(ctx context.Context) error {
			return ignoring(github.CreateComment.Do(ctx, c, github.CreateCommentInput{Owner: owner, Repo: repo, Number: 7, Body: body}))
		},
		"pulls.list": func(ctx context.Context) error {
			return ignoring(github.ListPullRequests.Do(ctx, c, github.ListPullRequestsInput{
				Owner: owner, Repo: repo, State: "open", Head: "octocat:mend", Base: "main", Sort: "created", Direction: "desc", PerPage: 100,
			}))
		},
		"pulls.create": func(ctx context.Context) error {
			return ignoring(github.CreatePullRequest.Do(ctx, c, github.CreatePullRequestInput{
				Owner: owner, Repo: repo, Title: "Mend it", Head: "mend", Base: "main", Body: body, Draft: true, MaintainerCanModify: &yes,
			}))
		},
		"repos.getContent": func(ctx context.Context) error {
			return ignoring(github.GetContent.Do(ctx, c, github.ContentInput{Owner: owner, Repo: repo, Path: "README.md", Ref: "main"}))
		},
		"repos.createOrUpdateFileContents": func(ctx context.Context) error {
			return ignoring(github.PutContent.Do(ctx, c, github.PutContentInput{
				Owner: owner, Repo: repo, Path: "README.md", Message: "Say more", Content: []byte{0, 255, '<'}, SHA: "95b966ae1c166bd92f8ae7d1c313e738c731dfc3", Branch: "main",
			}))
		},
		"repos.createRelease": func(ctx context.Context) error {
			return ignoring(github.CreateRelease.Do(ctx, c, github.CreateReleaseInput{
				Owner: owner, Repo: repo, TagName: "v1.0.0", Target: "main", Name: "One", Body: body, Draft: true, Prerelease: true, GenerateNotes: true, MakeLatest: "false",
			}))
		},
		"repos.uploadReleaseAsset": func(ctx context.Context) error {
			return ignoring(github.UploadAsset.Do(ctx, c, github.UploadAssetInput{
				UploadURL: uploads + uploadURL, Name: "a b.zip", Label: "All & more", Content: client.Raw("application/octet-stream", []byte("PK")),
			}))
		},
		"repos.listWebhooks": func(ctx context.Context) error {
			return ignoring(github.ListHooks.Do(ctx, c, github.ListHooksInput{Owner: owner, Repo: repo, PerPage: 100}))
		},
		"repos.createWebhook": func(ctx context.Context) error {
			return ignoring(github.CreateHook.Do(ctx, c, github.CreateHookInput{
				Owner: owner, Repo: repo, URL: "https://example.com/hooks", Secret: secret.New("s"), Events: []string{"issues", "push"}, ContentType: "form",
			}))
		},
		"repos.deleteWebhook": func(ctx context.Context) error {
			return ignoring(github.DeleteHook.Do(ctx, c, github.HookInput{Owner: owner, Repo: repo, ID: "5"}))
		},
		"apps.createInstallationAccessToken": func(ctx context.Context) error {
			return ignoring(github.CreateInstallationToken.Do(ctx, c, github.Installation{
				ID: "9", Repositories: []string{repo}, Permissions: map[string]string{"issues": "write"},
			}))
		},
	}
}

// hooks are the kinds of webhooks, by the beginning of their operations' names.
var hooks = map[string]github.Hook{
	"repos": {Owner: owner, Repo: repo, ID: "5"}, "orgs": {Owner: "acme", ID: "5"}, "apps": {},
}
