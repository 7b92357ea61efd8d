package inbox_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// D1: the disk of Postgres is full while deliveries arrive and are worked on: 503, and
// when there is space again all of them are handled, once each, by the same process.
func TestD1_TheDiskOfPostgresIsFull(t *testing.T) {
	t.Parallel()
	t.Run("of its tables", func(t *testing.T) {
		t.Parallel()
		server, disk := servers.PostgresOnSmallDisk(t, false)
		fullDisk(t, server, disk, 2_000, "could not extend file", func() {})
	})
	t.Run("of its log, so that it stops", func(t *testing.T) {
		t.Parallel()
		server, disk := servers.PostgresOnSmallDisk(t, true)
		fullDisk(t, server, disk, 4_000, "xlogtemp", func() { // fewer do not need another file
			server.Kill() // if it has not come up again by itself
			server.Restart(t)
		})
	})
}

func fullDisk(t *testing.T, server *servers.PostgresServer, disk *servers.Disk, events int, says string, restart func()) {
	d := database{"pgx", server.URL}
	shop := newShop(t, d)
	shop.exec(`CREATE TABLE %s_effect (event VARCHAR(50), pid BIGINT)`)
	p := startChild(t, job{Database: d, Prefix: shop.prefix, Workers: 4, Lease: time.Second})
	s := newSender(t)
	s.target.Store(p.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 8) })
	require.Eventually(t, func() bool { return s.acknowledged.Load() > 100 }, time.Minute, time.Millisecond)
	disk.Fill(t)
	require.Eventually(t, func() bool { return s.refused.Load() > 50 }, 2*time.Minute, time.Millisecond, "without space it is 503")
	require.Eventually(t, func() bool { return strings.Contains(server.Output(), says) }, time.Minute, time.Millisecond)
	before := s.acknowledged.Load()
	require.Less(t, before, int64(3*events))
	disk.Free(t)
	restart()
	sending.Wait()
	require.NoError(t, ctx.Err())
	require.Zero(t, s.other.Load())
	shop.settledIn(3 * time.Minute)
	p.end()
	require.Empty(t, shop.dead())
	require.EqualValues(t, 3*events, s.acknowledged.Load())
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s_effect`), "an acknowledged event is lost")
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s_effect`), "an effect was committed twice")
	t.Logf("%d of %d deliveries acknowledged when the disk was full, %d refused", before, 3*events, s.refused.Load())
}
