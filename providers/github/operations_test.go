package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

// Every operation does at the fake what it says, and its result has what was given.
func TestOperations(t *testing.T) {
	c, srv := faked(t)
	ctx := t.Context()
	const owner, repo = githubtest.Owner, githubtest.Repo
	me, err := github.GetUser.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, githubtest.Login, me.Login)
	require.NotEmpty(t, me.ID)

	var names []string
	for r, err := range github.ListRepositories.All(ctx, c.HTTP, github.ListRepositoriesInput{PerPage: 100}) {
		require.NoError(t, err)
		names = append(names, r.FullName)
	}
	require.Equal(t, []string{owner + "/" + repo}, names)
	r, err := github.GetRepository.Do(ctx, c.HTTP, github.RepositoryInput{Owner: owner, Repo: repo})
	require.NoError(t, err)
	require.Equal(t, []string{owner, repo, "main"}, []string{r.Owner.Login, r.Name, r.DefaultBranch})

	made, err := github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{
		Owner: owner, Repo: repo, Title: "It is broken", Body: "<ü>", Labels: []string{"bug"}, Assignees: []string{"octocat"},
	})
	require.NoError(t, err)
	require.Equal(t, "open", made.State)
	require.True(t, made.ClosedAt.IsZero())
	_, err = github.CreateComment.Do(ctx, c.HTTP, github.CreateCommentInput{Owner: owner, Repo: repo, Number: made.Number, Body: "So it is."})
	require.NoError(t, err)
	body := ""
	closed, err := github.UpdateIssue.Do(ctx, c.HTTP, github.UpdateIssueInput{
		Owner: owner, Repo: repo, Number: made.Number, State: "closed", StateReason: "not_planned", Body: &body, Labels: []string{},
	})
	require.NoError(t, err)
	got, err := github.GetIssue.Do(ctx, c.HTTP, github.IssueInput{Owner: owner, Repo: repo, Number: made.Number})
	require.NoError(t, err)
	require.Equal(t, closed, got)
	require.Equal(t, []any{"It is broken", "", "closed", "not_planned", 1, 0, "octocat"},
		[]any{got.Title, got.Body, got.State, got.StateReason, got.Comments, len(got.Labels), got.Assignees[0].Login})
	require.False(t, got.ClosedAt.IsZero())

	pull, err := github.CreatePullRequest.Do(ctx, c.HTTP, github.CreatePullRequestInput{Owner: owner, Repo: repo, Title: "Mend it", Head: "mend", Base: "main", Draft: true})
	require.NoError(t, err)
	require.True(t, pull.Draft)
	require.Equal(t, "mend", pull.Head.Ref)
	_, err = github.CreatePullRequest.Do(ctx, c.HTTP, github.CreatePullRequestInput{Owner: owner, Repo: repo, Title: "Mend it", Head: "mend", Base: "main"})
	require.ErrorIs(t, err, client.ErrBadRequest)
	pulls := 0
	for p, err := range github.ListPullRequests.All(ctx, c.HTTP, github.ListPullRequestsInput{Owner: owner, Repo: repo, Base: "main"}) {
		require.NoError(t, err)
		require.Equal(t, pull.Number, p.Number)
		pulls++
	}
	require.Equal(t, 1, pulls)
	asIssue, err := github.GetIssue.Do(ctx, c.HTTP, github.IssueInput{Owner: owner, Repo: repo, Number: pull.Number})
	require.NoError(t, err)
	require.NotNil(t, asIssue.PullRequest)
	require.Nil(t, got.PullRequest)
	require.Equal(t, 2, srv.Count("issues.get"))
}

