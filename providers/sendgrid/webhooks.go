package sendgrid

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListEventWebhooks lists where SendGrid sends its events. There is one page of them.
	ListEventWebhooks = client.List[client.None, EventWebhooks, EventWebhook]{
		Op:    client.Op[client.None, EventWebhooks]{Name: "eventWebhooks.list", Route: "/v3/user/webhooks/event/settings/all"},
		Items: func(p EventWebhooks) []EventWebhook { return p.Webhooks },
		Next:  single[EventWebhooks],
	}

	// UpdateEventWebhook sets where an event webhook sends, and which events.
	UpdateEventWebhook = client.Op[UpdateEventWebhookInput, EventWebhook]{
		Name: "eventWebhooks.update", Method: http.MethodPatch, Route: "/v3/user/webhooks/event/settings/{id}",
	}

	// SignEventWebhook switches the signing of an event webhook on or off. The PublicKey
	// is what webhook.SendGrid verifies with.
	SignEventWebhook = client.Op[SignEventWebhookInput, EventWebhookKey]{
		Name: "eventWebhooks.sign", Method: http.MethodPatch, Route: "/v3/user/webhooks/event/settings/signed/{id}",
	}
)

// EventWebhooks are those of an account.
type EventWebhooks struct {
	MaxAllowed int            `json:"max_allowed"`
	Webhooks   []EventWebhook `json:"webhooks"`
}

// EventWebhook is a place that SendGrid sends events to.
type EventWebhook struct {
	ID        string `json:"id"`
	PublicKey string `json:"public_key"` // "" where it does not sign
	EventWebhookSettings
}

// EventWebhookSettings say where an event webhook sends, and which events.
type EventWebhookSettings struct {
	Enabled          bool   `json:"enabled"`
	URL              string `json:"url"`
	FriendlyName     string `json:"friendly_name,omitempty"`
	Processed        bool   `json:"processed"`
	Delivered        bool   `json:"delivered"`
	Deferred         bool   `json:"deferred"`
	Bounce           bool   `json:"bounce"`
	Dropped          bool   `json:"dropped"`
	Open             bool   `json:"open"`
	Click            bool   `json:"click"`
	SpamReport       bool   `json:"spam_report"`
	Unsubscribe      bool   `json:"unsubscribe"`
	GroupUnsubscribe bool   `json:"group_unsubscribe"`
	GroupResubscribe bool   `json:"group_resubscribe"`
}

// UpdateEventWebhookInput names an event webhook and has all of its settings: what is
// false is switched off. Change those of [ListEventWebhooks].
type UpdateEventWebhookInput struct {
	ID       string               `path:"id"`
	Settings EventWebhookSettings `body:"json"`
}

// SignEventWebhookInput names an event webhook.
type SignEventWebhookInput struct {
	ID      string `path:"id"`
	Enabled bool   `json:"enabled"`
}

// EventWebhookKey is the key of an event webhook.
type EventWebhookKey struct {
	ID        string `json:"id"`
	PublicKey string `json:"public_key"` // "" where it does not sign
}
