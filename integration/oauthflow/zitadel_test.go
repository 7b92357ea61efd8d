package oauthflow_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/integration/internal/visitor"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

// zitadelStorage is the example's, but for the service's key: the one it comes
// with has 1024 bits, with which we do not sign.
type zitadelStorage struct {
	*storage.Storage
	key *rsa.PublicKey
}

func (s zitadelStorage) GetKeyByIDAndClientID(_ context.Context, keyID, clientID string) (*jose.JSONWebKey, error) {
	if keyID != "key-1" || clientID != storage.ServiceUserID {
		return nil, errors.New("no such key")
	}
	return &jose.JSONWebKey{KeyID: keyID, Use: "sig", Key: s.key}, nil
}

// zitadel serves the example server of zitadel/oidc on loopback.
func zitadel(t *testing.T) (issuer string, serviceKey *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	require.NoError(t, err)
	issuer = "http://localhost:" + port + "/"
	storage.RegisterClients(storage.WebClient("exchange", "exchange-secret", redirectURL), storage.NativeClient("native", redirectURL))
	srv.Config.Handler = exampleop.SetupServer(issuer, zitadelStorage{storage.NewStorage(storage.NewUserStore(issuer)), &key.PublicKey}, nil, false)
	srv.Start()
	t.Cleanup(srv.Close)
	return issuer, key
}

func zitadelUser(t *testing.T) *visitor.Visitor {
	t.Helper()
	v, err := visitor.New(func(_ string, form url.Values) url.Values {
		form.Set("username", "test-user@localhost")
		form.Set("password", "verysecure")
		return form
	})
	require.NoError(t, err)
	return v
}

func exchangeConfig() oauthflow.Config {
	return oauthflow.Config{
		ClientID: "exchange", ClientSecret: secret.Static("exchange-secret"), RedirectURL: redirectURL, Scopes: []string{"openid", "offline_access", "profile"},
	}
}

func TestO10_ZitadelTokenExchange(t *testing.T) {
	issuer, _ := zitadel(t)
	c := newClient(t, issuer, exchangeConfig())
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, _, err := zitadelUser(t).Visit(t.Context(), a.URL, redirectURL)
	require.NoError(t, err)
	res, err := c.Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)
	require.Equal(t, "id1", res.IDToken.Subject)

	// An administrator acts as another user, who is named by a scope.
	tok, err := c.ExchangeToken(t.Context(), oauthflow.TokenExchange{
		SubjectToken: res.Token.AccessToken, RequestedTokenType: oauthflow.TokenTypeAccessToken,
		Scopes: []string{"openid", "profile", storage.CustomScopeImpersonatePrefix + "id2"},
	})
	require.NoError(t, err)
	require.Equal(t, oauthflow.TokenTypeAccessToken, tok.Extra("issued_token_type"))
	var info struct{ Sub string }
	require.NoError(t, c.UserInfo(t.Context(), tok, &info))
	require.Equal(t, "id2", info.Sub)

	_, err = c.ExchangeToken(t.Context(), oauthflow.TokenExchange{SubjectToken: "made up"})
	te, ok := errors.AsType[*oauthflow.TokenError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, http.StatusBadRequest, te.Status)
	require.False(t, strings.Contains(err.Error(), "made up"))
}

func TestO10_ZitadelJWTBearer(t *testing.T) {
	issuer, key := zitadel(t)
	signing, err := oauthflow.NewSigningKey(key, "", "key-1")
	require.NoError(t, err)
	c := newClient(t, issuer, oauthflow.Config{ClientID: storage.ServiceUserID, ClientKey: signing, Scopes: []string{"openid"}})
	tok, err := c.JWTBearer(t.Context(), oauthflow.Assertion{Audience: issuer})
	require.NoError(t, err)
	require.NotEmpty(t, tok.AccessToken)
	require.False(t, tok.Expiry.IsZero())

	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	wrong, err := oauthflow.NewSigningKey(other, "", "key-1")
	require.NoError(t, err)
	_, err = newClient(t, issuer, oauthflow.Config{ClientID: storage.ServiceUserID, ClientKey: wrong}).JWTBearer(t.Context(), oauthflow.Assertion{Audience: issuer})
	require.Error(t, err)
}

func TestO10_ZitadelClientCredentials(t *testing.T) {
	issuer, _ := zitadel(t)
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		cfg := oauthflow.Config{ClientID: "sid1", ClientSecret: secret.Static("verysecret"), Scopes: []string{"openid"}}
		cfg.Provider.Endpoint.AuthStyle = style
		tok, err := newClient(t, issuer, cfg).ClientCredentials(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, tok.AccessToken)
	}
}
