package oauthflow_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// redirectOf runs the flow as far as the browser, shows where it would be sent
// back to, and ends it.
func redirectOf(t *testing.T, registered, address string, look func(*url.URL)) error {
	t.Helper()
	c := newClient(t, oauthtest.New(oauthtest.Config{}), "cli", func(cfg *oauthflow.Config) { cfg.RedirectURL = registered })
	seen := errors.New("seen enough")
	_, err := oauthflow.Loopback{Address: address, Open: func(_ context.Context, authURL string) error {
		u, err := url.Parse(query(t, authURL).Get("redirect_uri"))
		if err != nil {
			return err
		}
		look(u)
		return seen
	}}.Run(t.Context(), c)
	if errors.Is(err, seen) {
		return nil
	}
	return err
}

func hasIPv6(t *testing.T) bool {
	t.Helper()
	ln, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		_ = ln.Close()
	}
	return err == nil
}

// What is registered is what is sent, but for the port.
func TestLoopbackSendsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	for registered, want := range map[string]url.URL{
		"http://localhost":              {Host: "localhost"}, // as Entra's portal has it for command lines
		"http://localhost/":             {Host: "localhost", Path: "/"},
		"http://127.0.0.1/a/b":          {Host: "127.0.0.1", Path: "/a/b"},
		"http://127.0.0.1/a?app=1":      {Host: "127.0.0.1", Path: "/a", RawQuery: "app=1"},
		"http://127.0.0.1/a%2Fb":        {Host: "127.0.0.1", Path: "/a%2Fb"},
		"http://127.0.0.2/cb":           {Host: "127.0.0.2", Path: "/cb"},
		"":                              {Host: "127.0.0.1", Path: "/callback"},
		"https://app.example.com":       {Host: "127.0.0.1", Path: "/callback"},
		"https://app.example.com/x?y=z": {Host: "127.0.0.1", Path: "/x"},
		"https://localhost/x":           {Host: "127.0.0.1", Path: "/x"}, // no certificate for that
	} {
		require.NoError(t, redirectOf(t, registered, "", func(u *url.URL) {
			assert.Equal(t, "http", u.Scheme, registered)
			assert.Equal(t, want.Host, u.Hostname(), registered)
			assert.NotEmpty(t, u.Port(), registered)
			assert.Equal(t, want.Path, u.EscapedPath(), registered)
			assert.Equal(t, want.RawQuery, u.RawQuery, registered)
		}), registered)
	}
}

// A sign-in comes back to what was registered, without a path too.
func TestLoopbackWithoutAPath(t *testing.T) {
	t.Parallel()
	for _, registered := range []string{"http://localhost", "http://localhost/", "http://127.0.0.1/a%2Fb?app=1"} {
		s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "cli"}}})
		c := newClient(t, s, "cli", func(cfg *oauthflow.Config) { cfg.RedirectURL = registered })
		answered := make(chan int, 1)
		res, err := oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
			back, err := s.Authorize(authURL, "alice")
			if err != nil {
				return err
			}
			go func() {
				status, _ := get(t, back.String(), nil)
				answered <- status
			}()
			return nil
		}}.Run(t.Context(), c)
		require.NoError(t, err, registered)
		require.Equal(t, "alice", res.IDToken.Subject)
		require.Equal(t, http.StatusOK, <-answered)
	}
}

