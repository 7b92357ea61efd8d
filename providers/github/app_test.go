package github_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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

// keyServer has an app whose key is made once for all tests: that takes a while.
var keyServer = sync.OnceValue(func() *githubtest.Server {
	srv := githubtest.NewHandler()
	srv.AppKey()
	return srv
})

func reveal(t *testing.T, src secret.Source) string {
	t.Helper()
	v, err := secret.Current(t.Context(), src)
	require.NoError(t, err)
	return v.Reveal()
}

// installed returns a client of an installation over a scripted GitHub.
func installed(t *testing.T, rt http.RoundTripper, opts ...client.Option) *github.Client {
	t.Helper()
	app, err := github.NewApp(githubtest.AppID, keyServer().AppKey(), client.WithTransport(rt))
	require.NoError(t, err)
	c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID}, opts...)
	require.NoError(t, err)
	return c
}

// A GitHub App, from its key to an issue that its installation opens. GitHub's fake
// verifies the JWT with code of its own.
func TestAnAppsInstallation(t *testing.T) {
	srv := keyServer()
	pkcs1 := reveal(t, srv.AppKey())
	block, _ := pem.Decode([]byte(pkcs1))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for name, text := range map[string]string{
		"PKCS #1": pkcs1, "PKCS #8": pkcs8,
		`PKCS #1 with \n`: strings.ReplaceAll(pkcs1, "\n", `\n`), `PKCS #8 with \n`: strings.ReplaceAll(pkcs8, "\n", `\n`),
	} {
		app, err := github.NewApp(githubtest.AppID, secret.Static(text), client.WithTransport(srv.Transport()))
		require.NoError(t, err, name)
		made, err := github.CreateInstallationToken.Do(t.Context(), app.HTTP, github.Installation{ID: githubtest.ID, Permissions: map[string]string{"issues": "read"}})
		require.NoError(t, err, name)
		require.Equal(t, "read", made.Permissions["issues"])
		require.Greater(t, len(made.Token.Reveal()), 500, "about 520 characters")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", made, made, made), made.Token.Reveal())

		c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID, Repositories: []string{githubtest.Repo}})
		require.NoError(t, err, name)
		issue, err := github.CreateIssue.Do(t.Context(), c.HTTP, github.CreateIssueInput{Owner: githubtest.Owner, Repo: githubtest.Repo, Title: name})
		require.NoError(t, err, name)
		require.Equal(t, "githubtest[bot]", issue.User.Login)
	}
}

// The JWT of an app is dated a minute back, for a clock that is ahead, and ends within
// the ten minutes that GitHub permits, for one that is behind.
func TestAnAppWhoseClockIsWrong(t *testing.T) {
	for _, off := range []time.Duration{-55 * time.Second, 0, 55 * time.Second} {
		srv := githubtest.NewHandler(githubtest.Options{Now: func() time.Time { return time.Now().Add(off) }})
		app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
		require.NoError(t, err)
		_, err = github.CreateInstallationToken.Do(t.Context(), app.HTTP, github.Installation{ID: githubtest.ID})
		require.NoError(t, err, off)
	}
}

// C15: one token for many goroutines, at the start, when it expires, and after a 401.
func TestC15_OneTokenForManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := githubtest.NewHandler()
		app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
		require.NoError(t, err)
		c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID})
		require.NoError(t, err)
		storm := func(minted int) {
			t.Helper()
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: githubtest.Owner, Repo: githubtest.Repo})
					require.NoError(t, err)
				})
			}
			wg.Wait()
			require.Equal(t, minted, srv.Count("apps.createInstallationAccessToken"))
		}
		storm(1)
		time.Sleep(58 * time.Minute)
		storm(1)
		time.Sleep(time.Minute + time.Second) // a minute before it expires
		storm(2)
		srv.Revoke()
		storm(3)
		storm(3)
		time.Sleep(3 * time.Hour)
		storm(4)
	})
}

// O5: a renewal that fails while the token is still valid fails no caller, and is not
// tried again at each call; once the token is over, the call says why there is none.
func TestO5_ARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := githubtest.NewHandler()
		app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
		require.NoError(t, err)
		c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID})
		require.NoError(t, err)
		call := func() error {
			_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: githubtest.Owner, Repo: githubtest.Repo})
			return err
		}
		require.NoError(t, call())
		srv.Inject(githubtest.Fault{Operation: "apps.createInstallationAccessToken", Status: 404, Message: "Integration not found", Times: -1})
		time.Sleep(59*time.Minute + 5*time.Second)
		for range 20 {
			require.NoError(t, call())
		}
		for range 4 { // longer than the outcome of a renewal stands
			time.Sleep(2 * time.Second)
			require.NoError(t, call())
		}
		require.Equal(t, 2, srv.Count("apps.createInstallationAccessToken"))
		time.Sleep(3 * time.Second)
		require.NoError(t, call())
		require.Equal(t, 3, srv.Count("apps.createInstallationAccessToken"))
		time.Sleep(time.Minute)
		err = call()
		require.ErrorIs(t, err, client.ErrNotFound)
		require.ErrorContains(t, err, "Integration not found")
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, "/repos/{owner}/{repo}", e.Path)
		require.Zero(t, e.Status, "nothing of the call itself was sent")
	})
}

