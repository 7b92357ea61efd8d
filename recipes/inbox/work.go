package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// invoice is what of Stripe's object is needed here.
type invoice struct {
	AmountPaid int64 `json:"amount_paid"`
}

// newInbox migrates the tables. In production leave the lease at its minute: here nobody
// is to wait that long after a process was killed.
func newInbox(ctx context.Context, db *sql.DB, d inbox.Dialect, prefix string) (*inbox.Inbox, error) {
	ib, err := inbox.New(db, d, inbox.WithPrefix(prefix), inbox.WithLease(2*time.Second))
	if err != nil {
		return nil, err
	}
	return ib, ib.Migrate(ctx)
}

// newHandler keeps each payment. The function writes into the application's own table, in
// the transaction in which its event is taken off: there is a row for each event, and
// never two, without a unique key that would have to see to it.
func newHandler(ib *inbox.Inbox, prefix string) (*webhook.Handler, error) {
	scheme, err := webhook.Stripe(secret.Static(signingSecret))
	if err != nil {
		return nil, err
	}
	insert := fmt.Sprintf(`INSERT INTO %s_payment (event, amount) VALUES ($1, $2)`, prefix)
	return webhook.NewHandler(scheme,
		webhook.WithQueue(ib),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[invoice]) error {
			_, err := tx.ExecContext(ctx, insert, e.ID, e.Data.AmountPaid)
			return err
		}))
}

// work receives at a free port, which it prints, and handles what it has received, until
// stdin ends.
func work(ctx context.Context, s storage, stdin io.Reader, out io.Writer) error {
	db, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	ib, hooks, closeKeeper, err := s.keep(ctx, db)
	if err != nil {
		return err
	}
	defer closeKeeper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- ib.Run(ctx, hooks) }()
	server := &http.Server{Handler: hooks, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	fmt.Fprintf(out, "http://%s/\n", l.Addr())
	_, _ = io.Copy(io.Discard, stdin)
	err = server.Shutdown(ctx)
	cancel()
	return errors.Join(err, <-done)
}
