package inbox

import (
	"bytes"
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/webhook"
)

// Enqueue implements [webhook.Enqueuer]: it returns nil once the events of d are
// committed, or were before. Those that arrive at once share transactions. An event
// whose signed identifier is known with other content ([webhook.EventKey]) is kept
// among the dead letters, as [ReasonQuarantined], and is not run. A Postgres whose
// synchronous_commit is off is made to wait for its disk here, as by local.
//
// When ctx ends first, the delivery may or may not have been committed; it does no harm
// to enqueue it again. The error of a delivery that no [webhook.Handler] made is
// [ErrDelivery].
func (ib *Inbox) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	rows, err := ib.rows(ctx, d)
	if err == nil {
		err = ib.ready(ctx)
	}
	if err == nil {
		err = ib.intake.do(ctx, rows)
	}
	if err != nil {
		return failed(ctx, "enqueue", err)
	}
	ib.Wake()
	return nil
}

func (ib *Inbox) rows(ctx context.Context, d *webhook.Delivery) ([]row, error) {
	switch {
	case d == nil || len(d.Events) == 0:
		return nil, fmt.Errorf("%w: it has no events", ErrDelivery)
	case len(d.Keys) != len(d.Events):
		return nil, fmt.Errorf("%w: it has %d events and %d keys", ErrDelivery, len(d.Events), len(d.Keys))
	}
	rows := make([]row, len(d.Events))
	var body []byte
	if d.Request != nil {
		// A copy: when ctx ends, Enqueue returns before the database has it.
		body = bytes.Clone(d.Request.Body)
	}
	from := 0
	for i := range rows {
		k := d.Keys[i]
		if k.Endpoint != d.Endpoint {
			return nil, fmt.Errorf("%w: a key is of another endpoint", ErrDelivery)
		}
		order, err := ib.orderOf(ctx, d.Endpoint, d.Events[i])
		if err != nil {
			return nil, err
		}
		r := row{
			identity: identity(k.GuardKey), content: contentOf(k), signed: k.IDSigned,
			endpoint: d.Endpoint, id: shown(k.ID, 255), typ: shown(d.Events[i].Type, 255),
			orderKey: orderKey(d.Endpoint, order), body: body,
		}
		r.bodyMark, r.idMark = marks(k.GuardKey)
		if r.meta, from, err = encode(d, i, from); err != nil {
			return nil, err
		}
		rows[i] = r
	}
	return rows, nil
}

func (ib *Inbox) orderOf(ctx context.Context, endpoint string, e webhook.Raw) (string, error) {
	if ib.cfg.order == nil {
		return "", nil
	}
	return panics.Do(ctx, "the function of OrderBy", func(context.Context) (string, error) {
		return ib.cfg.order(endpoint, e), nil
	})
}
