package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/loopback/loopbacktest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func get(t *testing.T, address string, edit func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	require.NoError(t, err)
	if edit != nil {
		edit(req)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if !assert.NoError(t, err) {
		return 0, "" // and not the end of a goroutine that somebody waits for
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	return resp.StatusCode, string(body)
}

func cliServer() *oauthtest.Server {
	return oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "cli", RedirectURIs: []string{"http://127.0.0.1/cb"}}}})
}

func TestO10_LoopbackFlow(t *testing.T) {
	t.Parallel()
	s := cliServer()
	c := newClient(t, s, "cli", nil)
	pages := make(chan string, 8)
	res, err := oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
		go func() {
			back, err := s.Authorize(authURL, "alice")
			if err != nil {
				pages <- err.Error()
				return
			}
			host := back.Host
			// What does not belong to the attempt does not end it.
			for _, other := range []func(*url.URL, *http.Request){
				func(u *url.URL, _ *http.Request) { u.Path = "/favicon.ico" },
				func(u *url.URL, _ *http.Request) { u.RawQuery = "state=forged&error=access_denied" },
				func(_ *url.URL, r *http.Request) { r.Host = "evil.test" },
				func(_ *url.URL, r *http.Request) { r.Method = http.MethodPost },
			} {
				u := *back
				status, _ := get(t, u.String(), func(r *http.Request) { other(r.URL, r); r.URL.Host = host })
				if status < 400 {
					pages <- "a stray request was taken"
				}
			}
			_, page := get(t, back.String(), nil)
			pages <- page
		}()
		return nil
	}}.Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)
	require.Contains(t, <-pages, "You are signed in")
	require.Len(t, s.Requests(), 1)
}

func TestLoopbackDenied(t *testing.T) {
	t.Parallel()
	s := cliServer()
	c := newClient(t, s, "cli", nil)
	page := make(chan string, 1)
	_, err := oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
		back, err := s.Deny(authURL)
		if err != nil {
			return err
		}
		go func() {
			status, p := get(t, back.String(), nil)
			page <- fmt.Sprint(status, p)
		}()
		return nil
	}}.Run(t.Context(), c)
	require.ErrorIs(t, err, oauthflow.ErrAccessDenied)
	shown := <-page
	require.Contains(t, shown, "did not work")
	require.True(t, strings.HasPrefix(shown, "400"), shown)

	_, err = oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
		back, err := s.Deny(authURL)
		go func() {
			_, p := get(t, back.String(), nil)
			page <- p
		}()
		return err
	}, Page: func(w http.ResponseWriter, _ *http.Request, err error) {
		_, _ = io.WriteString(w, "ours: "+err.Error())
	}}.Run(t.Context(), c)
	require.ErrorIs(t, err, oauthflow.ErrAccessDenied)
	require.Contains(t, <-page, "ours: oauthflow: callback: ")
}

func TestLoopbackEnds(t *testing.T) {
	t.Parallel()
	c := newClient(t, cliServer(), "cli", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := oauthflow.Loopback{Open: func(context.Context, string) error { return nil }}.Run(ctx, c)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	noBrowser := errors.New("no browser here")
	_, err = oauthflow.Loopback{Open: func(context.Context, string) error { return noBrowser }}.Run(t.Context(), c)
	require.ErrorIs(t, err, noBrowser)

	for _, address := range []string{"0.0.0.0:0", "example.com:80", "127.0.0.1", ":0"} {
		_, err = oauthflow.Loopback{Address: address, Open: func(context.Context, string) error { return noBrowser }}.Run(t.Context(), c)
		require.ErrorContains(t, err, "must be a loopback address with a port", address)
	}
}

// The redirect goes to the host that is registered, and comes back from there.
func TestLoopbackRedirectsToTheRegisteredHost(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ registered, address, host string }{
		"registered name":               {"http://localhost/cb", "", "localhost"},
		"name over its address":         {"http://localhost/cb", "127.0.0.1:0", "localhost"},
		"registered address":            {"http://127.0.0.1/cb", "", "127.0.0.1"},
		"address over the name":         {"http://127.0.0.1/cb", "localhost:0", "127.0.0.1"},
		"another address":               {"http://127.0.0.1/cb", "127.0.0.1:0", "127.0.0.1"},
		"of the listener":               {"", "localhost:0", "localhost"},
		"of nobody":                     {"", "", "127.0.0.1"},
		"of a web application":          {"https://app.example.com/cb", "", "127.0.0.1"},
		"of a web application, by name": {"https://app.example.com/cb", "localhost:0", "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/cb"
			if tc.registered == "" {
				path = "/callback"
			}
			s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "cli", RedirectURIs: []string{"http://" + tc.host + path}}}})
			c := newClient(t, s, "cli", func(cfg *oauthflow.Config) { cfg.RedirectURL = tc.registered })
			var wg sync.WaitGroup
			defer wg.Wait()
			res, err := oauthflow.Loopback{Address: tc.address, Open: func(_ context.Context, authURL string) error {
				back, err := s.Authorize(authURL, "alice")
				if err != nil {
					return err
				}
				assert.Equal(t, tc.host, back.Hostname())
				wg.Go(func() { _, _ = get(t, back.String(), nil) })
				return nil
			}}.Run(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, "alice", res.IDToken.Subject)
		})
	}
	c := newClient(t, cliServer(), "cli", func(cfg *oauthflow.Config) { cfg.RedirectURL = "http://127.0.0.1/cb" })
	_, err := oauthflow.Loopback{Address: "[::1]:0"}.Run(t.Context(), c)
	require.ErrorContains(t, err, "not the one that the redirect URL names")
}

