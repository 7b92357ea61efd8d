// Package storetest checks that an [tokens.Store] keeps its promises. Who
// writes a store runs it against the real storage:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) tokens.Store { return newStore(t) })
//	}
//
// Keys are made up afresh by each run, so that a store which is not empty will do.
package storetest