// A file goes in and comes out as it is, whatever its path and bytes; a folder has its
// entries; what has changed meanwhile is not overwritten.
func TestContents(t *testing.T) {
	c, _ := faked(t)
	ctx := t.Context()
	const owner, repo = githubtest.Owner, githubtest.Repo
	all := make([]byte, 1000)
	for i := range all {
		all[i] = byte(i)
	}
	for path, content := range map[string][]byte{"docs/a b/ü#?%2F.bin": all, "empty": nil, "docs/x.md": []byte("x")} {
		put, err := github.PutContent.Do(ctx, c.HTTP, github.PutContentInput{Owner: owner, Repo: repo, Path: path, Message: "add", Content: content})
		require.NoError(t, err, path)
		require.NotEmpty(t, put.Commit.SHA)
		got, err := github.GetContent.Do(ctx, c.HTTP, github.ContentInput{Owner: owner, Repo: repo, Path: path, Ref: "main"})
		require.NoError(t, err, path)
		require.Equal(t, "file", got.Type)
		require.True(t, bytes.Equal(content, got.Content), path)
		require.Equal(t, put.Content.SHA, got.SHA)

		for sha, want := range map[string]error{"": client.ErrBadRequest, "of-another": client.ErrConflict} {
			_, err = github.PutContent.Do(ctx, c.HTTP, github.PutContentInput{Owner: owner, Repo: repo, Path: path, Message: "change", SHA: sha})
			require.ErrorIs(t, err, want)
		}
		_, err = github.PutContent.Do(ctx, c.HTTP, github.PutContentInput{Owner: owner, Repo: repo, Path: path, Message: "change", SHA: got.SHA, Content: content})
		require.NoError(t, err)
	}
	entries := func(path string) (names []string) {
		folder, err := github.GetContent.Do(ctx, c.HTTP, github.ContentInput{Owner: owner, Repo: repo, Path: path})
		require.NoError(t, err)
		require.Equal(t, "dir", folder.Type)
		for _, e := range folder.Entries {
			names = append(names, e.Type+" "+e.Name)
		}
		return names
	}
	require.Equal(t, []string{"file README.md", "dir docs", "file empty"}, entries(""))
	require.Equal(t, []string{"dir a b", "file x.md"}, entries("docs"))
	_, err := github.GetContent.Do(ctx, c.HTTP, github.ContentInput{Owner: owner, Repo: repo, Path: "none"})
	require.ErrorIs(t, err, client.ErrNotFound)

	// A large one is downloaded as it is.
	r, err := github.GetContent.Request(github.ContentInput{Owner: owner, Repo: repo, Path: "docs/x.md"})
	require.NoError(t, err)
	r.Header = http.Header{"Accept": {"application/vnd.github.raw+json"}}
	var out bytes.Buffer
	_, err = client.Download(ctx, c.HTTP, r, &out)
	require.NoError(t, err)
	require.Equal(t, "x", out.String())
}

