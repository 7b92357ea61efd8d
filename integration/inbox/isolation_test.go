package inbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// TestAStricterDatabase has a database whose transactions see nothing new after their
// first statement, unless they say otherwise.
func TestAStricterDatabase(t *testing.T) {
	t.Parallel()
	d := postgres(t)
	for _, level := range []string{"repeatable read", "serializable"} {
		db, err := d.open()
		require.NoError(t, err)
		defer db.Close()
		var name string
		require.NoError(t, db.QueryRow(`SELECT current_database()`).Scan(&name))
		_, err = db.Exec(`ALTER DATABASE "` + name + `" SET default_transaction_isolation = '` + level + `'`)
		require.NoError(t, err)
		for name, test := range map[string]func(*testing.T, database){
			"many at once":                  testGroup,
			"the same at the same moment":   testSameMoment,
			"D1 a replay meets a purge":     testReplayMeetsPurge,
			"D1 a purge meets a replay":     testPurgeMeetsReplay,
			"D4 one at a time and in order": testOrder,
			"D2 several workers":            testWorkers,
			"as a guard":                    testGuard,
			"W27":                           testQuarantine,
		} {
			t.Run(level+"/"+name, func(t *testing.T) { test(t, d) })
		}
	}
}

// testSameMoment has two processes insert one event by statements that both began before
// either was done.
func testSameMoment(t *testing.T, d database) {
	s := newShop(t, d)
	const processes = 2
	status := make(chan int, processes)
	var handlers []http.Handler
	for i := range processes {
		db, err := d.open()
		require.NoError(t, err)
		defer db.Close()
		db.SetMaxOpenConns(1)
		ib, err := inbox.New(db, d.dialect(), inbox.WithPrefix(s.prefix), discard())
		require.NoError(t, err)
		handlers = append(handlers, handler(t, stripe, webhook.WithQueue(ib)))
		// Now the connection has the statement, whose snapshot is older than its locks.
		require.Equal(t, 200, postStripe(handlers[i], paid(fmt.Sprint("evt_before_", i))))
	}
	lock, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer lock.Rollback()
	_, err = lock.Exec(`LOCK TABLE ` + s.prefix + `_event IN SHARE ROW EXCLUSIVE MODE`)
	require.NoError(t, err)
	for _, h := range handlers {
		go func() { status <- postStripe(h, paid("evt")) }()
	}
	waiting := 0
	require.Eventually(t, func() bool {
		return s.db.QueryRow(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '`+s.prefix+`_event'::regclass`).Scan(&waiting) == nil && waiting == processes
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, lock.Commit())
	for range processes {
		require.Equal(t, 200, <-status)
	}
	require.Equal(t, processes+1, s.count(`SELECT count(*) FROM %s_event`))
}
