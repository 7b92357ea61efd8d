// Package judge runs the tests of other projects, official SDKs above all, over
// the stack: what their authors hold to be right is right for us. The suites are
// copied from the module cache. stripe-go has its transport replaced; of the
// others every http.Client of the test process gets the stack, by a build overlay
// of net/http and package under.
package judge
