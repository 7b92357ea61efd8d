// Package events holds the payloads of the webhook events that most
// applications handle, as structs to decode them into.
//
// Name the struct in the function that is given to webhook.On:
//
//	webhook.On("payment_intent.succeeded", func(ctx context.Context, e webhook.Event[events.PaymentIntent]) error {
//		return fulfil(ctx, e.Data.Metadata["order_id"])
//	})
//
// Where a provider puts the object that an event is about into an envelope, there
// is a struct for each: PaymentIntent and StripePaymentIntent, ResendEmail and
// Resend, ClerkUserData and ClerkUser, PaddleTransactionData and
// PaddleTransaction. The object is for webhook.On, the envelope for
// webhook.OnEnvelope; neither takes the other.
//
// The structs are tolerant: they name the fields that handlers use and ignore
// the others, take a field that a provider sends now as one JSON type and now
// as another ([Text], [Time], [Strings], [Labels], [Ref]), and read null as the
// zero value. What they leave out is in the event's Payload. Where you need all
// of a provider's fields, decode into the vendor SDK's own type instead: any
// type that encoding/json fills will do.
//
// Amounts are integers in the currency's minor unit, as the providers send
// them. A field whose form is none of those accepted is an error, except for
// times: a time in an unknown form is zero, which is seen to be missing, while
// an amount of zero is not.
package events
