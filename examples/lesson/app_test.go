package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// over returns a client of an API that follows a script.
func over(t *testing.T, script string) (*APIClient, *clienttest.Transport) {
	t.Helper()
	api := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := NewAPIClient("https://api.example.com", secret.Static("sk_test"), client.WithTransport(api))
	require.NoError(t, err)
	return c, api
}

func TestGetUser(t *testing.T) {
	c, api := over(t, `503 Retry-After=0, 200 {"id":"u_1","name":"Ada"}`)
	got, err := c.GetUser(t.Context(), "u_1")
	require.NoError(t, err)
	require.Equal(t, User{ID: "u_1", Name: "Ada"}, got)
	require.Equal(t, "Bearer sk_test", api.Last().Header.Get("Authorization"))
	require.Equal(t, 2, api.Count(), "a read is repeated")
}

func TestWhoIsNotThere(t *testing.T) {
	c, api := over(t, `404 {"code":"no_user"}`)
	_, err := c.GetUser(t.Context(), "a/b")
	require.ErrorIs(t, err, ErrNoUser)
	require.Equal(t, "/v1/users/a%2Fb", api.Last().URL)
	_, err = c.GetUser(t.Context(), "")
	require.ErrorIs(t, err, client.ErrRequest, "that would be the list of all users")
	require.Equal(t, 1, api.Count())
}

func TestCreateUserIsSentOnce(t *testing.T) {
	c, api := over(t, `reset`)
	_, err := c.CreateUser(t.Context(), "Ada")
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.Equal(t, 1, api.Count())
	require.JSONEq(t, `{"name":"Ada"}`, string(api.Last().Body))
}

func TestNewAPIClientWantsAKey(t *testing.T) {
	_, err := NewAPIClient("https://api.example.com", secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}
