package inbox_test

import (
	"errors"
	"fmt"
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

// What an inbox promises, with PgBouncer in transaction mode between it and Postgres. One
// that can keep statements is asked to, few of them, and then pgx may come as it is, too.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	keeps := servers.PgBouncerKeeps(t, 10)
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t), keeps...)
	modes := modes
	if keeps != nil {
		modes = append([]string{"cache_statement"}, modes...)
	}
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
	keeps := servers.PgBouncerKeeps(t, 10)
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t), keeps...)
	mode := "exec"
	if keeps != nil {
		mode = "cache_statement"
	}
	storm(t, pooled(bouncer.URL, mode), 500, 6)
}

// D1: PgBouncer is killed and started again.
func TestD1_PgBouncerIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	bouncer := servers.PgBouncer(t, servers.StartPostgres(t))
	outages(t, pooled(bouncer.URL, "exec"), bouncer.Kill, func() { bouncer.Restart(t) })
}

// D1: with a mode of pgx's that takes what it prepared for there, what goes wrong behind
// PgBouncer says why, and what was acknowledged is there. As it comes pgx names what it
// prepares; with describe_exec it runs whatever was prepared last on the connection.
func TestD1_AStatementThatIsPreparedOnAnotherConnection(t *testing.T) {
	server := servers.StartPostgres(t)
	bouncer := servers.PgBouncer(t, server, servers.PgBouncerKeeps(t, 0)...)
	for _, mode := range []string{"cache_statement", "describe_exec"} {
		t.Run(mode, func(t *testing.T) {
			shop := newShop(t, database{"pgx", server.URL})
			db, err := pooled(bouncer.URL, mode).open()
			require.NoError(t, err)
			defer db.Close()
			ib, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(shop.prefix), discard())
			require.NoError(t, err)
			h := handler(t, stripe, webhook.WithQueue(ib))
			var wg sync.WaitGroup
			errs := make([]error, 64)
			acknowledged := make([]bool, len(errs))
			for i := range errs {
				wg.Go(func() { _, errs[i] = ib.Stats(t.Context()) })
				wg.Go(func() { acknowledged[i] = postStripe(h, paid(fmt.Sprint("evt_", i))) == 200 })
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil {
					require.ErrorIs(t, err, inbox.ErrPooled)
					require.ErrorContains(t, err, "default_query_exec_mode=exec")
				}
			}
			require.Error(t, errors.Join(errs...))
			for i, is := range acknowledged {
				if is {
					require.Equal(t, 1, shop.count(fmt.Sprintf(`SELECT count(*) FROM %%s_due d JOIN %%[1]s_event e ON e.id = d.event WHERE e.event_id = 'evt_%d'`, i)))
				}
			}
		})
	}
}
