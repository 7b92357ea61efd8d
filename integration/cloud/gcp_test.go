package cloud

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"
	secretmanager "google.golang.org/api/secretmanager/v1"

	ongcp "github.com/standpipe-go/standpipe/on/cloud/gcp"
)

// Google's client is generated from the description of the service: what is sent is what
// it sends, and what it would decode is what is read.
func TestGooglesOwnTypes(t *testing.T) {
	seen := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen[r.Method+" "+r.URL.Path]++
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&secretmanager.AccessSecretVersionResponse{
			Name:    "projects/123/secrets/key/versions/7",
			Payload: &secretmanager.SecretPayload{Data: base64.StdEncoding.EncodeToString([]byte("123456789")), DataCrc32c: 0xe3069283}, // the check value of CRC-32C
		})
	}))
	defer srv.Close()
	service, err := secretmanager.NewService(t.Context(), option.WithEndpoint(srv.URL), option.WithoutAuthentication())
	require.NoError(t, err)
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})
	for name, opts := range map[string][]ongcp.Option{
		"projects/my-project/secrets/key/versions/latest":                        nil,
		"projects/my-project/locations/europe-west3/secrets/key/versions/latest": {ongcp.WithLocation("europe-west3")},
	} {
		clear(seen)
		if opts == nil {
			_, err = service.Projects.Secrets.Versions.Access(name).Do()
		} else {
			_, err = service.Projects.Locations.Secrets.Versions.Access(name).Do()
		}
		require.NoError(t, err)
		m, err := ongcp.New("my-project", tokens, append(opts, ongcp.WithEndpoint(srv.URL))...)
		require.NoError(t, err)
		require.Equal(t, "123456789", reveal(t, m.Secret(ongcp.Secret{Name: "key"})))
		require.Equal(t, map[string]int{"GET /v1/" + name + ":access": 2}, seen)
	}
}

// The default credentials of an application, found as x/oauth2 finds them.
func TestApplicationDefaultCredentials(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/token":
			_, _ = w.Write([]byte(`{"access_token":"from-adc","token_type":"Bearer","expires_in":3600}`))
		case r.Header.Get("Authorization") != "Bearer from-adc":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(`{"name":"projects/1/secrets/key/versions/1","payload":{"data":"b25l"}}`))
		}
	}))
	defer srv.Close()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	file := filepath.Join(t.TempDir(), "account.json")
	account, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "a@my-project.iam.gserviceaccount.com", "private_key": text, "token_uri": srv.URL + "/token"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, account, 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	tokens, err := google.DefaultTokenSource(t.Context(), ongcp.Scope)
	require.NoError(t, err)
	m, err := ongcp.New("my-project", tokens, ongcp.WithEndpoint(srv.URL))
	require.NoError(t, err)
	require.Equal(t, "one", reveal(t, m.Secret(ongcp.Secret{Name: "key"})))
}
