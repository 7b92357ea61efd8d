package events

import "encoding/json"

// Stripe is an event of Stripe in the envelope "event" (a snapshot event), with
// the affected object at hand as Object: Stripe[stripe.Invoice] has stripe-go's.
// It is for webhook.OnEnvelope; webhook.On takes the object alone. Source: "The
// Event object", Stripe API reference.
type Stripe[O any] struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	APIVersion    string `json:"api_version"` // of Object; fields move between versions
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
