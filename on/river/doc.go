// Package onriver keeps webhook deliveries in package inbox and has River run them, in
// any number of processes on one Postgres.
//
// Most callers need this much:
//
//	q, err := onriver.New(pool, onriver.Config{})       // a *pgxpool.Pool
//	err = q.Migrate(ctx)                              // at every start
//	hooks, err := webhook.NewHandler(scheme,
//		webhook.WithQueue(q),                         // verified, committed, then answered 200
//		onriver.OnTx("invoice.paid", invoicePaid))    // or webhook.On, as always
//	mux.Handle("POST /hooks/stripe", hooks)
//	err = q.Run(ctx, hooks)                           // works until ctx ends
//
// A program that has a River client already gives its configuration to [Queue.Configure]
// in place of Run.
//
// # What it promises
//
// The event and River's job are inserted in one transaction, and the response follows its
// commit: what was answered 200 has a job, also if the process is killed at any point or
// Postgres is started again. What could not be committed is answered 503, and the
// provider sends it again.
//
// A function of [OnTx] writes in the transaction in which its event is taken off and
// River's job is completed: those writes are there exactly once, even where River has a
// job run twice at the same time, as it does when a worker was slower than its timeout.
// Whatever else a function does is done at least once, as with [webhook.On].
//
// Which events are the same, which are quarantined, and which are suspect is said in
// package inbox, and it is the inbox that remembers them, for as long as
// [inbox.WithRetention] says. River deletes what it has completed after a day.
//
// # What River does
//
// River hands out jobs, listens for new ones, bounds their time, tries again, and takes
// up what a process that was killed had begun. Attempts, waits and timeouts are those of
// [inbox.WithRetry] and [inbox.WithTimeout]. An event that failed for the last time is
// discarded by River and a dead letter of the inbox, with its errors; so is one whose job
// somebody has cancelled or deleted, once it is noticed, within a minute or an hour. To
// run an event again, call [inbox.Inbox.Replay], which gives it a new job; retrying the
// old job in River's own pages runs nothing, and says so.
//
// What an [inbox.Inbox] of the same tables had not handled yet is given to River within a
// minute after it is due, and recorded as replayed; what its workers have at hand is left
// to them until their leases end. To go back to [inbox.Inbox.Run], let River finish first
// what it has.
//
// A function that goes on after its context has ended keeps its place among the workers:
// see JobStuckHandler of River.
//
// # Which to use
//
// Package inbox by itself needs nothing but a database, of any driver, SQLite included,
// and its [inbox.Inbox.Run] works on Postgres in many processes, too. Take River where
// the program has other jobs than webhooks, or wants to see and stop them in River's
// pages. It costs more of the database for each event: the row that knows the event again
// is written, and River's job as well, both by one statement where it arrives alone.
// Medians of five shuffled rounds on one Postgres 15, on a machine of two cores that
// others used at the same time (`go run ./inbox` in bench):
//
//	                          acknowledged/s    p50   p99   16 at once   handled/s
//	inbox on Postgres              2507      0.3 ms   2 ms     5788         3040
//	on/river                       2424      0.4 ms   1 ms     4582          743
//	River alone, no duplicates     2007      0.5 ms   1 ms     3837          745
//	  known
//
// The functions write a row in the transaction that ends their event; there are eight
// workers.
package onriver
