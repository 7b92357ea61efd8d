package ratelimit_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/sqlstate"
)

// place is where a state is kept, in a form that a child process can be told.
type place struct {
	Driver, DSN string // of a database
	Dir         string // or else a directory
	Noon        int    // seconds to the east of where it is noon, for quota
}

// open returns the state that a process begins with, and what closes its database.
func (p place) open(ctx context.Context) (*ratelimit.State, func() error, error) {
	if p.Dir != "" {
		s, err := ratelimit.FileState(p.Dir)
		return s, func() error { return nil }, err
	}
	db, table, err := p.table()
	if err != nil {
		return nil, nil, err
	}
	s, err := ratelimit.NewState(ctx, table)
	return s, db.Close, err
}

func (p place) table(opts ...sqlstate.Option) (*sql.DB, *sqlstate.Table, error) {
	db, err := sql.Open(p.Driver, p.DSN)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(4)
	dialect := sqlstate.SQLite
	if p.Driver == "pgx" {
		dialect = sqlstate.Postgres
	}
	table, err := sqlstate.New(db, dialect, opts...)
	return db, table, err
}

func (p place) state(t *testing.T) *ratelimit.State {
	t.Helper()
	s, done, err := p.open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, done()) })
	return s
}

var places = map[string]func(t *testing.T) place{
	"files":    func(t *testing.T) place { return place{Dir: t.TempDir()} },
	"postgres": func(t *testing.T) place { return place{Driver: "pgx", DSN: servers.Postgres(t)} },
	"sqlite": func(t *testing.T) place {
		return place{Driver: "sqlite", DSN: "file:" + filepath.Join(servers.MemoryDir(t), "limits.db") + "?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)"}
	},
}

// inEach runs a test in each kind of place, with its table there.
func inEach(t *testing.T, test func(t *testing.T, p place)) {
	for name, make := range places {
		t.Run(name, func(t *testing.T) {
			p := make(t)
			now := time.Now().UTC()
			p.Noon = 12*3600 - (now.Hour()*3600 + now.Minute()*60)
			if p.Dir == "" {
				db, table, err := p.table()
				require.NoError(t, err)
				require.NoError(t, table.Migrate(t.Context()))
				require.NoError(t, db.Close())
			}
			test(t, p)
		})
	}
}

// C17: a pause is known to the next process, and the longest of all counts.
func TestC17_APauseOutlivesItsProcess(t *testing.T) {
	inEach(t, func(t *testing.T, p place) {
		var wg sync.WaitGroup
		for _, seconds := range []string{"60", "600", "30"} {
			pacer := ratelimit.NewPacer(ratelimit.WithState(p.state(t)))
			wg.Go(func() {
				pacer.Observe("k", http.StatusTooManyRequests, http.Header{"Retry-After": {seconds}}, true)
			})
		}
		wg.Wait()
		next := ratelimit.NewPacer(ratelimit.WithState(p.state(t)))
		require.InDelta(t, 600, next.Delay("k").Seconds(), 30)
		require.Zero(t, next.Delay("other"))
	})
}

// C17: of a quota never more is let through, though 20 processes are killed in the
// middle, four at a time.
func TestC17_AQuotaOutlivesProcessesThatAreKilled(t *testing.T) {
	inEach(t, func(t *testing.T, p place) {
		var mu sync.Mutex
		made := 0
		for range 5 {
			var wg sync.WaitGroup
			for range 4 {
				calls := 1 + rand.N(6)
				wg.Go(func() {
					n := killAfter(t, p, calls)
					mu.Lock()
					defer mu.Unlock()
					made += n
				})
			}
			wg.Wait()
		}
		require.Positive(t, made)
		require.LessOrEqual(t, made, 100)
		rest := quota(p.state(t), p)
		// Of 20 processes each had made a call whose line was not read, at most, and had
		// at most one more reserved.
		const least = 100 - 20*2
		for tries := 0; ; tries++ {
			for rest.Allow("k") {
				made++
			}
			if made >= least || tries == 10 {
				break
			}
			time.Sleep(1100 * time.Millisecond) // a state that stood still is asked again after a second
		}
		require.LessOrEqual(t, made, 100)
		require.GreaterOrEqual(t, made, least)
	})
}

// quota counts in a zone in which it was noon when the test began, so that no period ends
// meanwhile, and which is the same for all processes.
func quota(s *ratelimit.State, p place) *ratelimit.Keyed {
	return ratelimit.Quota(100, ratelimit.Day, ratelimit.WithState(s), ratelimit.WithLocation(time.FixedZone("", p.Noon)))
}

const childVariable = "STANDPIPE_STATE_CHILD"

// killAfter starts a process that makes calls, kills it after so many of them, and
// returns how many it has told of.
func killAfter(t *testing.T, p place, calls int) (made int) {
	told, err := json.Marshal(p)
	if err != nil {
		t.Error(err)
		return 0
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return 0
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if made++; made == calls {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // which says that it was killed
	return made
}

// child makes calls until it is killed, or the quota is used up.
func child(told string) error {
	var p place
	if err := json.Unmarshal([]byte(told), &p); err != nil {
		return err
	}
	s, done, err := p.open(context.Background())
	if err != nil {
		return err
	}
	for q := quota(s, p); q.Allow("k"); {
		fmt.Println("called")
		time.Sleep(5 * time.Millisecond) // as a call takes
	}
	return done()
}

func TestMain(m *testing.M) {
	if told := os.Getenv(childVariable); told != "" {
		if err := child(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	leakcheck.Main(m)
}

// Any number of processes may make the table at once, and it is a storage as
// ratelimit.Storage says.
func TestTable(t *testing.T) {
	for name, make := range places {
		p := make(t)
		if p.Dir != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var tables []*sqlstate.Table
			var wg sync.WaitGroup
			for range 8 {
				db, table, err := p.table(sqlstate.WithTable("limits"))
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				tables = append(tables, table)
				wg.Go(func() {
					if err := table.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()

			// No change is lost, and one that is called again sees what is there then.
			for i, table := range tables {
				wg.Go(func() {
					for range 10 {
						err := table.Update(t.Context(), "k", func(old []byte) []byte { return append(append([]byte(nil), old...), byte(i)) })
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			kept, err := tables[0].Load(t.Context())
			require.NoError(t, err)
			require.Len(t, kept["k"], 80)

			require.NoError(t, tables[1].Update(t.Context(), "k", func([]byte) []byte { return nil }))
			require.NoError(t, tables[1].Update(t.Context(), "k", func(old []byte) []byte { require.Nil(t, old); return nil }))
			kept, err = tables[0].Load(t.Context())
			require.NoError(t, err)
			require.Empty(t, kept)

			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, tables[0].Update(ctx, "k", func([]byte) []byte { return []byte("x") }), context.Canceled)
			_, err = tables[0].Load(ctx)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}
