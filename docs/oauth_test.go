package docs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/sqlstore"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

func newLogin() (*oauthflow.Client, error) {
	return oauthflow.New(oauthflow.Config{
		Provider:     oauthflow.GitHubApp(), // what it may do is set at the app: it has no scopes
		ClientID:     os.Getenv("GITHUB_CLIENT_ID"),
		ClientSecret: secret.Env("GITHUB_CLIENT_SECRET"),
		RedirectURL:  "https://app.example.com/callback/github",
		CookieKey:    secret.Env("OAUTH_COOKIE_KEY"), // openssl rand -base64 32; the same in all processes
	})
}

func newTokens(ctx context.Context, db *sql.DB, login *oauthflow.Client, log *slog.Logger) (*tokens.Manager, error) {
	table, err := sqlstore.New(db, sqlstore.Postgres)
	if err != nil {
		return nil, err
	}
	if err := table.Migrate(ctx); err != nil {
		return nil, err
	}
	sealed, err := tokens.Encrypt(table, secret.Env("TOKEN_KEY")) // openssl rand -base64 32
	if err != nil {
		return nil, err
	}
	return tokens.New(sealed, login,
		tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) {
			log.Warn("sign in again", "key", err.Key, "code", err.Code)
		}),
		tokens.OnFailure(func(_ context.Context, key string, err error) { log.Error("token", "key", key, "err", err) }))
}

// newTable is for the processes of one machine.
func newTable() (*sqlstore.Store, error) {
	db, err := sql.Open("sqlite", // import _ "modernc.org/sqlite"
		"file:tokens.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	return sqlstore.New(db, sqlstore.SQLite)
}

// newGitHub returns a client without a credential, to be made once.
func newGitHub(opts ...client.Option) (*client.Client, error) {
	return client.New("", append([]client.Option{client.WithProfile(github.Profile)}, opts...)...)
}

// who says which user of GitHub has signed in. Their ID stays; a login can change hands.
func who(ctx context.Context, login *oauthflow.Client, res *oauthflow.Result) (string, error) {
	var user github.User
	err := login.UserInfo(ctx, res.Token, &user)
	if err == nil && user.ID == "" {
		err = errors.New("GitHub does not say who it is") // all of them would be one
	}
	return string(user.ID), err
}

// connect lets users of an application connect their accounts at a service.
type connect struct {
	login  *oauthflow.Client
	tokens *tokens.Manager
	api    *client.Client             // GitHub's, without a credential
	user   func(*http.Request) string // who is signed in to the application
}

func (c *connect) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /connect/github", func(w http.ResponseWriter, r *http.Request) {
		if err := c.login.Start(w, r, oauthflow.WithReturnTo("/settings")); err != nil {
			http.Error(w, "This is not possible right now.", http.StatusBadGateway)
		}
	})
	mux.HandleFunc("GET /callback/github", func(w http.ResponseWriter, r *http.Request) {
		res, err := c.login.Finish(w, r)
		if err == nil {
			err = c.tokens.Put(r.Context(), c.key(r), res.Token)
		}
		switch {
		case errors.Is(err, oauthflow.ErrAccessDenied):
			http.Error(w, "You did not allow it.", http.StatusForbidden)
		case err != nil:
			slog.Warn("connect", "err", err)
			http.Error(w, "It did not work. Please try again.", http.StatusBadRequest)
		default:
			http.Redirect(w, r, res.ReturnTo, http.StatusSeeOther)
		}
	})
}

// key is where a user's token is kept. It never comes from the request's parameters.
func (c *connect) key(r *http.Request) string { return "user:" + c.user(r) + "/github" }

// as returns a client that calls for the user whose token is under key. It is cheap.
func (c *connect) as(key string) (*client.Client, error) {
	return c.api.With(client.WithAuth(client.OAuth2(c.tokens.Source(key))))
}

func (c *connect) me(ctx context.Context, key string) (name string, reconnect bool, err error) {
	api, err := c.as(key)
	if err != nil {
		return "", false, err
	}
	user, err := github.GetUser.Do(ctx, api, client.None{})
	if signInAgain(err) {
		return "", true, nil // show a link to /connect/github
	}
	return user.Login, false, err
}

