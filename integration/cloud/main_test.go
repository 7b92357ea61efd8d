package cloud

import (
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }
