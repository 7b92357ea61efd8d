// Package safefetch gets small documents from URLs that came from outside, such
// as the address of a signing certificate in a webhook, without becoming a way
// into the network that the program runs in.
//
// A [Fetcher] takes an https URL on the default port whose form its owner's rule
// allows, follows no redirect, uses no proxy, and looks at the address that is
// being dialled, after the name has been resolved: loopback, private, link-local,
// unspecified and other special addresses are refused, also when written as IPv6,
// so that a name that resolves to something else the second time gains nothing.
// Time and size are bounded.
package safefetch
