package events

import (
	"encoding/json"
	"time"
)

// Stripe is an event of Stripe in the envelope "event" (a snapshot event), with
// the affected object at hand as Object. Source: "The Event object", Stripe
// API reference. For the whole of Stripe's fields, decode into stripe-go's
// stripe.Event. It is for webhook.OnEnvelope; webhook.On takes the object alone.
type Stripe[O any] struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	APIVersion    string `json:"api_version"` // the version Object is rendered in; fields move between versions
	Created       Time   `json:"created"`
	Livemode      bool   `json:"livemode"`
	Account       string `json:"account"` // the connected account, for Connect events
	StripeData[O] `json:"data"`
}

// StripeData is what an event of Stripe says about an O.
type StripeData[O any] struct {
	Object O `json:"object"`
	// Previous holds the former values of the fields that changed, for
	// *.updated events; otherwise nil.
	Previous json.RawMessage `json:"previous_attributes"`
}

// The snapshot events of Stripe that most applications handle, with their
// envelope.
type (
	// StripePaymentIntent is payment_intent.*.
	StripePaymentIntent = Stripe[PaymentIntent]
	// StripeSubscription is customer.subscription.*.
	StripeSubscription = Stripe[Subscription]
	// StripeInvoice is invoice.*, except invoice.upcoming, whose invoice has no
	// ID yet.
	StripeInvoice = Stripe[Invoice]
	// StripeCheckoutSession is checkout.session.*.
	StripeCheckoutSession = Stripe[CheckoutSession]
)

// StripeThin is an event of Stripe in the envelope "v2.core.event" (a thin
// event): it names what changed, and the rest is to be fetched. Source: "Event
// Destinations", Stripe docs.
type StripeThin struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Created       Time            `json:"created"`
	Livemode      bool            `json:"livemode"`
	Context       string          `json:"context"` // the account it happened in
	RelatedObject StripeRelated   `json:"related_object"`
	Data          json.RawMessage `json:"data"`
}

// StripeRelated names the object of a thin event. URL is a path of Stripe's API.
type StripeRelated struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	URL  string `json:"url"`
}

// PaymentIntent is Stripe's payment_intent.
type PaymentIntent struct {
	ID                 string       `json:"id"`
	Amount             int64        `json:"amount"`
	AmountReceived     int64        `json:"amount_received"`
	AmountCapturable   int64        `json:"amount_capturable"`
	Currency           string       `json:"currency"` // ISO 4217 in lower case
	Status             string       `json:"status"`
	Customer           Ref          `json:"customer"`
	Invoice            Ref          `json:"invoice"` // not in API versions from 2025-03-31 on
	LatestCharge       Ref          `json:"latest_charge"`
	PaymentMethod      Ref          `json:"payment_method"`
	Description        string       `json:"description"`
	ReceiptEmail       string       `json:"receipt_email"`
	CancellationReason string       `json:"cancellation_reason"`
	LastPaymentError   *StripeError `json:"last_payment_error"`
	Metadata           Labels       `json:"metadata"`
	Livemode           bool         `json:"livemode"`
	Created            Time         `json:"created"`
}

// StripeError is why a payment failed.
type StripeError struct {
	Type        string `json:"type"`
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"`
	Message     string `json:"message"`
}

// Subscription is Stripe's subscription.
type Subscription struct {
	ID                string             `json:"id"`
	Customer          Ref                `json:"customer"`
	Status            string             `json:"status"`
	CancelAtPeriodEnd bool               `json:"cancel_at_period_end"`
	CancelAt          Time               `json:"cancel_at"`
	CanceledAt        Time               `json:"canceled_at"`
	EndedAt           Time               `json:"ended_at"`
	StartDate         Time               `json:"start_date"`
	TrialEnd          Time               `json:"trial_end"`
	Currency          string             `json:"currency"`
	LatestInvoice     Ref                `json:"latest_invoice"`
	Items             []SubscriptionItem `json:"-"`
	Metadata          Labels             `json:"metadata"`
	Livemode          bool               `json:"livemode"`
	Created           Time               `json:"created"`

	periodEnd Time
}

