package clerk_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

func TestLive(t *testing.T) {
	key := providertest.Live(t, "CLERK_SECRET_KEY")
	require.Contains(t, os.Getenv("CLERK_SECRET_KEY"), "_test_", "only a development instance's key is used here")
	c, err := clerk.New(key)
	require.NoError(t, err)
	ctx := t.Context()
	made, err := clerk.CreateUser.Do(ctx, c.HTTP, clerk.CreateUserInput{
		EmailAddresses: []string{"live-test+clerk_test@example.com"}, NoPassword: true,
	})
	require.NoError(t, err)
	got, err := clerk.GetUser.Do(ctx, c.HTTP, clerk.UserInput{ID: made.ID})
	require.NoError(t, err)
	require.Equal(t, "live-test+clerk_test@example.com", got.PrimaryEmail())
	got, err = clerk.UpdateUserMetadata.Do(ctx, c.HTTP, clerk.UserMetadataInput{ID: made.ID, Public: map[string]any{"plan": "pro"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"plan":"pro"}`, string(got.PublicMetadata))
	_, err = clerk.DeleteUser.Do(ctx, c.HTTP, clerk.UserInput{ID: made.ID})
	require.NoError(t, err)
	_, err = clerk.GetUser.Do(ctx, c.HTTP, clerk.UserInput{ID: made.ID})
	require.ErrorIs(t, err, client.ErrNotFound)
}