// A port that is registered is the one that is listened on; an Address has the last
// word.
func TestLoopbackListensOnTheRegisteredPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	c := newClient(t, cliServer(), "cli", func(cfg *oauthflow.Config) { cfg.RedirectURL = "http://127.0.0.1:" + port + "/cb" })
	seen := errors.New("seen enough")
	flow := oauthflow.Loopback{Open: func(context.Context, string) error { return seen }}
	_, err = flow.Run(t.Context(), c)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	flow.Address = "127.0.0.1:0"
	_, err = flow.Run(t.Context(), c)
	require.ErrorIs(t, err, seen)
}

// C40: what is listened on, and what may be plain http, is this machine as the
// module's one rule has it.
func TestC40_PlainHTTPIsForThisMachine(t *testing.T) {
	t.Parallel()
	refused := newClient(t, cliServer(), "cli", nil)
	for host, want := range loopbacktest.Hosts {
		_, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: loopbacktest.URL(host) + "/token"}}, ClientID: "cli",
		})
		require.Equal(t, want, err == nil, "%q: %v", host, err)
		if !want {
			_, err = oauthflow.Loopback{Address: net.JoinHostPort(host, "0")}.Run(t.Context(), refused)
			require.Error(t, err, host)
		}
	}
}

func TestOpenBrowserOpensPagesOnly(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "-h", "calc.exe"} {
		require.Error(t, oauthflow.OpenBrowser(t.Context(), bad))
	}
}

// Runs that share a slice of options with room at its end must not meet in it.
func TestLoopbackRunsSideBySide(t *testing.T) {
	t.Parallel()
	s := cliServer()
	c := newClient(t, s, "cli", nil)
	opts := append(make([]oauthflow.BeginOption, 0, 8), oauthflow.WithParam("prompt", "login"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
				back, err := s.Authorize(authURL, "alice")
				if err != nil {
					return err
				}
				wg.Go(func() { _, _ = get(t, back.String(), nil) })
				return nil
			}}.Run(t.Context(), c, opts...)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
}

// A page of the caller's that panics has still had its answer.
func TestLoopbackPagePanics(t *testing.T) {
	t.Parallel()
	s := cliServer()
	c := newClient(t, s, "cli", nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	gone := make(chan struct{})
	res, err := oauthflow.Loopback{
		Open: func(_ context.Context, authURL string) error {
			back, err := s.Authorize(authURL, "alice")
			if err != nil {
				return err
			}
			go func() {
				defer close(gone)
				resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(&http.Request{Method: http.MethodGet, URL: back, Host: back.Host, Header: http.Header{}})
				if err == nil {
					_ = resp.Body.Close()
				}
			}()
			return nil
		},
		Page: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}.Run(ctx, c)
	require.NoError(t, err)
	<-gone
	require.Equal(t, "alice", res.IDToken.Subject)
}

// Without an Open of the caller's it is the system's browser, of which there may be
// none.
func TestLoopbackOpensTheSystemsBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if runtime.GOOS == "windows" {
		t.Skip("its browser is found without a PATH")
	}
	_, err := oauthflow.Loopback{}.Run(t.Context(), newClient(t, cliServer(), "cli", nil))
	require.ErrorIs(t, err, exec.ErrNotFound)
	require.ErrorContains(t, err, "open the browser")
	require.ErrorIs(t, oauthflow.OpenBrowser(t.Context(), "https://auth.test/"), exec.ErrNotFound)
}

// An opener without a screen fails at once, and nobody waits for a redirect that will
// not come; one that goes on is the browser.
func TestOpenBrowserHearsThatThereIsNone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its browser is found without a PATH")
	}
	dir := t.TempDir()
	opener := func(script string) {
		for _, name := range []string{"xdg-open", "open"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700))
		}
	}
	t.Setenv("PATH", dir)
	opener("exit 3\n")
	var failed *exec.ExitError
	require.ErrorAs(t, oauthflow.OpenBrowser(t.Context(), "https://auth.test/"), &failed)
	_, err := oauthflow.Loopback{}.Run(t.Context(), newClient(t, cliServer(), "cli", nil))
	require.ErrorAs(t, err, &failed)
	require.ErrorContains(t, err, "open the browser")

	opener("exit 0\n")
	require.NoError(t, oauthflow.OpenBrowser(t.Context(), "https://auth.test/"))
	opener("exec /bin/sleep 2\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, oauthflow.OpenBrowser(ctx, "https://auth.test/"), "it does not wait for the browser")
}

// A provider that posts its answer would be waited for in vain.
func TestLoopbackRefusesFormPost(t *testing.T) {
	t.Parallel()
	c := newClient(t, cliServer(), "cli", func(cfg *oauthflow.Config) { cfg.Provider.ResponseMode = "form_post" })
	_, err := oauthflow.Loopback{Open: func(context.Context, string) error { return errors.New("asked to open") }}.Run(t.Context(), c)
	require.ErrorContains(t, err, "form_post")
}
