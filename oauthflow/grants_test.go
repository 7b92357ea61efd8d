package oauthflow_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestO10_ClientCredentials(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Scopes = []string{"api:read"} })
	tok, err := c.ClientCredentials(t.Context())
	require.NoError(t, err)
	require.True(t, s.Valid(tok.AccessToken))
	require.Empty(t, tok.RefreshToken)
	require.Equal(t, "api:read", tok.Extra("scope"))
	tok, err = c.ClientCredentials(t.Context(), "api:write")
	require.NoError(t, err)
	require.Equal(t, "api:write", tok.Extra("scope"))

	_, err = newClient(t, s, "cli", nil).ClientCredentials(t.Context())
	require.Equal(t, "unauthorized_client", tokenError(t, err).Code)
}

func TestO10_PrivateKeyJWT(t *testing.T) {
	t.Parallel()
	ec, ed := ecKey(t), ed25519.NewKeyFromSeed(make([]byte, 32))
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, key := range map[string]struct {
		private any
		public  any
	}{
		"ES256": {ec, &ec.PublicKey}, "RS256": {rs, &rs.PublicKey}, "EdDSA": {ed, ed.Public()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "svc", Key: key.public}}})
			c := newClient(t, s, "svc", func(cfg *oauthflow.Config) {
				cfg.ClientKey = oauthflow.KeyFrom(secret.Static(pemOf(t, key.private)), "kid-1")
			})
			for range 3 { // a jti each
				tok, err := c.ClientCredentials(t.Context())
				require.NoError(t, err)
				require.True(t, s.Valid(tok.AccessToken))
			}
			wrong := newClient(t, s, "svc", func(cfg *oauthflow.Config) {
				cfg.ClientKey = oauthflow.KeyFrom(secret.Static(pemOf(t, ecKey(t))), "kid-1")
			})
			_, err := wrong.ClientCredentials(t.Context())
			require.Equal(t, "invalid_client", tokenError(t, err).Code)
		})
	}
}

func TestX3_RotatedSigningKeyIsPickedUp(t *testing.T) {
	t.Parallel()
	old, fresh := ecKey(t), ecKey(t)
	src := &rotatingSource{values: []string{pemOf(t, old), pemOf(t, fresh)}}
	keys := oauthflow.KeyFrom(src, "")
	first, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	again, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	require.Same(t, first, again, "parsed once")
	require.NoError(t, src.Refresh(t.Context()))
	other, err := keys.SigningKey(t.Context())
	require.NoError(t, err)
	require.NotSame(t, first, other)
}

func TestO10_JWTBearer(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "robot", Key: &key.PublicKey}}})
	signing, err := oauthflow.NewSigningKey(key, "", "kid-1")
	require.NoError(t, err)
	c := newClient(t, s, "robot", func(cfg *oauthflow.Config) { cfg.ClientKey, cfg.Scopes = signing, []string{"read"} })
	tok, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Subject: "alice", Scopes: []string{"read", "write"}})
	require.NoError(t, err)
	require.True(t, s.Valid(tok.AccessToken))
	require.Equal(t, "read write", tok.Extra("scope"))

	_, err = c.JWTBearer(t.Context(), oauthflow.Assertion{Audience: "https://elsewhere.test/"})
	require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	_, err = newClient(t, s, "robot", nil).JWTBearer(t.Context(), oauthflow.Assertion{})
	require.Error(t, err)
}

