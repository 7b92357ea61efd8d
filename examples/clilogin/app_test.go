package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

var registered = oauthtest.Config{Clients: []oauthtest.Client{{ID: "program", RedirectURIs: []string{"http://127.0.0.1/callback"}}}}

func clientOf(t *testing.T, srv *oauthtest.Server) *oauthflow.Client {
	t.Helper()
	c, err := newClient(srv.Provider(), "program", oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	return c
}

// browse plays the browser: it goes where the server sends it, back to the program.
func browse(decide func(authURL string) (*url.URL, error)) user {
	return user{open: func(ctx context.Context, authURL string) error {
		back, err := decide(authURL)
		if err != nil {
			return err
		}
		go func() {
			hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if resp, err := hc.Get(back.String()); err == nil {
				_ = resp.Body.Close()
			}
		}()
		return nil
	}}
}

func TestLoopback(t *testing.T) {
	srv := oauthtest.Start(t, registered)
	alice := browse(func(authURL string) (*url.URL, error) { return srv.Authorize(authURL, "alice") })
	var out strings.Builder
	require.NoError(t, signIn(t.Context(), clientOf(t, srv), loopback, alice, &out))
	require.Contains(t, out.String(), `Signed in as "Alice Example" ("alice").`)
	require.Contains(t, out.String(), "Signed out.")
	require.Equal(t, 1, srv.Refreshes())

	require.EqualError(t, signIn(t.Context(), clientOf(t, srv), loopback, browse(srv.Deny), io.Discard), "you did not allow it")
}

// The program asks every few seconds whether the code was entered; the test does not
// wait.
func TestDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := oauthtest.New(registered)
		var out strings.Builder
		alice := user{enter: func(ctx context.Context, at, userCode string) error {
			require.NoError(t, atTerminal(&out).enter(ctx, at, userCode))
			return srv.ApproveDevice(userCode, "alice")
		}}
		require.NoError(t, signIn(t.Context(), clientOf(t, srv), device, alice, &out))
		require.Regexp(t, `On any device, open https://auth.test/\S+ and enter \S+\nSigned in as "Alice Example"`, out.String())
		require.Contains(t, out.String(), "Signed out.")

		refuses := user{enter: func(_ context.Context, _, userCode string) error { return srv.DenyDevice(userCode) }}
		require.EqualError(t, signIn(t.Context(), clientOf(t, srv), device, refuses, io.Discard), "you did not allow it")
	})
}
