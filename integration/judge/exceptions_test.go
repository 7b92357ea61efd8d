package judge

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The kinds of exceptions, see testdata/exceptions.txt.
const (
	becauseRetries = "retries"
	becauseDesign  = "design"
	becauseDefect  = "defect"
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
		require.Contains(t, []string{becauseRetries, becauseDesign, becauseDefect}, field[2], line)
		name := testName{field[0], field[1]}
		require.NotContains(t, list, name)
		list[name] = exception{field[2], field[3]}
	}
	return list
}

// pattern is a regular expression for -run and -skip that matches these tests alone.
func pattern(names []testName) string {
	var alternatives []string
	for _, name := range names {
		elements := strings.Split(name.Test, "/")
		for i, element := range elements {
			elements[i] = "^" + regexp.QuoteMeta(element) + "$"
		}
		alternatives = append(alternatives, strings.Join(elements, "/"))
	}
	return strings.Join(alternatives, "|")
}
