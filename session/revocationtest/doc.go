// Package revocationtest checks that a [session.Revocation] keeps its promises. Run it
// against the real storage in the tests of a revocation of your own:
//
//	func TestRevocation(t *testing.T) {
//		revocationtest.Run(t, func(t *testing.T) revocationtest.Backend {
//			db := openDatabase(t)
//			list := newList(db)
//			return revocationtest.Backend{
//				Revocation: list,
//				End:        func(s *session.Session) error { return list.Add(s.Issuer, s.ID) },
//				Away:       func() { db.Close() },
//			}
//		})
//	}
//
// Sessions are made up afresh by each check, so that a storage which is not empty will
// do.
package revocationtest
