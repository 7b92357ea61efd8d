package inbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// D1, D2: a statement can end SQLite's transaction by itself: OR ROLLBACK, RAISE in a
// trigger, an interrupted write. A function that takes the error for a duplicate does not
// know that what it wrote before is gone.
func TestSQLiteStatementThatRollsBack(t *testing.T) {
	for name, rollback := range map[string]func(ctx context.Context, s *shop, tx *sql.Tx) error{
		"OR ROLLBACK": func(ctx context.Context, s *shop, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT OR ROLLBACK INTO %s_seen VALUES ('x')`, s.prefix))
			return err
		},
		"interrupted": func(ctx context.Context, s *shop, tx *sql.Tx) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s_seen WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n`, s.prefix))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, sqliteFile(t), quick(5))
			s.exec(`CREATE TABLE %s_effect (event TEXT)`)
			s.exec(`CREATE TABLE %s_seen (id TEXT PRIMARY KEY)`)
			s.exec(`INSERT INTO %s_seen VALUES ('x')`)
			var tries atomic.Int32
			h := handler(t, stripe, webhook.WithQueue(s),
				inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
					if _, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s_effect VALUES (?)`, s.prefix), e.ID); err != nil {
						return err
					}
					if tries.Add(1) == 1 && rollback(ctx, s, tx) == nil {
						return errTest
					}
					return nil
				}))
			require.Equal(t, 200, postStripe(h, paid("evt_1")))
			start(t, s.Inbox, h)
			s.settled()
			require.EqualValues(t, 2, tries.Load(), "it was run again")
			require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_effect WHERE event = 'evt_1'`))
			require.Empty(t, s.dead())
		})
	}
}

// D1: rows of a write that the function has left open are closed by the commit, as they
// are elsewhere: the transaction is whole.
func TestSQLiteRowsThatAreLeftOpen(t *testing.T) {
	s := newShop(t, sqliteFile(t), quick(5))
	s.exec(`CREATE TABLE %s_effect (event TEXT)`)
	var tries atomic.Int32
	h := handler(t, stripe, webhook.WithQueue(s),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[struct{}]) error {
			tries.Add(1)
			rows, err := tx.QueryContext(ctx, fmt.Sprintf(`INSERT INTO %s_effect VALUES (?), ('b') RETURNING event`, s.prefix), e.ID)
			if err != nil {
				return err
			}
			rows.Next()
			return nil
		}))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	start(t, s.Inbox, h)
	s.settled()
	require.EqualValues(t, 1, tries.Load())
	require.Equal(t, 2, s.count(`SELECT count(*) FROM %s_effect`))
	require.Empty(t, s.dead())
}