// An asset goes to the host that the release names, with the credential, and nowhere
// else: a release that names another host gets nothing.
func TestAnAssetGoesToTheReleasesHost(t *testing.T) {
	c, srv := faked(t)
	ctx := t.Context()
	const owner, repo = githubtest.Owner, githubtest.Repo
	rel, err := github.CreateRelease.Do(ctx, c.HTTP, github.CreateReleaseInput{Owner: owner, Repo: repo, TagName: "v1.0.0", Name: "One"})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(rel.UploadURL, "https://uploads.github.com/repos/octocat/hello-world/releases/"), rel.UploadURL)
	in := github.UploadAssetInput{UploadURL: rel.UploadURL, Name: "a b+c.zip", Label: "All & more", Content: client.Raw("application/zip", []byte("PK"))}
	asset, err := github.UploadAsset.Do(ctx, c.HTTP, in)
	require.NoError(t, err)
	require.Equal(t, []any{"a b+c.zip", "All & more", "uploaded", "application/zip", int64(2)}, []any{asset.Name, asset.Label, asset.State, asset.ContentType, asset.Size})
	kept, ok := srv.Asset(owner+"/"+repo, "v1.0.0", "a b+c.zip")
	require.True(t, ok)
	require.Equal(t, "PK", string(kept))
	_, err = github.UploadAsset.Do(ctx, c.HTTP, in)
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, "ReleaseAsset.name: already_exists")

	in.UploadURL = "https://evil.example.net/repos/o/r/releases/1/assets{?name,label}"
	_, err = github.UploadAsset.Do(ctx, c.HTTP, in)
	require.ErrorIs(t, err, client.ErrOrigin)
	for name, bad := range map[string]github.UploadAssetInput{
		"no URL":     {Name: "x", Content: in.Content},
		"no name":    {UploadURL: rel.UploadURL, Content: in.Content},
		"no content": {UploadURL: rel.UploadURL, Name: "x"},
	} {
		_, err = github.UploadAsset.Do(ctx, c.HTTP, bad)
		require.ErrorIs(t, err, client.ErrRequest, name)
	}
	// A body that is not sent is closed all the same.
	closed := closer{Reader: strings.NewReader("x")}
	_, err = github.UploadAsset.Do(ctx, c.HTTP, github.UploadAssetInput{Name: "x", Content: client.Stream("text/plain", &closed, 1)})
	require.Error(t, err)
	require.True(t, closed.closed)
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// C39: a name that is empty, or would change the path, reaches nothing.
func TestC39_ANameThatIsNone(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../../user"} {
		c, rt := scripted(t, `200 {}`)
		for _, err := range []error{
			do(github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: name, Repo: "r"})),
			do(github.CreateIssue.Do(t.Context(), c.HTTP, github.CreateIssueInput{Owner: "o", Repo: name, Title: "t"})),
			do(github.GetContent.Do(t.Context(), c.HTTP, github.ContentInput{Owner: "o", Repo: name, Path: "x"})),
			do(github.GetContent.Do(t.Context(), c.HTTP, github.ContentInput{Owner: name, Repo: "r"})),
			do(github.PutContent.Do(t.Context(), c.HTTP, github.PutContentInput{Owner: "o", Repo: "r", Path: name, Message: "m"})),
		} {
			if name == "../../user" && err == nil {
				continue // one segment, escaped
			}
			require.ErrorIs(t, err, client.ErrRequest, name)
		}
		for _, r := range rt.Requests() {
			require.NotContains(t, r.URL, "/..", name)
		}
	}
}

func do[T any](_ T, err error) error { return err }

