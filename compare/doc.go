// Package compare puts questions to libraries and writes down what happens: what is
// sent twice when a connection breaks, how many refreshes eight requests come to, how
// many hostile tokens pass.
//
// A [Behaviour] is one such question, a row of a table; what it is put to is a column:
// a [Caller] makes calls, a [Keeper] keeps a user's token alive, a [Receiver] verifies
// webhooks, a [Checker] verifies tokens. Each behaviour runs against servers of its own
// on loopback, and its [Outcome] is what was seen there. Nothing is typed in, and what
// a library does not set out to do is left open rather than held against it.
//
// To see how your own transport does, make a Caller of it and put it through [Calls]:
//
//	mine := compare.HTTP("mine", func(compare.Service) *http.Client {
//		return &http.Client{Transport: rt}
//	})
//	results, err := compare.Calls().Measure(ctx, []compare.Caller{mine})
//
// The libraries that make compare asks are in package peers, each with the settings
// that its own documentation recommends.
package compare
