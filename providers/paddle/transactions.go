package paddle

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListTransactions lists transactions, the newest first.
	ListTransactions = list[ListTransactionsInput, Transaction]("transactions.list", "/transactions")

	// GetTransaction returns a transaction.
	GetTransaction = client.Op[TransactionInput, Response[Transaction]]{Name: "transactions.get", Route: "/transactions/{transaction_id}"}

	// CreateTransaction makes a transaction: for a checkout, or an invoice. It is not
	// repeated once it may have been made; the package comment says how to find out.
	CreateTransaction = client.Op[CreateTransactionInput, Response[Transaction]]{
		Name: "transactions.create", Method: http.MethodPost, Route: "/transactions",
	}

	// UpdateTransaction changes a transaction that has not been billed. To bill or cancel
	// it, its Status is "billed" or "canceled".
	UpdateTransaction = client.Op[UpdateTransactionInput, Response[Transaction]]{
		Name: "transactions.update", Method: http.MethodPatch, Route: "/transactions/{transaction_id}",
	}

	// PreviewTransaction says what items would cost a customer. It makes nothing, so it
	// is repeated.
	PreviewTransaction = client.Op[PreviewTransactionInput, Response[TransactionPreview]]{
		Name: "transactions.preview", Method: http.MethodPost, Route: "/transactions/preview", Repeatable: true,
	}

	// GetInvoice returns where the invoice of a transaction is, as a PDF. The URL is
	// another host's, holds for an hour, and needs no key: whoever has it can read it.
	GetInvoice = client.Op[InvoiceInput, Response[Invoice]]{Name: "transactions.invoice", Route: "/transactions/{transaction_id}/invoice"}
)

// ListTransactionsInput says which transactions to list. Zero fields do not narrow the
// list.
type ListTransactionsInput struct {
	ID             []string  `query:"id,comma"`
	CustomerID     []string  `query:"customer_id,comma"`
	SubscriptionID []string  `query:"subscription_id,comma"` // "null" for those without one
	Status         []string  `query:"status,comma"`
	Origin         []string  `query:"origin,comma"`
	InvoiceNumber  []string  `query:"invoice_number,comma"`
	CollectionMode string    `query:"collection_mode"`
	CreatedAfter   time.Time `query:"created_at[GTE]"` // or then
	CreatedBefore  time.Time `query:"created_at[LT]"`
	Include        []string  `query:"include,comma"` // "customer", "adjustments_totals", …
	Paging
}

// TransactionInput names a transaction.
type TransactionInput struct {
	ID      string   `path:"transaction_id"`
	Include []string `query:"include,comma"` // "customer", "adjustments_totals", …
}

// Item is a number of something at a price of the catalogue.
type Item struct {
	PriceID  string `json:"price_id"`
	Quantity int    `json:"quantity"`
}

// CreateTransactionInput is a new transaction. Only Items is required: without a customer
// and an address it is a draft, which a checkout completes.
type CreateTransactionInput struct {
	Include []string `query:"include,comma"` // "customer", …

	Items          []Item          `json:"items"`
	CustomerID     string          `json:"customer_id,omitempty"`
	AddressID      string          `json:"address_id,omitempty"`
	BusinessID     string          `json:"business_id,omitempty"`
	DiscountID     string          `json:"discount_id,omitempty"`
	CurrencyCode   string          `json:"currency_code,omitempty"`
	CollectionMode string          `json:"collection_mode,omitempty"` // "automatic", "manual"
	Status         string          `json:"status,omitempty"`          // "billed" for an invoice that is ready
	BillingDetails *BillingDetails `json:"billing_details,omitempty"` // of an invoice
	BillingPeriod  *Period         `json:"billing_period,omitempty"`
	Checkout       *Checkout       `json:"checkout,omitempty"`
	CustomData     map[string]any  `json:"custom_data,omitempty"`
}

// BillingDetails are those of an invoice.
type BillingDetails struct {
	EnableCheckout        bool     `json:"enable_checkout,omitempty"`
	PurchaseOrderNumber   string   `json:"purchase_order_number,omitempty"`
	AdditionalInformation string   `json:"additional_information,omitempty"`
	PaymentTerms          Duration `json:"payment_terms"`
}

// Checkout is where a transaction is paid.
type Checkout struct {
	URL string `json:"url,omitempty"`
}

// UpdateTransactionInput is what changes of a transaction.
type UpdateTransactionInput struct {
	ID      string   `path:"transaction_id"`
	Include []string `query:"include,comma"`

	Status         Patch[string]         `json:"status,omitzero"` // "billed", "canceled"
	Items          Patch[[]Item]         `json:"items,omitzero"`
	CustomerID     Patch[string]         `json:"customer_id,omitzero"`
	AddressID      Patch[string]         `json:"address_id,omitzero"`
	BusinessID     Patch[string]         `json:"business_id,omitzero"`
	DiscountID     Patch[string]         `json:"discount_id,omitzero"`
	CurrencyCode   Patch[string]         `json:"currency_code,omitzero"`
	CollectionMode Patch[string]         `json:"collection_mode,omitzero"`
	BillingDetails Patch[BillingDetails] `json:"billing_details,omitzero"`
	BillingPeriod  Patch[Period]         `json:"billing_period,omitzero"`
	Checkout       Patch[Checkout]       `json:"checkout,omitzero"`
	CustomData     Patch[map[string]any] `json:"custom_data,omitzero"`
}

// PreviewTransactionInput says what for and for whom: by CustomerID and AddressID, by
// Address, or by CustomerIPAddress. Without any, tax is left out.
type PreviewTransactionInput struct {
	Items             []PreviewItem   `json:"items"`
	CustomerID        string          `json:"customer_id,omitempty"`
	AddressID         string          `json:"address_id,omitempty"`
	BusinessID        string          `json:"business_id,omitempty"`
	Address           *PreviewAddress `json:"address,omitempty"`
	CustomerIPAddress string          `json:"customer_ip_address,omitempty"`
	CurrencyCode      string          `json:"currency_code,omitempty"`
	DiscountID        string          `json:"discount_id,omitempty"`
	IgnoreTrials      bool            `json:"ignore_trials,omitempty"`
}

// PreviewItem is an item of a preview. One that is not IncludeInTotals is shown by
// itself; nil is true.
type PreviewItem struct {
	PriceID         string `json:"price_id"`
	Quantity        int    `json:"quantity"`
	IncludeInTotals *bool  `json:"include_in_totals,omitempty"`
}

// PreviewAddress is enough of an address to know the tax.
type PreviewAddress struct {
	CountryCode string `json:"country_code"` // ISO 3166-1: "DE"
	PostalCode  string `json:"postal_code,omitempty"`
}

// InvoiceInput names a transaction. With the Disposition "inline" a browser shows the
// PDF; "" has it saved.
type InvoiceInput struct {
	TransactionID string `path:"transaction_id"`
	Disposition   string `query:"disposition"`
}

// Invoice says where a PDF is.
type Invoice struct {
	URL string `json:"url"`
}
