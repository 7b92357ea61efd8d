package judge

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const stripeGo = "github.com/stripe/stripe-go/v76"

// notJudges are tests of stripe-go that count its own retries, which are off:
// the stack retries instead.
var notJudges = map[string]string{
	"TestDo_Retry":          "counts the SDK's own retries of a 409",
	"TestDo_RetryOnTimeout": "counts the SDK's own retries of a timeout of its http.Client, which is replaced",
}

// changes are made to the copy, each exactly once.
var changes = []struct{ file, old, new string }{
	{"stripe.go", "DefaultMaxNetworkRetries int64 = 2\n", "DefaultMaxNetworkRetries int64 = 0\n"},
	{"testing/testing.go", "\thttpClient := &http.Client{\n\t\tTransport: transport,\n\t}\n",
		"\thttpClient := standpipejudge.Client(\"https://localhost:\"+port, transport, client.WithAuth(client.Bearer(secret.Static(\"sk_test_myTestKey\"))))\n"},
	{"testing/testing.go", "import (\n",
		"import (\n\t\"github.com/standpipe-go/standpipe/client\"\n\t\"github.com/standpipe-go/standpipe/secret\"\n\t\"github.com/stripe/stripe-go/v76/standpipejudge\"\n\n"},
}

// C20: stripe-go's own tests pass over the stack, its retries switched off.
func TestStripeGoOnTheStack(t *testing.T) {
	mock := stripeMockTLS(t)
	dir := copyOfStripeGo(t)
	count := filepath.Join(t.TempDir(), "count")

	var skip []string
	for name := range notJudges {
		skip = append(skip, "^"+name+"$")
	}
	slices.Sort(skip)
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-mod=mod", "-vet=off", "-json",
		"-skip", strings.Join(skip, "|"), ".", "./customer", "./charge", "./paymentintent", "./refund")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "STRIPE_MOCK_PORT="+strconv.Itoa(mock.Port), "STANDPIPE_JUDGE_COUNT="+count)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	passed, trouble := tally(t, out)
	require.NoError(t, err, "%s\n%s", trouble, errOut.String())

	for _, pkg := range []string{"", "/customer", "/charge", "/paymentintent", "/refund"} {
		require.NotZero(t, passed[stripeGo+pkg], "no test of %s ran", stripeGo+pkg)
	}
	sent, err := os.ReadFile(count)
	require.NoError(t, err, "nothing went through the stack")
	t.Logf("passed: %v; %d requests through the stack", passed, len(sent))
	require.Greater(t, len(sent), 30)
}

// tally counts the passed tests of each package in the output of
// `go test -json` and collects what the others printed.
func tally(t *testing.T, out []byte) (map[string]int, string) {
	t.Helper()
	passed := map[string]int{}
	output := map[string]string{}
	var trouble strings.Builder
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, Test, Output string }
		require.NoError(t, json.Unmarshal(line, &e), string(line))
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			output[key] += e.Output
		case "pass":
			if e.Test != "" {
				passed[e.Package]++
			}
		case "fail":
			trouble.WriteString(output[key])
		}
	}
	trouble.WriteString(output[" "])
	return passed, trouble.String()
}

// stripeMockTLS starts stripe-mock with the self-signed certificate that
// stripe-go's tests expect.
func stripeMockTLS(t *testing.T) *servers.Server {
	t.Helper()
	return servers.GoTool(t, "github.com/stripe/stripe-mock", func(port int) []string {
		return []string{"-https-addr", "127.0.0.1:" + strconv.Itoa(port)}
	})
}

// copyOfStripeGo copies the module into a temporary directory, adds the stack
// and makes the changes.
func copyOfStripeGo(t *testing.T) string {
	t.Helper()
	module := filepath.Dir(servers.Dir(t)) // the root of the repository
	dir := filepath.Join(t.TempDir(), "stripe-go")
	require.NoError(t, os.CopyFS(dir, os.DirFS(goList(t, "-m", "-f", "{{.Dir}}", stripeGo))))
	// The module cache is read only, and so is a copy of it.
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode()|0o200)
	}))

	for from, to := range map[string]string{
		"stack.go.txt":     "standpipejudge/stack.go",
		"root_test.go.txt": "standpipe_test.go",
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", "stripe-go", from))
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(to))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
	for _, c := range changes {
		path := filepath.Join(dir, filepath.FromSlash(c.file))
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(raw, []byte(c.old)), "%s is not what it was: %q", c.file, c.old)
		require.NoError(t, os.WriteFile(path, bytes.Replace(raw, []byte(c.old), []byte(c.new), 1), 0o600))
	}

	// The sums of both modules cover what the copy needs.
	var sums bytes.Buffer
	for _, path := range []string{filepath.Join(dir, "go.sum"), filepath.Join(module, "go.sum")} {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		sums.Write(raw)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums.Bytes(), 0o600))
	edit := exec.CommandContext(t.Context(), "go", "mod", "edit", "-go=1.26.0",
		"-require=github.com/standpipe-go/standpipe@v0.0.0", "-replace=github.com/standpipe-go/standpipe="+module)
	edit.Dir = dir
	out, err := edit.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = servers.Dir(t)
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
