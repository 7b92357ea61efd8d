package events_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stripe/stripe-go/v76"
)

// The vendor SDK's object in the provider's envelope, which webhook.OnEnvelope decodes.
func ExampleStripe() {
	var e events.Stripe[stripe.Invoice]
	err := json.Unmarshal([]byte(`{"id":"evt_1","type":"invoice.paid","created":1760000000,
		"data":{"object":{"id":"in_1","amount_paid":4500,"currency":"usd","customer":{"id":"cus_1","name":"expanded"}}}}`), &e)
	fmt.Println(e.ID, e.Created.Format(time.DateOnly), err)
	fmt.Println(e.Object.AmountPaid, e.Object.Currency, e.Object.Customer.ID)
	// Output:
	// evt_1 2025-10-09 <nil>
	// 4500 usd cus_1
}

func ExampleClerkUserData_PrimaryEmail() {
	var e events.ClerkUser
	err := json.Unmarshal([]byte(`{"type":"user.created","data":{"id":"user_1","primary_email_address_id":"idn_1",
		"email_addresses":[{"id":"idn_1","email_address":"jane@example.com","verification":{"status":"unverified"}}]}}`), &e)
	address, verified := e.Data.PrimaryEmail()
	fmt.Println(address, verified, err)
	// Output: jane@example.com false <nil>
}
