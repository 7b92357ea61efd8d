package paddle

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListNotifications lists the notifications of the last 90 days, the newest first.
	ListNotifications = list[ListNotificationsInput, Notification]("notifications.list", "/notifications")

	// ReplayNotification has a notification sent again, as a new one of the same event.
	// Paddle does so with those whose Origin is "event" and whose Status is "delivered"
	// or "failed".
	ReplayNotification = client.Op[NotificationInput, Response[Replay]]{
		Name: "notifications.replay", Method: http.MethodPost, Route: "/notifications/{notification_id}/replay",
	}
)

// ListNotificationsInput says which notifications to list. Zero fields do not narrow the
// list.
type ListNotificationsInput struct {
	NotificationSettingID []string  `query:"notification_setting_id,comma"` // of the destinations
	Status                []string  `query:"status,comma"`
	Filter                string    `query:"filter"` // of a transaction, a customer or a subscription
	Search                string    `query:"search"` // in identifiers and types
	From                  time.Time `query:"from"`
	To                    time.Time `query:"to"`
	Paging
}

// NotificationInput names a notification.
type NotificationInput struct {
	ID string `path:"notification_id"`
}

// Notification is what Paddle sends of an event to one destination.
type Notification struct {
	ID                    string              `json:"id"` // "ntf_…"
	Type                  string              `json:"type"`
	Status                string              `json:"status"` // "not_attempted", "needs_retry", "delivered", "failed"
	Origin                string              `json:"origin"` // "event", "replay"
	Payload               NotificationPayload `json:"payload"`
	NotificationSettingID string              `json:"notification_setting_id"` // of its destination, "ntfset_…"
	TimesAttempted        int                 `json:"times_attempted"`
	OccurredAt            time.Time           `json:"occurred_at"`
	DeliveredAt           time.Time           `json:"delivered_at"`
	ReplayedAt            time.Time           `json:"replayed_at"`
	LastAttemptAt         time.Time           `json:"last_attempt_at"`
	RetryAt               time.Time           `json:"retry_at"`
}

// NotificationPayload is the event of a notification.
type NotificationPayload struct {
	EventID    string          `json:"event_id"` // "evt_…", shared by all notifications of the event
	EventType  string          `json:"event_type"`
	OccurredAt time.Time       `json:"occurred_at"`
	Data       json.RawMessage `json:"data"`
}

// Replay names the notification that a replay has made.
type Replay struct {
	NotificationID string `json:"notification_id"`
}
