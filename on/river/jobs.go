package onriver

import (
	"fmt"
	"math"
	"time"
)

// callLimit bounds what is recorded after a function, whatever became of its context.
const callLimit = 10 * time.Second

// eventArgs are those of the job of one event.
type eventArgs struct {
	Event int64 `json:"event"`
}

// Kind implements [river.JobArgs].
func (eventArgs) Kind() string { return "standpipe_event" }

// jobsVersion is the version of River's tables that the statement of jobs is written for.
// With a River of another one all jobs are inserted by its client, which takes longer.
const jobsVersion = 8

// notifyEvery is how often listeners are told of new jobs, as often as by River's client.
// A commit that tells them waits for all others that do.
const notifyEvery = 100 * time.Millisecond

// jobsText inserts what River's client would: its other columns have defaults.
const jobsText = `INSERT INTO %s (args, kind, max_attempts, queue)
	SELECT jsonb_build_object('event', event), '%s', %d, '%s' FROM arrived
	RETURNING id, (args->>'event')::bigint`

// notifyText tells as River's client does. Of those that are alike Postgres sends one
// for each commit.
const notifyText = ` + CASE WHEN pg_notify(concat(%s, '.river_insert'), '{"queue": "%s"}') IS NULL THEN 0 ELSE 0 END`

// jobs is the part of the inbox's statement that inserts jobs.
func (q *Queue) jobs() string {
	text := fmt.Sprintf(jobsText, q.riverTable("river_job"), eventArgs{}.Kind(), min(q.settings.Attempts, math.MaxInt16), q.cfg.Queue)
	now := time.Now().UnixNano()
	last := q.notified.Load()
	if now-last < notifyEvery.Nanoseconds() || !q.notified.CompareAndSwap(last, now) {
		return text
	}
	schema := "current_schema()"
	if q.cfg.Schema != "" {
		schema = "'" + q.cfg.Schema + "'"
	}
	return text + fmt.Sprintf(notifyText, schema, q.cfg.Queue)
}
