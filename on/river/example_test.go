package onriver_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	onriver "github.com/standpipe-go/standpipe/on/river"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// A handler that keeps what it has verified, and a River worker for it.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	q, err := onriver.New(pool, onriver.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	stripe, err := webhook.Stripe(secret.Static("whsec_example"))
	if err != nil {
		fmt.Println(err)
		return
	}
	type invoice struct {
		ID string `json:"id"`
	}
	hooks, err := webhook.NewHandler(stripe,
		webhook.WithQueue(q),
		onriver.OnTx("invoice.paid", func(ctx context.Context, tx pgx.Tx, e webhook.Event[invoice]) error {
			_, err := tx.Exec(ctx, `UPDATE orders SET paid = TRUE WHERE invoice = $1`, e.Data.ID)
			return err
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	serve := func(ctx context.Context) error {
		if err := q.Migrate(ctx); err != nil {
			return err
		}
		// mux.Handle("POST /hooks/stripe", hooks), and in this process or another:
		return q.Run(ctx, hooks)
	}
	_ = serve
	fmt.Println(hooks.Endpoint())
	// Output: stripe
}