// SubscriptionItem is one price of a subscription.
type SubscriptionItem struct {
	ID       string `json:"id"`
	Quantity int64  `json:"quantity"`
	Price    struct {
		ID         string `json:"id"`
		LookupKey  string `json:"lookup_key"`
		Product    Ref    `json:"product"`
		UnitAmount int64  `json:"unit_amount"`
		Currency   string `json:"currency"`
	} `json:"price"`
	CurrentPeriodEnd Time `json:"current_period_end"` // API versions from 2025-03-31 on
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Subscription) UnmarshalJSON(b []byte) error {
	type plain Subscription
	e := struct {
		*plain
		Items struct {
			Data []SubscriptionItem `json:"data"`
		} `json:"items"`
		PeriodEnd Time `json:"current_period_end"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(b, &e); err != nil {
		return err
	}
	s.Items, s.periodEnd = e.Items.Data, e.PeriodEnd
	return nil
}

// CurrentPeriodEnd returns when the paid period ends, wherever the API version
// keeps it: in the subscription or, from 2025-03-31 on, in its items, of which
// it is the latest. Zero if neither has it.
func (s *Subscription) CurrentPeriodEnd() time.Time {
	end := s.periodEnd.Time
	for _, item := range s.Items {
		if item.CurrentPeriodEnd.After(end) {
			end = item.CurrentPeriodEnd.Time
		}
	}
	return end
}

// Invoice is Stripe's invoice.
type Invoice struct {
	ID               string `json:"id"`
	Number           string `json:"number"`
	Customer         Ref    `json:"customer"`
	CustomerEmail    string `json:"customer_email"`
	Status           string `json:"status"`
	BillingReason    string `json:"billing_reason"`
	Currency         string `json:"currency"`
	AmountDue        int64  `json:"amount_due"`
	AmountPaid       int64  `json:"amount_paid"`
	AmountRemaining  int64  `json:"amount_remaining"`
	Subtotal         int64  `json:"subtotal"`
	Total            int64  `json:"total"`
	AttemptCount     int64  `json:"attempt_count"`
	NextAttempt      Time   `json:"next_payment_attempt"`
	HostedInvoiceURL string `json:"hosted_invoice_url"`
	InvoicePDF       string `json:"invoice_pdf"`
	PeriodStart      Time   `json:"period_start"`
	PeriodEnd        Time   `json:"period_end"`
	Metadata         Labels `json:"metadata"`
	Livemode         bool   `json:"livemode"`
	Created          Time   `json:"created"`

	OldSubscription Ref `json:"subscription"` // API versions before 2025-03-31; use Subscription
	Parent          struct {
		SubscriptionDetails struct {
			Subscription Ref `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"` // API versions from 2025-03-31 on; use Subscription
}

// Subscription returns the subscription that the invoice is for, wherever the
// API version keeps it; the zero Ref if it is for none.
func (i *Invoice) Subscription() Ref {
	if i.OldSubscription.ID != "" {
		return i.OldSubscription
	}
	return i.Parent.SubscriptionDetails.Subscription
}

// CheckoutSession is Stripe's checkout.session.
type CheckoutSession struct {
	ID                string `json:"id"`
	Mode              string `json:"mode"`
	Status            string `json:"status"`
	PaymentStatus     string `json:"payment_status"` // "paid", "unpaid" or "no_payment_required": look at it before fulfilling
	ClientReferenceID string `json:"client_reference_id"`
	Customer          Ref    `json:"customer"`
	CustomerEmail     string `json:"customer_email"`
	CustomerDetails   struct {
		Email string `json:"email"`
		Name  string `json:"name"`
		Phone string `json:"phone"`
	} `json:"customer_details"`
	AmountSubtotal int64  `json:"amount_subtotal"`
	AmountTotal    int64  `json:"amount_total"`
	Currency       string `json:"currency"`
	PaymentIntent  Ref    `json:"payment_intent"`
	Subscription   Ref    `json:"subscription"`
	SetupIntent    Ref    `json:"setup_intent"`
	Invoice        Ref    `json:"invoice"`
	PaymentLink    Ref    `json:"payment_link"`
	Metadata       Labels `json:"metadata"`
	Livemode       bool   `json:"livemode"`
	Created        Time   `json:"created"`
	ExpiresAt      Time   `json:"expires_at"`
}
