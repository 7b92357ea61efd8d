// Package listed is what adapters and package inbox agree on about a service's own list
// of the events that a webhook endpoint should have had.
//
// An adapter makes the list, an iter.Seq2[listed.Event, error], and inbox.Inbox.Reconcile
// compares it with what has arrived. For a service without an adapter make one yourself.
package listed
