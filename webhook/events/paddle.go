package events

import "encoding/json"

// Paddle is an event of Paddle Billing about a D. Source: "Webhooks", Paddle
// docs.
type Paddle[D any] struct {
	EventID        string `json:"event_id"`
	EventType      string `json:"event_type"`
	OccurredAt     Time   `json:"occurred_at"` // deliveries may arrive out of order: compare it
	NotificationID string `json:"notification_id"`
	Data           D      `json:"data"`
}

type (
	// PaddleTransaction is transaction.*.
	PaddleTransaction = Paddle[PaddleTransactionData]
	// PaddleSubscription is subscription.*.
	PaddleSubscription = Paddle[PaddleSubscriptionData]
)

// PaddleTransactionData is Paddle's transaction.
type PaddleTransactionData struct {
	ID             string          `json:"id"`
	Status         string          `json:"status"`
	CustomerID     string          `json:"customer_id"`
	AddressID      string          `json:"address_id"`
	BusinessID     string          `json:"business_id"`
	SubscriptionID string          `json:"subscription_id"`
	DiscountID     string          `json:"discount_id"`
	InvoiceID      string          `json:"invoice_id"`
	InvoiceNumber  string          `json:"invoice_number"`
	CurrencyCode   string          `json:"currency_code"`
	Origin         string          `json:"origin"`
	CollectionMode string          `json:"collection_mode"`
	CustomData     json.RawMessage `json:"custom_data"`
	BillingPeriod  *PaddlePeriod   `json:"billing_period"`
	Items          []struct {
		Quantity Int         `json:"quantity"`
		Price    PaddlePrice `json:"price"`
	} `json:"items"`
	Details struct {
		Totals PaddleTotals `json:"totals"`
	} `json:"details"`
	Payments []struct {
		PaymentAttemptID string `json:"payment_attempt_id"`
		Amount           Int    `json:"amount"`
		Status           string `json:"status"`
		ErrorCode        string `json:"error_code"`
		CreatedAt        Time   `json:"created_at"`
		CapturedAt       Time   `json:"captured_at"`
	} `json:"payments"`
	CreatedAt Time `json:"created_at"`
	UpdatedAt Time `json:"updated_at"`
	BilledAt  Time `json:"billed_at"`
}

// PaddleTotals are a transaction's amounts in the currency's minor unit, which
// Paddle sends as strings. Fee and Earnings are 0 until the transaction is
// completed.
type PaddleTotals struct {
	Subtotal     Int    `json:"subtotal"`
	Discount     Int    `json:"discount"`
	Tax          Int    `json:"tax"`
	Total        Int    `json:"total"`
	Credit       Int    `json:"credit"`
	Balance      Int    `json:"balance"`
	GrandTotal   Int    `json:"grand_total"`
	Fee          Int    `json:"fee"`
	Earnings     Int    `json:"earnings"`
	CurrencyCode string `json:"currency_code"`
}

// PaddlePrice is what an item is sold at.
type PaddlePrice struct {
	ID          string `json:"id"`
	ProductID   string `json:"product_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	UnitPrice   struct {
		Amount       Int    `json:"amount"`
		CurrencyCode string `json:"currency_code"`
	} `json:"unit_price"`
	BillingCycle *PaddleCycle    `json:"billing_cycle"` // nil for one-time prices
	CustomData   json.RawMessage `json:"custom_data"`
}

// PaddleCycle is how often something is billed: every Frequency Intervals.
type PaddleCycle struct {
	Interval  string `json:"interval"` // "day", "week", "month" or "year"
	Frequency Int    `json:"frequency"`
}

// PaddlePeriod is a span of time.
type PaddlePeriod struct {
	StartsAt Time `json:"starts_at"`
	EndsAt   Time `json:"ends_at"`
}

// PaddleSubscriptionData is Paddle's subscription.
type PaddleSubscriptionData struct {
	ID                   string          `json:"id"`
	Status               string          `json:"status"`
	CustomerID           string          `json:"customer_id"`
	AddressID            string          `json:"address_id"`
	BusinessID           string          `json:"business_id"`
	TransactionID        string          `json:"transaction_id"` // subscription.created only
	CurrencyCode         string          `json:"currency_code"`
	CollectionMode       string          `json:"collection_mode"`
	CustomData           json.RawMessage `json:"custom_data"`
	BillingCycle         PaddleCycle     `json:"billing_cycle"`
	CurrentBillingPeriod *PaddlePeriod   `json:"current_billing_period"` // nil when paused or canceled
	ScheduledChange      *struct {
		Action      string `json:"action"` // "cancel", "pause" or "resume"
		EffectiveAt Time   `json:"effective_at"`
		ResumeAt    Time   `json:"resume_at"`
	} `json:"scheduled_change"`
	Items []struct {
		Status       string      `json:"status"`
		Quantity     Int         `json:"quantity"`
		Recurring    bool        `json:"recurring"`
		NextBilledAt Time        `json:"next_billed_at"`
		Price        PaddlePrice `json:"price"`
	} `json:"items"`
	CreatedAt     Time `json:"created_at"`
	UpdatedAt     Time `json:"updated_at"`
	StartedAt     Time `json:"started_at"`
	FirstBilledAt Time `json:"first_billed_at"`
	NextBilledAt  Time `json:"next_billed_at"`
	PausedAt      Time `json:"paused_at"`
	CanceledAt    Time `json:"canceled_at"`
}
