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

// modes are pgx's that need no statement prepared on the connection before.
var modes = []string{"exec", "cache_describe", "simple_protocol"}

// What an inbox on River promises, with PgBouncer in transaction mode between it and
// Postgres. Here River listens, and hears nothing: it finds its jobs by looking. A
// PgBouncer that can keep statements is asked to, few of them, and then pgx may come as
// it is, too.
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
			t.Parallel()
			tests := map[string]func(*testing.T, string){
				"an event is kept and run once":                           testOnce,
				"D1 the event and its job are one":                        testOne,
				"D2 what the function writes is committed with the event": testTx,
				"D3 a job that runs twice at once has one effect":         testTwice,
				"D5 a poison event is a dead letter and can be replayed":  testDead,
				"D5 a job that ends without its worker":                   testSweep,
				"D8 the tables":                                           testMigrate,
				"in a client of the caller's, and without a listener":     testConfigure,
			}
			if mode == "cache_statement" {
				// PgBouncer 1.24 takes a statement that could not be prepared for
				// one that was, and ends the connection at the next try: a 503 more.
				delete(tests, "D1 the event and its job are one")
			}
			for name, test := range tests {
				t.Run(name, func(t *testing.T) { test(t, bouncer.URL+"&default_query_exec_mode="+mode) })
			}
		})
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
	wrong := shop.another(openPool(t, servers.PgBouncer(t, server, servers.PgBouncerKeeps(t, 0)...).URL))
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() { errs[i] = wrong.Migrate(t.Context()) })
	}
	wg.Wait()
	require.ErrorIs(t, errors.Join(errs...), inbox.ErrPooled)
}