func TestGoogleServiceAccount(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	var form url.Values
	h := func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		require.Empty(t, r.Header.Get("Authorization"))
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"ya29","expires_in":3599,"token_type":"Bearer"}`)
	}
	var tokenURL string
	tokenEndpoint(t, h, func(cfg *oauthflow.Config) { tokenURL = cfg.Provider.Endpoint.TokenURL })
	file := func(tokenURI string) string {
		text, err := json.Marshal(map[string]string{
			"type": "service_account", "client_email": "robot@p.iam.gserviceaccount.com", "private_key_id": "k1",
			"private_key": pemOf(t, key), "token_uri": tokenURI,
		})
		require.NoError(t, err)
		return string(text)
	}
	cfg, err := oauthflow.GoogleServiceAccount(t.Context(), secret.Static(file(tokenURL)), "https://www.googleapis.com/auth/calendar", "email")
	require.NoError(t, err)
	c, err := oauthflow.New(cfg)
	require.NoError(t, err)
	tok, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Subject: "boss@example.com", Lifetime: time.Hour})
	require.NoError(t, err)
	require.Equal(t, "ya29", tok.AccessToken)
	require.Len(t, form, 2, "grant_type and assertion: %v", form)

	part := strings.Split(form.Get("assertion"), ".")
	require.Len(t, part, 3)
	decode := func(s string) (m map[string]any) {
		text, err := base64.RawURLEncoding.DecodeString(s)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &m))
		return m
	}
	require.Equal(t, map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}, decode(part[0]))
	claims := decode(part[1])
	require.Equal(t, "robot@p.iam.gserviceaccount.com", claims["iss"])
	require.Equal(t, "boss@example.com", claims["sub"])
	require.Equal(t, tokenURL, claims["aud"])
	require.Equal(t, "https://www.googleapis.com/auth/calendar email", claims["scope"])
	require.Equal(t, 3600.0, claims["exp"].(float64)-claims["iat"].(float64))

	for _, bad := range []string{
		"", "canary", `{"type":"authorized_user","canary":"x"}`, file("https://evil.test/token"), file("https://googleapis.com.evil.test/token"), file("http://oauth2.googleapis.com/token"),
	} {
		_, err := oauthflow.GoogleServiceAccount(t.Context(), secret.Static(bad))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary")
	}
}

func TestO10_TokenExchange(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	alice := s.Issue("web", "alice", "read", "write")
	tok, err := c.ExchangeToken(t.Context(), oauthflow.TokenExchange{
		SubjectToken: alice.AccessToken, Audience: []string{"https://a.test", "https://b.test"}, Scopes: []string{"read"},
	})
	require.NoError(t, err)
	require.True(t, s.Valid(tok.AccessToken))
	require.Equal(t, oauthflow.TokenTypeAccessToken, tok.Extra("issued_token_type"))
	require.Equal(t, "read", tok.Extra("scope"))

	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "made up", ActorToken: "actor"})
	require.Equal(t, "invalid_request", tokenError(t, err).Code)
	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{})
	require.Error(t, err)
}

func TestTokenExchangeParameters(t *testing.T) {
	t.Parallel()
	var form url.Values
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"N_A","issued_token_type":"x"}`)
	}, nil)
	_, err := c.ExchangeToken(t.Context(), oauthflow.TokenExchange{
		SubjectToken: "s", SubjectTokenType: oauthflow.TokenTypeIDToken, ActorToken: "ac", ActorTokenType: oauthflow.TokenTypeJWT,
		RequestedTokenType: oauthflow.TokenTypeRefreshToken, Resource: []string{"https://r.test"}, Audience: []string{"x", "y"},
	})
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"grant_type":    {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token": {"s"}, "subject_token_type": {oauthflow.TokenTypeIDToken},
		"actor_token": {"ac"}, "actor_token_type": {oauthflow.TokenTypeJWT},
		"requested_token_type": {oauthflow.TokenTypeRefreshToken}, "resource": {"https://r.test"}, "audience": {"x", "y"},
	}, form)
}

