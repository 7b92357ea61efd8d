package google

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// SyncInput says what to keep a copy of. All but SyncToken stays the same from one sync
// to the next.
type SyncInput struct {
	CalendarID string

	// SyncToken is the NextSyncToken of the sync before. "" lists everything.
	SyncToken string

	// TimeMin and TimeMax bound what is listed where everything is. What changes later is
	// told without such bounds.
	TimeMin, TimeMax time.Time

	SingleEvents          bool // the instances of events that recur, in place of these
	EventTypes            []string
	ShowHiddenInvitations bool
	MaxAttendees          int
	MaxResults            int    // to a page, 2,500 at most; 0 is Google's 250
	TimeZone              string // of the response
}

// SyncPage is a page of what has changed. An event that is cancelled is to be removed.
type SyncPage struct {
	EventPage

	// Reset says that everything is listed, from this page on: without a sync token, or
	// because Google has forgotten what it stands for. What was kept until now is to be
	// forgotten too.
	Reset bool
}

// SyncEvents yields what has changed in a calendar since the sync before, page after page
// as the loop asks for them, the cancelled events too:
//
//	for page, err := range c.SyncEvents(ctx, google.SyncInput{CalendarID: google.Primary, SyncToken: kept}) {
//		if err != nil {
//			return err // the kept token is still good
//		}
//		if page.Reset {
//			mirror.Clear()
//		}
//		mirror.Apply(page.Items)
//		if page.NextSyncToken != "" {
//			kept = page.NextSyncToken // the last page
//		}
//	}
//
// Where the sync token has expired (a 410), everything is listed instead, which the page
// says by Reset; that may come after pages of changes. Keep the token with or after what
// it stands for, in one transaction if there is one. An error ends the sequence and comes
// with the zero SyncPage. If the last page has no NextSyncToken, keep the token before:
// the next sync then repeats what this one said ("Synchronize resources efficiently",
// Google Calendar docs).
func (c *Client) SyncEvents(ctx context.Context, in SyncInput, edit ...func(*client.Request)) iter.Seq2[SyncPage, error] {
	return func(yield func(SyncPage, error) bool) {
		if in.SyncToken != "" {
			expired := false
			for page, err := range ListEvents.Pages(ctx, c.HTTP, in.changes(), edit...) {
				if expired = isGone(err); expired {
					break
				}
				if !yield(SyncPage{EventPage: page}, err) || err != nil {
					return
				}
			}
			if !expired {
				return
			}
		}
		reset := true
		for page, err := range ListEvents.Pages(ctx, c.HTTP, in.everything(), edit...) {
			if err != nil {
				yield(SyncPage{}, err)
				return
			}
			if !yield(SyncPage{EventPage: page, Reset: reset}, nil) {
				return
			}
			reset = false
		}
	}
}

// isGone reports whether a sync token has expired, also where the 410 does not say so.
func isGone(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Status == http.StatusGone
}

func (in *SyncInput) changes() ListEventsInput {
	return ListEventsInput{
		CalendarID: in.CalendarID, SyncToken: in.SyncToken, SingleEvents: in.SingleEvents, EventTypes: in.EventTypes,
		ShowHiddenInvitations: in.ShowHiddenInvitations, MaxAttendees: in.MaxAttendees, MaxResults: in.MaxResults, TimeZone: in.TimeZone,
	}
}

func (in *SyncInput) everything() ListEventsInput {
	all := in.changes()
	all.SyncToken, all.TimeMin, all.TimeMax = "", in.TimeMin, in.TimeMax
	return all
}
