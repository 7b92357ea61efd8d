package paddle

import "time"

// Transaction is a sale, from draft to completed.
type Transaction struct {
	ID             string         `json:"id"`     // "txn_…"
	Status         string         `json:"status"` // "draft", "ready", "billed", "paid", "completed", "canceled", "past_due"
	CustomerID     string         `json:"customer_id"`
	AddressID      string         `json:"address_id"`
	BusinessID     string         `json:"business_id"`
	SubscriptionID string         `json:"subscription_id"`
	DiscountID     string         `json:"discount_id"`
	InvoiceNumber  string         `json:"invoice_number"`
	CurrencyCode   string         `json:"currency_code"`
	Origin         string         `json:"origin"` // "api", "web", "subscription_recurring", …
	CollectionMode string         `json:"collection_mode"`
	BillingPeriod  *Period        `json:"billing_period"`
	Items          []SoldItem     `json:"items"`
	Details        Details        `json:"details"`
	Payments       []Payment      `json:"payments"` // the newest attempt first
	Checkout       *Checkout      `json:"checkout"`
	CustomData     map[string]any `json:"custom_data"`
	Customer       *Customer      `json:"customer"`    // where it is included
	Adjustments    []Adjustment   `json:"adjustments"` // where they are included
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
	BilledAt       time.Time      `json:"billed_at"`
	RevisedAt      time.Time      `json:"revised_at"`
}

// SoldItem is an item of a transaction, with its price at the time.
type SoldItem struct {
	Price    Price `json:"price"`
	Quantity int   `json:"quantity"`
}

// Details are what a transaction comes to.
type Details struct {
	Totals    Totals     `json:"totals"`
	LineItems []LineItem `json:"line_items"`
}

// LineItem is what an item comes to. Adjustments name it by its ID.
type LineItem struct {
	ID         string `json:"id"` // "txnitm_…"; "" in a preview
	PriceID    string `json:"price_id"`
	Quantity   int    `json:"quantity"`
	TaxRate    string `json:"tax_rate"` // a decimal: "0.2"
	UnitTotals Totals `json:"unit_totals"`
	Totals     Totals `json:"totals"`
}

// Payment is an attempt to take a payment.
type Payment struct {
	ID              string    `json:"payment_attempt_id"`
	PaymentMethodID string    `json:"payment_method_id"`
	Amount          string    `json:"amount"`     // in the lowest unit of the transaction's currency
	Status          string    `json:"status"`     // "captured", "error", "pending", …
	ErrorCode       string    `json:"error_code"` // "declined", …; "" is none
	CreatedAt       time.Time `json:"created_at"`
	CapturedAt      time.Time `json:"captured_at"`
}

// TransactionPreview is what a transaction would come to.
type TransactionPreview struct {
	CustomerID   string     `json:"customer_id"`
	AddressID    string     `json:"address_id"`
	CurrencyCode string     `json:"currency_code"`
	Items        []SoldItem `json:"items"`
	Details      Details    `json:"details"`
}
