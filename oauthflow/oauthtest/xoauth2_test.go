package oauthtest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// The server is not only what our own client takes it for: golang.org/x/oauth2
// gets along with it as well.
func TestAgainstXOAuth2(t *testing.T) {
	t.Parallel()
	s := oauthtest.Start(t, oauthtest.Config{})
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.HTTPClient())
	cfg := &oauth2.Config{
		ClientID: "web", ClientSecret: "web-secret", RedirectURL: "https://app.test/callback", Scopes: []string{"read"}, Endpoint: s.Provider().Endpoint,
	}
	verifier := oauth2.GenerateVerifier()
	back, err := s.Authorize(cfg.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "alice")
	require.NoError(t, err)
	tok, err := cfg.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.True(t, s.Valid(tok.AccessToken))

	tok.Expiry = time.Now().Add(-time.Minute)
	resp, err := cfg.Client(ctx, tok).Get(s.URL + "/userinfo")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, 1, s.Refreshes())

	cc := clientcredentials.Config{ClientID: "web", ClientSecret: "web-secret", TokenURL: s.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader}
	tok, err = cc.Token(ctx)
	require.NoError(t, err)
	require.True(t, s.Valid(tok.AccessToken))
}

func TestDeviceFlowOfXOAuth2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.HTTPClient())
		cli := &oauth2.Config{ClientID: "cli", Endpoint: s.Provider().Endpoint}
		cli.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		da, err := cli.DeviceAuth(ctx)
		require.NoError(t, err)
		time.AfterFunc(12*time.Second, func() { _ = s.ApproveDevice(da.UserCode, "alice") })
		begin := time.Now()
		tok, err := cli.DeviceAccessToken(ctx, da)
		require.NoError(t, err)
		require.True(t, s.Valid(tok.AccessToken))
		require.Equal(t, 15*time.Second, time.Since(begin), "at the interval that the server asks for")
	})
}
