package firebase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/firebase"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestLive(t *testing.T) {
	file := providertest.LiveValue(t, "GOOGLE_APPLICATION_CREDENTIALS")
	c, err := firebase.New(firebase.Config{
		ProjectID:      providertest.LiveValue(t, "FIREBASE_PROJECT_ID"),
		ServiceAccount: secret.File(file),
	})
	require.NoError(t, err)
	ctx := t.Context()
	made, err := firebase.CreateUser.Do(ctx, c.HTTP, firebase.CreateUserInput{Email: "live-test@example.com", Disabled: true})
	require.NoError(t, err)
	_, err = firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: made.UID, Claims: map[string]any{"plan": "pro"}})
	require.NoError(t, err)
	got, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{UID: made.UID})
	require.NoError(t, err)
	require.Equal(t, "live-test@example.com", got.Email)
	require.JSONEq(t, `{"plan":"pro"}`, got.ClaimsJSON)
	_, err = firebase.DeleteUser.Do(ctx, c.HTTP, firebase.UserInput{UID: made.UID})
	require.NoError(t, err)
	_, err = firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{UID: made.UID})
	require.ErrorIs(t, err, client.ErrNotFound)
}
