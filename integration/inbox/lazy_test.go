package inbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/webhook"
)

// D1: what was acknowledged survives that Postgres is killed, also where the database is
// set up to acknowledge commits before they are written.
func TestD1_ADatabaseThatDoesNotWaitForItsLog(t *testing.T) {
	for name, test := range map[string]struct{ do, check func(t *testing.T, s *shop) }{
		"an event": {
			func(t *testing.T, s *shop) {
				require.Equal(t, 200, postStripe(handler(t, stripe, webhook.WithQueue(s)), paid("evt_1")))
			},
			func(t *testing.T, s *shop) {
				require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due d JOIN %[1]s_event e ON e.id = d.event`))
			},
		},
		"several in a delivery": {
			func(t *testing.T, s *shop) {
				h := handler(t, claims, webhook.WithQueue(s))
				require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte("a=1,b=1")}).Status)
			},
			func(t *testing.T, s *shop) {
				require.Equal(t, 2, s.count(`SELECT count(*) FROM %s_due d JOIN %[1]s_event e ON e.id = d.event`))
			},
		},
		"one that was handled": {
			func(t *testing.T, s *shop) {
				require.Equal(t, 200, postStripe(guarded(t, s, &diary{}), paid("evt_1")))
			},
			func(t *testing.T, s *shop) {
				j := &diary{}
				require.Equal(t, 200, postStripe(guarded(t, s, j), paid("evt_1")))
				require.Empty(t, j.all())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servers.StartPostgres(t)
			server.WriteLogLate(t)
			s := newShop(t, database{"pgx", server.URL + "&synchronous_commit=off"})
			test.do(t, s)
			server.Kill()
			server.Restart(t)
			s.db.SetMaxIdleConns(0) // those that there are have ended
			test.check(t, s)
		})
	}
}

func guarded(t *testing.T, s *shop, j *diary) *webhook.Handler {
	return handler(t, stripe, webhook.WithDeduplication(s), webhook.On("invoice.paid", j.note))
}
