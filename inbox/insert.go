package inbox

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// place is where an event stands among those that are committed together.
type place struct {
	*row
	delivery int
	number   any // reserved, or nil
}

// insertAll commits deliveries in one transaction.
func (ib *Inbox) insertAll(ctx context.Context, all [][]row) error {
	var places []place
	for i := range all {
		for k := range all[i] {
			places = append(places, place{row: &all[i][k], delivery: i})
		}
	}
	within := ib.begin
	if len(places) == 1 {
		if done, err := ib.insertAlone(ctx, places[0]); done || err != nil {
			return err
		}
		if ib.cfg.send != nil {
			within = ib.transact // the courier's statements are its own
		}
	}
	var found []conflict
	err := within(ctx, func(ctx context.Context, q querier) error {
		if err := ib.reserve(ctx, q, places); err != nil {
			return err
		}
		var lent []int64                 // to a courier
		var known []place                // by their signed identifiers
		keepers := make([]any, len(all)) // of each delivery: the event that has the body
		for _, p := range places {
			id, isNew, err := ib.insertOne(ctx, q, p, keepers[p.delivery])
			if isNew && ib.cfg.send != nil {
				lent = append(lent, id)
			}
			switch {
			case err != nil:
				return err
			case isNew && keepers[p.delivery] == nil:
				keepers[p.delivery] = id
			case !isNew && p.signed:
				known = append(known, p)
			}
		}
		var err error
		if found, err = ib.compareAll(ctx, q, known, keepers); err != nil {
			return err
		}
		slices.Sort(lent) // in the order of their arrival
		if ib.cfg.jobs != nil {
			return ib.lendAll(ctx, q, lent)
		}
		return ib.lend(ctx, q, lent)
	})
	if err == nil {
		for _, c := range found {
			ib.logger().LogAttrs(ctx, slog.LevelError, "inbox: an event came again under its identifier with other content, and was quarantined",
				slog.String("endpoint", c.endpoint), slog.String("event_id", c.id), slog.Int64("first", c.known), slog.Int64("quarantined", c.quarantined))
		}
	}
	return err
}

// insertAlone commits one event by one statement, in one round trip. It leaves to a
// transaction what there is to compare, what takes more statements, and what was rolled
// back because a database that is stricter than our transactions has seen another insert
// the same.
func (ib *Inbox) insertAlone(ctx context.Context, p place) (done bool, err error) {
	if ib.dialect == SQLite || ib.cfg.send != nil && ib.cfg.jobs == nil {
		return false, nil
	}
	statement := ib.sql.alone
	if ib.cfg.jobs != nil {
		statement = withJobs(statement, ib.cfg.jobs())
	}
	var n int64
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		// Not a query, whose rows come before the commit.
		n, err = changed(q.ExecContext(ctx, statement, insertArgs(p, p.identity, nil)...))
		return err
	})
	if strings.HasPrefix(sqlState(err), "40") {
		return false, nil
	}
	return n == 1 || !p.signed, err
}

// reserve takes events in the order of their identities, since two transactions that wait
// for each other's would end in a deadlock; of equal ones the first to arrive is first.
// What is numbered beforehand keeps the order of its arrival all the same. With SQLite
// there is one transaction at a time.
func (ib *Inbox) reserve(ctx context.Context, q querier, places []place) error {
	if ib.dialect == SQLite || len(places) == 1 {
		return nil
	}
	rows, err := q.QueryContext(ctx, ib.sql.reserve, len(places))
	if err != nil {
		return err
	}
	defer rows.Close()
	ids := make([]int64, 0, len(places))
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(ids) != len(places) {
		return fmt.Errorf("%d numbers for %d events", len(ids), len(places))
	}
	slices.Sort(ids)
	for i := range places {
		places[i].number = ids[i]
	}
	slices.SortStableFunc(places, func(a, b place) int { return bytes.Compare(a.identity, b.identity) })
	return nil
}

// insertOne reports whether the event is new.
func (ib *Inbox) insertOne(ctx context.Context, q querier, p place, keeper any) (id int64, isNew bool, err error) {
	statement := ib.sql.insertQueued
	if ib.cfg.send != nil {
		statement = ib.sql.insert
	}
	id, err = insertEvent(ctx, q, statement, p, p.identity, keeper)
	switch {
	case isNone(err):
		return 0, false, nil
	case err != nil || ib.dialect == Postgres: // there it has been queued by the same statement
		return id, err == nil, err
	}
	_, err = q.ExecContext(ctx, ib.sql.insertDue, id, p.endpoint, null(p.orderKey))
	return id, err == nil, err
}

// insertEvent returns sql.ErrNoRows for an identity that is known.
func insertEvent(ctx context.Context, q querier, statement string, p place, identity []byte, keeper any) (id int64, err error) {
	err = q.QueryRowContext(ctx, statement, insertArgs(p, identity, keeper)...).Scan(&id)
	return id, err
}

func insertArgs(p place, identity []byte, keeper any) []any {
	body := p.body
	if keeper != nil {
		body = nil
	}
	return []any{
		p.number, null(identity), p.content[:], null(p.bodyMark), null(p.idMark), p.endpoint, p.row.id, p.typ,
		null(p.orderKey), keeper, p.meta, null(body),
	}
}

// conflict is an event that has another's signed identifier.
type conflict struct {
	endpoint, id       string
	known, quarantined int64 // quarantined is 0 for what is the same, or was quarantined before
}

// compareAll quarantines events in the order of their new identities, after all others
// have theirs: see reserve.
func (ib *Inbox) compareAll(ctx context.Context, q querier, known []place, keepers []any) (found []conflict, err error) {
	slices.SortStableFunc(known, func(a, b place) int {
		return bytes.Compare(quarantined(a.identity, a.content), quarantined(b.identity, b.content))
	})
	for _, p := range known {
		c, err := ib.compare(ctx, q, p, keepers[p.delivery])
		if err != nil {
			return nil, err
		}
		if c.quarantined == 0 {
			continue
		}
		found = append(found, c)
		if keepers[p.delivery] == nil {
			keepers[p.delivery] = c.quarantined
		}
	}
	return found, nil
}

// compare quarantines an event whose identifier is known with other content.
func (ib *Inbox) compare(ctx context.Context, q querier, p place, keeper any) (conflict, error) {
	c := conflict{endpoint: p.endpoint, id: p.row.id}
	var content []byte
	if err := q.QueryRowContext(ctx, ib.sql.known, p.identity).Scan(&c.known, &content); err != nil {
		return c, err // also where it has just been purged: it comes again, and is new
	}
	if bytes.Equal(content, p.content[:]) || bytes.Equal(content, unrendered[:]) || p.content == unrendered {
		return c, nil
	}
	id, err := insertEvent(ctx, q, ib.sql.insert, p, quarantined(p.identity, p.content), keeper)
	if isNone(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	why := fmt.Sprintf("event %d has the same signed identifier and other content", c.known)
	_, err = q.ExecContext(ctx, ib.sql.insertDead, id, p.endpoint, string(ReasonQuarantined), 0, why, why)
	c.quarantined = id
	return c, err
}