// Browsers look for localhost at both of its addresses: what answers at the
// other must not be a stranger.
func TestLoopbackListensAtBothAddressesOfLocalhost(t *testing.T) {
	t.Parallel()
	if !hasIPv6(t) {
		t.Skip("this machine has no IPv6")
	}
	for _, tc := range [][2]string{{"http://localhost/cb", ""}, {"http://localhost/cb", "localhost:0"}, {"", "localhost:0"}} {
		require.NoError(t, redirectOf(t, tc[0], tc[1], func(u *url.URL) {
			for _, host := range []string{"127.0.0.1", "::1"} {
				conn, err := net.Dial("tcp", net.JoinHostPort(host, u.Port()))
				if assert.NoError(t, err, tc) {
					_ = conn.Close()
				}
			}
		}))
	}
	for _, taken := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", taken)
		require.NoError(t, err)
		defer ln.Close()
		_, port, err := net.SplitHostPort(ln.Addr().String())
		require.NoError(t, err)
		err = redirectOf(t, "http://localhost:"+port+"/cb", "", func(*url.URL) { t.Error("the browser was opened, and a stranger listens at " + taken) })
		require.ErrorContains(t, err, "address already in use")
	}
	// An address that is named is listened on alone.
	require.NoError(t, redirectOf(t, "http://localhost/cb", "127.0.0.1:0", func(u *url.URL) {
		_, err := net.Dial("tcp", "[::1]:"+u.Port())
		assert.Error(t, err)
		assert.Equal(t, "localhost", u.Hostname())
	}))
	require.NoError(t, redirectOf(t, "http://[0:0:0:0:0:0:0:1]/cb", "[::1]:0", func(u *url.URL) {
		assert.Equal(t, "0:0:0:0:0:0:0:1", u.Hostname())
	}))
	require.Error(t, redirectOf(t, "http://[::1]/cb", "127.0.0.1:0", func(*url.URL) {}))
}

// A machine may have one of the two alone.
func TestLoopbackHostsOfAMachine(t *testing.T) {
	t.Parallel()
	has := func(cidrs ...string) (addrs []net.Addr) {
		for _, cidr := range cidrs {
			ip, ipNet, err := net.ParseCIDR(cidr)
			require.NoError(t, err)
			addrs = append(addrs, &net.IPNet{IP: ip, Mask: ipNet.Mask})
		}
		return addrs
	}
	require.Equal(t, []string{"127.0.0.1", "::1"}, oauthflow.LoopbackHosts(has("127.0.0.1/8", "::1/128", "10.0.0.1/8")))
	require.Equal(t, []string{"127.0.0.1"}, oauthflow.LoopbackHosts(has("10.0.0.1/8", "127.0.0.1/8", "fe80::1/64")))
	require.Equal(t, []string{"::1"}, oauthflow.LoopbackHosts(has("::1/128")))
	require.Empty(t, oauthflow.LoopbackHosts(has("10.0.0.1/8")))
	require.Empty(t, oauthflow.LoopbackHosts([]net.Addr{&net.UnixAddr{Name: "127.0.0.1"}}))
}

// What a browser makes of a host is the same host, and no other is.
func TestLoopbackHosts(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"127.0.0.1:8080", "127.0.0.1:8080"}, {"localhost", "localhost:80"}, {"127.0.0.1:80", "127.0.0.1"}, {"[::1]:9", "[0:0:0:0:0:0:0:1]:9"},
		{"[::ffff:127.0.0.1]:9", "127.0.0.1:9"}, {"[::1]", "[::1]:80"},
	} {
		require.True(t, oauthflow.SameHost(same[0], same[1]), same)
		require.True(t, oauthflow.SameHost(same[1], same[0]), same)
	}
	for _, other := range [][2]string{
		{"127.0.0.1:8080", "127.0.0.1:8081"}, {"localhost", "localhost:8080"}, {"localhost:9", "127.0.0.1:9"}, {"evil.test:9", "localhost:9"},
		{"127.0.0.2:9", "127.0.0.1:9"}, {"localhost.evil.test:9", "localhost:9"}, {"", "localhost:9"}, {"[::1]:9", "127.0.0.1:9"},
	} {
		require.False(t, oauthflow.SameHost(other[0], other[1]), other)
		require.False(t, oauthflow.SameHost(other[1], other[0]), other)
	}
	// Browsers and registrations leave the default port out.
	require.Equal(t, "http://localhost/cb", oauthflow.LoopbackRedirect("http://localhost/cb", "127.0.0.1:80"))
	require.Equal(t, "http://[::1]/cb", oauthflow.LoopbackRedirect("http://[::1]/cb", "[::1]:80"))
	require.Equal(t, "http://localhost:8080/cb", oauthflow.LoopbackRedirect("http://localhost/cb", "127.0.0.1:8080"))
	require.Equal(t, "http://127.0.0.1:8080/callback", oauthflow.LoopbackRedirect("", "127.0.0.1:8080"))
}
