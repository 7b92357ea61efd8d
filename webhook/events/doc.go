// Package events holds what it takes, beside a vendor's SDK, to decode webhook events:
// the envelopes that providers put an object into, scalars for what they send now as
// one JSON type and now as another, and the few objects that applications handle most
// and that no SDK has in this form.
//
// An object is best decoded into the vendor SDK's own type, which [Stripe], [Clerk]
// and [Paddle] put into the provider's envelope:
//
//	webhook.On("invoice.paid", func(ctx context.Context, e webhook.Event[stripe.Invoice]) error {…})
//	webhook.OnEnvelope("invoice.*", func(ctx context.Context, e webhook.Event[events.Stripe[stripe.Invoice]]) error {…})
//
// Where there is no SDK, name the fields that you use and no others; [Text], [Int],
// [Bool], [Time], [Strings], [Labels] and [Ref] keep a provider's change of mind
// about a field's type from costing you the event:
//
//	type Delivery struct { // Postmark's
//		MessageID   string
//		Recipient   string
//		DeliveredAt events.Time
//		Metadata    events.Labels
//	}
//
// webhook.On takes the object that an event is about, webhook.OnEnvelope the whole
// with its envelope; neither takes the other.
//
// The structs here ignore the fields that they do not name, which are in the event's
// Payload, and read null as the zero value. A field whose form is none of those
// accepted is an error, except for times: a time in an unknown form is zero, which is
// seen to be missing, while an amount of zero is not.
package events
