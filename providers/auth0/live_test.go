package auth0_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

func TestLive(t *testing.T) {
	key := providertest.Live(t, "AUTH0_CLIENT_SECRET")
	c, err := auth0.New(auth0.Config{
		Domain:       providertest.LiveValue(t, "AUTH0_DOMAIN"),
		ClientID:     providertest.LiveValue(t, "AUTH0_CLIENT_ID"),
		ClientSecret: key,
	})
	require.NoError(t, err)
	ctx := t.Context()
	no, nickname := false, "live"
	made, err := auth0.CreateUser.Do(ctx, c.HTTP, auth0.CreateUserInput{
		Connection: "Username-Password-Authentication", Email: "live-test@example.com", Password: "a long passphrase 1!", VerifyEmail: &no,
	})
	require.NoError(t, err)
	got, err := auth0.GetUser.Do(ctx, c.HTTP, auth0.UserInput{ID: made.ID})
	require.NoError(t, err)
	require.Equal(t, "live-test@example.com", got.Email)
	got, err = auth0.UpdateUser.Do(ctx, c.HTTP, auth0.UpdateUserInput{ID: made.ID, Nickname: &nickname})
	require.NoError(t, err)
	require.Equal(t, nickname, got.Nickname)
	_, err = auth0.DeleteUser.Do(ctx, c.HTTP, auth0.UserInput{ID: made.ID})
	require.NoError(t, err)
	_, err = auth0.GetUser.Do(ctx, c.HTTP, auth0.UserInput{ID: made.ID})
	require.ErrorIs(t, err, client.ErrNotFound)
}
