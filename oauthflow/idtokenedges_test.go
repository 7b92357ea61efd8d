package oauthflow_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// A claim of another type refuses, whether or not it would have been compared.
func TestIDTokenClaimsOfAnotherType(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	now := time.Now()
	verify := func(edit map[string]any, check oauthflow.IDTokenCheck) (*oauthflow.IDToken, error) {
		m := map[string]any{"iss": s.URL, "sub": "alice", "aud": "web", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
		for name, v := range edit {
			m[name] = v
		}
		return c.VerifyIDToken(t.Context(), withIDToken("a", s.SignIDToken(m)), check)
	}
	for _, name := range []string{"azp", "at_hash", "nonce", "auth_time", "name", "email", "sid"} {
		for _, v := range []any{true, []string{"web"}, map[string]any{}} {
			id, err := verify(map[string]any{name: v}, oauthflow.IDTokenCheck{})
			require.Error(t, err, "%s: %v", name, v)
			require.Nil(t, id)
		}
	}
	for _, tc := range []struct {
		aud any
		azp any
		ok  bool
	}{
		{"web", nil, true}, {"web", "web", true}, {"web", "", true}, {"web", "other", false}, {[]string{"web"}, nil, true},
		{[]string{"web", "web"}, nil, false}, {[]string{"web", "api"}, "", false}, {[]string{"web", "api"}, "web", true}, {[]string{"web", "api"}, "api", false},
	} {
		_, err := verify(map[string]any{"aud": tc.aud, "azp": tc.azp}, oauthflow.IDTokenCheck{})
		require.Equal(t, tc.ok, err == nil, "%v: %v", tc, err)
	}
	for v, want := range map[any]bool{true: true, false: false, "true": false, 1: false, nil: false} {
		id, err := verify(map[string]any{"email": "a@b.test", "email_verified": v}, oauthflow.IDTokenCheck{})
		require.NoError(t, err)
		require.Equal(t, want, id.EmailVerified, v)
	}
	id, err := verify(map[string]any{"auth_time": now.Unix(), "sid": "S", "name": "N"}, oauthflow.IDTokenCheck{MaxAge: time.Hour})
	require.NoError(t, err)
	require.Equal(t, []any{now.Unix(), "S", "N", s.URL, "alice", []string{"web"}}, []any{id.AuthTime.Unix(), id.SessionID, id.Name, id.Issuer, id.Subject, id.Audience})

	for _, none := range []*oauth2.Token{{AccessToken: "a"}, withIDToken("a", ""), (&oauth2.Token{}).WithExtra(map[string]any{"id_token": 7})} {
		_, err := c.VerifyIDToken(t.Context(), none, oauthflow.IDTokenCheck{})
		require.EqualError(t, err, "oauthflow: ID token: there is none in the token response")
	}
	for _, edit := range []func(*oauthflow.Config){
		func(cfg *oauthflow.Config) { cfg.Provider.JWKSURL = "" },
		func(cfg *oauthflow.Config) { cfg.Provider.Issuer, cfg.Provider.IssParameter = "", false },
	} {
		_, err := newClient(t, s, "web", edit).VerifyIDToken(t.Context(), withIDToken("a", "x.y.z"), oauthflow.IDTokenCheck{})
		require.EqualError(t, err, "oauthflow: ID token: the provider names no issuer and no keys")
	}
}

// What a description says by lists and flags, and what it does not say.
func TestWhatADescriptionSays(t *testing.T) {
	t.Parallel()
	read := func(members string) oauthflow.Provider {
		p, err := oauthflow.ParseMetadata([]byte(`{"issuer":"https://i.test","token_endpoint":"https://i.test/t"`+members+`}`), "https://i.test")
		require.NoError(t, err, members)
		return p
	}
	for methods, want := range map[string]oauth2.AuthStyle{
		`["client_secret_basic"]`: oauth2.AuthStyleInHeader, `["client_secret_post"]`: oauth2.AuthStyleInParams, `["client_secret_post","client_secret_basic"]`: oauth2.AuthStyleInHeader,
		`[]`: oauth2.AuthStyleInHeader, `null`: oauth2.AuthStyleInHeader, `["private_key_jwt"]`: oauth2.AuthStyleInHeader, `"client_secret_post"`: oauth2.AuthStyleInHeader,
		`[7,"client_secret_post"]`: oauth2.AuthStyleInParams,
	} {
		require.Equal(t, want, read(`,"token_endpoint_auth_methods_supported":`+methods).Endpoint.AuthStyle, methods)
	}
	for methods, want := range map[string]bool{`["S256"]`: false, `["plain"]`: true, `["plain","S256"]`: false, `[]`: false, `null`: false, `["s256"]`: true, `"plain"`: false} {
		require.Equal(t, want, read(`,"code_challenge_methods_supported":`+methods).NoPKCE, methods)
	}
	for flag, want := range map[string]bool{"true": true, "false": false, `"true"`: false, "1": false, "null": false} {
		require.Equal(t, want, read(`,"authorization_response_iss_parameter_supported":`+flag).IssParameter, flag)
		require.Equal(t, want, read(`,"pushed_authorization_request_endpoint":"https://i.test/par","require_pushed_authorization_requests":`+flag).RequirePAR, flag)
	}
	require.Empty(t, read(`,"jwks_uri":7`).JWKSURL)
	require.Equal(t, "oauthflow: discover: x", (&oauthflow.DiscoveryError{Err: oauthflowError("x")}).Error())
	require.Equal(t, "oauthflow: discover: HTTP status 404: x", (&oauthflow.DiscoveryError{Status: 404, Err: oauthflowError("x")}).Error())
	for _, bad := range []string{`HTTP://127.0.0.1/t`, `Http://localhost/t`, `http://[::1]:80/t`} {
		_, err := oauthflow.ParseMetadata([]byte(`{"issuer":"https://i.test","token_endpoint":"`+bad+`"}`), "https://i.test")
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, bad)
		_, err = oauthflow.ParseMetadata([]byte(`{"issuer":"http://127.0.0.1","token_endpoint":"`+bad+`"}`), "http://127.0.0.1")
		require.NoError(t, err, bad)
	}
}

