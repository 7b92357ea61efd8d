package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serviceRow is a row of the table in services.md.
type serviceRow struct{ service, adapter, callbacks, sdk, example, variables string }

func serviceRows(t *testing.T) []serviceRow {
	t.Helper()
	raw, err := os.ReadFile("services.md")
	require.NoError(t, err)
	var rows []serviceRow
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		require.Len(t, cells, 8, line)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			require.False(t, i > 0 && i < 7 && cells[i] == "", line)
		}
		rows = append(rows, serviceRow{cells[1], cells[2], cells[3], cells[4], cells[5], cells[6]})
	}
	return rows[1:]
}

func spans(cell string) (found []string) {
	for _, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
		found = append(found, m[1])
	}
	return found
}

// Every service of the project has its row, every adapter is in one, and what a row names
// is there.
func TestServicesAreWhatThereIs(t *testing.T) {
	exported := map[string]string{}
	for _, name := range []string{"webhook", "session"} {
		raw, err := os.ReadFile(filepath.Join(root, "api", name+".txt"))
		require.NoError(t, err)
		exported[name] = string(raw)
	}
	var services, adapters []string
	for _, row := range serviceRows(t) {
		services = append(services, row.service)
		for _, dir := range spans(row.adapter) {
			adapters = append(adapters, strings.TrimPrefix(dir, "providers/"))
		}
		require.True(t, row.adapter == "–" || len(spans(row.adapter)) == 1, row.service)
		for _, name := range spans(row.callbacks) {
			pkg, function, _ := strings.Cut(name, ".")
			require.Contains(t, exported[pkg], "func "+function+"(", row.service)
		}
		require.NotEmpty(t, spans(row.variables), row.service)
	}
	require.Equal(t, []string{
		"Stripe", "Paddle", "Braintree", "Clerk", "Auth0", "Firebase Auth", "Resend", "SendGrid", "Postmark", "AWS S3",
		"Cloudflare R2", "Sentry", "Datadog", "OpenAI", "Google", "GitHub", "X", "Slack",
	}, services)
	folders, err := os.ReadDir(filepath.Join(root, "providers"))
	require.NoError(t, err)
	var there []string
	for _, f := range folders {
		if f.IsDir() && f.Name() != "internal" {
			there = append(there, f.Name())
		}
	}
	slices.Sort(adapters)
	require.Equal(t, there, adapters)
}

// The command of each row runs as it stands there, without a key or a network.
func TestServicesExamplesRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs programs")
	}
	var commands []string
	for _, row := range serviceRows(t) {
		require.NotEqual(t, "–", row.example, "%s has nothing to copy", row.service)
		commands = append(commands, spans(row.example)...)
	}
	slices.Sort(commands)
	for _, command := range slices.Compact(commands) {
		words := strings.Fields(command)
		require.Equal(t, []string{"go", "run"}, words[:2], command)
		if words[2] == "-C" {
			require.DirExists(t, filepath.Join(root, words[3]), command)
			continue // its module's tests run it
		}
		require.DirExists(t, filepath.Join(root, words[2]), command)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Dir = root
		cmd.Env = append(slices.DeleteFunc(os.Environ(), isKey), "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		cancel()
		require.NoError(t, err, "%s\n%s", command, out)
		require.NotEmpty(t, out, command)
	}
}

// isKey reports whether a variable would send an example to a real service.
func isKey(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	for _, end := range []string{"_KEY", "_SECRET", "_TOKEN", "_DSN"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
