package inbox_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/webhook"
)

// modes are pgx's that need no statement prepared on the connection before.
var modes = []string{"exec", "cache_describe", "simple_protocol"}

func pooled(url, mode string) database {
	return database{"pgx", url + "&default_query_exec_mode=" + mode}
}

// What an inbox promises, with PgBouncer in transaction mode between it and Postgres.
func TestPgBouncer(t *testing.T) {
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t))
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			for name, test := range map[string]func(*testing.T, database){
				"an event is kept and run once":                              testOnce,
				"several workers run each event once":                        testWorkers,
				"W12 an unsigned identifier drops nothing":                   testUnsigned,
				"W27 other content under a signed identifier is quarantined": testQuarantine,
				"what never arrived is taken in from a list":                 testReconcile,
				"a batch is taken apart":                                     testBatch,
				"D2 what the function writes is committed with the event":    testTx,
				"D3 a lost lease commits nothing":                            testLost,
				"D4 one at a time and in order":                              testOrder,
				"D5 a poison event is a dead letter and can be replayed":     testDead,
				"D8 a newer schema is refused":                               testNewer,
				"D8 what was not migrated is said so":                        testNotMigrated,
				"a shutdown is no attempt":                                   testShutdown,
				"purge has two retentions":                                   testPurge,
				"statistics":                                                 testStats,
				"as a guard":                                                 testGuard,
				"many at once share transactions and each is told its own":   testGroup,
			} {
				t.Run(name, func(t *testing.T) { test(t, pooled(bouncer.URL, mode)) })
			}
		})
	}
}

// W26, D1, D2, D3 behind PgBouncer.
func TestW26_BehindPgBouncer(t *testing.T) {
	storm(t, pooled(servers.PgBouncer(t, servers.StartPostgres(t)).URL, "exec"), 500, 6)
}

// D1: PgBouncer is killed and started again.
func TestD1_PgBouncerIsKilledAndStartedAgain(t *testing.T) {
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t))
	outages(t, pooled(bouncer.URL, "exec"), bouncer.Kill, func() { bouncer.Restart(t) })
}

// D1: with pgx as it comes, what goes wrong behind PgBouncer says why, and what was
// acknowledged is there.
func TestD1_AStatementThatIsPreparedOnAnotherConnection(t *testing.T) {
	server := servers.StartPostgres(t)
	shop := newShop(t, database{"pgx", server.URL})
	db, err := database{"pgx", servers.PgBouncer(t, server).URL}.open()
	require.NoError(t, err)
	defer db.Close()
	ib, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(shop.prefix), discard())
	require.NoError(t, err)
	h := handler(t, stripe, webhook.WithQueue(ib))
	var wg sync.WaitGroup
	errs := make([]error, 32)
	for i := range errs {
		wg.Go(func() { _, errs[i] = ib.Stats(t.Context()) })
	}
	wg.Wait()
	require.ErrorIs(t, errors.Join(errs...), inbox.ErrPooled)
	require.ErrorContains(t, errors.Join(errs...), "default_query_exec_mode=exec")
	acknowledged := 0
	for i := range 50 {
		if postStripe(h, paid(string(rune('a'+i)))) == 200 {
			acknowledged++
		}
	}
	require.Equal(t, acknowledged, shop.count(`SELECT count(*) FROM %s_due`))
}
