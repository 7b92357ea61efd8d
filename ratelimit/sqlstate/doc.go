// Package sqlstate keeps what a [ratelimit.State] knows in a table of SQLite or
// Postgres, through database/sql and whatever driver the program has imported: pauses
// that a service asked for, and the counts of calendar quotas, for all processes that
// share the database.
//
//	table, err := sqlstate.New(db, sqlstate.Postgres)
//	err = table.Migrate(ctx)
//	state, err := ratelimit.NewState(ctx, table)
//	quota := ratelimit.Quota(5000, ratelimit.Day, ratelimit.WithState(state))
//
// A record changes only by compare-and-swap on its version, in single statements: no
// transaction and no connection is held in between. With Postgres, db must lead to the
// primary. Connection poolers in transaction mode are fine where the driver uses no
// statement that it has prepared before (pgx: default_query_exec_mode=exec).
//
// With SQLite, processes on one machine can share the file. Let writers wait
// for one another, and readers not at all: with modernc.org/sqlite, open
// "file:limits.db?_pragma=busy_timeout(1000)&_pragma=journal_mode(WAL)". What is
// written is as durable as the database is set to be: with synchronous(NORMAL), a
// machine that loses power may forget the last counts, and so may a Postgres that is
// killed whose synchronous_commit is off.
package sqlstate
