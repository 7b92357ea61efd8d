package still_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/still"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestWhatIsSlowIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		stop := still.Watch(func() {
			switch calls++; calls {
			case 10:
				time.Sleep(still.Least) // and the rest of a tick before it
			case 20:
				time.Sleep(still.Least / 2)
			}
		})
		time.Sleep(time.Second)
		synctest.Wait()
		all := stop()
		require.Len(t, all, 1)
		require.GreaterOrEqual(t, all[0].To.Sub(all[0].From), still.Least)
		require.Less(t, all[0].To.Sub(all[0].From), 2*still.Least)
		require.Equal(t, still.Least/10*9, all[0].From.Sub(began))
		require.Empty(t, still.Watch(nil)())
	})
}
