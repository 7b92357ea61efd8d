package inbox

import "errors"

// What callers tell apart with [errors.Is]. Every error of the package begins with
// "inbox: " and holds no body, header or secret; a function's own error is kept as it
// is, within 1 KiB.
var (
	// ErrNotMigrated: the tables are not there, or are of an older version; see
	// [Inbox.Migrate].
	ErrNotMigrated = errors.New("the tables have not been migrated")
	// ErrNewerSchema: the tables are of a newer version than this program knows.
	ErrNewerSchema = errors.New("the tables are of a newer version than this program")
	// ErrNotDurable: the SQLite database would lose what it has committed, since it is
	// in memory or not in WAL mode.
	ErrNotDurable = errors.New("the database is not durable")
	// ErrPooled: the database has another connection behind each statement, as PgBouncer
	// in transaction mode has, and the driver prepares statements on the one before.
	ErrPooled = errors.New("a pooler in transaction mode is between, and the driver prepares statements (pgx: set default_query_exec_mode=exec)")
	// ErrDelivery: what was to be enqueued does not come from a [webhook.Handler].
	ErrDelivery = errors.New("no delivery of a webhook.Handler")
	// ErrUndecodable: a row does not hold what this package writes.
	ErrUndecodable = errors.New("the stored delivery cannot be read")
	// ErrNotFound: there is no such event, or it is past the longer retention.
	ErrNotFound = errors.New("there is no such event")
	// ErrPurged: the event is known and its body is past its retention.
	ErrPurged = errors.New("the event's body has been purged")
	// ErrNoWorker: a function of [OnTx] was called outside [Inbox.Run], as it is if the
	// handler has not been given the inbox by [webhook.WithQueue].
	ErrNoWorker = errors.New("a function of OnTx runs in the queue's worker alone: give the handler its queue (webhook.WithQueue)")
	// ErrLost: the lease of an event has ended, and another worker may have it. It is
	// the cause of the function's context then, and nothing of its transaction stays.
	ErrLost = errors.New("the lease was lost")
	// ErrTimeout: a function took longer than [WithTimeout] or [WithTxTimeout] allows.
	// It is the cause of the function's context then.
	ErrTimeout = errors.New("the function took too long")
	// ErrShutdown is the cause of a function's context where Run's context has ended
	// and the grace is over. It counts as no attempt.
	ErrShutdown = errors.New("the worker shuts down")
)
