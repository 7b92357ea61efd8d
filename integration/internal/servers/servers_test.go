package servers

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// oneShot keeps no connection to a server that is about to be stopped.
var oneShot = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := oneShot.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

func gone(t *testing.T, addr string) {
	t.Helper()
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, 30*time.Second, 20*time.Millisecond, "%s still answers", addr)
}

func TestEveryServerAnswersAndStops(t *testing.T) {
	for _, c := range []struct {
		name, path, want string
		status           int
		start            func(testing.TB) *Server
	}{
		{"stripe-mock", "/v1/customers", "Authorization", 401, StripeMock},
		{"go-httpbin", "/status/418", "", 418, HTTPBin},
		{"prism", "/emails", "UNAUTHORIZED", 401, func(t testing.TB) *Server { return Prism(t, "resend.yaml") }},
		{"graphql-yoga", "/graphql?query={ping(id:1)}", `"ping":"Stamp"`, 200, func(t testing.TB) *Server {
			schema := filepath.Join(t.TempDir(), "schema.graphql")
			require.NoError(t, os.WriteFile(schema, []byte("scalar Stamp\ninput I { a: Int }\ntype Query { ping(id: ID, i: I): Stamp }"), 0o600))
			return GraphQLMock(t, schema, "EXTEND=I.a: Int\nI.b: Int")
		}},
		{"oidc-provider", "/.well-known/openid-configuration", `"issuer":"http://127.0.0.1:`, 200, func(t testing.TB) *Server { return OIDCProvider(t) }},
		{"oauth2-mock-server", "/.well-known/openid-configuration", `"issuer":"http://localhost:`, 200, OAuth2Mock},
		{"emulate github", "/meta", "", 200, func(t testing.TB) *Server { return Emulate(t, "github") }},
		{"wiremock", "/users/id", "Bearer .+", 404, func(t testing.TB) *Server { return WireMock(t, "auth0_stubs.json") }},
		{"llmock", "/v1/models", "invalid_api_key", 401, func(t testing.TB) *Server { return LLMock(t) }},
		{"firebase auth", "/", `"ready": true`, 200, FirebaseAuth},
	} {
		t.Run(c.name, func(t *testing.T) {
			var addr string
			t.Run("while the test runs", func(t *testing.T) {
				s := c.start(t)
				addr = s.Addr
				status, body := get(t, s.URL+c.path)
				require.Equal(t, c.status, status, body)
				require.Contains(t, body, c.want)
			})
			if addr == "" {
				t.SkipNow() // the subtest was skipped, or has failed
			}
			gone(t, addr)
		})
	}
}

func TestToxiproxyForwards(t *testing.T) {
	bin := HTTPBin(t)
	api := Toxiproxy(t)
	proxy, err := api.CreateProxy("bin", "127.0.0.1:0", bin.Addr)
	require.NoError(t, err)
	status, _ := get(t, "http://"+proxy.Listen+"/status/204")
	require.Equal(t, http.StatusNoContent, status)

	_, err = proxy.AddToxic("reset", "reset_peer", "downstream", 1, toxiproxy.Attributes{"timeout": 0})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+proxy.Listen+"/status/204", nil)
	require.NoError(t, err)
	res, err := oneShot.Do(req)
	if err == nil {
		res.Body.Close()
	}
	require.Error(t, err)
}

func TestPostgresAnswers(t *testing.T) {
	dsn := Postgres(t)
	addr := strings.TrimSuffix(strings.TrimPrefix(dsn, "postgres://postgres@"), "/postgres?sslmode=disable")
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	// An SSLRequest (PostgreSQL protocol, section 55.2.11) is answered by one byte.
	_, err = conn.Write([]byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f})
	require.NoError(t, err)
	var answer [1]byte
	_, err = io.ReadFull(conn, answer[:])
	require.NoError(t, err)
	require.Equal(t, byte('N'), answer[0])
}

// recorder stands for a test whose end is looked at.
type recorder struct {
	testing.TB
	outcome, message string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Fatalf(format string, args ...any) { r.end("failed", format, args) }
func (r *recorder) Skipf(format string, args ...any)  { r.end("skipped", format, args) }

// end keeps the first outcome only: a real test would not get to a second.
func (r *recorder) end(outcome, format string, args []any) {
	if r.outcome == "" {
		r.outcome, r.message = outcome, fmt.Sprintf(format, args...)
	}
}

func TestMissingSkipsOnADesktopAndFailsInCI(t *testing.T) {
	for _, c := range []struct{ ci, mode, want string }{
		{"", "", "skipped"},
		{"false", "", "skipped"},
		{"true", "", "failed"},
		{"1", "", "failed"},
		{"", "required", "failed"},
	} {
		t.Setenv("CI", c.ci)
		t.Setenv("STANDPIPE_INTEGRATION", c.mode)
		r := &recorder{TB: t}
		Missing(r, "a tool called %s", "x")
		require.Equal(t, c.want, r.outcome, "%+v", c)
		require.Contains(t, r.message, "a tool called x")
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	// A child that ignores the polite signal, as some servers' workers do, holds
	// the fifo open for as long as it lives.
	fifo := filepath.Join(t.TempDir(), "held")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	s, err := launch(command{
		name: "sh",
		args: func(int) []string {
			return []string{"sh", "-c", `(trap "" TERM; exec 3>"$0"; while :; do sleep 1; done) & wait`, fifo}
		},
	})
	require.NoError(t, err)
	held, err := os.Open(fifo) // returns once the child has opened it too
	require.NoError(t, err)
	defer held.Close()
	s.Stop()
	_, err = io.ReadAll(held) // ends once nobody holds it
	require.NoError(t, err)
}

// A program that says its port is in use is started again until it is not; one that says
// anything else is not.
func TestStartWaitsForAPort(t *testing.T) {
	for says, want := range map[string]int{"bind: Address already in use": 3, "out of order": 1} {
		launched := 0
		c := command{name: "sh", ready: regexp.MustCompile(`^ready$`), args: func(int) []string {
			if launched++; launched == 3 {
				return []string{"sh", "-c", "echo ready; exec sleep 600"}
			}
			return []string{"sh", "-c", `echo "$0"; exit 1`, says}
		}}
		s, err := untilFree(c, func() (*Server, error) { return launch(c) })
		require.Equal(t, want, launched)
		if want == 1 {
			require.ErrorContains(t, err, says)
			continue
		}
		require.NoError(t, err)
		s.Stop()
	}
}

// What connections and other listeners get is none of the ports that servers are given.
func TestFreePortsAreNobodyElses(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		port, err := FreePort()
		require.NoError(t, err)
		require.False(t, seen[port], port)
		seen[port] = true
		require.GreaterOrEqual(t, port, firstPort)
	}
	for text, want := range map[string]int{"32768\t60999\n": 32_767, "20000 40000": 19_999, "1024 65535": lastPort, "49152 65535": lastPort} {
		last, err := below(text)
		require.NoError(t, err)
		require.Equal(t, want, last, text)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	if theirs := l.Addr().(*net.TCPAddr).Port; theirs >= firstPort+1000 { // else there is hardly a port of ours
		require.Greater(t, theirs, slices.Max(slices.Collect(maps.Keys(seen))))
	}
}
