package paddle

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// keptNotifications is for how long Paddle lists and replays notifications ("Events and
// notifications older than 90 days are no longer available", Paddle's changelog).
const keptNotifications = 90 * 24 * time.Hour

// ExpectedNotifications lists the events that Paddle has sent to a destination,
// "ntfset_…", since then, the newest first, whatever was responded, for
// inbox.Inbox.Reconcile: what the inbox does not know is replayed, if Paddle is not going
// to send it anyway. A replay is another notification of the same event.
//
// An error ends the list. Paddle keeps notifications for 90 days: where since is before
// that, the last error matches listed.ErrNotKept, after all that Paddle has. The zero
// since asks for no more than that, and is no error.
func ExpectedNotifications(ctx context.Context, c *client.Client, destination string, since time.Time) iter.Seq2[listed.Event, error] {
	return func(yield func(listed.Event, error) bool) {
		if destination == "" { // which would list those of all
			yield(listed.Event{}, fmt.Errorf("paddle: %w: there is no destination", client.ErrRequest))
			return
		}
		coming := map[string]bool{} // events of which a replay, which is listed first, is on its way
		in := ListNotificationsInput{NotificationSettingID: []string{destination}, From: since, Paging: Paging{PerPage: 200, SkipCount: true}}
		for n, err := range ListNotifications.All(ctx, c, in) {
			if err != nil {
				yield(listed.Event{}, err)
				return
			}
			if n.Status != "delivered" && n.Status != "failed" {
				coming[n.Payload.EventID] = true
			}
			if n.Origin != "event" || coming[n.Payload.EventID] {
				continue
			}
			if !yield(listed.Event{ID: n.Payload.EventID, Again: func(ctx context.Context) error {
				_, err := ReplayNotification.Do(ctx, c, NotificationInput{ID: n.ID})
				return err
			}}, nil) {
				return
			}
		}
		if !since.IsZero() && time.Since(since) > keptNotifications {
			yield(listed.Event{}, fmt.Errorf("paddle: notifications before the last 90 days, since %s: %w", since.UTC().Format(time.RFC3339), listed.ErrNotKept))
		}
	}
}