// P3: an identifier is text, so that none is rounded; what GitHub adds, leaves out or
// makes null breaks nothing.
func TestP3_WhatGitHubMayChange(t *testing.T) {
	for body, want := range map[string]github.Issue{
		`{"id":9007199254740993,"number":1,"state":"frozen","labels":["bug",{"name":"ui","color":"fff","new":{}}],"user":null,"body":null,"closed_at":null,"assignees":null,"type":{"name":"Bug"},"pull_request":null,"reactions":{"+1":1}}`: {
			ID: "9007199254740993", Number: 1, State: "frozen", Labels: []github.Label{{Name: "bug"}, {Name: "ui", Color: "fff"}},
		},
		`{"labels":[{"color":"fff","name":"\"\u00fc\""},{"name":null},null,"\u00fc"]}`: {
			Labels: []github.Label{{Name: `"ü"`, Color: "fff"}, {}, {}, {Name: "ü"}},
		},
		`{"id":18446744073709551615}`:          {ID: "18446744073709551615"},
		`{}`:                                   {},
		`{"closed_at":"2026-01-02T03:04:05Z"}`: {ClosedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		c, rt := scripted(t, "200")
		rt.Script(clienttest.JSON(200, body))
		got, err := github.GetIssue.Do(t.Context(), c.HTTP, github.IssueInput{Owner: "o", Repo: "r", Number: 1})
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
	// What is something else altogether is an error, and no empty label.
	for _, body := range []string{`{"labels":[{"name":7}]}`, `{"labels":[7]}`, `{"labels":[["bug"]]}`, `{"labels":[{"color":{}}]}`} {
		c, rt := scripted(t, "200")
		rt.Script(clienttest.JSON(200, body))
		_, err := github.GetIssue.Do(t.Context(), c.HTTP, github.IssueInput{Owner: "o", Repo: "r", Number: 1})
		require.ErrorIs(t, err, client.ErrDecode, body)
	}
	// What the type leaves out is there for one that has it.
	c, _ := scripted(t, `200 {"id":1,"reactions":{"heart":3}}`)
	r, err := github.GetIssue.Request(github.IssueInput{Owner: "o", Repo: "r", Number: 1})
	require.NoError(t, err)
	own, err := client.Call[struct{ Reactions map[string]int }](t.Context(), c.HTTP, r)
	require.NoError(t, err)
	require.Equal(t, 3, own.Reactions["heart"])
}

// P4: each issue once, in order; no page beyond what the loop reads; a page that is empty
// and not the last; a cycle is an error.
func TestP4_AListOfIssues(t *testing.T) {
	c, srv := faked(t)
	srv.AddIssues("octocat/hello-world", 250)
	in := github.ListIssuesInput{Owner: "octocat", Repo: "hello-world", PerPage: 100, Direction: "asc"}
	n := 0
	for issue, err := range github.ListIssues.All(t.Context(), c.HTTP, in) {
		require.NoError(t, err)
		n++
		require.Equal(t, n, issue.Number)
	}
	require.Equal(t, 250, n)
	require.Equal(t, 3, srv.Count("issues.listForRepo"))
	for issue, err := range github.ListIssues.All(t.Context(), c.HTTP, in) {
		require.NoError(t, err)
		if issue.Number == 100 {
			break
		}
	}
	require.Equal(t, 4, srv.Count("issues.listForRepo"))

	step := func(body string, to int) clienttest.Step {
		s := clienttest.JSON(200, body)
		if to > 0 {
			s = s.Header("Link", fmt.Sprintf(`<https://api.github.com/repositories/1/issues?page=%d>; rel="next"`, to))
		}
		return s
	}
	rt := clienttest.NewTransport(t, step(`[{"number":1}]`, 2), step(`[]`, 3), step(`[{"number":2}]`, 0))
	gaps, err := github.New(secret.Static(token), client.WithTransport(rt))
	require.NoError(t, err)
	var got []int
	for issue, err := range github.ListIssues.All(t.Context(), gaps.HTTP, in) {
		require.NoError(t, err)
		got = append(got, issue.Number)
	}
	require.Equal(t, []int{1, 2}, got)
	require.Equal(t, "/repositories/1/issues?page=3", rt.Last().URL)

	rt.Script(step(`[{"number":1}]`, 2), step(`[{"number":2}]`, 2))
	var last error
	for _, err := range github.ListIssues.All(t.Context(), gaps.HTTP, in) {
		last = err
	}
	require.ErrorIs(t, last, client.ErrDecode)

	// A link to another host takes the token nowhere.
	rt.Script(clienttest.JSON(200, `[]`).Header("Link", `<https://evil.example.net/issues?page=2>; rel="next"`))
	last = nil
	for _, err := range github.ListIssues.All(t.Context(), gaps.HTTP, in) {
		last = err
	}
	require.ErrorIs(t, last, client.ErrOrigin)
}

// GitHub Enterprise Server has all of it on one host.
func TestGitHubEnterpriseServer(t *testing.T) {
	srv := githubtest.New(t)
	c, err := github.New(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL+"/api/v3"))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	srv.AddIssues("octocat/hello-world", 150)
	n := 0
	for _, err := range github.ListIssues.All(t.Context(), c.HTTP, github.ListIssuesInput{Owner: "octocat", Repo: "hello-world", PerPage: 100}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 150, n)
	rel, err := github.CreateRelease.Do(t.Context(), c.HTTP, github.CreateReleaseInput{Owner: "octocat", Repo: "hello-world", TagName: "v1"})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(rel.UploadURL, srv.URL+"/api/uploads/"), rel.UploadURL)
	_, err = github.UploadAsset.Do(t.Context(), c.HTTP, github.UploadAssetInput{UploadURL: rel.UploadURL, Name: "x", Content: client.Raw("text/plain", []byte("x"))})
	require.NoError(t, err)
}

// C5, C22: GitHub takes no idempotency key. What may have been made is not made again.
func TestC5_AnIssueIsOpenedOnce(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"503": {Operation: "issues.create"}, "reset": {Operation: "issues.create", Reset: true},
		"done, and the response lost": {Operation: "issues.create", Lost: true},
		"cut":                         {Operation: "issues.create", CutAfter: 10},
	} {
		c, srv := faked(t)
		srv.Inject(fault)
		_, err := github.CreateIssue.Do(t.Context(), c.HTTP, github.CreateIssueInput{Owner: "octocat", Repo: "hello-world", Title: "t"})
		require.ErrorContains(t, err, "maybe applied", name)
		require.Equal(t, 1, srv.Count("issues.create"), name)
	}
}

