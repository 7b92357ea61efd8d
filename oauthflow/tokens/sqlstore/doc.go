// Package sqlstore keeps OAuth tokens in a table of SQLite or Postgres, through
// database/sql and whatever driver the program has imported.
//
// Most callers need this much, and wrap the store so that tokens are sealed at rest:
//
//	store, err := sqlstore.New(db, sqlstore.Postgres)
//	err = store.Migrate(ctx)
//	sealed, err := tokens.Encrypt(store, secret.Env("TOKEN_KEY"))
//	m, err := tokens.New(sealed, client)
//
// Any number of processes may share the table: a record changes only by
// compare-and-swap on its version, in single statements. No transaction and no
// connection is held while a token is being refreshed, so a slow authorization
// server does not exhaust the pool, and no lock is left behind by a process that dies.
//
// With Postgres, db must lead to the primary: a replica that lags would show a
// refresh token that is already used. Its synchronous_commit must not be off: a server
// that is killed would forget the last tokens, of which those before are used. Connection
// poolers in transaction mode are fine where the driver uses no statement that it has
// prepared before (pgx: default_query_exec_mode=exec).
//
// With SQLite, processes on one machine can share the file. Let writers wait
// for one another, and readers not at all: with modernc.org/sqlite, open
// "file:tokens.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)".
package sqlstore
