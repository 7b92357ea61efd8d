package costtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

var sink []byte

func TestAllocated(t *testing.T) {
	used := costtest.Allocated(func() { sink = make([]byte, 1<<20) })
	require.GreaterOrEqual(t, used, uint64(1<<20))
	require.Less(t, used, uint64(2<<20))
}

// TestLinear is in a bubble, where what is read takes the time that it says.
func TestLinear(t *testing.T) {
	read := func(d time.Duration) func() { return func() { time.Sleep(d) } }
	synctest.Test(t, func(*testing.T) {
		require.True(t, costtest.Linear(read(16*time.Second), read(time.Second)))
		require.False(t, costtest.Linear(read(16*16*time.Second), read(time.Second)))
	})
	synctest.Test(t, func(*testing.T) {
		measured := 0
		busy := func() {
			if measured++; measured < 5 {
				time.Sleep(time.Hour)
			}
		}
		require.True(t, costtest.Linear(busy, read(time.Second)), "by its last try")
	})
}
