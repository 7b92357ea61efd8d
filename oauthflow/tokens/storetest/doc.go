// Package storetest checks that a [tokens.Store] keeps its promises. Run it against
// the real storage in the tests of a store of your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) tokens.Store { return newStore(t) })
//	}
//
// Keys are made up afresh by each run, so that a store which is not empty will do.
package storetest
