package github_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

const viewer = `query { viewer { login } }`

type viewerData struct{ Viewer struct{ Login string } }

func TestGraphQL(t *testing.T) {
	c, srv := faked(t)
	got, err := github.GraphQL[viewerData](t.Context(), c.HTTP, viewer, nil)
	require.NoError(t, err)
	require.Equal(t, githubtest.Login, got.Viewer.Login)
	require.Equal(t, 1, srv.Count("graphql"))
}

// Where it is: below the base URL, and beside that of GitHub Enterprise Server.
func TestWhereGraphQLIs(t *testing.T) {
	for base, want := range map[string]string{
		"": "https://api.github.com/graphql", "https://api.acme.ghe.com": "https://api.acme.ghe.com/graphql",
		"https://github.example.com/api/v3": "https://github.example.com/api/graphql", "https://github.example.com/api/v3/": "https://github.example.com/api/graphql",
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"data":{"viewer":{"login":"octocat"}}}`))
		opts := []client.Option{client.WithTransport(rt)}
		if base != "" {
			opts = append(opts, client.WithBaseURL(base))
		}
		c, err := github.New(secret.Static(token), opts...)
		require.NoError(t, err)
		_, err = github.GraphQL[viewerData](t.Context(), c.HTTP, viewer, map[string]any{"a": 1}, func(r *client.Request) { r.Weight = 2 })
		require.NoError(t, err)
		require.Equal(t, want, "https://"+rt.Last().Host+rt.Last().URL)
		require.JSONEq(t, `{"query":"query { viewer { login } }","variables":{"a":1}}`, string(rt.Last().Body))
	}
}

// P5: what fails inside a 200 is the same sentinel as anywhere else.
func TestP5_FailuresInside200(t *testing.T) {
	for kind, want := range map[string]error{
		"NOT_FOUND": client.ErrNotFound, "FORBIDDEN": client.ErrForbidden, "INSUFFICIENT_SCOPES": client.ErrForbidden,
		"UNPROCESSABLE": client.ErrBadRequest, "MAX_NODE_LIMIT_EXCEEDED": client.ErrBadRequest, "RESOURCE_LIMITS_EXCEEDED": client.ErrBadRequest,
		"SERVICE_UNAVAILABLE": client.ErrUnavailable, "STALE_DATA": client.ErrConflict,
	} {
		srv := githubtest.NewHandler(githubtest.Options{GraphQL: func(string, map[string]any) (any, []map[string]any) {
			return nil, []map[string]any{{"type": kind, "message": "It went wrong.", "path": []string{"viewer"}}}
		}})
		c, err := github.New(secret.Static(githubtest.Token), client.WithTransport(srv.Transport()))
		require.NoError(t, err)
		_, err = github.GraphQL[viewerData](t.Context(), c.HTTP, viewer, nil)
		require.ErrorIs(t, err, want, kind)
		require.ErrorContains(t, err, "It went wrong.", kind)
		require.Equal(t, 1, srv.Count("graphql"), kind)
	}
}

// C29: a limit inside a 200 is waited for until it is whole again, by those of GraphQL
// alone.
func TestC29_ALimitInside200(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, srv := faked(t)
		srv.Inject(githubtest.Fault{Operation: "graphql", Limit: githubtest.Primary, RetryAfter: 30 * time.Second})
		began := time.Now()
		_, err := github.GraphQL[viewerData](t.Context(), c.HTTP, viewer, nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 29*time.Second)
		require.Equal(t, 2, srv.Count("graphql"))

		srv.Inject(githubtest.Fault{Operation: "graphql", Limit: githubtest.Primary, RetryAfter: time.Hour})
		began = time.Now()
		_, err = github.GraphQL[viewerData](t.Context(), c.HTTP, `mutation { x }`, nil)
		require.ErrorIs(t, err, client.ErrRateLimited)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, []string{"RATE_LIMITED", "API rate limit exceeded for user ID 1."}, []string{e.Code, e.Message})
		_, err = github.GetUser.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		require.Less(t, time.Since(began), time.Second)
	})
}

// A REST response is no GraphQL: what it has under "errors" is its own.
func TestARESTResponseWithErrors(t *testing.T) {
	c, rt := scripted(t, "200")
	rt.Script(clienttest.JSON(200, `{"errors":[{"type":"RATE_LIMITED","message":"x"}],"login":"octocat"}`).Header("X-RateLimit-Resource", "core"))
	me, err := github.GetUser.Do(t.Context(), c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, "octocat", me.Login)
}
