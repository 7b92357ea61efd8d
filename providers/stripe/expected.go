package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/webhook/listed"
)

// keptEvents is for how long Stripe lists events ("List all events", API reference).
const keptEvents = 30 * 24 * time.Hour

// ExpectedEvents lists the events that a webhook endpoint should have had since then, the
// newest first and as they are delivered, for inbox.Inbox.Reconcile. Give it the types
// that the endpoint is subscribed to, 20 at most, and it lists all of these. Without
// types it lists those of any type that Stripe has not delivered to each of the account's
// endpoints, which is for an account that has one.
//
// An error ends the list. Stripe keeps events for 30 days: where since is before that,
// the last error matches listed.ErrNotKept, after all that Stripe has. The zero since
// asks for no more than that, and is no error.
func (c *Client) ExpectedEvents(ctx context.Context, since time.Time, types ...string) iter.Seq2[listed.Event, error] {
	params := &sdk.EventListParams{ListParams: sdk.ListParams{Limit: sdk.Int64(100)}}
	if len(types) == 0 {
		params.DeliverySuccess = sdk.Bool(false)
	} else { // an empty slice would be sent as one empty type
		params.Types = sdk.StringSlice(types)
	}
	if !since.IsZero() {
		params.CreatedRange = &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	}
	return func(yield func(listed.Event, error) bool) {
		for e, err := range all(ctx, c, listRawEvents, params) {
			if err != nil {
				yield(listed.Event{}, err)
				return
			}
			if !yield(listed.Event{ID: e.id, Body: e.raw}, nil) {
				return
			}
		}
		if !since.IsZero() && time.Since(since) > keptEvents {
			yield(listed.Event{}, fmt.Errorf("stripe: events before the last 30 days, since %s: %w", since.UTC().Format(time.RFC3339), listed.ErrNotKept))
		}
	}
}

// listRawEvents is [ListEvents] of events as they are.
var listRawEvents = list[*sdk.EventListParams](ListEvents.Name, ListEvents.Route, func(e *rawEvent) string { return e.id })

// rawEvent is an event as Stripe has written it: the SDK's type has no room for what it
// does not know.
type rawEvent struct {
	id  string
	raw []byte
}

// UnmarshalJSON keeps what it decodes.
func (e *rawEvent) UnmarshalJSON(raw []byte) error {
	var known struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return err
	}
	e.id, e.raw = known.ID, append([]byte(nil), raw...)
	return nil
}
