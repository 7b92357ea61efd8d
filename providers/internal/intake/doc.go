// Package intake is the queue between a program and a service that takes telemetry in:
// events, logs, metrics. It never holds up who offers an item, keeps no more than it is
// allowed to, and counts what it could not deliver.
//
//	q := intake.New(intake.Config[Event]{Send: send})
//	q.Offer(event, size)           // at once, whatever the service does
//	err := q.Close(shutdownContext) // what is still there is sent, or counted
//
// What is offered is either refused at once or accepted. What is accepted is sent, in
// order and in batches, or dropped for a reason that is counted, so that at any moment
//
//	Offered == Sent + Pending + the sum of Dropped
//
// One goroutine sends, while there is something to send: a queue that has nothing to
// send has no goroutine, and one that is forgotten leaks none.
package intake
