package inbox

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// Listed is an event in a service's own list. Adapters make such lists:
// ExpectedEvents of a stripe.Client, github.ExpectedDeliveries,
// paddle.ExpectedNotifications and resend.ExpectedEvents.
type Listed = listed.Event

// Reconciled counts what [Inbox.Reconcile] has found.
type Reconciled struct {
	Known int // it had arrived, whatever has become of it since
	Taken int // it was taken in, and will be run
	Asked int // the service was asked to deliver it again
}

// maxReported is how many errors of single events are told.
const maxReported = 10

// Reconcile compares a service's own list of events with what has arrived at the
// endpoint of h, and makes up for what has not: it takes in what the list shows, and
// asks for the rest again. Call it now and then, and after an outage, with a list that
// goes back as far as the service delivers again, and no further than the longer
// [WithRetention], before which nothing is known. Leave out the types that the endpoint
// is not subscribed to, and the events of the last minutes, whose deliveries may be on
// their way. Two at the same time do no harm.
//
// An event that is taken in and then delivered after all is run once, and so is what
// the list shows twice. How an event is rendered in a list may differ from its delivery,
// so nothing is quarantined for that.
//
// An event that cannot be taken in or asked for costs itself alone: the error joins the
// first ten, and counts the others. The list's own error or panic and the database's
// error end it: what was listed before has been made up for, so call it again. An error
// that matches [listed.ErrNotKept] is the list's last word: it was walked to its end,
// which is later than the time that was asked for.
func (ib *Inbox) Reconcile(ctx context.Context, h *webhook.Handler, list iter.Seq2[Listed, error]) (r Reconciled, err error) {
	if h == nil || list == nil {
		return r, errors.New("inbox: reconcile: the handler or the list is nil")
	}
	if err := ib.ready(ctx); err != nil {
		return r, failed(ctx, "reconcile", err)
	}
	errs, more := ib.walk(ctx, h, list, &r)
	if more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", more))
	}
	if err := errors.Join(errs...); err != nil {
		return r, failed(ctx, "reconcile", err)
	}
	return r, nil
}

// walk makes up for what list shows, and returns the errors that are told and how many
// others there were.
func (ib *Inbox) walk(ctx context.Context, h *webhook.Handler, list iter.Seq2[Listed, error], r *Reconciled) (errs []error, more int) {
	var panicked error
	defer func() {
		if panicked != nil {
			errs = append(errs, panicked)
		}
	}()
	defer panics.Catch(&panicked, "the list")
	for l, err := range list {
		if err != nil {
			return append(errs, fmt.Errorf("the list: %w", err)), more
		}
		if ctx.Err() != nil {
			return append(errs, context.Cause(ctx)), more
		}
		known, err := ib.knows(ctx, h.Endpoint(), l.ID)
		if err != nil {
			return append(errs, err), more
		}
		if known {
			r.Known++
			continue
		}
		switch err := ib.makeUp(ctx, h, l, r); {
		case err == nil:
		case len(errs) < maxReported:
			errs = append(errs, fmt.Errorf("%q: %w", shown(l.ID, 255), err))
		default:
			more++
		}
	}
	return errs, more
}

// makeUp gets an event that has not arrived.
func (ib *Inbox) makeUp(ctx context.Context, h *webhook.Handler, l Listed, r *Reconciled) error {
	switch {
	case l.ID == "":
		return errors.New("it has no identifier")
	case l.Body != nil:
		_, err := panics.Do(ctx, "the function that splits events", func(ctx context.Context) (none struct{}, err error) { return none, ib.takeIn(ctx, h, l) })
		if err != nil {
			return err
		}
		r.Taken++
	case l.Again != nil:
		_, err := panics.Do(ctx, "the function Again", func(ctx context.Context) (none struct{}, err error) { return none, l.Again(ctx) })
		if err != nil {
			return err
		}
		r.Asked++
	default:
		return errors.New("it has neither a Body nor Again")
	}
	return nil
}

// unrendered is the content of an event that was taken in from a list: how its
// deliveries are rendered is not known. No hash is all zeros.
var unrendered [32]byte

func (ib *Inbox) takeIn(ctx context.Context, h *webhook.Handler, l Listed) error {
	d, err := h.Fetched(l.Body)
	if err != nil {
		return err
	}
	if id := d.Events[0].ID; id != l.ID {
		return fmt.Errorf("its body is of the event %q", shown(id, 255))
	}
	rows, err := ib.rows(ctx, d)
	if err != nil {
		return err
	}
	rows[0].content = unrendered
	if err := ib.intake.do(ctx, rows); err != nil {
		return err
	}
	ib.Wake()
	return nil
}

// knows reports whether an event of this identifier has arrived, with any content.
func (ib *Inbox) knows(ctx context.Context, endpoint, id string) (known bool, err error) {
	key := webhook.GuardKey{Endpoint: endpoint, ID: id, IDSigned: true}
	signed := identity(key)
	key.IDSigned = false
	_, unsigned := marks(key)
	err = ib.call(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, ib.sql.knows, signed, unsigned).Scan(&known)
	})
	return known, err
}
