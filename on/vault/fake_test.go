package onvault_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/on/vault"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const (
	roleID   = "role-billing"
	secretID = "canary-secret-id"
	root     = "canary-root-token"
)

// fake answers as Vault's documentation says, and where that is silent (AppRole's errors,
// versions that were deleted, the times of tokens) as the source of Vault 1.21.4 does.
type fake struct {
	mu       sync.Mutex
	versions map[string][]any // of each path; nil was deleted
	tokens   map[string]time.Time
	served   map[string]int
	ttl      time.Duration // of a token; 0 is for ever
	maxTTL   time.Duration // from the login on; 0 is none
	began    map[string]time.Time
	fixed    bool // tokens are not renewable
	denied   bool // tokens may read nothing
	status   int  // of every response, if set
	behind   int  // versions that a replica lacks
}

func newFake() *fake {
	return &fake{versions: map[string][]any{}, tokens: map[string]time.Time{root: {}}, served: map[string]int{}, began: map[string]time.Time{}}
}

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) put(path string, data any) {
	f.set(func(f *fake) { f.versions[path] = append(f.versions[path], data) })
}

func (f *fake) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served[what]
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status != 0 {
		fails(w, f.status, "Vault is sealed")
		return
	}
	what := strings.TrimPrefix(r.URL.Path, "/v1/")
	f.served[what]++
	if what == "auth/approle/login" {
		f.logIn(w, r)
		return
	}
	token := r.Header.Get("X-Vault-Token")
	ends, ok := f.tokens[token]
	if !ok || !ends.IsZero() && !time.Now().Before(ends) {
		fails(w, 403, "permission denied", "invalid token")
		return
	}
	path, isKV := strings.CutPrefix(what, "secret/data/")
	switch {
	case isKV && f.denied:
		fails(w, 403, "1 error occurred:\n\t* permission denied\n\n")
	case isKV:
		f.read(w, r, path)
	case what == "auth/token/lookup-self":
		ttl := int64(0)
		if !ends.IsZero() {
			ttl = int64(time.Until(ends).Seconds())
		}
		says(w, map[string]any{"data": map[string]any{"id": token, "ttl": ttl, "renewable": !f.fixed}})
	case what == "auth/token/renew-self" && !f.fixed:
		ttl := f.ttl
		if f.maxTTL > 0 {
			ttl = min(ttl, time.Until(f.began[token].Add(f.maxTTL)))
		}
		f.tokens[token] = time.Now().Add(ttl)
		f.says(w, token, ttl)
	default:
		fails(w, 400, "lease is not renewable")
	}
}

func (f *fake) logIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		RoleID   string `json:"role_id"`
		SecretID string `json:"secret_id"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.RoleID != roleID || in.SecretID != secretID {
		fails(w, 400, "invalid role or secret ID")
		return
	}
	token := fmt.Sprintf("canary-token-%d", f.served["auth/approle/login"])
	f.began[token] = time.Now()
	f.tokens[token] = time.Time{}
	if f.ttl > 0 {
		f.tokens[token] = time.Now().Add(f.ttl)
	}
	f.says(w, token, f.ttl)
}

func (f *fake) says(w http.ResponseWriter, token string, ttl time.Duration) {
	says(w, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": int64(ttl.Seconds()), "renewable": !f.fixed, "policies": []string{"default"}}})
}

func (f *fake) read(w http.ResponseWriter, r *http.Request, path string) {
	all := f.versions[path]
	all = all[:max(len(all)-f.behind, 0)]
	n := len(all)
	if asked := r.URL.Query().Get("version"); asked != "" {
		n, _ = strconv.Atoi(asked)
	}
	if n < 1 || n > len(all) {
		fails(w, 404)
		return
	}
	meta := map[string]any{"created_time": "2026-02-03T04:05:06.789Z", "custom_metadata": nil, "deletion_time": "", "destroyed": false, "version": n}
	body := map[string]any{"request_id": "0c6a", "lease_id": "", "data": map[string]any{"data": all[n-1], "metadata": meta}}
	if all[n-1] == nil {
		meta["deletion_time"] = "2026-02-04T04:05:06.789Z"
		w.WriteHeader(404)
	}
	says(w, body)
}

func says(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func fails(w http.ResponseWriter, status int, errors ...string) {
	w.WriteHeader(status)
	says(w, map[string]any{"errors": errors})
}

// vault returns a Vault that f answers for. It works in a bubble.
func (f *fake) vault(t *testing.T, login onvault.Login, opts ...onvault.Option) *onvault.Vault {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.Handle(f.ServeHTTP))
	v, err := onvault.New("https://vault.test", login, append([]onvault.Option{onvault.WithClient(client.WithTransport(rt))}, opts...)...)
	require.NoError(t, err)
	return v
}

func role() onvault.Login {
	return onvault.AppRole(onvault.AppRoleConfig{RoleID: roleID, SecretID: secret.Static(secretID)})
}

func text(s string) map[string]any {
	return map[string]any{"value": s, "other": 7, "nothing": nil, "blank": " "}
}
