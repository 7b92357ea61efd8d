package oauthflow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// proof takes a DPoP proof apart and verifies it with the key in its own header.
func proof(t *testing.T, raw string) (header, payload map[string]any) {
	t.Helper()
	token, err := jose.Parse(raw)
	require.NoError(t, err)
	head := strings.SplitN(raw, ".", 2)[0]
	require.NoError(t, json.Unmarshal(decode64(t, head), &header))
	jwk, err := json.Marshal(header["jwk"])
	require.NoError(t, err)
	key, err := jose.ParseKey(jwk)
	require.NoError(t, err)
	text, err := token.Verify(key, jose.ES256)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &payload))
	_, err = claims.Parse(text)
	require.NoError(t, err)
	return header, payload
}

// O10, RFC 9449 figures 2, 9 and 13
func TestO10_RFC9449Vectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/rfc_vectors.json")
	require.NoError(t, err)
	var file struct {
		V struct {
			TokenProof    string          `json:"fig2_token_proof"`
			JKT           string          `json:"fig9_jkt"`
			ResourceProof string          `json:"fig13_resource_proof"`
			AccessToken   string          `json:"access_token"`
			Ath           string          `json:"ath"`
			JWK           json.RawMessage `json:"jwk"`
		} `json:"rfc9449"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	v := file.V

	key, err := jose.ParseKey(v.JWK)
	require.NoError(t, err)
	thumbprint, err := key.Thumbprint()
	require.NoError(t, err)
	require.Equal(t, v.JKT, thumbprint)

	_, token := proof(t, v.TokenProof)
	require.Equal(t, "POST", token["htm"])
	_, resource := proof(t, v.ResourceProof)
	require.Equal(t, v.Ath, resource["ath"])

	// Ours says the same of the same request, with a key of its own.
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	raw, err := d.Proof("GET", "https://resource.example.org/protectedresource?x=1#y", v.AccessToken)
	require.NoError(t, err)
	header, ours := proof(t, raw)
	require.Equal(t, "dpop+jwt", header["typ"])
	require.Equal(t, "ES256", header["alg"])
	require.NotContains(t, header, "kid")
	require.NotContains(t, header["jwk"], "d")
	require.Equal(t, resource["htm"], ours["htm"])
	require.Equal(t, resource["htu"], ours["htu"])
	require.Equal(t, v.Ath, ours["ath"])
	require.InDelta(t, time.Now().Unix(), ours["iat"], 60)
	require.NotEmpty(t, ours["jti"])
	for name := range ours {
		require.Contains(t, resource, name, "nothing beyond what the RFC shows")
	}
}

func dpopClient(t *testing.T, s *oauthtest.Server) (*oauthflow.Client, *oauthflow.DPoP) {
	t.Helper()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	return newClient(t, s, "web", nil, oauthflow.WithDPoP(d)), d
}

func TestO10_DPoPWithServerNonce(t *testing.T) {
	t.Parallel()
	s := oauthtest.Start(t, oauthtest.Config{DPoPNonce: true, Clients: []oauthtest.Client{{ID: "web", Secret: "s", RequireDPoP: true}}})
	c, d := dpopClient(t, s)
	b := newBrowser(t)
	authURL := b.start(c)
	require.Equal(t, d.Thumbprint(), query(t, authURL).Get("dpop_jkt"), "the code is bound to the key")
	back, err := s.Authorize(authURL, "alice")
	require.NoError(t, err)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	require.Equal(t, "DPoP", res.Token.TokenType)
	require.Equal(t, []string{"use_dpop_nonce", ""}, errorsOf(s), "the nonce is learnt, and the code is still good")

	// The nonce serves until the server wants another.
	tok, err := c.Refresh(t.Context(), res.Token)
	require.NoError(t, err)
	require.Equal(t, []string{"use_dpop_nonce", "", ""}, errorsOf(s))
	s.RotateNonce()
	tok, err = c.Refresh(t.Context(), tok)
	require.NoError(t, err)
	require.True(t, s.Alive(tok.RefreshToken))

	var info struct{ Sub string }
	require.NoError(t, c.UserInfo(t.Context(), tok, &info))
	require.Equal(t, "alice", info.Sub)
	s.RotateNonce()
	require.NoError(t, c.UserInfo(t.Context(), tok, &info))

	// Another key cannot use the refresh token.
	thief, _ := dpopClient(t, s)
	_, err = thief.Refresh(t.Context(), tok)
	require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	require.True(t, s.Alive(tok.RefreshToken))
}

func errorsOf(s *oauthtest.Server) []string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, r.Error)
	}
	return out
}

func TestDPoPRefusesABearerToken(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.NotEmpty(t, r.Header.Get("DPoP"))
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
	}))
	t.Cleanup(srv.Close)
	c, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: srv.URL}}, ClientID: "cli",
	}, oauthflow.WithDPoP(d))
	require.NoError(t, err)
	_, err = c.Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, oauthflow.ErrMalformedResponse)
}

func TestDPoPNonceLoopEnds(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("DPoP-Nonce", strings.Repeat("n", int(calls.Add(1))))
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"use_dpop_nonce"}`)
	}))
	t.Cleanup(srv.Close)
	c, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: srv.URL}}, ClientID: "cli",
	}, oauthflow.WithDPoP(d))
	require.NoError(t, err)
	_, err = c.Refresh(t.Context(), refreshable)
	require.Equal(t, "use_dpop_nonce", tokenError(t, err).Code)
	require.EqualValues(t, 2, calls.Load(), "a server that is never content is asked twice")
}

