package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// C40: a cleartext credential never goes through a proxy, wherever it is bound.
func TestC40_NoCleartextCredentialThroughAProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	socks := &url.URL{Scheme: "socks5", Host: at.Host}
	for name, p := range map[string]*url.URL{"http": at, "socks": socks} {
		for _, base := range []string{"http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://10.0.0.1"} {
			for _, auth := range []client.Auth{client.Bearer(secret.Static("canary-secret")), client.APIKeyQuery("k", secret.Static("canary-secret"))} {
				rt := &http.Transport{Proxy: http.ProxyURL(p)}
				c, err := client.New(base, client.WithAuth(auth), client.WithTransport(rt), client.WithInsecureCleartextCredentials())
				require.NoError(t, err)
				var meta client.Meta
				_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Meta: &meta})
				require.ErrorIs(t, err, client.ErrConfig, name)
				require.ErrorContains(t, err, "proxy")
				require.Equal(t, client.NeverSent, asError(t, err).Effect)
				require.Len(t, meta.Attempts, 1)
				_, err = c.HTTPClient().Get(base + "/x")
				require.ErrorIs(t, err, client.ErrConfig, name)
				require.NotContains(t, show(err), "canary")
				rt.CloseIdleConnections()
			}
		}
	}
	require.Zero(t, asked.Load())

	// What holds no credential may, and what the transport says of its proxy is its own
	// error.
	rt := &http.Transport{Proxy: http.ProxyURL(at)}
	t.Cleanup(rt.CloseIdleConnections)
	c, err := client.New("https://api.example.com", client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithTransport(rt))
	require.NoError(t, err)
	resp, err := c.HTTPClient().Get("http://files.example.net/x")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	plain, err := client.New("http://127.0.0.1:1", client.WithTransport(rt))
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), plain, "/x")
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load())

	broken := errors.New("no proxy is configured")
	c, err = client.New("http://127.0.0.1:1", client.WithAuth(client.Bearer(secret.Static("canary-secret"))),
		client.WithTransport(&http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, broken }}))
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), c, "/x")
	require.ErrorIs(t, err, broken)
}
