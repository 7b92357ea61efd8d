package listed_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// A service without an adapter: its list has the events, and goes back a week.
func Example() {
	list := func(ctx context.Context) iter.Seq2[listed.Event, error] {
		return func(yield func(listed.Event, error) bool) {
			for _, id := range []string{"evt_2", "evt_1"} {
				if !yield(listed.Event{ID: id, Body: []byte(`{"id":"` + id + `","type":"order.paid"}`)}, nil) {
					return
				}
			}
			yield(listed.Event{}, fmt.Errorf("orders: events before the last week: %w", listed.ErrNotKept))
		}
	}
	for e, err := range list(context.Background()) { // as inbox.Inbox.Reconcile does
		if errors.Is(err, listed.ErrNotKept) {
			fmt.Println(err)
			continue
		}
		fmt.Println(e.ID)
	}
	// Output:
	// evt_2
	// evt_1
	// orders: events before the last week: the service no longer lists what is older
}
