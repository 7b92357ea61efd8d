// Package guardtest checks that a [webhook.Guard] keeps its promises. Run it against
// the real storage in the tests of a guard of your own:
//
//	func TestGuard(t *testing.T) {
//		guardtest.Run(t, func(t *testing.T) guardtest.Backend {
//			now := time.Now()
//			g := newGuard(t, func() time.Time { return now })
//			return guardtest.Backend{
//				Guards: []webhook.Guard{g},
//				Lapse:  func() { now = now.Add(lease) },
//			}
//		})
//	}
//
// Where the clock is a database's, give the guard a lease of some hundred milliseconds,
// and sleep for as long in Lapse. Endpoints are made up afresh by each check, so that a
// storage which is not empty will do.
package guardtest
