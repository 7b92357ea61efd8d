// Package sourcetest checks that a [secret.Source] keeps its promises. Run it against
// the real origin in the tests of a source of your own:
//
//	func TestSource(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T, values ...string) sourcetest.Backend {
//			vault := startVault(t, values)
//			return sourcetest.Backend{
//				Source: newSource(vault.URL),
//				Set:    vault.Write,
//				Away:   vault.Close,
//			}
//		})
//	}
//
// It checks [secret.Refresher] and [secret.Checker] where the source has them, and its
// Identity, if it has one.
package sourcetest
