// Command checkout is a shop that is paid through Stripe Checkout: it creates the session
// and fulfils the order when Stripe's webhook says that it is paid.
//
//	go run ./examples/checkout
//
// It needs no account: a fake Stripe runs on loopback, fails once, and then delivers the
// same event twice. With a sandbox's key in STRIPE_SECRET_KEY it creates the session at
// Stripe, and says where to pay. What an application copies is in app.go and app_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func main() {
	do := run
	if os.Getenv("STRIPE_SECRET_KEY") != "" {
		do = func(ctx context.Context, out io.Writer) error { return live(ctx, out) }
	}
	if err := do(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "checkout:", err)
		os.Exit(1)
	}
}

// demoSecret is that of the demonstration's endpoint. It opens nothing.
const demoSecret = "whsec_demo0123456789abcdefghijklmn"

func run(ctx context.Context, out io.Writer) error {
	fake := stripetest.Start()
	defer fake.Close()
	fake.Inject("checkout_sessions.create", stripetest.Unavailable)
	h, err := newShop(config{
		key:           secret.Static(fake.Key()),
		webhookSecret: secret.Static(demoSecret),
		base:          "https://shop.example.com",
		orders:        printer{out},
		log:           slog.New(slog.DiscardHandler),
	}, client.WithBaseURL(fake.URL))
	if err != nil {
		return err
	}
	shop := httptest.NewServer(h)
	defer shop.Close()

	fmt.Fprintln(out, "The buyer presses the button. Stripe fails once:")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.URL+"/orders/6735/checkout", nil)
	if err != nil {
		return err
	}
	location, err := send(req, http.StatusSeeOther)
	if err != nil {
		return err
	}
	for _, r := range fake.Requests("checkout_sessions.create") {
		fmt.Fprintf(out, "    Stripe is asked under the key %s\n", r.Header.Get("Idempotency-Key"))
	}
	fmt.Fprintf(out, "    the buyer is sent to %s\n", location)

	fmt.Fprintln(out, "The buyer has paid. Stripe says so twice:")
	if err := fake.CompleteCheckout(path.Base(location)); err != nil {
		return err
	}
	paid := fake.Events("checkout.session.completed")[0].JSON
	for range 2 {
		req, err := webhooktest.Stripe(demoSecret).WithURL(shop.URL+"/hooks/stripe").NewRequest(ctx, paid)
		if err != nil {
			return err
		}
		if _, err := send(req, http.StatusOK); err != nil {
			return err
		}
		fmt.Fprintln(out, "    the shop responds with 200")
	}
	return nil
}

// live creates a session at Stripe. The options are for its test.
func live(ctx context.Context, out io.Writer, options ...client.Option) error {
	if !strings.Contains(os.Getenv("STRIPE_SECRET_KEY"), "_test_") {
		return errors.New("STRIPE_SECRET_KEY is no sandbox's key: nothing has been called")
	}
	h, err := newShop(config{
		key:           secret.Env("STRIPE_SECRET_KEY"),
		webhookSecret: secret.Static(demoSecret),
		base:          "https://shop.example.com",
		orders:        printer{out},
		log:           slog.Default(),
	}, options...)
	if err != nil {
		return err
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "https://shop.example.com/orders/6735/checkout", nil))
	if w.Code != http.StatusSeeOther {
		return fmt.Errorf("status %d: %s", w.Code, w.Body)
	}
	_, err = fmt.Fprintln(out, "Pay with 4242 4242 4242 4242 at", w.Header().Get("Location"))
	return err
}

// send returns where the response leads. A status that is not the wanted one is an error.
func send(req *http.Request, want int) (string, error) {
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // follows nothing
	if err != nil {
		return "", err
	}
	if resp.StatusCode != want {
		err = fmt.Errorf("status %d, not %d", resp.StatusCode, want)
	}
	return resp.Header.Get("Location"), errors.Join(err, resp.Body.Close())
}

// printer stands for the database.
type printer struct{ out io.Writer }

func (printer) Find(_ context.Context, id string) (order, error) {
	return order{ID: id, Title: "Water pump", Currency: "eur", Amount: 2000, Attempt: 1}, nil
}

func (printer) Await(context.Context, string, int) error { return nil }
func (printer) Retry(context.Context, string, int) error { return nil }

func (p printer) Fulfil(_ context.Context, id, _ string) error {
	_, err := fmt.Fprintf(p.out, "    order %s is fulfilled\n", id)
	return err
}
