package clienttest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// watched is a test that is over when the function it comes with is called.
type watched struct {
	testing.TB
	said    []string
	cleanup []func()
}

func (w *watched) Helper()          {}
func (w *watched) Cleanup(f func()) { w.cleanup = append(w.cleanup, f) }
func (w *watched) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *watched) end() {
	for _, f := range w.cleanup {
		f()
	}
	w.cleanup = nil
}

// watching begins a test of its own under NoStrayRequests.
func watching(t *testing.T, opts ...clienttest.StrayOption) *watched {
	w := &watched{TB: t}
	clienttest.NoStrayRequests(w, opts...)
	t.Cleanup(w.end)
	return w
}

// nowhere is a host that leads nowhere (RFC 2606), should a request get through.
const nowhere = "https://api.standpipe.invalid"

func post(t *testing.T, baseURL string, opts ...client.Option) error {
	t.Helper()
	c, err := client.New(baseURL, append([]client.Option{
		client.WithProfile(client.Profile{Name: "example", LiveKeys: []string{"sk_live_"}}),
	}, opts...)...)
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/v1/x", Query: url.Values{"token": {"hidden_1"}}})
	return err
}

type around struct{ http.RoundTripper }

func TestStrayRequestsAreRefused(t *testing.T) {
	old := &http.Transport{}
	env := client.NewTransport()
	env.Proxy = http.ProxyFromEnvironment
	cloned := http.DefaultTransport.(*http.Transport).Clone()
	for name, opts := range map[string][]client.Option{
		"the default transport":         nil,
		"NewTransport":                  {client.WithTransport(client.NewTransport())},
		"a transport of the user's":     {client.WithTransport(old)},
		"http.DefaultTransport":         {client.WithTransport(http.DefaultTransport)},
		"a copy of it":                  {client.WithTransport(cloned)},
		"the environment's proxy":       {client.WithTransport(env)},
		"a RoundTripper around":         {client.WithTransport(around{client.NewTransport()})},
		"no proxy":                      {client.WithProxy(nil)},
		"another proxy than loopback's": {client.WithProxy(http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.standpipe.invalid"}))},
	} {
		t.Run(name, func(t *testing.T) {
			w := watching(t)
			err := post(t, nowhere, append(opts, client.WithAuth(client.Bearer(secret.Static("sk_test_canary_1"))))...)
			require.ErrorIs(t, err, clienttest.ErrStray)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Len(t, e.Attempts, 1, "it would be refused again")
			require.Equal(t, client.NeverSent, e.Effect)
			require.Len(t, w.said, 1)
			want := "POST " + nowhere + "/v1/x"
			if strings.HasPrefix(name, "a RoundTripper") {
				want = "api.standpipe.invalid:443" // no more is seen there
			}
			for _, said := range []string{err.Error(), w.said[0]} {
				require.Contains(t, said, want)
				require.NotContains(t, said, "canary")
				require.NotContains(t, said, "hidden")
			}
		})
	}
}

func TestWhatAnswersInATestIsNoStray(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{}`))
	address := strings.TrimPrefix(srv.URL, "http://")
	dials := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	defer secure.Close()
	dial := func(string, string) (net.Conn, error) { return net.Dial("tcp", address) }
	//lint:ignore SA1019 the older one is still in use
	older := &http.Transport{DisableKeepAlives: true, Dial: dial}
	overTLS := secure.Client().Transport.(*http.Transport).Clone()
	overTLS.DialContext = nil
	overTLS.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&tls.Dialer{Config: overTLS.TLSClientConfig}).DialContext(ctx, network, secure.Listener.Addr().String())
	}
	overTLS.TLSClientConfig.ServerName = "example.com"
	proxy := client.WithProxy(http.ProxyURL(&url.URL{Scheme: "http", Host: address}))
	for name, call := range map[string]func() error{
		"a server":        func() error { return post(t, srv.URL) },
		"by name":         func() error { return post(t, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)) },
		"a transport":     func() error { return post(t, nowhere, client.WithTransport(clienttest.NewTransport(t))) },
		"a dialer":        func() error { return post(t, "http://api.standpipe.invalid", client.WithTransport(dials)) },
		"an older dialer": func() error { return post(t, "http://api.standpipe.invalid", client.WithTransport(older)) },
		"a dialer of TLS": func() error { return post(t, nowhere, client.WithTransport(overTLS)) },
		"a default transport that dials in a way of its own": func() error {
			before := http.DefaultTransport
			defer func() { http.DefaultTransport = before }()
			http.DefaultTransport = dials
			return post(t, "http://api.standpipe.invalid")
		},
		"an httptest name": func() error { return post(t, "https://example.com", client.WithTransport(secure.Client().Transport)) },
		"a proxy":          func() error { return post(t, "http://api.standpipe.invalid", proxy) },
		"a host that is allowed": func() error {
			watching(t, clienttest.AllowHosts("API.standpipe.invalid:80"))
			through := errors.New("let through")
			err := post(t, "https://api.standpipe.invalid:8080", client.WithRetry(retry.Never),
				client.WithProxy(func(*http.Request) (*url.URL, error) { return nil, through }))
			require.ErrorIs(t, err, through)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watching(t)
			require.NoError(t, call())
			require.Empty(t, w.said)
		})
	}
}

func TestLiveKeysAreRefused(t *testing.T) {
	rt := clienttest.NewTransport(t)
	for name, auth := range map[string]client.Auth{
		"bearer": client.Bearer(secret.Static("sk_live_canary")),
		"basic":  client.Basic("sk_live_canary", secret.Static("x")),
		"header": client.APIKeyHeader("X-Key", secret.Static("sk_live_canary")),
		"query":  client.APIKeyQuery("key", secret.Static("sk_live_canary")),
	} {
		t.Run(name, func(t *testing.T) {
			rt.Script()
			w, before := watching(t), rt.Count()
			err := post(t, nowhere, client.WithTransport(rt), client.WithAuth(auth))
			require.ErrorIs(t, err, clienttest.ErrStray)
			require.Equal(t, before, rt.Count(), "not even to a fake")
			require.Len(t, w.said, 1)
			require.Contains(t, w.said[0], "with a live key")
			require.NotContains(t, fmt.Sprint(err, w.said), "canary")

			watching(t, clienttest.AllowLiveKeys())
			require.NoError(t, post(t, nowhere, client.WithTransport(rt), client.WithAuth(auth)))
		})
	}
	w := watching(t)
	require.NoError(t, post(t, nowhere, client.WithTransport(rt), client.WithAuth(client.Bearer(secret.Static("sk_test_1")))))
	require.Empty(t, w.said)
}

// A proxy of the environment leads off this machine, wherever it runs. What the
// environment says is read once a process, so this is another.
func TestAProxyOfTheEnvironmentAnswersNothing(t *testing.T) {
	if os.Getenv("HTTPS_PROXY") != "http://127.0.0.1:1" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAProxyOfTheEnvironmentAnswersNothing$")
		cmd.Env = append(os.Environ(), "HTTPS_PROXY=http://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	watching(t)
	require.ErrorIs(t, post(t, nowhere), clienttest.ErrStray)
}

// It ends with its test, and holds as long as one of several is under way.
func TestNoStrayRequestsEndsWithTheTest(t *testing.T) {
	live := []client.Option{client.WithTransport(clienttest.NewTransport(t)), client.WithAuth(client.Bearer(secret.Static("sk_live_1")))}
	first, second := watching(t), watching(t)
	require.Error(t, post(t, nowhere, live...))
	require.Len(t, first.said, 1)
	require.Len(t, second.said, 1)
	first.end()
	require.Error(t, post(t, nowhere, live...))
	require.Len(t, first.said, 1)
	require.Len(t, second.said, 2)
	second.end()
	require.NoError(t, post(t, nowhere, live...))
}

func TestNoStrayRequestsInParallel(t *testing.T) {
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			clienttest.NoStrayRequests(t)
			srv := clienttest.NewServer(t)
			require.NoError(t, post(t, srv.URL))
		})
	}
}
