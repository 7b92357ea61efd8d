package inbox

import (
	"context"
	"iter"
	"time"
)

// DeadLetter is an event that is run no more, unless it is replayed.
type DeadLetter struct {
	// ID is the inbox's own number of the event; see [Inbox.Replay].
	ID int64
	// Endpoint, EventID and Type are the event's, the latter two cut to 255 bytes.
	Endpoint, EventID, Type string
	Reason                  Reason
	// Attempts is how often it was begun.
	Attempts int
	// FirstError and LastError are those of the attempts, cut to 1 KiB each.
	FirstError, LastError string
	// Received is when it was enqueued, Died when it was given up, by the database's
	// clock in UTC.
	Received, Died time.Time
}

// page is how many rows are read at a time. Nothing is kept open between pages, since an
// open reader keeps SQLite's log from being cut and Postgres' tables from being cleaned.
const page = 100

// DeadLetters yields what is run no more, in the order of its arrival. An error ends it.
func (ib *Inbox) DeadLetters(ctx context.Context) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		for last := int64(-1); ; {
			letters, err := ib.deadAfter(ctx, last)
			if err != nil {
				yield(DeadLetter{}, failed(ctx, "read the dead letters", err))
				return
			}
			for _, l := range letters {
				if !yield(l, nil) {
					return
				}
				last = l.ID
			}
			if len(letters) < page {
				return
			}
		}
	}
}

func (ib *Inbox) deadAfter(ctx context.Context, last int64) (letters []DeadLetter, err error) {
	query := ib.write(`SELECT d.event, d.endpoint, e.event_id, e.event_type, d.reason, d.attempts, d.first_error, d.last_error, e.received_at, d.died_at
		FROM {dead} d JOIN {event} e ON e.id = d.event WHERE d.event > ? ORDER BY d.event LIMIT ?`)
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.QueryContext(ctx, query, last, page)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l DeadLetter
			var received, died int64
			if err := rows.Scan(&l.ID, &l.Endpoint, &l.EventID, &l.Type, &l.Reason, &l.Attempts, &l.FirstError, &l.LastError, &received, &died); err != nil {
				return err
			}
			l.Received, l.Died = time.UnixMilli(received).UTC(), time.UnixMilli(died).UTC()
			letters = append(letters, l)
		}
		return rows.Err()
	})
	return letters, err
}
