package paddle

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListCustomers lists customers.
	ListCustomers = list[ListCustomersInput, Customer]("customers.list", "/customers")

	// GetCustomer returns a customer.
	GetCustomer = client.Op[CustomerInput, Response[Customer]]{Name: "customers.get", Route: "/customers/{customer_id}"}

	// CreateCustomer makes a customer. One who is there already, by the address, is a
	// [client.ErrConflict].
	CreateCustomer = client.Op[CreateCustomerInput, Response[Customer]]{Name: "customers.create", Method: http.MethodPost, Route: "/customers"}

	// UpdateCustomer changes a customer.
	UpdateCustomer = client.Op[UpdateCustomerInput, Response[Customer]]{
		Name: "customers.update", Method: http.MethodPatch, Route: "/customers/{customer_id}",
	}

	// CreatePortalSession makes links by which a customer is signed in to the customer
	// portal. They are secrets of the customer's and end soon: do not store them.
	CreatePortalSession = client.Op[CreatePortalSessionInput, Response[PortalSession]]{
		Name: "portalSessions.create", Method: http.MethodPost, Route: "/customers/{customer_id}/portal-sessions",
	}
)

// Customer is somebody who buys.
type Customer struct {
	ID               string         `json:"id"` // "ctm_…"
	Name             string         `json:"name"`
	Email            string         `json:"email"`
	MarketingConsent bool           `json:"marketing_consent"`
	Status           string         `json:"status"` // "active", "archived"
	Locale           string         `json:"locale"` // "en"
	CustomData       map[string]any `json:"custom_data"`
	CreatedAt        time.Time      `json:"created_at"`
	UpdatedAt        time.Time      `json:"updated_at"`
}

// ListCustomersInput says which customers to list. Zero fields do not narrow the list.
type ListCustomersInput struct {
	ID     []string `query:"id,comma"`
	Email  []string `query:"email,comma"` // exactly these
	Search string   `query:"search"`      // in name, address and ID
	Status []string `query:"status,comma"`
	Paging
}

// CustomerInput names a customer.
type CustomerInput struct {
	ID string `path:"customer_id"`
}

// CreateCustomerInput is a new customer. Email is required.
type CreateCustomerInput struct {
	Email      string         `json:"email"`
	Name       string         `json:"name,omitempty"`
	Locale     string         `json:"locale,omitempty"`
	CustomData map[string]any `json:"custom_data,omitempty"`
}

// UpdateCustomerInput is what changes of a customer.
type UpdateCustomerInput struct {
	ID         string                `path:"customer_id"`
	Name       Patch[string]         `json:"name,omitzero"`
	Email      Patch[string]         `json:"email,omitzero"`
	Status     Patch[string]         `json:"status,omitzero"`
	Locale     Patch[string]         `json:"locale,omitzero"`
	CustomData Patch[map[string]any] `json:"custom_data,omitzero"`
}

// CreatePortalSessionInput names a customer, and the subscriptions to make links for.
type CreatePortalSessionInput struct {
	CustomerID      string   `path:"customer_id"`
	SubscriptionIDs []string `json:"subscription_ids,omitempty"` // at most 25
}

// PortalSession has the links of a customer. Whoever has them is signed in.
type PortalSession struct {
	ID         string `json:"id"`
	CustomerID string `json:"customer_id"`
	URLs       struct {
		General struct {
			Overview string `json:"overview"`
		} `json:"general"`
		Subscriptions []PortalSubscription `json:"subscriptions"`
	} `json:"urls"`
	CreatedAt time.Time `json:"created_at"`
}

// PortalSubscription has the links for a subscription.
type PortalSubscription struct {
	ID                  string `json:"id"`
	Cancel              string `json:"cancel_subscription"`
	UpdatePaymentMethod string `json:"update_subscription_payment_method"`
}