// A token is renewed by what GitHub says of its end, or after an hour where that is not
// said, or is over already by a clock that is wrong.
func TestWhenATokenIsRenewed(t *testing.T) {
	for name, tc := range map[string]struct {
		life, lasts time.Duration
	}{
		"ten minutes": {10 * time.Minute, 9 * time.Minute}, "five minutes": {5 * time.Minute, 4*time.Minute + 30*time.Second},
		"over": {-time.Minute, 59 * time.Minute}, "not said": {0, 59 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			minted := 0
			rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, "/app/") {
					clienttest.JSON(200, `{}`).Serve(w)
					return
				}
				minted++
				body := fmt.Sprintf(`{"token":"ghs_%d"}`, minted)
				if tc.life != 0 {
					body = fmt.Sprintf(`{"token":"ghs_%d","expires_at":%q}`, minted, time.Now().Add(tc.life).UTC().Format(time.RFC3339))
				}
				clienttest.JSON(201, body).Serve(w)
			}))
			c := installed(t, rt)
			began := time.Now()
			for minted < 2 {
				_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: "o", Repo: "r"})
				require.NoError(t, err, name)
				time.Sleep(5 * time.Second)
			}
			require.InDelta(t, tc.lasts.Seconds(), time.Since(began).Seconds(), 10, name)
		})
	}
}

// An outage of the token's endpoint is waited out as any other: to make one more token
// does no harm.
func TestAnInstallationTokenIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := githubtest.NewHandler()
		srv.Inject(githubtest.Fault{Operation: "apps.createInstallationAccessToken", Times: 2})
		app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
		require.NoError(t, err)
		c, err := github.NewInstallation(app, github.Installation{ID: githubtest.ID})
		require.NoError(t, err)
		_, err = github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: githubtest.Owner, Repo: githubtest.Repo})
		require.NoError(t, err)
		require.Equal(t, 3, srv.Count("apps.createInstallationAccessToken"))
	})
}

// O6: who gives up waiting for a token fails none of the others.
func TestO6_OneWhoGivesUpFailsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var minted atomic.Int32
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if strings.HasPrefix(r.URL.Path, "/app/") {
				minted.Add(1)
				time.Sleep(5500 * time.Millisecond)
				w.WriteHeader(201)
				fmt.Fprintf(w, `{"token":"ghs_1","expires_at":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
				return
			}
			_, _ = w.Write([]byte(`{}`))
		}))
		c := installed(t, rt)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{Path: "/repos/o/r", Timeout: time.Duration(1+i) * time.Second})
				require.Equal(t, i < 5, err != nil, "%d: %v", i, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		require.EqualValues(t, 1, minted.Load())
	})
}

// X1: the token of an installation is in no error and in no print of the client.
func TestX1_AnInstallationsTokenIsNotShown(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/app/") {
			w.WriteHeader(201)
			_, _ = w.Write([]byte(`{"token":"ghs_1_canary.of.dots","expires_at":"2100-01-01T00:00:00Z"}`))
			return
		}
		w.WriteHeader(404)
		fmt.Fprintf(w, `{"message":"You sent %s"}`, r.Header.Get("Authorization"))
	}))
	c := installed(t, rt)
	_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: "o", Repo: "r"})
	require.ErrorIs(t, err, client.ErrNotFound)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %+v %#v", err, err, err, c, c), "canary")
}

// A client that is read only reads: the token that it needs is not its own request.
func TestAnInstallationThatIsReadOnly(t *testing.T) {
	srv := keyServer()
	c := installed(t, srv.Transport(), client.WithReadOnly())
	_, err := github.GetRepository.Do(t.Context(), c.HTTP, github.RepositoryInput{Owner: githubtest.Owner, Repo: githubtest.Repo})
	require.NoError(t, err)
	_, err = github.CreateIssue.Do(t.Context(), c.HTTP, github.CreateIssueInput{Owner: githubtest.Owner, Repo: githubtest.Repo, Title: "t"})
	require.ErrorIs(t, err, client.ErrReadOnly)
}

// X2: what cannot work is said when the client is made.
func TestX2_AnAppThatCannotWork(t *testing.T) {
	key := keyServer().AppKey()
	for name, make := range map[string]func() error{
		"no ID":           func() error { _, err := github.NewApp(" ", key); return err },
		"no key":          func() error { _, err := github.NewApp("1", secret.Static("")); return err },
		"a key of no PEM": func() error { _, err := github.NewApp("1", secret.Static("not-a-key")); return err },
		"no app":          func() error { _, err := github.NewInstallation(nil, github.Installation{ID: "1"}); return err },
		"an empty app": func() error {
			_, err := github.NewInstallation(&github.Client{}, github.Installation{ID: "1"})
			return err
		},
		"a bad option": func() error {
			app, err := github.NewApp("1", key)
			require.NoError(t, err)
			_, err = github.NewInstallation(app, github.Installation{ID: "1"}, client.WithBaseURL("not a URL"))
			return err
		},
		"no installation": func() error {
			app, err := github.NewApp("1", key)
			require.NoError(t, err)
			_, err = github.NewInstallation(app, github.Installation{})
			return err
		},
	} {
		err := make()
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "not-a-key", name)
	}
}

// GitHub refuses an app that it does not know, and one with another's key.
func TestAnAppThatGitHubDoesNotKnow(t *testing.T) {
	srv := keyServer()
	for name, make := range map[string]func() (*github.Client, error){
		"another ID": func() (*github.Client, error) {
			return github.NewApp("Iv1.other", srv.AppKey(), client.WithTransport(srv.Transport()))
		},
		"another key": func() (*github.Client, error) {
			return github.NewApp(githubtest.AppID, githubtest.NewHandler().AppKey(), client.WithTransport(srv.Transport()))
		},
		"a token": func() (*github.Client, error) {
			return github.New(secret.Static(githubtest.Token), client.WithTransport(srv.Transport()))
		},
	} {
		app, err := make()
		require.NoError(t, err, name)
		_, err = github.CreateInstallationToken.Do(t.Context(), app.HTTP, github.Installation{ID: githubtest.ID})
		require.ErrorIs(t, err, client.ErrUnauthorized, name)
	}
}
