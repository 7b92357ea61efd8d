package river_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/webhook"
)

// D1: what was acknowledged survives that Postgres is killed, with its job, also where
// the database is set up to acknowledge commits before they are written.
func TestD1_ADatabaseThatDoesNotWaitForItsLog(t *testing.T) {
	t.Parallel()
	server := servers.StartPostgres(t)
	server.WriteLogLate(t)
	s := newShop(t, server.URL+"&synchronous_commit=off")
	require.Equal(t, 200, postStripe(handler(t, stripe, webhook.WithQueue(s)), paid("evt_1")))
	server.Kill()
	server.Restart(t)
	s.pool.Reset() // the connections that there are have ended
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s.inbox_due d JOIN %[1]s.inbox_event e ON e.id = d.event JOIN %[1]s.river_job j ON j.id = d.token`))
}
