package inbox

import (
	"context"
	"time"
)

// Stats counts what is not handled. All endpoints count together.
type Stats struct {
	// Ready is due now, Waiting for its next attempt, Running at work in any process.
	Ready, Waiting, Running int64
	// Dead counts dead letters, Quarantined those of them that were never run.
	Dead, Quarantined int64
	// Oldest is how long ago the oldest event was enqueued, or replayed, that is ready,
	// waiting or running; 0 if there is none.
	Oldest time.Duration
}

// Stats counts, by the database's clock. Alert on Oldest and Dead.
func (ib *Inbox) Stats(ctx context.Context) (s Stats, err error) {
	var oldest int64
	query := ib.write(`SELECT
		COALESCE(SUM(CASE WHEN run_at <= {now} THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN run_at > {now} AND token IS NULL THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN run_at > {now} AND token IS NOT NULL THEN 1 ELSE 0 END), 0),
		COALESCE({now} - MIN(since), 0),
		(SELECT COUNT(*) FROM {dead}),
		(SELECT COUNT(*) FROM {dead} WHERE reason = ?)
		FROM {due}`)
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, query, string(ReasonQuarantined)).Scan(&s.Ready, &s.Waiting, &s.Running, &oldest, &s.Dead, &s.Quarantined)
	})
	if err != nil {
		return Stats{}, failed(ctx, "count", err)
	}
	s.Oldest = max(time.Duration(oldest)*time.Millisecond, 0)
	return s, nil
}
