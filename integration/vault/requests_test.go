package vault

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	onvault "github.com/standpipe-go/standpipe/on/vault"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// request is what a server sees of one.
type request struct {
	Place string // method, path and query
	Token string
	Body  map[string]any
}

// server answers as both clients understand it, and keeps what it was asked.
type server struct {
	mu   sync.Mutex
	seen []request
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	got := request{Place: r.Method + " " + r.URL.RequestURI(), Token: r.Header.Get("X-Vault-Token")}
	_ = json.Unmarshal(body, &got.Body)
	got.Place = strings.Replace(got.Place, "PUT ", "POST ", 1) // Vault takes either for a write
	s.mu.Lock()
	s.seen = append(s.seen, got)
	s.mu.Unlock()
	auth := &api.SecretAuth{ClientToken: "token", LeaseDuration: 1, Renewable: true}
	out := &api.Secret{}
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/kv/data/"):
		version := 2
		if r.URL.Query().Get("version") == "1" {
			version = 1
		}
		out.Data = map[string]any{"data": map[string]any{"value": r.URL.RawQuery + "secret"}, "metadata": map[string]any{"version": version, "created_time": "2026-02-03T04:05:06Z", "deletion_time": "", "destroyed": false}}
	case r.URL.Path == "/v1/auth/token/lookup-self":
		out.Data = map[string]any{"ttl": 1, "renewable": true}
	default:
		out.Auth = auth
	}
	_ = json.NewEncoder(w).Encode(out)
}

// taken returns what was asked since the last time.
func (s *server) taken() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// What is sent is what Vault's own client sends.
func TestTheRequestsAreVaultsOwnClients(t *testing.T) {
	s := &server{}
	srv := httptest.NewServer(s)
	defer srv.Close()
	cfg := api.DefaultConfig()
	cfg.Address = srv.URL
	theirs, err := api.NewClient(cfg)
	require.NoError(t, err)
	defer cfg.HttpClient.CloseIdleConnections()
	ctx := t.Context()

	_, err = theirs.Logical().WriteWithContext(ctx, "auth/approle/login", map[string]any{"role_id": "role", "secret_id": "id"})
	require.NoError(t, err)
	theirs.SetToken("token")
	newest, err := theirs.KVv2("kv").Get(ctx, "app/key one")
	require.NoError(t, err)
	older, err := theirs.KVv2("kv").GetVersion(ctx, "app/key one", 1)
	require.NoError(t, err)
	want := s.taken()

	vault, err := onvault.New(srv.URL, onvault.AppRole(onvault.AppRoleConfig{RoleID: "role", SecretID: secret.Static("id")}))
	require.NoError(t, err)
	values, err := vault.Secret(onvault.KV{Mount: "kv", Path: "app/key one", Versions: 2}).Secrets(ctx)
	require.NoError(t, err)
	require.Equal(t, want, s.taken())
	require.Equal(t, []any{newest.Data["value"], older.Data["value"]}, []any{values[0].Reveal(), values[1].Reveal()})

	_, err = theirs.Auth().Token().LookupSelfWithContext(ctx)
	require.NoError(t, err)
	want = s.taken()
	vault, err = onvault.New(srv.URL, onvault.Token(secret.Static("token")), onvault.WithInterval(time.Nanosecond))
	require.NoError(t, err)
	src := vault.Secret(onvault.KV{Mount: "kv", Path: "k"})
	_, err = src.Secrets(ctx)
	require.NoError(t, err)
	require.Equal(t, want, s.taken()[:1])

	_, err = theirs.Auth().Token().RenewSelfWithContext(ctx, 0)
	require.NoError(t, err)
	want = s.taken()
	require.Eventually(t, func() bool { // two thirds of the token's second have passed
		_, err := src.Secrets(ctx)
		seen := s.taken()
		return err == nil && len(seen) > 0 && seen[0].Place == want[0].Place && seen[0].Token == want[0].Token
	}, time.Minute, 50*time.Millisecond)
}
