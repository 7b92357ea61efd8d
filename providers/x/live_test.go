package x_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/x"
)

// It reads, for a few cents, and posts nothing.
func TestLive(t *testing.T) {
	c, err := x.New(providertest.Live(t, "X_BEARER_TOKEN"))
	require.NoError(t, err)
	ctx := t.Context()
	u, err := x.GetUserByUsername.Do(ctx, c.HTTP, x.UsernameInput{Username: "XDevelopers"})
	require.NoError(t, err)
	again, err := x.GetUser.Do(ctx, c.HTTP, x.UserInput{ID: u.Data.ID})
	require.NoError(t, err)
	require.Equal(t, u.Data.Username, again.Data.Username)
	for p, err := range x.ListUserPosts.All(ctx, c.HTTP, x.PostsInput{UserID: u.Data.ID, MaxResults: 5}) {
		require.NoError(t, err)
		got, err := x.GetPost.Do(ctx, c.HTTP, x.GetPostInput{ID: p.ID})
		require.NoError(t, err)
		require.Equal(t, p.ID, got.Data.ID)
		break
	}
	_, err = x.GetUserByUsername.Do(ctx, c.HTTP, x.UsernameInput{Username: "a_user_who_is_not_here_"})
	require.Error(t, err)
	require.NotErrorIs(t, err, client.ErrUnavailable)
}
