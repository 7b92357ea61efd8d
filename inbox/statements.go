package inbox

// statements are those that are used all the time.
type statements struct {
	insert, insertQueued, insertDue     string
	alone, reserve                      string
	known, knows, insertDead            string
	load, fetch, lend, lendAll          string
	renew, done, again, release, giveUp string
	claimKey, claimState, commitKey     string
	releaseKey, sighting                string
}

const insertText = `INSERT INTO {event}
	(id, identity, content, body_mark, id_mark, endpoint, event_id, event_type, order_key, received_at, parent, meta, body)
	VALUES ({number}, ?, ?, ?, ?, ?, ?, ?, ?, {now}, ?, ?, ?)
	ON CONFLICT (identity) DO NOTHING RETURNING id`

// These take one round trip instead of two. SQLite has no such statements.
const (
	arrivedText = `WITH e AS (` + insertText + `, endpoint, order_key, received_at)`
	dueText     = `INSERT INTO {due} (event, endpoint, order_key, since, run_at) SELECT id, endpoint, order_key, received_at, received_at FROM e`
	queuedText  = arrivedText + `, d AS (` + dueText + `) SELECT id FROM e WHERE ` + safe
)

// aloneText is a transaction by itself: it says how many events were new, one or none.
const aloneText = arrivedText + ` ` + dueText + ` WHERE ` + durable

const loadText = `SELECT e.endpoint, e.meta, e.body, p.body,
			EXISTS (SELECT 1 FROM {event} o WHERE o.body_mark = e.body_mark AND o.id < e.id) OR
			EXISTS (SELECT 1 FROM {event} o WHERE o.id_mark = e.id_mark AND o.id < e.id)
			FROM {event} e LEFT JOIN {event} p ON p.id = e.parent WHERE e.id = ?`

// lendText makes an event the job's. A job that had it before has lost it.
const lendText = `INSERT INTO {due} AS d (event, endpoint, order_key, since, run_at, token)
	SELECT id, endpoint, order_key, {now}, {now} + ?, ? FROM {event} WHERE id = ?
	ON CONFLICT (event) DO UPDATE SET run_at = excluded.run_at, token = excluded.token, attempt = 0`

// lentDue makes what has arrived the jobs'. What has none is due now.
const lentDue = `j (job, event) AS ({jobs}) INSERT INTO {due} (event, endpoint, order_key, since, run_at, token)
	SELECT e.id, e.endpoint, e.order_key, e.received_at, e.received_at + CASE WHEN j.job IS NULL THEN 0 ELSE {never} END, j.job
	FROM e LEFT JOIN j ON j.event = e.id WHERE ` + durable

// aloneLentText is aloneText with the event's job.
const aloneLentText = arrivedText + `, arrived (event) AS (SELECT id FROM e), ` + lentDue

// lendAllText is for events that were inserted before in the transaction.
const lendAllText = `WITH e AS (SELECT id, endpoint, order_key, received_at FROM {event} WHERE id = ANY (?::bigint[])),
	arrived (event) AS (SELECT id FROM e ORDER BY id), ` + lentDue

func (ib *Inbox) statements() statements {
	queued, alone, done := insertText, aloneText, `DELETE FROM {due} WHERE event = ? AND token = ?`
	if ib.cfg.jobs != nil {
		alone = aloneLentText
	}
	if ib.dialect == Postgres {
		queued, done = queuedText, done+` AND `+bounded
	}
	return statements{
		insert: ib.write(insertText), insertQueued: ib.write(queued),
		alone:     ib.write(alone),
		reserve:   ib.write(`SELECT nextval(pg_get_serial_sequence('{event}', 'id')) FROM generate_series(1, ?) WHERE ` + safe),
		insertDue: ib.write(`INSERT INTO {due} (event, endpoint, order_key, since, run_at) VALUES (?, ?, ?, {now}, {now})`),
		known:     ib.write(`SELECT id, content FROM {event} WHERE identity = ?`),
		knows: ib.write(`SELECT EXISTS (SELECT 1 FROM {event} WHERE identity = ?) OR
			EXISTS (SELECT 1 FROM {event} WHERE id_mark = ?)`),
		insertDead: ib.write(`INSERT INTO {dead} (event, endpoint, reason, attempts, first_error, last_error, died_at)
			VALUES (?, ?, ?, ?, ?, ?, {now})`),

		load:    ib.write(loadText),
		fetch:   ib.write(loadText + ` AND EXISTS (SELECT 1 FROM {due} d WHERE d.event = e.id AND d.token = ?)`),
		lend:    ib.write(lendText),
		lendAll: ib.write(lendAllText),
		renew:   ib.write(`UPDATE {due} SET run_at = {now} + ? WHERE event = ? AND token = ?`),
		done:    ib.write(done),
		again: ib.write(`UPDATE {due} SET token = NULL, run_at = {now} + ?, first_error = COALESCE(first_error, ?), last_error = ?
			WHERE event = ? AND token = ?`),
		release: ib.write(`UPDATE {due} SET token = NULL, run_at = {now} + ?, attempt = attempt - 1 WHERE event = ? AND token = ?`),
		giveUp: ib.write(`DELETE FROM {due} WHERE event = ? AND token = ?
			RETURNING endpoint, attempt, COALESCE(first_error, ''), COALESCE(last_error, '')`),

		claimKey: ib.write(`INSERT INTO {guard} AS g (identity, token, state, until) VALUES (?, ?, ?, {now} + ?)
			ON CONFLICT (identity) DO UPDATE SET token = excluded.token, state = excluded.state, until = excluded.until
			WHERE g.until <= {now}`),
		claimState: ib.write(`SELECT state FROM {guard} WHERE identity = ?`),
		commitKey: ib.write(`INSERT INTO {guard} (identity, token, state, until) VALUES (?, ?, ?, {now} + ?)
			ON CONFLICT (identity) DO UPDATE SET state = excluded.state, until = excluded.until`),
		releaseKey: ib.write(`DELETE FROM {guard} WHERE identity = ? AND token = ? AND state = ?`),
		sighting: ib.write(`INSERT INTO {guard} AS g (identity, token, state, until) VALUES (?, ?, ?, {now} + ?)
			ON CONFLICT (identity) DO UPDATE SET token = CASE WHEN g.until <= {now} THEN excluded.token ELSE g.token END,
				until = CASE WHEN g.until <= {now} THEN excluded.until ELSE g.until END
			RETURNING token`),
	}
}
