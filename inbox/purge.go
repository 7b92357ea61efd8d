package inbox

import "context"

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

// Purge deletes what is past its retention ([WithRetention]), in short transactions, and
// returns what it has deleted, also where an error has ended it. [Inbox.Run] calls it
// once an hour.
func (ib *Inbox) Purge(ctx context.Context) (Purged, error) {
	var p Purged
	old := `SELECT e.id FROM {event} e WHERE e.received_at < {now} - ? AND ` + settled + ` AND ` + noneDue
	const few = ` ORDER BY e.received_at, e.id LIMIT ?)`
	for _, s := range []struct {
		count *int64
		texts []string
		age   any
	}{
		{&p.Bodies, []string{`UPDATE {event} SET meta = NULL, body = NULL WHERE id IN (` + old + ` AND e.meta IS NOT NULL
			AND ` + noneDead + few}, millis(ib.cfg.bodies)},
		// The dead letters first, as long as it is known which they are.
		{&p.Events, []string{
			`DELETE FROM {dead} WHERE event IN (` + old + few,
			`DELETE FROM {replay} WHERE event IN (` + old + few,
			`DELETE FROM {event} WHERE id IN (` + old + few,
		}, millis(ib.cfg.keys)},
		{&p.Claims, []string{`DELETE FROM {guard} WHERE identity IN (SELECT identity FROM {guard} WHERE until < {now} - ? LIMIT ?)`}, int64(0)},
	} {
		for {
			n, err := ib.purgeBatch(ctx, s.texts, s.age)
			*s.count += n
			if err != nil {
				return p, failed(ctx, "purge", err)
			}
			if n < batch {
				break
			}
		}
	}
	return p, nil
}

func (ib *Inbox) purgeBatch(ctx context.Context, texts []string, age any) (n int64, err error) {
	err = ib.transact(ctx, func(ctx context.Context, q querier) error {
		for _, text := range texts {
			var err error
			if n, err = changed(q.ExecContext(ctx, ib.write(text), age, batch)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