// A time of a query is as GitHub documents it: in UTC, and in whole seconds.
func TestP3_SinceIsInSeconds(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`200 []`)...)
	c, err := github.New(secret.Static("ghp_1"), client.WithTransport(rt))
	require.NoError(t, err)
	since := time.Date(2026, 11, 26, 16, 4, 5, 123456789, time.FixedZone("", 3600))
	for _, err := range github.ListIssues.All(t.Context(), c.HTTP, github.ListIssuesInput{Owner: "o", Repo: "r", Since: since}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/repos/o/r/issues?since=2026-11-26T15%3A04%3A05Z", rt.Last().URL)
	for _, err := range github.ListRepositories.All(t.Context(), c.HTTP, github.ListRepositoriesInput{Since: since}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/user/repos?since=2026-11-26T15%3A04%3A05Z", rt.Last().URL)
	for _, err := range github.ListRepositories.All(t.Context(), c.HTTP, github.ListRepositoriesInput{}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/user/repos", rt.Last().URL, "no time is none")
}

// A webhook is made, listed, and deleted; its first delivery is a ping. Its secret is in
// the request alone.
func TestHooks(t *testing.T) {
	c, srv := faked(t)
	ctx := t.Context()
	in := github.CreateHookInput{
		Owner: githubtest.Owner, Repo: githubtest.Repo, URL: "https://example.com/hooks", Secret: secret.New("canary"), Events: []string{"issues", "push"},
	}
	made, err := github.CreateHook.Do(ctx, c.HTTP, in)
	require.NoError(t, err)
	require.Equal(t, []any{true, in.Events, in.URL, "json"}, []any{made.Active, made.Events, made.Config.URL, made.Config.ContentType})
	require.False(t, made.CreatedAt.IsZero())
	_, err = github.CreateHook.Do(ctx, c.HTTP, in)
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, "already exists")
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: made.ID}
	for d, err := range github.Deliveries(ctx, c.HTTP, hook) {
		require.NoError(t, err)
		require.Equal(t, "ping", d.Event)
	}
	require.Len(t, srv.Deliveries(hook), 1)
	second := in
	second.URL, second.Inactive = "https://example.com/other", true
	_, err = github.CreateHook.Do(ctx, c.HTTP, second)
	require.NoError(t, err)
	var listed []github.Webhook
	for h, err := range github.ListHooks.All(ctx, c.HTTP, github.ListHooksInput{Owner: in.Owner, Repo: in.Repo, PerPage: 1}) {
		require.NoError(t, err)
		listed = append(listed, h)
	}
	require.Len(t, listed, 2)
	require.Equal(t, []any{made, false}, []any{listed[0], listed[1].Active})
	for range 2 {
		_, err = github.DeleteHook.Do(ctx, c.HTTP, github.HookInput{Owner: in.Owner, Repo: in.Repo, ID: made.ID})
	}
	require.ErrorIs(t, err, client.ErrNotFound)

	rt := clienttest.NewTransport(t, clienttest.JSON(500, `{"message":"canary"}`))
	sent, err := github.New(secret.Static("ghp_1"), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = github.CreateHook.Do(ctx, sent.HTTP, in)
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.Equal(t, 1, rt.Count(), "it is not repeated")
	require.JSONEq(t, `{"name":"web","active":true,"events":["issues","push"],"config":{"url":"https://example.com/hooks","content_type":"json","secret":"canary"}}`, string(rt.Last().Body))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", in, in, in), "canary")
	for _, change := range []func(*github.CreateHookInput){
		func(in *github.CreateHookInput) { in.Secret = secret.Value{} }, func(in *github.CreateHookInput) { in.URL = "http://example.com" },
		func(in *github.CreateHookInput) { in.Repo = "" },
	} {
		wrong := in
		change(&wrong)
		_, err = github.CreateHook.Do(ctx, sent.HTTP, wrong)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, 1, rt.Count())
}