func (c *connect) repos(ctx context.Context, key string) (names []string, err error) {
	api, err := c.as(key)
	if err != nil {
		return nil, err
	}
	for repo, err := range github.ListRepositories.All(ctx, api, github.ListRepositoriesInput{PerPage: 100}) {
		if err != nil {
			return names, err
		}
		names = append(names, repo.FullName)
	}
	return names, nil
}

// signInAgain reports whether a call failed because only the user can help.
func signInAgain(err error) bool {
	return errors.Is(err, tokens.ErrReauthorizationRequired) ||
		errors.Is(err, tokens.ErrRefreshedRecently) // the service refuses a new token too
}

func (c *connect) disconnect(ctx context.Context, key string) error {
	token, err := c.tokens.Delete(ctx, key)
	if err != nil || token == nil {
		return err
	}
	if err := c.login.Revoke(ctx, token); err != nil && !errors.Is(err, oauthflow.ErrUnsupported) {
		return err
	}
	return nil
}

func TestAnAccountIsConnectedUsedAndDisconnected(t *testing.T) {
	srv := oauthtest.New(oauthtest.Config{})
	cfg := srv.ClientConfig("web")
	cfg.RedirectURL = "https://app.test/callback/github"
	login, err := oauthflow.New(cfg, oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	manager, err := tokens.New(tokens.NewMemoryStore(), login)
	require.NoError(t, err)
	t.Cleanup(func() { _ = manager.Shutdown(context.WithoutCancel(t.Context())) })
	api := httptest.NewServer(srv.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("X-GitHub-Api-Version") != "2022-11-28":
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/user":
			fmt.Fprint(w, `{"login":"alice"}`)
		case r.URL.Query().Get("page") == "":
			w.Header().Set("Link", "<http://"+r.Host+`/user/repos?per_page=100&page=2>; rel="next"`)
			fmt.Fprint(w, `[{"full_name":"alice/one"},{"full_name":"alice/two"}]`)
		default:
			fmt.Fprint(w, `[{"full_name":"alice/three"}]`)
		}
	})))
	t.Cleanup(api.Close)
	hub, err := newGitHub(client.WithBaseURL(api.URL))
	require.NoError(t, err)
	t.Cleanup(hub.CloseIdleConnections)
	c := &connect{login, manager, hub, func(*http.Request) string { return "42" }}
	mux := http.NewServeMux()
	c.routes(mux)

	start := httptest.NewRecorder()
	mux.ServeHTTP(start, httptest.NewRequest(http.MethodGet, "https://app.test/connect/github", nil))
	back, err := srv.Authorize(start.Header().Get("Location"), "alice")
	require.NoError(t, err)
	callback := httptest.NewRequest(http.MethodGet, back.String(), nil)
	for _, cookie := range start.Result().Cookies() {
		callback.AddCookie(cookie)
	}
	end := httptest.NewRecorder()
	mux.ServeHTTP(end, callback)
	require.Equal(t, "/settings", end.Header().Get("Location"))

	name, reconnect, err := c.me(t.Context(), "user:42/github")
	require.NoError(t, err)
	require.False(t, reconnect)
	require.Equal(t, "alice", name)
	repos, err := c.repos(t.Context(), "user:42/github")
	require.NoError(t, err)
	require.Equal(t, []string{"alice/one", "alice/two", "alice/three"}, repos)

	require.NoError(t, c.disconnect(t.Context(), "user:42/github"))
	require.NoError(t, c.disconnect(t.Context(), "user:42/github"))
	_, reconnect, err = c.me(t.Context(), "user:42/github")
	require.NoError(t, err)
	require.True(t, reconnect)
}

