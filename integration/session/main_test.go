package session_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/internal/visitor"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const (
	secret   = "secret-secret-secret-secret-secret-1"
	callback = "http://127.0.0.1:9999/cb"
)

var algorithms = []string{"RS256", "ES256", "EdDSA"}

// issuer is a running issuer.mjs.
type issuer struct {
	*servers.Server
	client *http.Client
}

func startIssuer(t *testing.T) *issuer {
	t.Helper()
	s := servers.Node(t, "session/issuer.mjs", servers.NodeOptions{Ready: regexp.MustCompile(`(?m)^READY (\S+)$`)})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &issuer{s, &http.Client{Transport: transport}}
}

func (i *issuer) post(ctx context.Context, t *testing.T, path string, user string, form url.Values) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.SetBasicAuth(user, secret)
	}
	resp, err := i.client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var body json.RawMessage
	if resp.ContentLength != 0 {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
	}
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	return body
}

// accessToken gets a JWT access token for urn:api:<algorithm>.
func (i *issuer) accessToken(t *testing.T, algorithm string) string {
	t.Helper()
	body := i.post(t.Context(), t, "/token", "svc", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"api:read"}, "resource": {"urn:api:" + algorithm},
	})
	var out struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(body, &out))
	require.Equal(t, 2, strings.Count(out.AccessToken, "."))
	return out.AccessToken
}

// idToken signs in as alice through the provider's own pages.
func (i *issuer) idToken(t *testing.T, algorithm string) string {
	t.Helper()
	client := "web-" + algorithm
	v, err := visitor.New(func(_ string, form url.Values) url.Values {
		if form.Has("login") {
			form.Set("login", "alice")
			form.Set("password", "x")
		}
		form.Del("abort")
		return form
	})
	require.NoError(t, err)
	query := url.Values{"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"}}
	back, _, err := v.Visit(t.Context(), i.URL+"/auth?"+query.Encode(), callback)
	require.NoError(t, err)
	body := i.post(t.Context(), t, "/token", client, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback},
	})
	var out struct {
		IDToken string `json:"id_token"`
	}
	require.NoError(t, json.Unmarshal(body, &out))
	require.NotEmpty(t, out.IDToken)
	return out.IDToken
}
