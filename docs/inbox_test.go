package docs

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// orders is the part of an application that has its events kept.
type orders struct {
	mail func(ctx context.Context, to, key string) error
}

func (s *orders) hooks(ctx context.Context, db *sql.DB, scheme *webhook.Scheme) (*inbox.Inbox, *webhook.Handler, error) {
	ib, err := inbox.New(db, inbox.Postgres)
	if err != nil {
		return nil, nil, err
	}
	if err := ib.Migrate(ctx); err != nil { // creates the tables, or does nothing
		return nil, nil, err
	}
	hooks, err := webhook.NewHandler(scheme,
		webhook.WithQueue(ib),
		inbox.OnTx("payment_intent.succeeded", s.paid),
		webhook.On("charge.refunded", s.mailRefund))
	return ib, hooks, err
}

// paid writes in the transaction in which its event is taken off, so that the order is
// changed exactly once.
func (s *orders) paid(ctx context.Context, tx *sql.Tx, e webhook.Event[sdk.PaymentIntent]) error {
	_, err := tx.ExecContext(ctx, `UPDATE orders SET paid = paid + $1 WHERE id = $2`, e.Data.AmountReceived, e.Data.Metadata["order_id"])
	return err
}

// mailRefund is called at least once: a process can die after the mail was sent.
func (s *orders) mailRefund(ctx context.Context, e webhook.Event[sdk.Charge]) error {
	return s.mail(ctx, e.Data.ReceiptEmail, "refund/"+e.ID) // an idempotency key at the mail service
}

func (s *orders) serve(ctx context.Context, mux *http.ServeMux, ib *inbox.Inbox, hooks *webhook.Handler) <-chan error {
	done := make(chan error, 1)
	mux.Handle("POST /hooks/stripe", hooks)
	go func() { done <- ib.Run(ctx, hooks) }() // in this process, in others, or both
	return done
}

// replay runs again what has failed since broken.
func (s *orders) replay(ctx context.Context, ib *inbox.Inbox, broken time.Time, out io.Writer) error {
	for l, err := range ib.DeadLetters(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, l.ID, l.Type, l.EventID, l.Reason, l.LastError)
	}
	n, err := ib.ReplaySince(ctx, broken, "ada, after release 1.4.3") // or ib.Replay, for one of them
	fmt.Fprintln(out, n, "events are run again")
	return err
}

type noDatabase struct{}

func (noDatabase) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("it is away") }
func (noDatabase) Driver() driver.Driver                        { return nil }

func TestAnInboxNeedsItsDatabase(t *testing.T) {
	db := sql.OpenDB(noDatabase{})
	defer db.Close()
	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	require.NoError(t, err)
	s := &orders{}
	_, _, err = s.hooks(t.Context(), db, scheme)
	require.ErrorContains(t, err, "inbox: migrate: it is away")

	ib, err := inbox.New(db, inbox.Postgres)
	require.NoError(t, err)
	hooks, err := webhook.NewHandler(scheme, webhook.WithQueue(ib), webhook.On("charge.refunded", s.mailRefund))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, <-s.serve(ctx, http.NewServeMux(), ib, hooks))
	require.ErrorContains(t, s.replay(t.Context(), ib, time.Now(), io.Discard), "it is away")
}