func TestO10_Revocation(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	tok := s.Issue("web", "alice")
	require.NoError(t, c.Revoke(t.Context(), &oauth2.Token{AccessToken: tok.AccessToken}))
	require.False(t, s.Valid(tok.AccessToken))
	require.True(t, s.Alive(tok.RefreshToken))
	require.NoError(t, c.Revoke(t.Context(), tok))
	require.False(t, s.Alive(tok.RefreshToken))
	require.NoError(t, c.Revoke(t.Context(), &oauth2.Token{AccessToken: "unknown"}), "RFC 7009 section 2.2")
	require.Error(t, c.Revoke(t.Context(), nil))
	require.Error(t, c.Revoke(t.Context(), &oauth2.Token{}))

	wrong := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.ClientSecret = secret.Static("wrong") })
	require.Equal(t, "invalid_client", tokenError(t, wrong.Revoke(t.Context(), tok)).Code)
	none := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.RevocationURL = "" })
	require.ErrorIs(t, none.Revoke(t.Context(), tok), oauthflow.ErrUnsupported)
}

func TestRevocationIgnoresTheBodyOfA200(t *testing.T) {
	t.Parallel()
	revoking := func(status int, body string) error {
		c := answering(t, status, "text/html", body, func(cfg *oauthflow.Config) { cfg.Provider.RevocationURL = cfg.Provider.Endpoint.TokenURL })
		return c.Revoke(t.Context(), refreshable)
	}
	require.NoError(t, revoking(200, "<html>OK</html>"))
	require.NoError(t, revoking(204, ""))
	require.Equal(t, "unsupported_token_type", tokenError(t, revoking(400, `{"error":"unsupported_token_type"}`)).Code)
	require.True(t, tokenError(t, revoking(503, "")).MaybeApplied)
}

func TestO10_Introspection(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	tok := s.Issue("web", "alice", "read", "write")
	in, err := c.Introspect(t.Context(), tok.AccessToken)
	require.NoError(t, err)
	require.True(t, in.Active)
	require.Equal(t, "alice", in.Subject)
	require.Equal(t, "web", in.ClientID)
	require.Equal(t, []string{"read", "write"}, in.Scopes)
	require.WithinDuration(t, time.Now().Add(time.Hour), in.Expiry, time.Minute)

	s.ExpireAccess(tok.AccessToken)
	in, err = c.Introspect(t.Context(), tok.AccessToken)
	require.NoError(t, err)
	require.Equal(t, &oauthflow.Introspection{}, in)
	_, err = c.Introspect(t.Context(), "")
	require.Error(t, err)
	_, err = newClient(t, s, "cli", nil).Introspect(t.Context(), "x")
	require.Equal(t, "invalid_client", tokenError(t, err).Code)
}

func TestIntrospectionResponses(t *testing.T) {
	t.Parallel()
	ask := func(body string) (*oauthflow.Introspection, error) {
		c := answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) { cfg.Provider.IntrospectionURL = cfg.Provider.Endpoint.TokenURL })
		return c.Introspect(t.Context(), "token")
	}
	in, err := ask(`{"active":true,"aud":["a","b"],"cnf":{"jkt":"thumb"},"username":"u","jti":"j","iss":"https://i.test","x":1}`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, in.Audience)
	require.Equal(t, "thumb", in.KeyThumbprint)
	require.Equal(t, 1.0, in.Members["x"])
	in, err = ask(`{"active":true,"aud":"a"}`)
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, in.Audience)
	for _, body := range []string{
		fmt.Sprintf(`{"active":true,"exp":%d}`, epoch.Unix()), fmt.Sprintf(`{"active":true,"nbf":%d}`, epoch.Unix()+60), `{"active":false,"sub":"x"}`,
	} {
		in, err = ask(body)
		require.NoError(t, err)
		require.False(t, in.Active, body)
		require.Empty(t, in.Subject)
	}
	in, err = ask(`{"active":true,"aud":["a",7,"b"],"cnf":"x","exp":0,"iat":253402300800,"nbf":"1e999"}`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, in.Audience)
	require.True(t, in.Active)
	require.Empty(t, in.KeyThumbprint)
	require.Zero(t, in.Expiry)
	require.Zero(t, in.IssuedAt)
	require.Zero(t, in.NotBefore)
	in, err = ask(`{"active":true,"exp":253402300799}`)
	require.NoError(t, err)
	require.Equal(t, int64(253402300799), in.Expiry.Unix())
	_, err = ask(`{"error":"invalid_client"}`)
	require.Equal(t, "invalid_client", tokenError(t, err).Code)
	require.NotErrorIs(t, err, oauthflow.ErrMalformedResponse)
	c := answering(t, 200, "application/json", `{"active":true}`, func(cfg *oauthflow.Config) { cfg.Provider.IntrospectionURL = cfg.Provider.Endpoint.TokenURL })
	_, err = c.Introspect(t.Context(), "")
	require.ErrorContains(t, err, "the token is empty")
	for _, body := range []string{``, `{}`, `{"active":"true"}`, `{"active":1}`, `[]`, `{"active":true`} {
		_, err := ask(body)
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, body)
	}
}

