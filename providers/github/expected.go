package github

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// keptDeliveries is for how long GitHub lists deliveries and delivers again
// ("Redelivering webhooks", GitHub docs).
const keptDeliveries = 3 * 24 * time.Hour

// ExpectedDeliveries lists the events that GitHub has sent to a webhook since then, the
// newest first, whatever was responded, for inbox.Inbox.Reconcile: what the inbox does
// not know is delivered again, since GitHub's list has no payloads. What something in
// front of the program has acknowledged in its place is found by this, and not by
// [Redeliver], which needs no inbox. Let since be no earlier than the endpoint's first
// event in the inbox.
//
// An error ends the list. GitHub keeps deliveries for three days: where since is before
// that, the last error matches listed.ErrNotKept, after all that GitHub has. The zero
// since asks for no more than that, and is no error. A single delivery that has become
// too old to be delivered again is the error of its Again.
func ExpectedDeliveries(ctx context.Context, c *client.Client, hook Hook, since time.Time) iter.Seq2[listed.Event, error] {
	return func(yield func(listed.Event, error) bool) {
		seen := map[string]bool{}
		for d, err := range Deliveries(ctx, c, hook) {
			if err != nil {
				yield(listed.Event{}, err)
				return
			}
			if d.DeliveredAt.Before(since) {
				return // GitHub goes back far enough
			}
			// An event that was delivered more than once is asked for by its last
			// attempt.
			event := cmp.Or(d.GUID, string(d.ID))
			if seen[event] {
				continue
			}
			seen[event] = true
			if !yield(listed.Event{ID: d.GUID, Again: func(ctx context.Context) error { return again(ctx, c, hook, d.ID) }}, nil) {
				return
			}
		}
		if !since.IsZero() && time.Since(since) > keptDeliveries {
			yield(listed.Event{}, fmt.Errorf("github: deliveries before the last 3 days, since %s: %w", since.UTC().Format(time.RFC3339), listed.ErrNotKept))
		}
	}
}
