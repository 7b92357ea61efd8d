package ongcp_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	ongcp "github.com/standpipe-go/standpipe/on/cloud/gcp"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const token = "canary-access-token"

// fake answers as the reference of the v1 REST API says.
type fake struct {
	mu       sync.Mutex
	prefix   string         // of the secret's name
	versions []string       // the oldest first
	state    map[int]string // of a version that is not enabled
	aliases  map[string]int
	status   int // of every response, if set
	code     string
	garbled  bool // the checksum does not fit
	behind   int  // versions that a replica lacks
	served   int
}

func newFake() *fake {
	return &fake{prefix: "projects/my-project/secrets/key", state: map[int]string{}, aliases: map[string]int{}}
}

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) put(values ...string) {
	f.set(func(f *fake) { f.versions = append(f.versions, values...) })
}

func (f *fake) fails(status int, code string) {
	f.set(func(f *fake) { f.status, f.code = status, code })
}

func (f *fake) count() (n int) {
	f.set(func(f *fake) { n = f.served })
	return n
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.served++
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	version, ok := strings.CutPrefix(r.URL.Path, "/v1/"+f.prefix+"/versions/")
	version, verb, _ := strings.Cut(version, ":")
	n, err := strconv.Atoi(version)
	switch {
	case version == "latest":
		n = len(f.versions) - f.behind
	case err != nil:
		n = f.aliases[version]
	}
	switch {
	case f.status != 0:
		refuse(w, f.status, f.code, "it is so")
	case r.Header.Get("Authorization") != "Bearer "+token:
		refuse(w, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
	case !ok || verb != "access" || r.Method != "GET" || n < 1 || n > len(f.versions):
		refuse(w, 404, "NOT_FOUND", "Secret Version [projects/123/secrets/key/versions/"+version+"] not found.")
	case f.state[n] != "":
		refuse(w, 400, "FAILED_PRECONDITION", fmt.Sprintf("Secret Version [projects/123/secrets/key/versions/%d] is in %s state.", n, f.state[n]))
	default:
		data := []byte(f.versions[n-1])
		sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		if f.garbled {
			sum++
		}
		payload := map[string]any{"data": data, "dataCrc32c": strconv.FormatUint(uint64(sum), 10)}
		name := strings.Replace(f.prefix, "my-project", "123", 1) // by its number
		_ = json.NewEncoder(w).Encode(map[string]any{"name": fmt.Sprintf("%s/versions/%d", name, n), "payload": payload})
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message, "status": code}})
}

// manager returns a Secret Manager that f answers for. It works in a bubble.
func (f *fake) manager(t *testing.T, opts ...ongcp.Option) *ongcp.Manager {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.Handle(f.ServeHTTP))
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
	m, err := ongcp.New("my-project", tokens, append([]ongcp.Option{ongcp.WithClient(client.WithTransport(rt))}, opts...)...)
	require.NoError(t, err)
	return m
}