type oauthflowError string

func (e oauthflowError) Error() string { return string(e) }

// Which requests a proof is for, and what it names.
func TestDPoPProofsNameTheirRequest(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	for _, bad := range []string{"", "/path", "https://", "https:///x", "::", "api.test/x", "https://:443/"} {
		_, err := d.Proof(http.MethodGet, bad, "")
		require.ErrorContains(t, err, "not absolute", bad)
	}
	for address, want := range map[string]string{
		"https://api.test": "https://api.test/", "https://api.test?x=1": "https://api.test/", "https://api.test/a%2Fb?x=1#f": "https://api.test/a%2Fb", "https://api.test:8443/": "https://api.test:8443/",
	} {
		raw, err := d.Proof(http.MethodPut, address, "")
		require.NoError(t, err)
		claims := claimsOf(t, raw)
		require.Equal(t, want, claims["htu"])
		require.Equal(t, http.MethodPut, claims["htm"])
		require.NotContains(t, claims, "ath")
		require.NotContains(t, claims, "nonce")
		raw, err = d.Proof(http.MethodPut, address, "a")
		require.NoError(t, err)
		require.Contains(t, claimsOf(t, raw), "ath")
	}
}

// RFC 9449 section 9: a nonce is worth a replay only if it is another than that of
// the proof, whoever made that.
func TestDPoPReplaysForAnotherNonceOnly(t *testing.T) {
	t.Parallel()
	d, err := oauthflow.NewDPoP(nil)
	require.NoError(t, err)
	auth := d.Auth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a", TokenType: "DPoP"}))
	challenge := func(proof, nonce, demand string, status int) bool {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.test/", nil)
		req.Header.Set("DPoP", proof)
		req.Header.Set("Authorization", "DPoP a")
		resp := plainAnswer(status, "")
		resp.Header.Set("WWW-Authenticate", demand)
		if nonce != "" {
			resp.Header.Set("DPoP-Nonce", nonce)
		}
		again, err := auth.Challenge(req, resp)
		require.NoError(t, err)
		return again
	}
	const demand = `DPoP error="use_dpop_nonce"`
	for _, proof := range []string{"", "x", "a.b.c", "e30.e30.AA", "eyJhbGciOiJFUzI1NiJ9.W10.AA", "eyJhbGciOiJFUzI1NiJ9.eyJub25jZSI6N30.AA", "eyJhbGciOiJFUzI1NiJ9.e30.AA"} {
		require.True(t, challenge(proof, "n1", demand, 401), proof)
	}
	proof, err := d.Proof(http.MethodGet, "https://api.test/", "a")
	require.NoError(t, err)
	require.False(t, challenge(proof, "n1", demand, 401), "it is the one that was sent")
	require.True(t, challenge(proof, "n2", demand, 401))
	require.False(t, challenge(proof, "", demand, 401))
	require.False(t, challenge(proof, "n3", demand, 400))
	require.False(t, challenge(proof, "n4", `DPoP error="invalid_dpop_proof"`, 401))
	require.False(t, challenge(proof, "n5", `DPoP error="invalid_token"`, 401), "this source cannot refresh")
	raw, err := d.Proof(http.MethodGet, "https://api.test/", "a")
	require.NoError(t, err)
	require.Equal(t, "n5", claimsOf(t, raw)["nonce"], "each is remembered")
}

