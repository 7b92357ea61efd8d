package inbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strings"
)

// job is an event that this worker has leased.
type job struct {
	event   int64
	attempt int // this one counted
	token   int64
}

// newToken tells a lease from every other of the same event.
func newToken() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.NativeEndian.Uint64(b[:]) >> 1)
}

// claimText leases what is due by its state alone: whatever became of the worker that
// had an event before, its time has come, or its lease is over. Others that claim at the
// same time are stepped around.
const claimText = `UPDATE {due} SET token = ?, run_at = {now} + ?, attempt = attempt + 1
	WHERE event {among}SELECT d.event FROM {due} d WHERE d.run_at <= {now} AND d.endpoint IN ({endpoints}) {order}
		ORDER BY d.run_at LIMIT ? {skip}{end} RETURNING event, attempt`

// orderText lets an event of a key wait while another of the key is leased, and while an
// earlier one holds up the key or is about to be taken up itself.
const orderText = `AND (d.order_key IS NULL OR NOT EXISTS (SELECT 1 FROM {due} e
		WHERE e.order_key = d.order_key AND e.event <> d.event AND (e.token IS NOT NULL AND e.run_at > {now}
			OR e.event < d.event AND (e.since > {now} - ? OR e.run_at <= {now}))))`

func (ib *Inbox) claimStatement(endpoints int) string {
	order := ""
	if ib.cfg.order != nil {
		order = orderText
	}
	marks := strings.Join(slices.Repeat([]string{"?"}, endpoints), ", ")
	return ib.write(strings.NewReplacer("{order}", order, "{endpoints}", marks).Replace(claimText))
}

// claim leases up to n events of the worker's endpoints. It goes on when ctx ends: what
// it has leased then is released by whoever called it.
func (w *worker) claim(ctx context.Context, n int) (jobs []job, err error) {
	ib, token := w.ib, newToken()
	args := append([]any{token, millis(ib.cfg.lease)}, w.endpoints...)
	if ib.cfg.order != nil {
		args = append(args, millis(ib.cfg.hold))
	}
	args = append(args, n)
	within := ib.passing
	if ib.cfg.order != nil {
		within = ib.oneAtATime
	}
	err = within(context.WithoutCancel(ctx), func(ctx context.Context, q querier) error {
		rows, err := q.QueryContext(ctx, w.claiming, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			j := job{token: token}
			if err := rows.Scan(&j.event, &j.attempt); err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, failed(ctx, "claim what is due", err)
	}
	return jobs, nil
}

// oneAtATime is a transaction that no other process has at the same time: two that
// cannot see each other's leases yet would take up two events of one key.
func (ib *Inbox) oneAtATime(ctx context.Context, f func(context.Context, querier) error) error {
	return ib.transact(ctx, func(ctx context.Context, q querier) error {
		if ib.dialect == Postgres {
			if _, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, int32(lockKey>>32), ib.write("{due}")); err != nil {
				return err
			}
		}
		return f(ctx, q)
	})
}
