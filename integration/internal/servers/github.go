package servers

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// GitHubDescription is the path of GitHub's own description of its API
// (github.com/github/rest-api-description, MIT), as @octokit/openapi packs it.
func GitHubDescription(t testing.TB) string {
	t.Helper()
	path := filepath.Join(Dir(t), "node_modules/@octokit/openapi/generated/api.github.com.json")
	if _, err := os.Stat(path); err != nil {
		Missing(t, "GitHub's description: %v", err)
	}
	return path
}

// PrismOf is Prism of the description in a file. It refuses a request that does not fit,
// and sends the description's own examples, whether they fit or not.
func PrismOf(t testing.TB, path string) *Server {
	t.Helper()
	return Node(t, "node_modules/@stoplight/prism-cli/dist/index.js", NodeOptions{
		Args: func(port int) []string {
			return []string{"mock", "-h", "127.0.0.1", "-p", strconv.Itoa(port), path}
		},
	})
}
