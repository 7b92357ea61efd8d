package inbox

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Purged says what [Inbox.Purge] has deleted.
type Purged struct {
	// Bodies is how many events have lost their body and headers, Events how many
	// are no longer known, dead letters among them, and Claims how many claims and
	// sightings of the guard.
	Bodies, Events, Claims int64
}

// batch is how many rows are deleted in one transaction, so that none is long.
const batch = 500

// settled is an event that is not to be run any more.
const settled = `NOT EXISTS (SELECT 1 FROM {due} d WHERE d.event = e.id)`

// Of the events of one delivery the first has the body for all.
const (
	noneDue  = `NOT EXISTS (SELECT 1 FROM {event} c JOIN {due} d ON d.event = c.id WHERE c.parent = e.id)`
	noneDead = `NOT EXISTS (SELECT 1 FROM {event} c JOIN {dead} x ON x.event = c.id WHERE c.parent = e.id)
		AND NOT EXISTS (SELECT 1 FROM {dead} x WHERE x.event = e.id)`
)

// oldText chooses events that are past a retention and not to be run any more, and keeps
// others from making them due meanwhile. What somebody has at hand is for the next time.
const oldText = `SELECT e.id FROM {event} e WHERE e.received_at < {now} - ? AND ` + settled + ` AND ` + noneDue

// stillText leaves out what has become due until it was locked, as the statement that
// chose it did not see.
const stillText = `SELECT e.id FROM {event} e WHERE e.id IN ({ids}) AND ` + settled + ` AND ` + noneDue

// purgings are the kinds of events that are purged, and how.
func (ib *Inbox) purgings(p *Purged) []purging {
	return []purging{
		{&p.Bodies, ib.cfg.bodies, ` AND e.meta IS NOT NULL AND ` + noneDead,
			[]string{`UPDATE {event} SET meta = NULL, body = NULL WHERE id IN ({ids})`}},
		{&p.Events, ib.cfg.keys, "", []string{
			`DELETE FROM {dead} WHERE event IN ({ids})`,
			`DELETE FROM {replay} WHERE event IN ({ids})`,
			`DELETE FROM {event} WHERE id IN ({ids})`,
		}},
	}
}

// purging is one kind of deletion.
type purging struct {
	count *int64
	age   time.Duration
	which string   // a condition more
	texts []string // the last one counts
}

// Purge deletes what is past its retention ([WithRetention]), in short transactions, and
// returns what it has deleted, also where an error has ended it. What somebody replays at
// that moment stays. [Inbox.Run] calls it once an hour.
func (ib *Inbox) Purge(ctx context.Context) (Purged, error) {
	var p Purged
	for _, what := range ib.purgings(&p) {
		if err := ib.purgeAll(ctx, what.count, func(ctx context.Context, q querier) (chosen int, n int64, err error) {
			return ib.purgeEvents(ctx, q, what)
		}); err != nil {
			return p, failed(ctx, "purge", err)
		}
	}
	err := ib.purgeAll(ctx, &p.Claims, func(ctx context.Context, q querier) (chosen int, n int64, err error) {
		n, err = changed(q.ExecContext(ctx, ib.write(`DELETE FROM {guard} WHERE identity {among}
			SELECT identity FROM {guard} WHERE until < {now} LIMIT ? {skip}{end}`), batch))
		return int(n), n, err
	})
	if err != nil {
		return p, failed(ctx, "purge", err)
	}
	return p, nil
}

// purgeAll purges batch after batch, until one is not full.
func (ib *Inbox) purgeAll(ctx context.Context, count *int64, purge func(context.Context, querier) (chosen int, n int64, err error)) error {
	for {
		var chosen int
		var n int64
		err := ib.transact(ctx, func(ctx context.Context, q querier) (err error) {
			chosen, n, err = purge(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		if *count += n; chosen < batch {
			return nil
		}
	}
}

// purgeEvents chooses events once, so that all statements are about the same ones.
func (ib *Inbox) purgeEvents(ctx context.Context, q querier, what purging) (chosen int, n int64, err error) {
	ids, err := numbers(q.QueryContext(ctx, ib.write(oldText+what.which+` ORDER BY e.received_at, e.id LIMIT ? {skip}`), millis(what.age), batch))
	if chosen = len(ids); err != nil || chosen == 0 {
		return 0, 0, err
	}
	ids, err = numbers(q.QueryContext(ctx, ib.write(ofBatch(stillText+what.which)), full(ids)...))
	if err != nil || len(ids) == 0 {
		return chosen, 0, err
	}
	for _, text := range what.texts {
		if n, err = changed(q.ExecContext(ctx, ib.write(ofBatch(text)), full(ids)...)); err != nil {
			return 0, 0, err
		}
	}
	return chosen, n, nil
}

// ofBatch and full make a statement on the events of a batch. However few they are, it
// has one text, which drivers prepare once.
func ofBatch(text string) string {
	return strings.Replace(text, "{ids}", strings.Repeat("?, ", batch-1)+"?", 1)
}

func full(ids []int64) []any {
	all := make([]any, batch)
	for i := range all {
		all[i] = ids[min(i, len(ids)-1)]
	}
	return all
}

// numbers reads the one column of rows.
func numbers(rows *sql.Rows, err error) (list []int64, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}
