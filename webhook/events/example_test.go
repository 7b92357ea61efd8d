package events_test

import (
	"encoding/json"
	"fmt"

	"github.com/standpipe-go/standpipe/webhook/events"
)

func ExampleStripe() {
	var e events.StripeInvoice // what OnEnvelope decodes; On decodes events.Invoice
	err := json.Unmarshal([]byte(`{"id":"evt_1","type":"invoice.paid","data":{"object":{"id":"in_1","amount_paid":4500,"currency":"usd",
		"customer":{"id":"cus_1","name":"expanded"},"parent":{"subscription_details":{"subscription":"sub_1"}}}}}`), &e)
	fmt.Println(e.Object.AmountPaid, e.Object.Currency, e.Object.Customer.ID, e.Object.Subscription().ID, err)
	// Output: 4500 usd cus_1 sub_1 <nil>
}

func ExampleClerkUserData_PrimaryEmail() {
	var e events.ClerkUser
	err := json.Unmarshal([]byte(`{"type":"user.created","data":{"id":"user_1","primary_email_address_id":"idn_1",
		"email_addresses":[{"id":"idn_1","email_address":"jane@example.com","verification":{"status":"unverified"}}]}}`), &e)
	address, verified := e.Data.PrimaryEmail()
	fmt.Println(address, verified, err)
	// Output: jane@example.com false <nil>
}
