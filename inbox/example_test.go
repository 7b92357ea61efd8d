package inbox_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// A handler that keeps what it has verified, and a worker for it. In a program db comes
// from sql.Open, with a driver for Postgres or SQLite.
func Example() {
	db := openDatabase()
	defer db.Close()
	ib, err := inbox.New(db, inbox.SQLite)
	if err != nil {
		fmt.Println(err)
		return
	}
	stripe, err := webhook.Stripe(secret.Static("whsec_example"))
	if err != nil {
		fmt.Println(err)
		return
	}
	type invoice struct {
		ID string `json:"id"`
	}
	hooks, err := webhook.NewHandler(stripe,
		webhook.WithQueue(ib),
		inbox.OnTx("invoice.paid", func(ctx context.Context, tx *sql.Tx, e webhook.Event[invoice]) error {
			_, err := tx.ExecContext(ctx, `UPDATE orders SET paid = TRUE WHERE invoice = $1`, e.Data.ID)
			return err
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	serve := func(ctx context.Context) error {
		if err := ib.Migrate(ctx); err != nil {
			return err
		}
		// mux.Handle("POST /hooks/stripe", hooks), and in this process or another:
		return ib.Run(ctx, hooks)
	}
	_ = serve
	fmt.Println(hooks.Endpoint())
	// Output: stripe
}

func openDatabase() *sql.DB { return away() }
