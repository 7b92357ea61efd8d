package events

// Paddle is an event of Paddle Billing about a D, such as one of paddle-go-sdk's
// types. Source: "Webhooks", Paddle docs.
type Paddle[D any] struct {
	EventID        string `json:"event_id"`
	EventType      string `json:"event_type"`
	OccurredAt     Time   `json:"occurred_at"` // deliveries may arrive out of order: compare it
	NotificationID string `json:"notification_id"`
	Data           D      `json:"data"`
}
