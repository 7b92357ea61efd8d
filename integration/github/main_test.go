package github

import (
	"net/http"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// transport returns one that keeps no connection beyond the test.
func transport(t *testing.T) *http.Transport {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// ignoring drops a result.
func ignoring[T any](_ T, err error) error { return err }
