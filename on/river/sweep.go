package onriver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/standpipe-go/standpipe/inbox"
)

// River gives up jobs without asking their worker: of a process that was killed in each
// attempt, or where somebody cancels or deletes them. Their events would be neither due
// nor dead letters. The sweep finds them.

// sweepArgs are those of the job that sweeps, which River's leader inserts.
type sweepArgs struct {
	// Whole also purges, and looks for deleted jobs: for that it reads all that is due.
	Whole bool `json:"whole,omitempty"`
}

// Kind implements [river.JobArgs].
func (sweepArgs) Kind() string { return "standpipe_sweep" }

func (q *Queue) sweeps() []*river.PeriodicJob {
	every := func(d time.Duration, args sweepArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
			return args, &river.InsertOpts{Queue: q.cfg.Queue, MaxAttempts: 1} // the next one will do
		}, &river.PeriodicJobOpts{RunOnStart: true})
	}
	return []*river.PeriodicJob{every(time.Minute, sweepArgs{}), every(time.Hour, sweepArgs{Whole: true})}
}

// sweeper is the worker of these.
type sweeper struct {
	river.WorkerDefaults[sweepArgs]
	q *Queue
}

// Timeout implements [river.Worker].
func (s *sweeper) Timeout(*river.Job[sweepArgs]) time.Duration { return 5 * time.Minute }

// Work implements [river.Worker].
func (s *sweeper) Work(ctx context.Context, job *river.Job[sweepArgs]) error {
	err := s.q.sweep(ctx, job.Args.Whole)
	if job.Args.Whole {
		if err == nil {
			_, err = s.q.Purge(ctx)
		}
	} else {
		// What a program kept before River came to it.
		_, left := s.q.TakeOver(ctx, "on/river, since it had no job")
		err = errors.Join(err, left)
	}
	if err != nil {
		return &clipped{err}
	}
	return nil
}

// stray is an event whose job has ended without it.
type stray struct {
	Event, Job  int64
	State       string
	Attempt     int
	First, Last string
}

const (
	strayText = `SELECT d.event, d.token, COALESCE(j.state::text, 'deleted'), COALESCE(j.attempt, 0),
		COALESCE(j.errors[1]->>'error', ''), COALESCE(j.errors[array_upper(j.errors, 1)]->>'error', '')
		FROM %s d %s JOIN %s j ON j.id = d.token WHERE %s ORDER BY d.event LIMIT 100`
	// Others are leased by a worker of the inbox alone, until before long.
	lent    = ` AND d.run_at > (extract(epoch FROM statement_timestamp() + INTERVAL '1 year')*1000)::bigint`
	givenUp = `j.kind = 'standpipe_event' AND j.state IN ('cancelled', 'discarded')` + lent
	anyEnd  = `d.token IS NOT NULL AND (j.id IS NULL OR j.state IN ('completed', 'cancelled', 'discarded'))` + lent
)

// sweep makes strays dead letters.
func (q *Queue) sweep(ctx context.Context, whole bool) error {
	join, which := "", givenUp
	if whole {
		join, which = "LEFT", anyEnd
	}
	query := fmt.Sprintf(strayText, q.settings.Prefix+"_due", join, q.riverTable("river_job"), which)
	for {
		rows, err := q.pool.Query(ctx, query)
		if err != nil {
			return err
		}
		strays, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stray])
		if err != nil || len(strays) == 0 {
			return err
		}
		for _, s := range strays {
			cause := fmt.Errorf("its job of River is %s: %w", s.State, inbox.ErrLost)
			if s.Last != "" {
				cause = fmt.Errorf("%w; before that: %s", cause, s.Last)
			}
			if err := q.GiveUp(ctx, s.Event, s.Job, s.Attempt, s.First, cause); err != nil && !errors.Is(err, inbox.ErrLost) {
				return err
			}
		}
	}
}
