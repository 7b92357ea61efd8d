package clienttest

import (
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

// NoLeaks runs the tests of a package and fails it, with their stacks on standard error,
// if goroutines are left behind: a response body that nobody closed, a server that goes
// on. Leaks are not looked for when a test has failed already. It does not return; call
// it as the only statement of TestMain:
//
//	func TestMain(m *testing.M) { clienttest.NoLeaks(m) }
func NoLeaks(m *testing.M) { leakcheck.Main(m) }
