package google

import (
	"fmt"

	"github.com/standpipe-go/standpipe/client"
)

// Operations are those that have a name in this package. The rest of the API is called
// through Client.HTTP.
var Operations = client.Operations{
	ListEvents, GetEvent, InsertEvent, PatchEvent, DeleteEvent, ListInstances,
	ListCalendars, QueryFreeBusy,
	WatchEvents, StopChannel,
	GetUserInfo,
}

// checked is op with a look at its input before anything is sent.
func checked[In, Out any](op client.Op[In, Out], check func(*In) error) client.Op[In, Out] {
	tagged := op
	op.Encode = func(in In, r *client.Request) (err error) {
		if err := check(&in); err != nil {
			return fmt.Errorf("%w: %w", client.ErrRequest, err)
		}
		*r, err = tagged.Request(in)
		return err
	}
	return op
}

// pages is a listing, by page tokens.
func pages[In, Out, Item any](op client.Op[In, Out], items func(Out) []Item, next func(Out) string) client.List[In, Out, Item] {
	return client.List[In, Out, Item]{Op: op, Items: items, Next: client.NextCursor("pageToken", next)}
}
