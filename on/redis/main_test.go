package onredis_test

import (
	"flag"
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

func TestMain(m *testing.M) {
	// The tests wait for Redis' clock and for leases, and need little of the machine.
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	clienttest.NoLeaks(m)
}
