package paddle

import "time"

// Subscription is a sale that repeats.
type Subscription struct {
	ID                   string             `json:"id"`     // "sub_…"
	Status               string             `json:"status"` // "active", "canceled", "past_due", "paused", "trialing"
	CustomerID           string             `json:"customer_id"`
	AddressID            string             `json:"address_id"`
	BusinessID           string             `json:"business_id"`
	CurrencyCode         string             `json:"currency_code"`
	CollectionMode       string             `json:"collection_mode"`
	BillingCycle         Duration           `json:"billing_cycle"`
	CurrentBillingPeriod *Period            `json:"current_billing_period"` // nil while it is paused or cancelled
	ScheduledChange      *ScheduledChange   `json:"scheduled_change"`       // nil is none
	Items                []SubscriptionItem `json:"items"`
	NextTransaction      *NextTransaction   `json:"next_transaction"` // where it is included
	CustomData           map[string]any     `json:"custom_data"`
	ManagementURLs       ManagementURLs     `json:"management_urls"`
	CreatedAt            time.Time          `json:"created_at"`
	UpdatedAt            time.Time          `json:"updated_at"`
	StartedAt            time.Time          `json:"started_at"`
	FirstBilledAt        time.Time          `json:"first_billed_at"`
	NextBilledAt         time.Time          `json:"next_billed_at"`
	PausedAt             time.Time          `json:"paused_at"`
	CanceledAt           time.Time          `json:"canceled_at"`
}

// ScheduledChange is what will happen to a subscription.
type ScheduledChange struct {
	Action      string    `json:"action"` // "cancel", "pause", "resume"
	EffectiveAt time.Time `json:"effective_at"`
	ResumeAt    time.Time `json:"resume_at"`
}

// SubscriptionItem is an item of a subscription.
type SubscriptionItem struct {
	Status       string    `json:"status"` // "active", "inactive", "trialing"
	Quantity     int       `json:"quantity"`
	Recurring    bool      `json:"recurring"`
	Price        Price     `json:"price"`
	Product      Product   `json:"product"`
	TrialDates   *Period   `json:"trial_dates"`
	NextBilledAt time.Time `json:"next_billed_at"`
}

// ManagementURLs lead a customer to what can be done with a subscription. They are
// secrets of the customer's: do not store them.
type ManagementURLs struct {
	UpdatePaymentMethod string `json:"update_payment_method"`
	Cancel              string `json:"cancel"`
}

// SubscriptionPreview is a subscription as it would be.
type SubscriptionPreview struct {
	Subscription
	ImmediateTransaction *NextTransaction `json:"immediate_transaction"` // nil is none
	RecurringDetails     Details          `json:"recurring_transaction_details"`
	UpdateSummary        *UpdateSummary   `json:"update_summary"`
}

// NextTransaction is a transaction that a subscription will make.
type NextTransaction struct {
	BillingPeriod Period  `json:"billing_period"`
	Details       Details `json:"details"`
}

// UpdateSummary is what a change comes to.
type UpdateSummary struct {
	Credit Money `json:"credit"`
	Charge Money `json:"charge"`
	Result struct {
		Action string `json:"action"` // "credit", "charge"
		Money
	} `json:"result"`
}
