package river_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

func pooled(url string) string { return url + "&default_query_exec_mode=exec" }

// What an inbox on River promises, with PgBouncer in transaction mode between it and
// Postgres. Here River listens, and hears nothing: it finds its jobs by looking.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	dsn := pooled(servers.PgBouncer(t, servers.StartPostgres(t)).URL)
	for name, test := range map[string]func(*testing.T, string){
		"an event is kept and run once":                           testOnce,
		"D1 the event and its job are one":                        testOne,
		"D2 what the function writes is committed with the event": testTx,
		"D3 a job that runs twice at once has one effect":         testTwice,
		"D5 a poison event is a dead letter and can be replayed":  testDead,
		"D5 a job that ends without its worker":                   testSweep,
		"D8 the tables":                                           testMigrate,
		"in a client of the caller's, and without a listener":     testConfigure,
	} {
		t.Run(name, func(t *testing.T) { test(t, dsn) })
	}
}

// W26, D1, D2, D3 behind PgBouncer.
func TestW26_BehindPgBouncer(t *testing.T) {
	t.Parallel()
	storm(t, pooled(servers.PgBouncer(t, servers.StartPostgres(t)).URL), true, 300, 6)
}

// D1: PgBouncer is killed and started again.
func TestD1_PgBouncerIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t))
	outage(t, pooled(bouncer.URL), true, bouncer.Kill, func() { bouncer.Restart(t) })
}

// D8: with pgx as it comes, migrating behind PgBouncer says what is wrong.
func TestD8_MigratingByPreparedStatementsBehindPgBouncer(t *testing.T) {
	t.Parallel()
	server := servers.StartPostgres(t)
	shop := newShop(t, server.URL)
	wrong := shop.another(openPool(t, servers.PgBouncer(t, server).URL))
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() { errs[i] = wrong.Migrate(t.Context()) })
	}
	wg.Wait()
	require.ErrorIs(t, errors.Join(errs...), inbox.ErrPooled)
}
