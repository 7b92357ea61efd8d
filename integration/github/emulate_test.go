package github

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

// P1: what is made at emulate, a GitHub that keeps what it is told, is there afterwards.
func TestP1_AtEmulate(t *testing.T) {
	s := servers.Emulate(t, "github")
	c, err := github.New(secret.Static("test_token_admin"), client.WithBaseURL(s.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	ctx := t.Context()
	me, err := github.GetUser.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, "admin", me.Login)
	made, err := client.Post[github.Repository](ctx, c.HTTP, "/user/repos", map[string]any{"name": "standpipe", "auto_init": true})
	require.NoError(t, err)
	owner, repo := made.Owner.Login, made.Name
	got, err := github.GetRepository.Do(ctx, c.HTTP, github.RepositoryInput{Owner: owner, Repo: repo})
	require.NoError(t, err)
	require.Equal(t, made.ID, got.ID)

	for _, title := range []string{"one", "two", "three"} {
		_, err = github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{Owner: owner, Repo: repo, Title: title})
		require.NoError(t, err)
	}
	var titles []string
	for issue, err := range github.ListIssues.All(ctx, c.HTTP, github.ListIssuesInput{Owner: owner, Repo: repo, PerPage: 2}) {
		require.NoError(t, err)
		titles = append(titles, issue.Title)
	}
	require.ElementsMatch(t, []string{"one", "two", "three"}, titles)
	comment, err := github.CreateComment.Do(ctx, c.HTTP, github.CreateCommentInput{Owner: owner, Repo: repo, Number: 1, Body: "hello"})
	require.NoError(t, err)
	require.Equal(t, "hello", comment.Body)
	closed, err := github.UpdateIssue.Do(ctx, c.HTTP, github.UpdateIssueInput{Owner: owner, Repo: repo, Number: 1, State: "closed"})
	require.NoError(t, err)
	require.False(t, closed.ClosedAt.IsZero())

	_, err = github.GetIssue.Do(ctx, c.HTTP, github.IssueInput{Owner: owner, Repo: repo, Number: 99})
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{Owner: owner, Repo: repo})
	require.ErrorIs(t, err, client.ErrBadRequest)

	rel, err := github.CreateRelease.Do(ctx, c.HTTP, github.CreateReleaseInput{Owner: owner, Repo: repo, TagName: "v1"})
	require.NoError(t, err)
	require.NotEmpty(t, rel.ID)
}
