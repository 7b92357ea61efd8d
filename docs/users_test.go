package docs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// keyed calls a service for users who have an API key and no OAuth.
type keyed struct {
	service *client.Client // without a credential
	log     *slog.Logger
	lookup  func(ctx context.Context, user string) (string, error) // decrypts the key that your database has

	mu   sync.Mutex
	keys map[string]secret.Source
}

// as returns a client that calls for a user. Make one for each request.
func (k *keyed) as(user string) (*client.Client, error) {
	return k.service.With(
		client.WithAuth(client.Bearer(k.key(user))),
		client.WithIdentity(user), // a function cannot tell whose key it reads
		client.WithLogger(k.log.With("user", user)))
}

// key returns the source of a user's key: one that is kept, for it keeps the key.
func (k *keyed) key(user string) secret.Source {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys[user] == nil {
		k.keys[user] = secret.Cache(secret.Func(func(ctx context.Context) ([]secret.Value, error) {
			key, err := k.lookup(ctx, user)
			return []secret.Value{secret.New(key)}, err
		}), time.Minute)
	}
	return k.keys[user]
}

func TestCopiesForEachRequestMeetTheLimitOfTheirUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := clienttest.NewTransport(t)
		service, err := client.New("https://api.example.com", client.WithTransport(api), client.WithRateLimit(ratelimit.PerSecond(10)))
		require.NoError(t, err)
		var lines strings.Builder
		asked := map[string]int{}
		k := &keyed{
			service: service,
			log:     slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})),
			lookup: func(_ context.Context, user string) (string, error) {
				asked[user]++
				return "key-of-" + user, nil
			},
			keys: map[string]secret.Source{},
		}
		for _, user := range []string{"ada", "ben"} {
			begin := time.Now()
			for range 41 {
				c, err := k.as(user)
				require.NoError(t, err)
				_, err = client.Get[client.None](t.Context(), c, "/")
				require.NoError(t, err)
				require.Equal(t, "Bearer key-of-"+user, api.Last().Header.Get("Authorization"))
			}
			require.Equal(t, 4*time.Second, time.Since(begin).Round(time.Millisecond), user)
			require.Equal(t, 41, strings.Count(lines.String(), "user="+user))
		}
		require.Equal(t, map[string]int{"ada": 1, "ben": 1}, asked)
		require.NotContains(t, lines.String(), "level=WARN")
		require.NotContains(t, lines.String(), "key-of-")
	})
}
