package onriver_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }
