package oauthflow_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// A nonce is remembered, and sent back with each request: its size is bounded.
func TestDPoPNonceIsBoundedInSize(t *testing.T) {
	t.Parallel()
	for size, calls := range map[int]int32{1: 2, 1024: 2, 1025: 1, 64 << 10: 1} {
		d, err := oauthflow.NewDPoP(nil)
		require.NoError(t, err)
		var asked atomic.Int32
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli",
		}, oauthflow.WithDPoP(d), oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			asked.Add(1)
			resp := plainAnswer(400, `{"error":"use_dpop_nonce"}`)
			resp.Header.Set("DPoP-Nonce", strings.Repeat("n", size))
			return resp, nil
		})}))
		require.NoError(t, err)
		_, err = c.Refresh(t.Context(), refreshable)
		require.Equal(t, "use_dpop_nonce", tokenError(t, err).Code)
		require.Equal(t, calls, asked.Load(), size)
		raw, err := d.Proof(http.MethodPost, "https://auth.test/token", "")
		require.NoError(t, err)
		nonce, _ := claimsOf(t, raw)["nonce"].(string)
		require.Equal(t, calls == 2, nonce == strings.Repeat("n", size), size)
		require.Less(t, len(raw), 4<<10)
	}
}

// A demand for a nonce is one under the statuses of RFC 9449 section 8 alone: a
// server that fails may have taken the request.
func TestDPoPNonceDemandNeedsARefusal(t *testing.T) {
	t.Parallel()
	for status, calls := range map[int]int32{400: 2, 401: 2, 200: 1, 403: 1, 500: 1, 503: 1} {
		d, err := oauthflow.NewDPoP(nil)
		require.NoError(t, err)
		var asked atomic.Int32
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}}, ClientID: "cli",
		}, oauthflow.WithDPoP(d), oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			asked.Add(1)
			resp := plainAnswer(status, `{"error":"use_dpop_nonce"}`)
			resp.Header.Set("DPoP-Nonce", "fresh")
			return resp, nil
		})}))
		require.NoError(t, err)
		_, err = c.Exchange(t.Context(), "code", "")
		require.Error(t, err)
		require.Equal(t, calls, asked.Load(), status)
	}
}

func TestDPoPNoncesOfManyServers(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	a := d.Auth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t", TokenType: "DPoP"}))
	at := func(i int) string { return fmt.Sprintf("https://api%d.test/x", i) }
	learn := func(i int, nonce string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at(i), nil)
		require.NoError(t, err)
		_, err = a.Challenge(req, &http.Response{StatusCode: 200, Header: http.Header{"Dpop-Nonce": {nonce}}})
		require.NoError(t, err)
	}
	nonce := func(i int) any {
		raw, err := d.Proof(http.MethodGet, at(i), "t")
		require.NoError(t, err)
		return claimsOf(t, raw)["nonce"]
	}
	for i := range 256 {
		learn(i, "n")
	}
	learn(0, "newer") // known: nothing is forgotten for it
	require.Equal(t, "newer", nonce(0))
	require.Equal(t, "n", nonce(255))
	learn(256, "n")
	require.Equal(t, "n", nonce(256))
	require.Nil(t, nonce(0))

	for _, bad := range []string{"", "/x", "https://", "%zz"} {
		_, err = d.Proof(http.MethodGet, bad, "")
		require.ErrorContains(t, err, "not absolute", bad)
	}
	for address, htu := range map[string]string{"https://api.test": "https://api.test/", "https://api.test:8443/a%2Fb?c#d": "https://api.test:8443/a%2Fb"} {
		raw, err := d.Proof(http.MethodGet, address, "")
		require.NoError(t, err)
		require.Equal(t, htu, claimsOf(t, raw)["htu"])
	}
	nowhere := &http.Request{URL: &url.URL{Path: "/x"}, Header: http.Header{}}
	require.ErrorContains(t, a.Authorize(nowhere), "not absolute")
	require.Empty(t, nowhere.Header, "no token without its proof")
	// An empty method is GET, and the Host that is sent is the one of the proof.
	req := &http.Request{URL: &url.URL{Scheme: "https", Host: "10.0.0.1", Path: "/x"}, Host: "api.test", Header: http.Header{}}
	require.NoError(t, a.Authorize(req))
	require.Equal(t, []any{"GET", "https://api.test/x"}, []any{claimsOf(t, req.Header.Get("DPoP"))["htm"], claimsOf(t, req.Header.Get("DPoP"))["htu"]})
	// So it is for the nonce that comes back; without one the URL says it.
	for host, at := range map[string]string{"api.test": "https://api.test/x", "": "https://10.0.0.1/x"} {
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: "10.0.0.1", Path: "/x"}, Host: host, Header: http.Header{}}
		require.NoError(t, a.Authorize(req))
		require.Equal(t, at, claimsOf(t, req.Header.Get("DPoP"))["htu"])
		_, err = a.Challenge(req, &http.Response{StatusCode: 200, Header: http.Header{"Dpop-Nonce": {"of " + at}}})
		require.NoError(t, err)
		raw, err := d.Proof(http.MethodGet, at, "t")
		require.NoError(t, err)
		require.Equal(t, "of "+at, claimsOf(t, raw)["nonce"])
	}
}

// unrenewable is a source that cannot refresh.
type unrenewable struct{ oauth2.TokenSource }

func (unrenewable) RefreshToken(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return nil, errNetwork
}

func TestDPoPAuthDoesNotReplayWhatWasNotRenewed(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	a := d.Auth(unrenewable{oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t", TokenType: "DPoP"})})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.test/x", nil)
	require.NoError(t, err)
	require.NoError(t, a.Authorize(req))
	again, err := a.Challenge(req, &http.Response{StatusCode: 401, Header: http.Header{}})
	require.ErrorIs(t, err, errNetwork)
	require.False(t, again)
}
