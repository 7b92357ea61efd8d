package docs

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

// repositories calls a service for the users of an application.
type repositories struct {
	service *client.Client // without a credential
	tokens  *tokens.Manager
}

func newRepositories(manager *tokens.Manager, opts ...client.Option) (*repositories, error) {
	service, err := client.New("https://api.example.com", append([]client.Option{
		client.WithRateLimit(ratelimit.PerSecond(5)), // for each user
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &repositories{service, manager}, nil
}

// as returns a client that calls for a user. It is cheap: make one for each request that
// your application serves.
func (r *repositories) as(user string) (*client.Client, error) {
	return r.service.With(client.WithAuth(client.OAuth2(r.tokens.Source(user))))
}

type Repository struct{ Name string }

var errSignIn = errors.New("the user has to sign in again")

func (r *repositories) list(ctx context.Context, user string) ([]Repository, error) {
	c, err := r.as(user)
	if err != nil {
		return nil, err
	}
	list, err := client.Get[[]Repository](ctx, c, "/user/repos")
	if errors.Is(err, tokens.ErrReauthorizationRequired) || errors.Is(err, tokens.ErrRefreshedRecently) {
		return nil, errSignIn
	}
	return list, err
}

func TestManyUsersHaveEachTheirToken(t *testing.T) {
	auth := oauthtest.New(oauthtest.Config{})
	login, err := oauthflow.New(auth.ClientConfig("web"), oauthflow.WithHTTPClient(auth.HTTPClient()))
	require.NoError(t, err)
	manager, err := tokens.New(tokens.NewMemoryStore(), login)
	require.NoError(t, err)
	t.Cleanup(func() { _ = manager.Shutdown(context.WithoutCancel(t.Context())) })
	srv := clienttest.NewServer(t, clienttest.JSON(http.StatusOK, `[{"name":"mains"}]`))
	r, err := newRepositories(manager, client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(r.service.CloseIdleConnections)

	seen := map[string]bool{}
	for _, user := range []string{"user:1/example", "user:2/example"} {
		require.NoError(t, manager.Put(t.Context(), user, auth.Issue("web", user, "read")))
		list, err := r.list(t.Context(), user)
		require.NoError(t, err)
		require.Equal(t, []Repository{{"mains"}}, list)
		seen[srv.Last().Header.Get("Authorization")] = true
	}
	require.Len(t, seen, 2)
	_, err = r.list(t.Context(), "user:3/example")
	require.Error(t, err)
}

func withKey(service *client.Client, account string, key secret.Source) (*client.Client, error) {
	c, err := service.With(
		client.WithAuth(client.Bearer(key)),
		client.WithIdentity(account)) // where the key comes from a secret.Func, which cannot tell whose it is
	return c, err
}

func TestLimitsCountEachUserAlone(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`429 Retry-After=60, 200 {}`)...)
	service, err := client.New(srv.URL, client.WithTimeout(5*time.Second))
	require.NoError(t, err)
	t.Cleanup(service.CloseIdleConnections)
	a, err := withKey(service, "a", secret.Static("key of a"))
	require.NoError(t, err)
	for range 2 { // the second is not sent
		_, err = client.Get[client.None](t.Context(), a, "/")
		require.ErrorIs(t, err, client.ErrRateLimited)
	}
	b, err := withKey(service, "b", secret.Static("key of b"))
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), b, "/")
	require.NoError(t, err)
	require.Equal(t, 2, srv.Count())
}

func shared(opts []client.Option) []client.Option {
	opts = append(opts, client.WithRateLimit(ratelimit.All(
		ratelimit.PerSecond(5),                         // each user
		ratelimit.Together(ratelimit.PerSecond(100))))) // all users of this process
	return opts
}

func TestSharedLimitsAreAccepted(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.Status(http.StatusOK))
	service, err := client.New(srv.URL, shared(nil)...)
	require.NoError(t, err)
	t.Cleanup(service.CloseIdleConnections)
	_, err = client.Get[client.None](t.Context(), service, "/")
	require.NoError(t, err)
}
