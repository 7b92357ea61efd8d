package docs

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func retrying() (*http.Client, error) {
	c, err := client.New("https://api.example.com", client.WithRetry(retry.Policy{
		MaxAttempts: 5, // the first one counts too
		Backoff:     retry.FullJitter(time.Second, 30*time.Second),
	}))
	if err != nil {
		return nil, err
	}
	return c.HTTPClient(), nil // wherever an *http.Client is taken
}

func TestAnHTTPClientThatRetries(t *testing.T) {
	hc, err := retrying()
	require.NoError(t, err)
	require.NotNil(t, hc.Transport)
}

type errorBody struct {
	Field string `json:"field"`
}

func update(ctx context.Context, api *client.Client, id string, customer Customer) error {
	_, err := client.Put[Customer](ctx, api, "/v1/customers/"+client.PathEscape(id), customer)
	if e, ok := errors.AsType[*client.Error](err); ok && errors.Is(err, client.ErrBadRequest) {
		var body errorBody
		if e.DecodeBody(&body) == nil {
			return errors.New("wrong: " + body.Field)
		}
	}
	return err
}

func TestAnErrorsBodyIsDecoded(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(http.StatusUnprocessableEntity, `{"field":"email"}`))
	api, err := client.New(srv.URL)
	require.NoError(t, err)
	t.Cleanup(api.CloseIdleConnections)
	require.EqualError(t, update(t.Context(), api, "cus_1", Customer{}), "wrong: email")
}

func fromOAuth2(cfg *oauth2.Config, store tokens.Store, opts ...oauthflow.Option) (*tokens.Manager, error) {
	cfg.Endpoint.AuthStyle = oauth2.AuthStyleInHeader // as the provider says; it is never tried out
	login, err := oauthflow.New(oauthflow.FromOAuth2(cfg), opts...)
	if err != nil {
		return nil, err
	}
	return tokens.New(store, login)
}

func oldCode(ctx context.Context, manager *tokens.Manager, key string) *http.Client {
	return oauth2.NewClient(ctx, manager.Source(key)) // for code that stays as it is
}

func TestAConfigOfOAuth2GoesOn(t *testing.T) {
	srv := oauthtest.New(oauthtest.Config{})
	p := srv.Provider()
	manager, err := fromOAuth2(&oauth2.Config{ClientID: "web", ClientSecret: "web-secret", Endpoint: p.Endpoint, RedirectURL: "https://app.test/callback"},
		tokens.NewMemoryStore(), oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = manager.Shutdown(context.WithoutCancel(t.Context())) })
	token := srv.Issue("web", "alice", "read")
	token.Expiry = time.Now()
	require.NoError(t, manager.Put(t.Context(), "user:42", token))
	api := httptest.NewServer(srv.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(api.Close)
	hc := oldCode(t.Context(), manager, "user:42")
	t.Cleanup(hc.CloseIdleConnections)
	resp, err := hc.Get(api.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, 1, srv.Refreshes())
}

func verifyOnly(scheme *webhook.Scheme, handle func(body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		request, _, err := webhook.VerifyHTTP(scheme, r)
		switch {
		case webhook.Undecidable(err):
			w.WriteHeader(http.StatusServiceUnavailable)
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case handle(request.Body) != nil:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
}

func TestVerifyingOnly(t *testing.T) {
	scheme, err := webhook.Svix(secret.Static("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	require.NoError(t, err)
	h := verifyOnly(scheme, func([]byte) error { return nil })
	for key, want := range map[string]int{
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":             http.StatusOK,
		"whsec_dGVzdF9zaWduaW5nX3NlY3JldF8zMl9jaGFyc19sb25n": http.StatusUnauthorized,
	} {
		w := httptest.NewRecorder()
		h(w, webhooktest.Svix(key).Request([]byte(`{}`)))
		require.Equal(t, want, w.Code)
	}
}

type pullRequest struct {
	Action string `json:"action"`
	Number int    `json:"number"`
}

func onGitHub(secrets secret.Source, pushed func(branch string) error) (http.Handler, error) {
	scheme, err := webhook.GitHub(secrets)
	if err != nil {
		return nil, err // an empty secret, too
	}
	return webhook.NewHandler(scheme,
		webhook.On("push", func(_ context.Context, e webhook.Event[events.GitHubPush]) error {
			return pushed(e.Data.Branch())
		}),
		webhook.On("pull_request", func(_ context.Context, e webhook.Event[pullRequest]) error {
			slog.Debug("pull request", "number", e.Data.Number, "action", e.Data.Action)
			return nil
		}))
}

func bitbucket(secrets secret.Source) (*webhook.Scheme, error) {
	return webhook.HMAC(webhook.HMACConfig{
		Provider: "bitbucket",
		Layout: webhook.Layout{
			SignatureHeader: "X-Hub-Signature",
			Prefix:          "sha256=",
			TypeHeader:      "X-Event-Key",
			IDHeader:        "X-Request-UUID",
		},
	}, secrets)
}

func gitlab(tokens secret.Source) (*webhook.Scheme, error) {
	return webhook.StaticToken(webhook.StaticTokenConfig{Provider: "gitlab", Header: "X-Gitlab-Token"}, tokens)
}

func TestRepositoriesHooks(t *testing.T) {
	_, err := onGitHub(secret.Static(""), nil)
	require.ErrorIs(t, err, webhook.ErrConfig)
	branch := ""
	h, err := onGitHub(secret.Static("a-secret"), func(b string) error { branch = b; return nil })
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, webhooktest.GitHub("a-secret").WithEvent("push").Request([]byte(`{"ref":"refs/heads/main"}`)))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "main", branch)

	scheme, err := bitbucket(secret.Static("a-secret"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, []byte("a-secret"))
	_, _ = io.WriteString(mac, `{}`)
	r := httptest.NewRequest(http.MethodPost, "/hooks/bitbucket", strings.NewReader(`{}`))
	r.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("X-Event-Key", "repo:push")
	_, receipt, err := webhook.VerifyHTTP(scheme, r)
	require.NoError(t, err)
	require.Equal(t, "repo:push", receipt.EventType)

	scheme, err = gitlab(secret.Static("a-token"))
	require.NoError(t, err)
	r = httptest.NewRequest(http.MethodPost, "/hooks/gitlab", strings.NewReader(`{}`))
	r.Header.Set("X-Gitlab-Token", "a-token")
	_, _, err = webhook.VerifyHTTP(scheme, r)
	require.NoError(t, err)
}