// auth is what the client package wants of an auth.
type auth interface {
	Authorize(*http.Request) error
	Challenge(*http.Request, *http.Response) (bool, error)
}

// O10, the resource calls of RFC 9449 section 7
func TestO10_DPoPAuthAtAnAPI(t *testing.T) {
	t.Parallel()
	s := oauthtest.Start(t, oauthtest.Config{DPoPNonce: true})
	c, d := dpopClient(t, s)
	tok, err := c.ClientCredentials(t.Context(), "read")
	require.NoError(t, err)
	var posted atomic.Value
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			posted.Store(string(body))
		})).ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)

	src := &manualSource{tok: tok}
	var a auth = d.Auth(src)
	call := func() (int, int) {
		for attempt := 1; ; attempt++ {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/things?x=1", bytes.NewReader([]byte("body")))
			require.NoError(t, err)
			require.NoError(t, a.Authorize(req))
			resp, err := api.Client().Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			again, err := a.Challenge(req, resp)
			require.NoError(t, err)
			if !again {
				return resp.StatusCode, attempt
			}
		}
	}
	status, attempts := call()
	require.Equal(t, []int{200, 2}, []int{status, attempts}, "the API's nonce is its own")
	require.Equal(t, "body", posted.Load())
	status, attempts = call()
	require.Equal(t, []int{200, 1}, []int{status, attempts}, "and is remembered")
	s.RotateNonce()
	status, attempts = call()
	require.Equal(t, []int{200, 2}, []int{status, attempts})

	// Requests side by side meet the same demand, and each is replayed.
	s.RotateNonce()
	var prepared []*http.Request
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/things", nil)
		require.NoError(t, err)
		require.NoError(t, a.Authorize(req))
		prepared = append(prepared, req)
	}
	for _, req := range prepared {
		again, err := a.Challenge(req, &http.Response{StatusCode: 401, Header: http.Header{
			"Www-Authenticate": {`DPoP error="use_dpop_nonce"`}, "Dpop-Nonce": {"the-same-for-all"},
		}})
		require.NoError(t, err)
		require.True(t, again)
	}
	require.NoError(t, a.Authorize(prepared[0]))
	again, err := a.Challenge(prepared[0], &http.Response{StatusCode: 401, Header: http.Header{
		"Www-Authenticate": {`DPoP error="use_dpop_nonce"`}, "Dpop-Nonce": {"the-same-for-all"},
	}})
	require.NoError(t, err)
	require.False(t, again, "the nonce was in the proof already")
	status, attempts = call()
	require.Equal(t, []int{200, 2}, []int{status, attempts})

	// A token that the API does not take is refreshed once, by a source that can.
	s.ExpireAccess(tok.AccessToken)
	src.next, err = c.ClientCredentials(t.Context(), "read")
	require.NoError(t, err)
	status, attempts = call()
	require.Equal(t, []int{200, 2}, []int{status, attempts})
	require.Equal(t, tok.AccessToken, src.failed)
	s.ExpireAccess(src.tok.AccessToken)
	src.err = errors.New("no way")
	req := httptest.NewRequest(http.MethodGet, api.URL, nil)
	require.NoError(t, a.Authorize(req))
	_, err = a.Challenge(req, &http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {`DPoP error="invalid_token"`}}})
	require.ErrorIs(t, err, src.err)

	// A source that cannot refresh: the 401 stands.
	again, err = d.Auth(oauth2.StaticTokenSource(tok)).Challenge(req, &http.Response{StatusCode: 401, Header: http.Header{}})
	require.NoError(t, err)
	require.False(t, again)
	again, err = a.Challenge(req, &http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {`DPoP error="invalid_dpop_proof"`}}})
	require.NoError(t, err)
	require.False(t, again, "a new token would not mend the proof")
	again, err = a.Challenge(req, &http.Response{StatusCode: 200, Header: http.Header{"Dpop-Nonce": {"next"}}})
	require.NoError(t, err)
	require.False(t, again)

	require.Error(t, d.Auth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "b", TokenType: "Bearer"})).Authorize(req))
	require.Error(t, d.Auth(nil).Authorize(req))
}

// manualSource refreshes as a manager's source does.
type manualSource struct {
	tok, next *oauth2.Token
	failed    string
	err       error
}

func (s *manualSource) Token() (*oauth2.Token, error) { return nil, errors.New("not the way") }

func (s *manualSource) TokenContext(context.Context) (*oauth2.Token, error) { return s.tok, nil }

func (s *manualSource) RefreshToken(_ context.Context, failed *oauth2.Token) (*oauth2.Token, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.failed, s.tok = failed.AccessToken, s.next
	return s.tok, nil
}

func TestDPoPAuthAgainstTheManagersSource(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	src, err := tokens.NewSource(func(context.Context) (*oauth2.Token, error) {
		return &oauth2.Token{AccessToken: "bound", TokenType: "DPoP"}, nil
	})
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodGet, "https://api.test/x", nil)
	require.NoError(t, d.Auth(src).Authorize(req))
	require.Equal(t, "DPoP bound", req.Header.Get("Authorization"))
	_, payload := proof(t, req.Header.Get("DPoP"))
	require.Equal(t, "https://api.test/x", payload["htu"])
}
