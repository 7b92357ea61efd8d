package quickstart

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestQuickstartAgainstStripeMock(t *testing.T) {
	mock := servers.StripeMock(t)
	cmd := exec.CommandContext(t.Context(), "go", "run", "./examples/quickstart", "-stripe-url", mock.URL)
	cmd.Dir = filepath.Dir(servers.Dir(t))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Equal(t, "quickstart: ok", lines[len(lines)-1])
	require.Contains(t, string(out), "cus_", "a customer from stripe-mock")
}
