package inbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/webhook"
)

func testNewer(t *testing.T, d database) {
	s := newShop(t, d)
	require.NoError(t, s.Migrate(t.Context()), "again")
	s.exec(`UPDATE %s_schema SET version = version + 1`)
	other := s.another()
	require.ErrorIs(t, other.Migrate(t.Context()), inbox.ErrNewerSchema)
	h := handler(t, stripe, webhook.WithQueue(other))
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	require.ErrorIs(t, other.Run(t.Context(), h), inbox.ErrNewerSchema)
}

func testNotMigrated(t *testing.T, d database) {
	db, err := d.open()
	require.NoError(t, err)
	defer db.Close()
	ib, err := inbox.New(db, d.dialect(), inbox.WithPrefix("nothing"), discard())
	require.NoError(t, err)
	h := handler(t, stripe, webhook.WithQueue(ib))
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	_, err = ib.Claim(t.Context(), webhook.GuardKey{ID: "1"})
	require.ErrorIs(t, err, inbox.ErrNotMigrated)
	if d.Driver == "pgx" {
		require.ErrorIs(t, ib.Run(t.Context(), h), inbox.ErrNotMigrated)
	}
}

// D8: a connection that has looked before another process made the tables, and was told
// of none, sees them afterwards. It is the only one of its process.
func TestD8_MigrateOnOneConnection(t *testing.T) {
	d := postgres(t)
	for round := range 5 {
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			db, err := d.open()
			require.NoError(t, err)
			defer db.Close()
			db.SetMaxOpenConns(1)
			ib, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(fmt.Sprint("one", round)), discard())
			require.NoError(t, err)
			wg.Go(func() { errs[i] = ib.Migrate(context.Background()) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
	}
}

// D8: eight processes start at once.
func TestD8_EightProcessesMigrateAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		for _, prefix := range []string{"a", "b", "c"} {
			var all []*process
			for range 8 {
				p, err := launch(job{Database: d, Prefix: prefix, Migrate: true})
				require.NoError(t, err)
				all = append(all, p)
			}
			for _, p := range all {
				<-p.done
				require.True(t, p.ProcessState.Success(), p.log.String())
			}
		}
	})
}

// D1: a database in memory is refused, and one that is not in WAL mode.
func TestD1_SQLiteMustBeDurable(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	ib, err := inbox.New(db, inbox.SQLite)
	require.NoError(t, err)
	require.ErrorIs(t, ib.Migrate(t.Context()), inbox.ErrNotDurable)

	path := "file:" + filepath.Join(servers.MemoryDir(t), "inbox.db")
	s := newShop(t, database{"sqlite", path})
	s.exec(`PRAGMA journal_mode=DELETE -- %s`)
	h := handler(t, stripe, webhook.WithQueue(s.another()))
	require.ErrorIs(t, s.another().Run(context.Background(), h), inbox.ErrNotDurable)
	require.Equal(t, 503, postStripe(h, paid("evt_1")))
	require.NoError(t, s.Migrate(t.Context()), "which puts it right")
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
}

// D1: on a disk that is full nothing is acknowledged, and nothing that was is lost.
func TestD1_AFullDisk(t *testing.T) {
	path := "file:" + filepath.Join(servers.MemoryDir(t), "inbox.db")
	s := newShop(t, database{"sqlite", path + "?_pragma=max_page_count(60)"})
	h := handler(t, stripe, webhook.WithQueue(s), webhook.WithDeduplication(s))
	filler := strings.Repeat("x", 3000)
	send := func(h *webhook.Handler, i int) int {
		return postStripe(h, fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"invoice.paid","data":{"object":{"filler":%q}}}`, i, filler))
	}
	acknowledged := 0
	for send(h, acknowledged) == 200 {
		acknowledged++
		require.Less(t, acknowledged, 100)
	}
	require.Greater(t, acknowledged, 5)
	require.Equal(t, 503, send(h, acknowledged), "again")
	require.Equal(t, acknowledged, s.count(`SELECT count(*) FROM %s_event`))

	db, err := database{"sqlite", path}.open() // on a larger one
	require.NoError(t, err)
	defer db.Close()
	s.db = db
	ib := s.another()
	j := &diary{}
	roomy := handler(t, stripe, webhook.WithQueue(ib), webhook.On("invoice.paid", j.note))
	require.Equal(t, 200, send(roomy, acknowledged))
	start(t, ib, roomy)
	s.settled()
	require.Len(t, j.all(), acknowledged+1)
}

// D1: a commit is on the disk when it returns, whatever the DSN says, and not only in
// the system's memory.
func TestD1_SQLiteIsSynchronousWhateverTheDSNSays(t *testing.T) {
	s := newShop(t, database{"sqlite", "file:" + filepath.Join(servers.MemoryDir(t), "inbox.db") + "?_pragma=synchronous(OFF)"})
	s.db.SetMaxOpenConns(1)
	h := handler(t, stripe, webhook.WithQueue(s))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	require.Equal(t, 2, s.count(`PRAGMA synchronous -- %s`), "FULL, on the connection that was written by")
}
