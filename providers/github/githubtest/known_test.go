package githubtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/github/githubtest"
)

// A name that is misspelt would never bring its fault, and be counted zero times: a test
// would pass.
func TestAnOperationThatThereIsNot(t *testing.T) {
	t.Parallel()
	srv := githubtest.NewHandler()
	for name, call := range map[string]func(){
		"Inject": func() { srv.Inject(githubtest.Fault{Operation: "issue.create"}) },
		"Count":  func() { srv.Count("issue.create") },
	} {
		func() {
			defer func() {
				said, _ := recover().(string)
				require.Contains(t, said, `there is no operation "issue.create", but `, name)
				require.Contains(t, said, "issues.create", name)
			}()
			call()
		}()
	}
	srv.Inject(githubtest.Fault{})
}
