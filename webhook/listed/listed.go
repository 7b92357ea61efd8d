package listed

import (
	"context"
	"errors"
)

// Event is an event in a service's own list: of Stripe's events, Paddle's notifications,
// GitHub's deliveries.
type Event struct {
	// ID is the identifier that the event has in its deliveries: "evt_1", or GitHub's
	// GUID of a delivery.
	ID string

	// Body is the event as it would be delivered, where the list has it and deliveries
	// have their identifier in the body and sign it, as Stripe's do. The event is then
	// taken in; see webhook.Handler.Fetched.
	Body []byte

	// Again, for an event without a Body, asks the service to deliver the event again.
	Again func(context.Context) error
}

// ErrNotKept is matched by the error with which an adapter's list ends where it was asked
// for more than the service keeps. All that there is has been listed before it.
var ErrNotKept = errors.New("the service no longer lists what is older")
