package braintree

import "time"

var (
	// CreateCustomer makes a customer, whose payment methods can be vaulted.
	CreateCustomer = mutation[CreateCustomerInput, Customer]("customers.create", "createCustomer.customer",
		`mutation CreateCustomer($input: CreateCustomerInput) { createCustomer(input: $input) { customer { ...CustomerFields } } }`+customerFields)

	// UpdateCustomer changes what is not nil. To make it twice is to make it once, so it
	// is repeated.
	UpdateCustomer = repeatable(mutation[UpdateCustomerInput, Customer]("customers.update", "updateCustomer.customer",
		`mutation UpdateCustomer($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { ...CustomerFields } } }`+customerFields))
)

// CreateCustomerInput is a customer to be.
type CreateCustomerInput struct {
	Customer NewCustomer `json:"customer"`
}

// NewCustomer is what is known of a customer. Nothing is required.
type NewCustomer struct {
	FirstName    string        `json:"firstName,omitempty"`
	LastName     string        `json:"lastName,omitempty"`
	Company      string        `json:"company,omitempty"`
	Email        string        `json:"email,omitempty"`
	PhoneNumber  string        `json:"phoneNumber,omitempty"`
	Website      string        `json:"website,omitempty"`
	CustomFields []CustomField `json:"customFields,omitempty"`
}

// UpdateCustomerInput names a customer, and says what changes.
type UpdateCustomerInput struct {
	CustomerID string          `json:"customerId"`
	Customer   CustomerChanges `json:"customer"`
}

// CustomerChanges are what changes of a customer. What is nil stays.
type CustomerChanges struct {
	FirstName    *string       `json:"firstName,omitempty"`
	LastName     *string       `json:"lastName,omitempty"`
	Company      *string       `json:"company,omitempty"`
	Email        *string       `json:"email,omitempty"`
	PhoneNumber  *string       `json:"phoneNumber,omitempty"`
	Website      *string       `json:"website,omitempty"`
	CustomFields []CustomField `json:"customFields,omitempty"`
}

// Customer is a customer of the vault.
type Customer struct {
	ID          string    `json:"id"`
	LegacyID    string    `json:"legacyId"`
	CreatedAt   time.Time `json:"createdAt"`
	FirstName   string    `json:"firstName"`
	LastName    string    `json:"lastName"`
	Company     string    `json:"company"`
	Email       string    `json:"email"`
	PhoneNumber string    `json:"phoneNumber"`
	Website     string    `json:"website"`
}
