package servers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

// StripeMock starts stripe-mock: it validates requests against Stripe's
// OpenAPI description, asks for a key, and keeps no state.
func StripeMock(t testing.TB) *Server {
	t.Helper()
	return GoTool(t, "github.com/stripe/stripe-mock", func(port int) []string {
		return []string{"-http-addr", fmt.Sprintf("127.0.0.1:%d", port)}
	})
}

// HTTPBin starts go-httpbin, the server of HTTP oddities.
func HTTPBin(t testing.TB) *Server {
	t.Helper()
	return GoTool(t, "github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin", func(port int) []string {
		return []string{"-host", "127.0.0.1", "-port", strconv.Itoa(port), "-log-level", "ERROR", "-max-duration", "60s"}
	})
}

// Toxiproxy starts a toxiproxy and returns the client of its API, which
// creates proxies ("127.0.0.1:0" listens on a free port) and adds faults to
// them.
func Toxiproxy(t testing.TB) *toxiproxy.Client {
	t.Helper()
	s := GoTool(t, "github.com/Shopify/toxiproxy/v2/cmd/server", func(port int) []string {
		return []string{"-host", "127.0.0.1", "-port", strconv.Itoa(port)}
	}, "LOG_LEVEL=error")
	return toxiproxy.NewClient(s.Addr)
}

// Prism starts Stoplight's Prism as a mock of the OpenAPI description in
// specs/, by file name, or anywhere else, by its absolute path. It refuses a request
// that the description does not allow, with 4xx and an application/problem+json body.
func Prism(t testing.TB, spec string) *Server {
	t.Helper()
	return prism(t, spec, "--errors")
}

// PrismForgiving is Prism for a description that its own examples do not fit: it
// refuses such a request too, and sends such an example all the same.
func PrismForgiving(t testing.TB, spec string) *Server {
	t.Helper()
	return prism(t, spec)
}

func prism(t testing.TB, spec string, flags ...string) *Server {
	t.Helper()
	path := spec
	if !filepath.IsAbs(spec) {
		path = filepath.Join(Dir(t), "specs", spec)
	}
	return Node(t, "node_modules/@stoplight/prism-cli/dist/index.js", NodeOptions{
		Args: func(port int) []string {
			return append([]string{"mock", "-h", "127.0.0.1", "-p", strconv.Itoa(port), path}, flags...)
		},
	})
}

// GraphQLMock starts graphql-yoga as a mock of the schema in a file, at the
// path /graphql. It refuses what the schema does not allow;
// servers/graphql-mock.mjs says which variables it reads.
func GraphQLMock(t testing.TB, schema string, env ...string) *Server {
	t.Helper()
	return Node(t, "servers/graphql-mock.mjs", NodeOptions{
		Env:   func(int) []string { return append(env, "SCHEMA="+schema) },
		Ready: regexp.MustCompile(`(?m)^READY (\S+)$`),
	})
}

// OIDCProvider starts oidc-provider, a certified OpenID provider, with every
// feature switched on; servers/oidc-provider.mjs says which clients it knows
// and which variables it reads. Its URL is its issuer.
func OIDCProvider(t testing.TB, env ...string) *Server {
	t.Helper()
	return Node(t, "servers/oidc-provider.mjs", NodeOptions{
		Env:   func(int) []string { return env },
		Ready: regexp.MustCompile(`(?m)^READY (\S+)$`),
	})
}

// OAuth2Mock starts oauth2-mock-server, which is lax and can be told to fail.
// Its issuer is http://localhost with the server's port.
func OAuth2Mock(t testing.TB) *Server {
	t.Helper()
	return Node(t, "node_modules/oauth2-mock-server/dist/oauth2-mock-server.mjs", NodeOptions{
		Args: func(port int) []string { return []string{"-a", "127.0.0.1", "-p", strconv.Itoa(port)} },
	})
}

// Emulate starts a stateful fake of one service: github, google, okta, clerk,
// resend, stripe and others that `emulate list` names.
func Emulate(t testing.TB, service string) *Server {
	t.Helper()
	return Node(t, "node_modules/emulate/dist/index.js", NodeOptions{
		Args: func(port int) []string { return []string{"start", "-s", service, "-p", strconv.Itoa(port)} },
	})
}

// LLMockKey is the only key that LLMock takes.
const LLMockKey = "sk-standpipe"

// LLMock starts llmock, an OpenAI that generates what its fixtures say: entries as its
// fixture files have them, see servers/llmock.mjs. OpenAI's API is at the URL's /v1, and
// what it has been asked at /__aimock/journal.
func LLMock(t testing.TB, fixtures ...map[string]any) *Server {
	t.Helper()
	raw, err := json.Marshal(append([]map[string]any{}, fixtures...)) // of none: a list too
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fixtures.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return Node(t, "servers/llmock.mjs", NodeOptions{
		Env:   func(int) []string { return []string{"API_KEY=" + LLMockKey, "FIXTURES=" + path} },
		Ready: regexp.MustCompile(`(?m)^READY (\S+)$`),
	})
}

// WireMock starts WireMock with the stubs in specs/, by file name. It responds 404 to a
// request that no stub takes, with what the nearest one asks for. It needs a Java
// runtime.
func WireMock(t testing.TB, stubs string) *Server {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		Missing(t, "java")
	}
	jars, err := filepath.Glob(filepath.Join(Dir(t), "node_modules", "wiremock", "build", "wiremock-standalone-*.jar"))
	if err != nil || len(jars) != 1 {
		Missing(t, "npm wiremock")
	}
	raw, err := os.ReadFile(filepath.Join(Dir(t), "specs", stubs))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "mappings"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "mappings", stubs), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, command{
		name: "wiremock",
		args: func(port int) []string {
			return []string{java, "-jar", jars[0], "--bind-address", "127.0.0.1", "--port", strconv.Itoa(port), "--root-dir", root, "--no-request-journal"}
		},
		env: func(int) []string { return nil },
		dir: root,
	})
}

// FirebaseAuth starts the Firebase emulator for authentication, for the
// project demo-test. The tokens it issues are unsigned (alg none).
func FirebaseAuth(t testing.TB) *Server {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "firebase.json")
	return Node(t, "node_modules/firebase-tools/lib/bin/firebase.js", NodeOptions{
		Dir: dir,
		Args: func(port int) []string {
			writeFirebaseConfig(t, config, port)
			return []string{"emulators:start", "--only", "auth", "--project", "demo-test", "--config", config}
		},
	})
}

func writeFirebaseConfig(t testing.TB, path string, port int) {
	t.Helper()
	on := func(port int) map[string]any { return map[string]any{"host": "127.0.0.1", "port": port} }
	free := func() int {
		p, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	raw, err := json.Marshal(map[string]any{"emulators": map[string]any{
		"auth": on(port), "hub": on(free()), "logging": on(free()),
		"ui": map[string]any{"enabled": false}, "singleProjectMode": true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Kumo starts kumo, an emulator of AWS in memory. It takes any key; servers/kumo is its
// command.
func Kumo(t testing.TB) *Server {
	t.Helper()
	const path = "github.com/standpipe-go/standpipe/integration/servers/kumo"
	binary := GoToolPath(t, path)
	return start(t, command{
		name:  path,
		args:  func(int) []string { return []string{binary} },
		ready: regexp.MustCompile(`(?m)^READY (\S+)$`),
	})
}
