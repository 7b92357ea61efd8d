package paddle

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListSubscriptions lists subscriptions, the newest first. A subscription is made by
	// Paddle, from a transaction that has been paid.
	ListSubscriptions = list[ListSubscriptionsInput, Subscription]("subscriptions.list", "/subscriptions")

	// GetSubscription returns a subscription.
	GetSubscription = client.Op[SubscriptionInput, Response[Subscription]]{Name: "subscriptions.get", Route: "/subscriptions/{subscription_id}"}

	// UpdateSubscription changes a subscription, and may charge for that at once. It is
	// not repeated once it may have been done.
	UpdateSubscription = client.Op[UpdateSubscriptionInput, Response[Subscription]]{
		Name: "subscriptions.update", Method: http.MethodPatch, Route: "/subscriptions/{subscription_id}",
	}

	// PreviewSubscriptionUpdate says what UpdateSubscription would do. It changes
	// nothing, so it is repeated.
	PreviewSubscriptionUpdate = client.Op[UpdateSubscriptionInput, Response[SubscriptionPreview]]{
		Name: "subscriptions.previewUpdate", Method: http.MethodPatch, Route: "/subscriptions/{subscription_id}/preview", Repeatable: true,
	}

	// PauseSubscription pauses a subscription, as a rule at the end of its billing
	// period.
	PauseSubscription = client.Op[PauseSubscriptionInput, Response[Subscription]]{
		Name: "subscriptions.pause", Method: http.MethodPost, Route: "/subscriptions/{subscription_id}/pause",
	}

	// ResumeSubscription resumes a subscription, and may charge for that at once.
	ResumeSubscription = client.Op[ResumeSubscriptionInput, Response[Subscription]]{
		Name: "subscriptions.resume", Method: http.MethodPost, Route: "/subscriptions/{subscription_id}/resume",
	}

	// CancelSubscription cancels a subscription, as a rule at the end of its billing
	// period. To keep it, set ScheduledChange to null by then.
	CancelSubscription = client.Op[CancelSubscriptionInput, Response[Subscription]]{
		Name: "subscriptions.cancel", Method: http.MethodPost, Route: "/subscriptions/{subscription_id}/cancel",
	}

	// ChargeSubscription charges for something once. It is not repeated once it may have
	// been done; Paddle permits 20 immediate charges of a subscription an hour.
	ChargeSubscription = client.Op[ChargeSubscriptionInput, Response[Subscription]]{
		Name: "subscriptions.charge", Method: http.MethodPost, Route: "/subscriptions/{subscription_id}/charge",
	}

	// PreviewSubscriptionCharge says what ChargeSubscription would do. It charges
	// nothing, so it is repeated.
	PreviewSubscriptionCharge = client.Op[ChargeSubscriptionInput, Response[SubscriptionPreview]]{
		Name: "subscriptions.previewCharge", Method: http.MethodPost, Route: "/subscriptions/{subscription_id}/charge/preview", Repeatable: true,
	}
)

// ListSubscriptionsInput says which subscriptions to list. Zero fields do not narrow the
// list.
type ListSubscriptionsInput struct {
	ID              []string `query:"id,comma"`
	CustomerID      []string `query:"customer_id,comma"`
	AddressID       []string `query:"address_id,comma"`
	PriceID         []string `query:"price_id,comma"`
	Status          []string `query:"status,comma"`
	ScheduledChange []string `query:"scheduled_change_action,comma"` // "cancel", "pause", "resume"
	CollectionMode  string   `query:"collection_mode"`
	Paging
}

// SubscriptionInput names a subscription.
type SubscriptionInput struct {
	ID      string   `path:"subscription_id"`
	Include []string `query:"include,comma"` // "next_transaction", "recurring_transaction_details"
}

// UpdateSubscriptionInput is what changes of a subscription. Items replace all that there
// are, and want a ProrationBillingMode.
type UpdateSubscriptionInput struct {
	ID string `path:"subscription_id"`

	Items                Patch[[]Item]         `json:"items,omitzero"`
	ProrationBillingMode string                `json:"proration_billing_mode,omitempty"` // "prorated_immediately", "do_not_bill", …
	OnPaymentFailure     string                `json:"on_payment_failure,omitempty"`     // "prevent_change", "apply_change"
	CustomerID           Patch[string]         `json:"customer_id,omitzero"`
	AddressID            Patch[string]         `json:"address_id,omitzero"`
	BusinessID           Patch[string]         `json:"business_id,omitzero"`
	CurrencyCode         Patch[string]         `json:"currency_code,omitzero"`
	CollectionMode       Patch[string]         `json:"collection_mode,omitzero"`
	BillingDetails       Patch[BillingDetails] `json:"billing_details,omitzero"`
	NextBilledAt         Patch[time.Time]      `json:"next_billed_at,omitzero"`
	Discount             Patch[AddDiscount]    `json:"discount,omitzero"`
	ScheduledChange      Patch[struct{}]       `json:"scheduled_change,omitzero"` // null alone, which takes it back
	CustomData           Patch[map[string]any] `json:"custom_data,omitzero"`
}

// AddDiscount is a discount for a subscription.
type AddDiscount struct {
	ID            string `json:"id"`
	EffectiveFrom string `json:"effective_from"` // "immediately", "next_billing_period"
}

// PauseSubscriptionInput says from when a subscription is paused, and for how long.
type PauseSubscriptionInput struct {
	ID            string    `path:"subscription_id"`
	EffectiveFrom string    `json:"effective_from,omitempty"` // "next_billing_period", which "" is as a rule, "immediately"
	ResumeAt      time.Time `json:"resume_at,omitzero"`       // zero is until it is resumed
	OnResume      string    `json:"on_resume,omitempty"`      // "start_new_billing_period", "continue_existing_billing_period"
}

// ResumeSubscriptionInput says when a subscription is resumed.
type ResumeSubscriptionInput struct {
	ID            string `path:"subscription_id"`
	EffectiveFrom string `json:"effective_from,omitempty"` // "immediately", or a time: "2026-11-26T15:04:05Z"
	OnResume      string `json:"on_resume,omitempty"`
}

// CancelSubscriptionInput says when a subscription is cancelled.
type CancelSubscriptionInput struct {
	ID            string `path:"subscription_id"`
	EffectiveFrom string `json:"effective_from,omitempty"` // "next_billing_period", which "" is as a rule, "immediately"
}

// ChargeSubscriptionInput is a charge. All but OnPaymentFailure is required.
type ChargeSubscriptionInput struct {
	ID               string `path:"subscription_id"`
	EffectiveFrom    string `json:"effective_from"` // "immediately", "next_billing_period"
	Items            []Item `json:"items"`
	OnPaymentFailure string `json:"on_payment_failure,omitempty"` // "prevent_change", "apply_change"
}