func TestO10_PushedAuthorizationRequest(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{RequirePAR: true})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	authURL := b.start(c, oauthflow.WithParam("prompt", "consent"))
	q := query(t, authURL)
	require.Len(t, q, 2, "only a reference goes through the browser: %v", q)
	require.Equal(t, "web", q.Get("client_id"))
	require.NotEmpty(t, q.Get("request_uri"))
	back, err := s.Authorize(authURL, "alice")
	require.NoError(t, err)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)

	wrong := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.ClientSecret = secret.Static("wrong") })
	_, err = wrong.Begin(t.Context())
	require.Equal(t, "invalid_client", tokenError(t, err).Code)
	require.Equal(t, "pushed authorization request", tokenError(t, err).Op)
}

// A template is nobody's name, so that it is not the audience of an assertion.
// What an endpoint for pushed requests says instead of taking one.
func TestPushedRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	for body, malformed := range map[string]bool{`{"error":"invalid_request"}`: false, `{"request_uri":`: true, `{}`: true} {
		c := answering(t, 400, "application/json", body, func(cfg *oauthflow.Config) {
			cfg.Provider.RequirePAR, cfg.Provider.PushedAuthorizationURL = true, cfg.Provider.Endpoint.TokenURL
			cfg.Provider.Endpoint.AuthURL, cfg.RedirectURL = "https://auth.test/authorize", "https://app.test/cb"
		})
		_, err := c.Begin(t.Context())
		te := tokenError(t, err)
		require.Equal(t, !malformed, te.Code == "invalid_request", body)
		_ = malformed
	}
	ok := answering(t, 200, "application/json", `{"request_uri":"urn:x",`, func(cfg *oauthflow.Config) {
		cfg.Provider.RequirePAR, cfg.Provider.PushedAuthorizationURL = true, cfg.Provider.Endpoint.TokenURL
		cfg.Provider.Endpoint.AuthURL, cfg.RedirectURL = "https://auth.test/authorize", "https://app.test/cb"
	})
	_, err := ok.Begin(t.Context())
	require.ErrorContains(t, err, "neither a JSON object nor form parameters")
	c := answering(t, 200, "application/json", `{"device_code":`, func(cfg *oauthflow.Config) { cfg.Provider.Endpoint.DeviceAuthURL = cfg.Provider.Endpoint.TokenURL })
	_, err = c.DeviceAuth(t.Context())
	require.ErrorContains(t, err, "neither a JSON object nor form parameters")
}

func TestClientAssertionForManyTenants(t *testing.T) {
	t.Parallel()
	var form url.Values
	var tokenURL string
	key, err := oauthflow.NewSigningKey(ecKey(t), "", "k")
	require.NoError(t, err)
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		form = r.PostForm
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
	}, func(cfg *oauthflow.Config) {
		tokenURL = cfg.Provider.Endpoint.TokenURL
		cfg.Provider = oauthflow.Microsoft("tenant-1", "tenant-2")
		cfg.Provider.Endpoint.TokenURL = tokenURL
		cfg.ClientSecret, cfg.ClientKey = nil, key
	})
	_, err = c.ClientCredentials(t.Context(), "s")
	require.NoError(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("client_assertion"), ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	require.Equal(t, tokenURL, claims["aud"])
}
