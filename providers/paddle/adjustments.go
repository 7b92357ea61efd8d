package paddle

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListAdjustments lists refunds, credits and chargebacks.
	ListAdjustments = list[ListAdjustmentsInput, Adjustment]("adjustments.list", "/adjustments")

	// CreateAdjustment asks for a refund or gives a credit. Most refunds wait for
	// Paddle's approval: their Status is "pending_approval". It is not repeated once it
	// may have been made: look for it with [ListAdjustments] by its transaction.
	CreateAdjustment = client.Op[CreateAdjustmentInput, Response[Adjustment]]{
		Name: "adjustments.create", Method: http.MethodPost, Route: "/adjustments",
	}
)

// ListAdjustmentsInput says which adjustments to list. Zero fields do not narrow the
// list.
type ListAdjustmentsInput struct {
	ID             []string `query:"id,comma"`
	Action         string   `query:"action"` // "refund", "credit", "chargeback", …
	CustomerID     []string `query:"customer_id,comma"`
	SubscriptionID []string `query:"subscription_id,comma"`
	TransactionID  []string `query:"transaction_id,comma"`
	Status         []string `query:"status,comma"`
	Paging
}

// CreateAdjustmentInput is a new adjustment. Action, Reason and TransactionID are
// required, and Items where it is partial.
type CreateAdjustmentInput struct {
	Action        string           `json:"action"` // "refund", "credit"
	Reason        string           `json:"reason"`
	TransactionID string           `json:"transaction_id"`
	Type          string           `json:"type,omitempty"`     // "partial", which "" is, "full"
	TaxMode       string           `json:"tax_mode,omitempty"` // "internal", "external", of a partial one
	Items         []AdjustmentItem `json:"items,omitempty"`
}

// AdjustmentItem is what is given back of a line item.
type AdjustmentItem struct {
	ItemID string `json:"item_id"`          // of the transaction's LineItem
	Type   string `json:"type"`             // "full", "partial", "tax", "proration"
	Amount string `json:"amount,omitempty"` // in the lowest unit, of a partial one
}

// Adjustment changes what a transaction has come to.
type Adjustment struct {
	ID             string           `json:"id"` // "adj_…"
	Action         string           `json:"action"`
	Type           string           `json:"type"`
	TransactionID  string           `json:"transaction_id"`
	SubscriptionID string           `json:"subscription_id"`
	CustomerID     string           `json:"customer_id"`
	Reason         string           `json:"reason"`
	CurrencyCode   string           `json:"currency_code"`
	Status         string           `json:"status"` // "pending_approval", "approved", "rejected", "reversed"
	Items          []AdjustmentItem `json:"items"`
	Totals         Totals           `json:"totals"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
}
