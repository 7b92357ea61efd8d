package river_test

import (
	"context"
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
	server, disk := servers.PostgresOnSmallDisk(t, false)
	shop := newShop(t, server.URL)
	s := newSender(t, 1)
	p := startChild(t, job{DSN: shop.dsn, Schema: shop.schema})
	s.targets[0].Store(p.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	const events = 2_000
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 8) })
	require.Eventually(t, func() bool { return s.acknowledged.Load() > 100 }, time.Minute, time.Millisecond)
	disk.Fill(t)
	require.Eventually(t, func() bool { return s.refused.Load() > 50 }, 2*time.Minute, time.Millisecond, "without space it is 503")
	before := s.acknowledged.Load()
	require.Less(t, before, int64(3*events))
	disk.Free(t)
	sending.Wait()
	require.NoError(t, ctx.Err())
	require.Zero(t, s.other.Load())
	shop.settledIn(5 * time.Minute)
	p.end()
	require.Empty(t, shop.dead())
	require.EqualValues(t, 3*events, s.acknowledged.Load())
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s.effect`), p.log.String())
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s.effect`))
	t.Logf("%d of %d deliveries acknowledged when the disk was full, %d refused", before, 3*events, s.refused.Load())
}
