package secret_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

// L1
func TestMain(m *testing.M) { leakcheck.Main(m) }
