package oauthflow_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/oauthflow"
)

// The two packages do not know each other and fit all the same.
var (
	_ client.Auth       = (*oauthflow.DPoPAuth)(nil)
	_ client.Challenger = (*oauthflow.DPoPAuth)(nil)
)

// A DPoP-bound token behind the client's stack: the API demands a nonce, the
// challenge is answered, and the call succeeds without the caller noticing.
func TestO10_DPoPAuthInTheClientsStack(t *testing.T) {
	s := servers.OIDCProvider(t, "DPOP_NONCE=1", "AT_TTL=60")
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key, err := oauthflow.NewSigningKey(private, "", "")
	require.NoError(t, err)
	d, err := oauthflow.NewDPoP(key)
	require.NoError(t, err)
	flow := newClient(t, s.URL, oauthflow.Config{ClientID: "dpop", RedirectURL: "http://127.0.0.1/cb", Scopes: allScopes}, oauthflow.WithDPoP(d))
	res := signIn(t, flow, "http://127.0.0.1/cb")

	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	counting := &countingTransport{next: hc.Transport}
	restarted, err := oauthflow.NewDPoP(key) // the same key in a process that knows no nonce
	require.NoError(t, err)
	thief, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	for _, tc := range []struct {
		auth  *oauthflow.DPoPAuth
		calls int
		ok    bool
	}{
		{d.Auth(oauth2.StaticTokenSource(res.Token)), 1, true}, // the nonce is that of the token endpoint
		{restarted.Auth(oauth2.StaticTokenSource(res.Token)), 2, true},
		{thief.Auth(oauth2.StaticTokenSource(res.Token)), 2, false},
	} {
		counting.n = 0
		api, err := client.New(s.URL, client.WithAuth(tc.auth), client.WithTransport(counting))
		require.NoError(t, err)
		me, err := client.Call[struct{ Sub string }](t.Context(), api, client.Request{Method: http.MethodGet, Path: "/me"})
		require.Equal(t, tc.calls, counting.n)
		if !tc.ok {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "alice", me.Sub)
	}
}

type countingTransport struct {
	next http.RoundTripper
	n    int
}

func (c *countingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	c.n++
	return c.next.RoundTrip(req)
}
