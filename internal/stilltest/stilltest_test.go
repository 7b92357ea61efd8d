package stilltest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/stilltest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestWhatIsSlowIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		stop := stilltest.Watch(func() {
			switch calls++; calls {
			case 10:
				time.Sleep(stilltest.Least) // and the rest of a tick before it
			case 20:
				time.Sleep(stilltest.Least / 2)
			}
		})
		time.Sleep(time.Second)
		synctest.Wait()
		all := stop()
		require.Len(t, all, 1)
		require.GreaterOrEqual(t, all[0].To.Sub(all[0].From), stilltest.Least)
		require.Less(t, all[0].To.Sub(all[0].From), 2*stilltest.Least)
		require.Equal(t, stilltest.Least/10*9, all[0].From.Sub(began))
		require.Empty(t, stilltest.Watch(nil)())
	})
}