// A server that asks for another nonce each time is answered once.
func TestUserInfoAnswersADemandForANonceOnce(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int32{401: 2, 403: 1, 200: 1} {
		d, err := oauthflow.NewDPoP(nil)
		require.NoError(t, err)
		var asked atomic.Int32
		c, err := oauthflow.New(oauthflow.Config{ClientID: "web", Provider: oauthflow.Provider{
			Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}, UserInfoURL: "https://auth.test/me",
		}}, oauthflow.WithDPoP(d), oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			require.Equal(t, "DPoP a", r.Header.Get("Authorization"))
			resp := plainAnswer(status, `{"sub":"x"}`)
			resp.Header.Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
			resp.Header.Set("DPoP-Nonce", time.Duration(asked.Add(1)).String())
			return resp, nil
		})}))
		require.NoError(t, err)
		var user map[string]any
		err = c.UserInfo(t.Context(), &oauth2.Token{AccessToken: "a", TokenType: "DPoP"}, &user)
		require.Equal(t, status == 200, err == nil, "%v", err)
		require.Equal(t, want, asked.Load(), status)
	}
}

// Names that differ by letter case alone are refused beside an ID token only, and an
// ID token that cannot be read refuses.
func TestUserInfoBesideAnIDToken(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	ask := func(body string, tok *oauth2.Token) error {
		c := newClient(t, s, "web", nil, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return plainAnswer(200, body), nil
		})}))
		return c.UserInfo(t.Context(), tok, new(map[string]any))
	}
	alice := withIDToken("a", s.SignIDToken(map[string]any{"sub": "alice"}))
	require.NoError(t, ask(`{"sub":"alice","name":"A","names":"B"}`, alice))
	require.ErrorContains(t, ask(`{"sub":"alice","name":"A","Name":"B"}`, alice), "letter case")
	require.NoError(t, ask(`{"sub":"alice","name":"A","Name":"B"}`, &oauth2.Token{AccessToken: "a"}))
	require.ErrorContains(t, ask(`{"sub":"bob"}`, alice), "another user")
	require.Error(t, ask(`{"sub":"alice"}`, withIDToken("a", "eyJhbGciOiJFUzI1NiJ9.W10.AA")), "its claims are a list")
	require.Error(t, ask(`{"sub":""}`, withIDToken("a", "eyJhbGciOiJFUzI1NiJ9.e30.AA")))
}

// Which lifetime a token gets, and which type.
func TestWhatATokenIs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		body string
		life time.Duration
		kind string
	}{
		{`{"access_token":"a","expires_in":1}`, time.Second, ""}, {`{"access_token":"a"}`, time.Hour, ""}, {`{"access_token":"a","expires_in":0}`, time.Hour, ""},
		{`{"access_token":"a","expires_in":-1}`, time.Hour, ""}, {`{"access_token":"a","expires_in":"x"}`, time.Hour, ""}, {`{"access_token":"a","expires_in":0.5}`, time.Second / 2, ""},
		{`{"access_token":"a","token_type":"bot"}`, time.Hour, "Bearer"}, {`{"access_token":"a","token_type":"user"}`, time.Hour, "Bearer"}, {`{"access_token":"a","token_type":"mac"}`, time.Hour, "mac"},
		{`{"access_token":"a","inner":{"access_token":""}}`, time.Hour, ""}, {`{"access_token":"a","inner":"x"}`, time.Hour, ""},
	} {
		tok, err := answering(t, 200, "application/json", tc.body, func(cfg *oauthflow.Config) {
			cfg.Provider.DefaultLifetime, cfg.Provider.TokenMember = time.Hour, "inner"
		}).Refresh(t.Context(), refreshable)
		require.NoError(t, err, tc.body)
		require.Equal(t, "a", tok.AccessToken)
		require.Equal(t, epoch.Add(tc.life), tok.Expiry, tc.body)
		require.Equal(t, int64(tc.life/time.Second), tok.ExpiresIn)
		require.Equal(t, tc.kind, tok.TokenType)
	}
}

// A JSON object for a token endpoint has lists where a parameter is given more than
// once, and texts elsewhere.
func TestJSONRequests(t *testing.T) {
	t.Parallel()
	var sent map[string]any
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		require.NoError(t, json.NewDecoder(r.Body).Decode(&sent))
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}, func(cfg *oauthflow.Config) { cfg.Provider.JSONBody = true })
	_, err := c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "<s>&", Audience: []string{"x"}, Resource: []string{"https://r.test", "https://q.test"}})
	require.NoError(t, err)
	require.Equal(t, []any{"<s>&", "x", []any{"https://r.test", "https://q.test"}}, []any{sent["subject_token"], sent["audience"], sent["resource"]})
}