// What a user who has taken the access back looks like, by what is stored of them.
func TestARevokedUserIsAskedToSignInAgain(t *testing.T) {
	const key = "user:42/github"
	for name, tc := range map[string]struct {
		age         time.Duration
		refreshable bool
		want        error
		recorded    bool
	}{
		"a token that can be refreshed":           {time.Minute, true, tokens.ErrReauthorizationRequired, true},
		"a token that was refreshed a moment ago": {2 * time.Hour, true, tokens.ErrRefreshedRecently, false},
		"a token that cannot be refreshed":        {time.Minute, false, tokens.ErrReauthorizationRequired, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := oauthtest.New(oauthtest.Config{})
				login, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
				require.NoError(t, err)
				told := 0
				manager, err := tokens.New(tokens.NewMemoryStore(), login,
					tokens.OnReauth(func(context.Context, *tokens.ReauthError) { told++ }))
				require.NoError(t, err)
				defer func() { require.NoError(t, manager.Shutdown(context.WithoutCancel(t.Context()))) }()
				hub, err := newGitHub(client.WithBaseURL(srv.URL), client.WithTransport(srv.HTTPClient().Transport))
				require.NoError(t, err)
				c := &connect{login, manager, hub, nil}

				token := srv.Issue("web", "alice")
				if !tc.refreshable {
					token = &oauth2.Token{AccessToken: token.AccessToken}
				}
				require.NoError(t, manager.Put(t.Context(), key, token))
				time.Sleep(tc.age)
				_, err = manager.Token(t.Context(), key)
				require.NoError(t, err)

				srv.RevokeUser("alice")
				_, err = manager.Token(t.Context(), key)
				require.NoError(t, err, "nobody has asked the service")
				api, err := c.as(key)
				require.NoError(t, err)
				_, err = client.Get[client.None](t.Context(), api, "/userinfo")
				require.ErrorIs(t, err, tc.want)
				require.True(t, signInAgain(err))

				_, err = manager.Token(t.Context(), key)
				require.NoError(t, err, "the access token has not expired")
				synctest.Wait()
				require.Equal(t, tc.recorded, told == 1)
			})
		})
	}
}

func TestGitHubSaysWhoHasSignedIn(t *testing.T) {
	for says, want := range map[string]string{`{"id":583231,"login":"alice"}`: "583231", `{"login":"alice"}`: ""} {
		srv := oauthtest.New(oauthtest.Config{UserInfo: func(oauthtest.User) any { return json.RawMessage(says) }})
		login, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
		require.NoError(t, err)
		id, err := who(t.Context(), login, &oauthflow.Result{Token: srv.Issue("web", "alice")})
		require.Equal(t, want, id)
		require.Equal(t, want == "", err != nil)
	}
}

func TestAMisconfiguredLoginIsAnError(t *testing.T) {
	_, err := newLogin()
	require.Error(t, err)
	_, err = newTokens(t.Context(), nil, nil, slog.Default())
	require.Error(t, err)
	_, err = newTable()
	require.ErrorContains(t, err, `unknown driver "sqlite"`)
}

// signInHere opens the browser on this machine and waits for it to come back.
func signInHere(ctx context.Context, c *oauthflow.Client) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	res, err := oauthflow.Loopback{}.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return res.Token, nil
}

var _ = signInHere // it needs a browser

// signInElsewhere shows a code that the user enters on another device.
func signInElsewhere(ctx context.Context, c *oauthflow.Client, out io.Writer) (*oauth2.Token, error) {
	code, err := c.DeviceAuth(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "On any device, open %s and enter %s\n", code.VerificationURI, code.UserCode)
	return c.DeviceToken(ctx, code)
}

// consenting stands for the user, who enters the code that is shown.
type consenting struct {
	srv *oauthtest.Server
	t   *testing.T
}

func (u consenting) Write(line []byte) (int, error) {
	words := strings.Fields(string(line))
	_, err := url.Parse(words[4])
	require.NoError(u.t, err)
	require.NoError(u.t, u.srv.ApproveDevice(words[len(words)-1], "alice"))
	return len(line), nil
}

func TestADeviceSignsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := oauthtest.New(oauthtest.Config{})
		c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
		require.NoError(t, err)
		token, err := signInElsewhere(t.Context(), c, consenting{srv, t})
		require.NoError(t, err)
		require.True(t, srv.Valid(token.AccessToken))
	})
}

func jobToken(c *oauthflow.Client) (*tokens.Source, error) {
	source, err := tokens.NewSource(func(ctx context.Context) (*oauth2.Token, error) {
		return c.ClientCredentials(ctx, "api:read")
	})
	return source, err
}

func TestAJobHasATokenOfItsOwn(t *testing.T) {
	srv := oauthtest.New(oauthtest.Config{})
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	source, err := jobToken(c)
	require.NoError(t, err)
	token, err := source.Token()
	require.NoError(t, err)
	require.True(t, srv.Valid(token.AccessToken))
}
