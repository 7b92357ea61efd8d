package client_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// The spellings of one host are one origin, as net/http connects to it: in the base
// URL, among the origins, in a link, in a redirect and under an SDK.
func TestAnInternationalHostIsOneOrigin(t *testing.T) {
	const ascii = "https://xn--bcher-kva.example"
	for _, base := range []string{
		"https://bücher.example", "https://Bücher.example", "https://BÜCHER.example", "https://bu\u0308cher.example",
		"https://bücher。example", "https://xn--bcher-kva.example", "https://XN--BCHER-KVA.example:443",
	} {
		rt := &hosts{t: t}
		opts := []client.Option{client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithTransport(rt)}
		c, err := client.New(base, opts...)
		require.NoError(t, err, base)
		other, err := client.New("https://api.example.com", append(opts, client.WithOrigins(base))...)
		require.NoError(t, err, base)
		for _, link := range []string{ascii + "/a", "https://bücher.example/a", "https://BÜCHER.example:443/a"} {
			for _, c := range []*client.Client{c, other} {
				rt.seen, rt.routes = nil, nil
				_, err = client.Call[thing](t.Context(), c, client.Request{URL: link})
				require.NoError(t, err, "%s: %s", base, link)
				require.True(t, carries(rt.seen[0]))
				require.Equal(t, "xn--bcher-kva.example", strings.ToLower(strings.TrimSuffix(rt.seen[0].URL.Host, ":443")))

				rt.seen, rt.routes = nil, map[string]http.HandlerFunc{c.BaseURL() + "/moved": to(302, link)}
				_, err = client.Get[thing](t.Context(), c, "/moved")
				require.NoError(t, err, "%s: %s", base, link)
				require.True(t, carries(rt.seen[1]), "%s: %s", base, link)
			}
		}
		for _, spelling := range []string{ascii, "https://bücher.example", "https://Bücher.example"} {
			rt.seen, rt.routes = nil, nil
			resp, err := c.HTTPClient().Get(spelling + "/a")
			require.NoError(t, err, "%s: %s", base, spelling)
			require.NoError(t, resp.Body.Close())
			require.True(t, carries(rt.seen[0]), "%s: %s", base, spelling)
		}
		rt.seen = nil
		for _, foreign := range []string{"https://bucher.example/", "https://xn--bcher-kva.example.net/", "https://büchér.example/", "https://☃.example/"} {
			_, err = client.Call[thing](t.Context(), c, client.Request{URL: foreign})
			require.ErrorIs(t, err, client.ErrOrigin, foreign)
			resp, err := c.HTTPClient().Get(foreign)
			require.NoError(t, err, foreign)
			require.NoError(t, resp.Body.Close())
		}
		for _, r := range rt.seen {
			require.False(t, carries(r), r.URL.Host)
		}
	}
}

// A name that net/http would connect to under one spelling and put into the Host field
// under another gets no credential, and no name at all is refused by its place.
func TestAHostThatIsNoInternationalName(t *testing.T) {
	rt := &hosts{t: t}
	c, err := client.New("https://bücher.example", client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithTransport(rt))
	require.NoError(t, err)
	for _, host := range []string{"BÜCHER.example", "bücher。example", "bu\u0308cher.example", "\u200d.example"} {
		resp, err := c.HTTPClient().Get("https://" + host + "/")
		require.NoError(t, err, host)
		require.NoError(t, resp.Body.Close())
		req, err := http.NewRequest("GET", "https://xn--bcher-kva.example/", nil)
		require.NoError(t, err)
		req.Host = host
		resp, err = c.HTTPClient().Do(req)
		require.NoError(t, err, host)
		require.NoError(t, resp.Body.Close())
	}
	for _, r := range rt.seen {
		require.False(t, carries(r), r.URL.Host)
	}
	moved, err := c.With(client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			r.URL = &url.URL{Scheme: "https", Host: "BÜCHER.example", Path: "/"}
			return next.RoundTrip(r)
		})
	}))
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), moved, "/")
	require.NoError(t, err)
	require.False(t, carries(rt.seen[len(rt.seen)-1]), "the Host field would be another's")

	long := strings.Repeat("ü", 600) + ".example"
	for _, host := range []string{"\u200d.example", "xn--ü.example", "ü_x.example", "ü@.example", "ａpi.example", "127。0。0。1", long, "ü%ff.example"} {
		_, err := client.New("https://" + host)
		require.ErrorIs(t, err, client.ErrConfig, host)
		_, err = client.Call[thing](t.Context(), c, client.Request{URL: "https://" + host + "/"})
		require.Error(t, err, host)
	}
	for _, location := range []string{"https://\u200d.example", "https://" + long, "https://ａpi.example"} {
		rt.seen, rt.routes = nil, map[string]http.HandlerFunc{c.BaseURL() + "/moved": to(302, location)}
		_, err = client.Get[thing](t.Context(), c, "/moved")
		require.NoError(t, err)
		require.False(t, carries(rt.seen[1]), location)
	}
}

// The profile's own rule sees the host that the connection goes to.
func TestOriginMatchSeesTheHostInASCII(t *testing.T) {
	var asked []string
	tr := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c, err := client.New("", client.WithTransport(tr), client.WithAuth(client.Bearer(secret.Static("canary-secret"))), client.WithProfile(client.Profile{
		BaseURL: "https://api.example.com",
		OriginMatch: func(u *url.URL) bool {
			asked = append(asked, u.Host)
			return strings.HasSuffix(u.Host, ".files.example")
		},
	}))
	require.NoError(t, err)
	_, err = client.Call[thing](t.Context(), c, client.Request{URL: "https://Ü.files.example/"})
	require.NoError(t, err)
	_, err = client.Call[thing](t.Context(), c, client.Request{URL: "https://ü。files。example/"})
	require.NoError(t, err)
	for _, host := range asked {
		require.Equal(t, "xn--tda.files.example", host)
	}
}
