// Package inbox keeps webhook deliveries in Postgres or SQLite until they are handled,
// each event once.
//
// Most callers need this much:
//
//	ib, err := inbox.New(db, inbox.Postgres)          // or inbox.SQLite, with any driver
//	err = ib.Migrate(ctx)                             // at every start
//	hooks, err := webhook.NewHandler(scheme,
//		webhook.WithQueue(ib),                        // verified, committed, then answered 200
//		inbox.OnTx("invoice.paid", invoicePaid))      // or webhook.On, as always
//	mux.Handle("POST /hooks/stripe", hooks)
//	err = ib.Run(ctx, hooks)                          // works until ctx ends
//
// # What it promises
//
// What was answered 200 has been committed, and is handled even if the process is killed
// at any point, the disk fills up, or the database is started again. What could not be
// committed is answered 503, and the provider sends it again.
//
// A function of [OnTx] writes in the transaction in which its event is taken off: those
// writes are there exactly once. Whatever else a function does is done at least once, as
// with [webhook.On]: a process can die after the work and before that is recorded.
//
// # Which events are the same
//
// An event of a signed identifier is kept once for each endpoint. If it comes again and
// says something else, it is quarantined: acknowledged, not run, and listed by
// [Inbox.DeadLetters]. What a provider renders anew for a retry does not count
// ([webhook.EventKey]). An unsigned identifier counts together with the hash of what was
// signed, so that no one can make an event disappear; what was seen in another
// combination is run with [webhook.Event].Suspect set. An event without an identifier is
// always run. Of a request with several events each is kept by itself.
//
// All of that is remembered for the longer time of [WithRetention]. What never arrived,
// [Inbox.Reconcile] finds in the service's own list.
//
// # How it works
//
// A worker leases what is due, and renews the lease while the function runs. When a
// process dies, the lease ends by the database's clock and another takes the event. The
// statement that takes an event off names the lease, so a worker that comes too late
// changes nothing and its transaction is rolled back. A failed event waits ([WithRetry])
// and holds up no other, unless [OrderBy] says so; after the last attempt, it is a dead
// letter with its errors until somebody replays it. A process that shuts down gives back
// what it has begun.
//
// # Which database
//
// With SQLite one process at a time should work, and others on the machine may receive.
// Connections are set to synchronous=FULL and a busy timeout, and [Inbox.Migrate] turns
// on WAL. There is one writer: while a function of OnTx has its transaction open, nothing
// else is written, and after five seconds deliveries are answered 503. Keep them short.
//
// With Postgres any number of processes receive and work. db must lead to the primary. A
// transaction that stays open for hours, such as a dump, makes claiming slower. No NOTIFY
// is sent, since it makes commits wait for each other: events that another process has
// enqueued are found by polling ([WithPoll]), or when [WithWake] says so.
//
// A pooler in transaction mode is fine, since no lock, setting or listener outlives its
// transaction, if the driver uses no statement that it has prepared before: pgx's
// default_query_exec_mode must be exec, cache_describe or simple_protocol, or PgBouncer's
// max_prepared_statements set (1.21 and later); otherwise the error is [ErrPooled]. Never
// use describe_exec, which may run another program's statement. PgBouncer 1.18 and 1.24
// were tried.
//
// # Which queue
//
// Run works in any number of processes on one Postgres, and is enough where webhooks are
// all that waits. A program that has other jobs too, schedules or priorities, or wants
// to see and stop what waits, takes River: the nested module on/river inserts River's
// job together with the inbox's row, keeps all that is said here, and runs the same
// functions. Medians of five shuffled rounds on one Postgres 15, on a machine of two
// cores that others used at the same time (`go run ./inbox` in bench):
//
//	                          acknowledged/s    p50   p99   16 at once   handled/s
//	inbox on Postgres              2507      0.3 ms   2 ms     5788         3040
//	on/river                       2424      0.4 ms   1 ms     4582          743
//	River alone, no duplicates     2007      0.5 ms   1 ms     3837          745
//	  known
//
// The functions write a row in the transaction that ends their event; there are eight
// workers. Another queue is written with [WithCourier].
//
// # Tables
//
// The tables may be read with SQL: prefix_event has what arrived, prefix_due what is to
// be handled, prefix_dead the dead letters. Bodies and the headers that describe them
// hold what your users' customers do: treat the tables as you treat your own. They hold
// no signature and no credential, unless one stands in the path or query of the URL that
// the provider was given.
package inbox
