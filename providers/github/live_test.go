package github_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// Five calls that read, of what everybody may read: any token will do.
func TestLive(t *testing.T) {
	c, err := github.New(providertest.Live(t, "GITHUB_TOKEN"), client.WithReadOnly())
	require.NoError(t, err)
	ctx := t.Context()
	me, err := github.GetUser.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.NotEmpty(t, me.Login)
	repo, err := github.GetRepository.Do(ctx, c.HTTP, github.RepositoryInput{Owner: "octocat", Repo: "Hello-World"})
	require.NoError(t, err)
	require.Equal(t, "octocat", repo.Owner.Login)
	readme, err := github.GetContent.Do(ctx, c.HTTP, github.ContentInput{Owner: "octocat", Repo: "Hello-World", Path: "README"})
	require.NoError(t, err)
	require.NotEmpty(t, readme.Content)
	n := 0
	for issue, err := range github.ListIssues.All(ctx, c.HTTP, github.ListIssuesInput{Owner: "octocat", Repo: "Hello-World", PerPage: 2}) {
		require.NoError(t, err)
		require.NotZero(t, issue.Number)
		if n++; n == 3 { // the second page
			break
		}
	}
}
