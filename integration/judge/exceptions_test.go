package judge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Why a test that passes over net/http alone need not pass over the stack.
const (
	// It counts requests, or looks at a response that the stack tries to better: it
	// passes over the stack without retries, and that is checked.
	becauseRetries = "retries"
	// It looks at something that the stack does otherwise by design.
	becauseDesign = "design"
)

type exception struct{ because, why string }

// exceptions reads testdata/exceptions.txt: package, test, kind and reason, a line
// each.
func exceptions(t *testing.T) map[testName]exception {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "exceptions.txt"))
	require.NoError(t, err)
	list := map[testName]exception{}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		field := strings.SplitN(line, " ", 4)
		require.Len(t, field, 4, line)
		require.Contains(t, []string{becauseRetries, becauseDesign}, field[2], line)
		name := testName{field[0], field[1]}
		require.NotContains(t, list, name)
		list[name] = exception{field[2], field[3]}
	}
	return list
}
