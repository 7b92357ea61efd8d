// Package queuetest checks that a [webhook.Enqueuer] keeps its promises. Run it against
// the real storage in the tests of a queue of your own:
//
//	func TestQueue(t *testing.T) {
//		queuetest.Run(t, func(t *testing.T) queuetest.Backend {
//			db := openDatabase(t)
//			return queuetest.Backend{
//				Queue:  newQueue(db),
//				Stored: func(t *testing.T) []*webhook.Delivery { return readAll(t, db) },
//				Away:   func() { db.Close() },
//			}
//		})
//	}
//
// Deliveries come from a [webhook.Handler], as they do in use. Identifiers of events are
// made up afresh by each check, so that a storage which is not empty will do. Whether
// what was stored survives a process that is killed, or a machine that stops, no test
// within one process can show: test that by killing one.
package queuetest
