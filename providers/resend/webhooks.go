package resend

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// What Resend has for a webhook, and delivers again when asked ("List Events", "Retrieve
// Event" and "Replay Event" of a webhook in the API reference, since 2026-09-16).
var (
	// ListWebhookEvents lists the events, the newest first.
	ListWebhookEvents = list[WebhookEventsInput]("webhooks.list_events", "/webhooks/{webhook}/events", func(e WebhookEvent) string { return e.ID })

	// GetWebhookEvent returns an event with what is delivered of it.
	GetWebhookEvent = client.Op[WebhookEventInput, *WebhookEvent]{Name: "webhooks.get_event", Route: "/webhooks/{webhook}/events/{id}"}

	// ReplayWebhookEvent delivers an event again, under the same ID, so that a repetition
	// does no harm.
	ReplayWebhookEvent = client.Op[WebhookEventInput, client.None]{
		Name: "webhooks.replay_event", Method: http.MethodPost, Route: "/webhooks/{webhook}/events/{id}/replay", Repeatable: true,
	}
)

// WebhookEventsInput is what [ListWebhookEvents] takes.
type WebhookEventsInput struct {
	Webhook string `path:"webhook"` // its ID
	ListInput
}

// WebhookEventInput names an event of a webhook.
type WebhookEventInput struct {
	Webhook string `path:"webhook"` // its ID
	ID      string `path:"id"`      // "msg_…", the webhook-id of its deliveries
}

// WebhookEvent is an event that Resend has for a webhook.
type WebhookEvent struct {
	ID            string `json:"id"`
	Type          string `json:"type"` // "email.bounced", …
	CreatedAt     Time   `json:"created_at"`
	Status        string `json:"status"`          // of the delivery: "success", "failed", "attempting", "pending"
	NextAttemptAt Time   `json:"next_attempt_at"` // the zero Time if there is none

	// Payload is what is delivered. A list has none.
	Payload json.RawMessage `json:"payload,omitempty"`
}

// ExpectedEvents lists the events that Resend has had for a webhook since then, the
// newest first, whatever was responded, for inbox.Inbox.Reconcile: what the inbox does
// not know is replayed, if Resend is not going to send it anyway. webhook is the
// webhook's ID.
//
// An error ends the list. Resend keeps events for as long as the account's plan keeps
// data and does not say where that ends, so a since before it is no error. The zero since
// is all that there is.
func ExpectedEvents(ctx context.Context, c *client.Client, webhook string, since time.Time) iter.Seq2[listed.Event, error] {
	return func(yield func(listed.Event, error) bool) {
		if webhook == "" {
			yield(listed.Event{}, fmt.Errorf("resend: %w: there is no webhook", client.ErrRequest))
			return
		}
		in := WebhookEventsInput{Webhook: webhook, ListInput: ListInput{Limit: 100}}
		for e, err := range ListWebhookEvents.All(ctx, c, in) {
			switch {
			case err != nil:
				yield(listed.Event{}, err)
				return
			case !e.CreatedAt.IsZero() && e.CreatedAt.Before(since):
				return
			case e.Status == "attempting" || e.Status == "pending":
				continue
			}
			if !yield(listed.Event{ID: e.ID, Again: func(ctx context.Context) error {
				_, err := ReplayWebhookEvent.Do(ctx, c, WebhookEventInput{webhook, e.ID})
				return err
			}}, nil) {
				return
			}
		}
	}
}
