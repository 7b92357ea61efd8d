package oauthflow_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// C36: a Source is known by its key, however often it is made.
func TestC36_ASourceIsKnownByItsKey(t *testing.T) {
	t.Parallel()
	grant := tokens.Grant(func(context.Context) (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "at"}, nil })
	m, err := tokens.New(tokens.NewMemoryStore(), grant)
	require.NoError(t, err)
	require.Equal(t, "user-1", m.Source("user-1").Identity())
	alone, err := tokens.NewSource(grant)
	require.NoError(t, err)
	require.Empty(t, alone.Identity(), "every one of them has the same key")

	dpop, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	require.Equal(t, "user-1", dpop.Auth(m.Source("user-1")).Identity())
	require.Empty(t, dpop.Auth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})).Identity())
}
