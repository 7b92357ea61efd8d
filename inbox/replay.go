package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Replay makes an event due again, whether it is a dead letter (a quarantined one
// included) or was handled: its attempts count from the beginning. One that is waiting
// for its next attempt is run now, and one that [Inbox.Run] is running is left alone.
// That by did so is recorded; see [Inbox.Replays].
//
// The error is [ErrNotFound] of an event that is not known, and [ErrPurged] of one
// whose body is past its retention.
func (ib *Inbox) Replay(ctx context.Context, id int64, by string) error {
	if by == "" {
		return errors.New("inbox: replay: nobody is named: by must say who wants it")
	}
	err := ib.transact(ctx, func(ctx context.Context, q querier) error { return ib.replay(ctx, q, id, by) })
	if err != nil {
		return failed(ctx, "replay", err)
	}
	ib.Wake()
	return nil
}

func (ib *Inbox) replay(ctx context.Context, q querier, id int64, by string) error {
	if err := ib.readable(ctx, q, id); err != nil {
		return err
	}
	// The event first: who is giving it up at this moment holds it, and makes a dead
	// letter that is to be seen below.
	if err := ib.dueAgain(ctx, q, id); err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, ib.write(`DELETE FROM {dead} WHERE event = ?`), id); err != nil {
		return err
	}
	return ib.noteReplay(ctx, q, id, by)
}

func (ib *Inbox) noteReplay(ctx context.Context, q querier, id int64, by string) error {
	_, err := q.ExecContext(ctx, ib.write(`INSERT INTO {replay} (event, replayed_by, replayed_at) VALUES (?, ?, {now})`), id, shown(by, 255))
	return err
}

// readable makes sure that what the event says is there, and stays: it locks the event,
// and the one that has its body, against [Inbox.Purge].
func (ib *Inbox) readable(ctx context.Context, q querier, id int64) error {
	var gone bool
	var parent sql.NullInt64
	statement := ib.write(`SELECT meta IS NULL, parent FROM {event} WHERE id = ? {lock}`)
	err := q.QueryRowContext(ctx, statement, id).Scan(&gone, &parent)
	if isNone(err) {
		return fmt.Errorf("%w: %d", ErrNotFound, id)
	}
	if err == nil && !gone && parent.Valid {
		err = q.QueryRowContext(ctx, statement, parent.Int64).Scan(&gone, &parent)
	}
	switch {
	case gone || isNone(err):
		return fmt.Errorf("%w: %d", ErrPurged, id)
	default:
		return err
	}
}

func (ib *Inbox) dueAgain(ctx context.Context, q querier, id int64) error {
	if ib.cfg.send != nil {
		return ib.lend(ctx, q, []int64{id})
	}
	_, err := q.ExecContext(ctx, ib.write(`INSERT INTO {due} AS d (event, endpoint, order_key, since, run_at)
		SELECT id, endpoint, order_key, {now}, {now} FROM {event} WHERE id = ?
		ON CONFLICT (event) DO UPDATE SET run_at = {now}, attempt = 0, token = NULL WHERE d.token IS NULL OR d.run_at <= {now}`), id)
	return err
}

// ReplaySince replays what failed because of a mistake that has been mended: all dead
// letters that were given up since t, by the database's clock, except the quarantined
// ones and those whose body has been purged. It returns how many, also where an error
// has ended it.
func (ib *Inbox) ReplaySince(ctx context.Context, t time.Time, by string) (n int, err error) {
	if by == "" {
		return 0, errors.New("inbox: replay: nobody is named: by must say who wants it")
	}
	for last := int64(-1); ; {
		letters, err := ib.deadAfter(ctx, last)
		if err != nil {
			return n, failed(ctx, "replay", err)
		}
		for _, l := range letters {
			last = l.ID
			if l.Died.Before(t) || l.Reason == ReasonQuarantined {
				continue
			}
			switch err := ib.Replay(ctx, l.ID, by); {
			case err == nil:
				n++
			case !errors.Is(err, ErrPurged) && !errors.Is(err, ErrNotFound):
				return n, err
			}
		}
		if len(letters) < page {
			return n, nil
		}
	}
}

// Replayed says who replayed an event, and when by the database's clock, in UTC.
type Replayed struct {
	By string
	At time.Time
}

// Replays returns who replayed an event, the last 100 times, oldest first.
func (ib *Inbox) Replays(ctx context.Context, id int64) (list []Replayed, err error) {
	query := ib.write(`SELECT replayed_by, replayed_at FROM (SELECT id, replayed_by, replayed_at FROM {replay}
		WHERE event = ? ORDER BY id DESC LIMIT ?) r ORDER BY id`)
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.QueryContext(ctx, query, id, page)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Replayed
			var at int64
			if err := rows.Scan(&r.By, &at); err != nil {
				return err
			}
			r.At = time.UnixMilli(at).UTC()
			list = append(list, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, failed(ctx, "read the replays", err)
	}
	return list, nil
}
