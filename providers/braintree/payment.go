package braintree

import (
	"cmp"
	"encoding/json"
	"time"
)

// Money is an amount of a currency.
type Money struct {
	Value        string `json:"value"`        // "10.00"
	CurrencyCode string `json:"currencyCode"` // ISO 4217: "USD"
}

// Transaction is money that was taken, or was to be.
type Transaction struct {
	ID                string        `json:"id"`
	LegacyID          string        `json:"legacyId"` // what webhooks and Braintree's other APIs have
	CreatedAt         time.Time     `json:"createdAt"`
	Status            string        `json:"status"` // "AUTHORIZED", "SUBMITTED_FOR_SETTLEMENT", "SETTLED", "VOIDED", …
	Amount            Money         `json:"amount"`
	OrderID           string        `json:"orderId"`
	MerchantAccountID string        `json:"merchantAccountId"`
	Customer          *Customer     `json:"customer"`      // nil where there is none in the vault
	PaymentMethod     *Ref          `json:"paymentMethod"` // nil where it is not vaulted
	PaidWith          Instrument    `json:"paymentMethodSnapshot"`
	CustomFields      []CustomField `json:"customFields"`
	StatusHistory     []StatusEvent `json:"statusHistory"`
}

// Ref names an object.
type Ref struct {
	ID       string `json:"id"`
	LegacyID string `json:"legacyId"`
}

// Refund is money that was given back, or was to be.
type Refund struct {
	ID            string        `json:"id"`
	LegacyID      string        `json:"legacyId"`
	CreatedAt     time.Time     `json:"createdAt"`
	Status        string        `json:"status"`
	Amount        Money         `json:"amount"`
	OrderID       string        `json:"orderId"`
	Refunded      *Ref          `json:"refundedTransaction"`
	StatusHistory []StatusEvent `json:"statusHistory"`
}

// Payment is a transaction or a refund, and the other field is nil. Where it is neither,
// both are nil.
type Payment struct {
	Kind        string // "Transaction", "Refund"
	Transaction *Transaction
	Refund      *Refund
}

// UnmarshalJSON reads what the __typename says.
func (p *Payment) UnmarshalJSON(raw []byte) error {
	*p = Payment{}
	var is struct {
		Kind string `json:"__typename"`
	}
	if err := json.Unmarshal(raw, &is); err != nil {
		return err
	}
	p.Kind = is.Kind
	switch is.Kind {
	case "Transaction":
		return json.Unmarshal(raw, &p.Transaction)
	case "Refund":
		return json.Unmarshal(raw, &p.Refund)
	}
	return nil
}

// StatusEvent is a status that a payment came to, and why. Which of the fields it has
// depends on its Kind.
type StatusEvent struct {
	Kind      string    `json:"__typename"` // "AuthorizedEvent", "ProcessorDeclinedEvent", …
	Status    string    `json:"status"`
	Timestamp time.Time `json:"timestamp"`
	Terminal  bool      `json:"terminal"` // no other status follows

	ProcessorResponse      Response `json:"processorResponse"`
	NetworkResponse        Response `json:"networkResponse"`
	MerchantAdvice         Response `json:"merchantAdviceCodeResponse"`
	DeclineType            string   `json:"declineType"`            // "SOFT" may work later, "HARD" will not
	GatewayRejectionReason string   `json:"gatewayRejectionReason"` // "AVS", "CVV", "DUPLICATE", "FRAUD", …
}

// Response is what a processor or a card network has said. The processor's code is
// LegacyCode, any other Code.
type Response struct {
	LegacyCode string `json:"legacyCode"`
	Code       string `json:"code"`
	Message    string `json:"message"`
}

// Decline says why a payment was not made.
type Decline struct {
	Status  string // "PROCESSOR_DECLINED", "GATEWAY_REJECTED", "FAILED", "SETTLEMENT_DECLINED"
	Code    string // the processor's, "2000"; of a GATEWAY_REJECTED the gateway's reason, "CVV"
	Message string // the processor's
	Retry   bool   // another try may work later: the processor calls it a soft decline

	Event StatusEvent // all that is said of it; the zero StatusEvent where nothing is
}

// Decline says why the transaction was declined, and whether it was.
func (t Transaction) Decline() (Decline, bool) { return declineOf(t.Status, t.StatusHistory) }

// Decline says why the refund was declined, and whether it was.
func (r Refund) Decline() (Decline, bool) { return declineOf(r.Status, r.StatusHistory) }

func declineOf(status string, history []StatusEvent) (Decline, bool) {
	switch status {
	case "PROCESSOR_DECLINED", "GATEWAY_REJECTED", "FAILED", "SETTLEMENT_DECLINED":
	default:
		return Decline{}, false
	}
	d := Decline{Status: status}
	for _, e := range history {
		if e.Status == status && !e.Timestamp.Before(d.Event.Timestamp) {
			d.Event = e
		}
	}
	d.Code, d.Message = d.Event.ProcessorResponse.LegacyCode, d.Event.ProcessorResponse.Message
	if d.Event.GatewayRejectionReason != "" {
		d.Code = d.Event.GatewayRejectionReason
	}
	d.Retry = d.Event.DeclineType == "SOFT"
	return d, true
}

// Instrument is what a payment is made with, as far as it may be shown.
type Instrument struct {
	Kind            string // "CreditCardDetails", "PayPalAccountDetails", "VenmoAccountDetails", …
	BrandCode       string // of a card: "VISA"
	Last4           string
	ExpirationMonth string
	ExpirationYear  string
	Email           string // of a PayPal account
	Username        string // of a Venmo account
}

// UnmarshalJSON reads the instrument, whichever it is.
func (i *Instrument) UnmarshalJSON(raw []byte) error {
	type card struct {
		BrandCode       string `json:"brandCode"`
		Last4           string `json:"last4"`
		ExpirationMonth string `json:"expirationMonth"`
		ExpirationYear  string `json:"expirationYear"`
	}
	var said struct {
		Kind string `json:"__typename"`
		card
		Within   card   `json:"creditCard"`
		Email    string `json:"email"`
		Username string `json:"username"`
		Payer    struct {
			Email string `json:"email"`
		} `json:"payer"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return err
	}
	c := said.card
	if said.Kind == "CreditCardTransactionDetails" {
		c = said.Within
	}
	*i = Instrument{
		Kind: said.Kind, BrandCode: c.BrandCode, Last4: c.Last4, ExpirationMonth: c.ExpirationMonth, ExpirationYear: c.ExpirationYear,
		Email: cmp.Or(said.Email, said.Payer.Email), Username: said.Username,
	}
	return nil
}

// CustomField is one that was set up in the Control Panel.
type CustomField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
