package stripetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
)

// shop is what is to be tested.
type shop struct{ stripe *stripe.Client }

// takeBack gives the money of an order back, once however often it is asked.
func (s *shop) takeBack(ctx context.Context, order, payment string) error {
	params := &sdk.RefundParams{PaymentIntent: sdk.String(payment)}
	params.SetIdempotencyKey("refund/" + order)
	_, err := s.stripe.Refund(ctx, params)
	if e, ok := errors.AsType[*client.Error](err); ok && e.Code == "charge_already_refunded" {
		return nil
	}
	return err
}

func TestARefundIsMadeOnce(t *testing.T) {
	srv := stripetest.NewServer(t)
	c, err := srv.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	payment, err := c.CreatePaymentIntent(t.Context(), &sdk.PaymentIntentParams{
		Amount: sdk.Int64(2000), Currency: sdk.String("eur"), PaymentMethod: sdk.String("pm_card_visa"), Confirm: sdk.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Inject("refunds.create", stripetest.DropAfter) // Stripe does it, and the response is lost
	s := &shop{c}
	for range 2 {
		if err := s.takeBack(t.Context(), "17", payment.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(srv.Events("refund.created")); n != 1 {
		t.Errorf("%d refunds", n)
	}
}

func Example() {
	srv := stripetest.Start() // in a test: stripetest.NewServer(t)
	defer srv.Close()
	c, err := srv.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.HTTP.CloseIdleConnections()
	ctx := context.Background()
	srv.Inject("customers.create", stripetest.DropAfter) // Stripe does it, and the response is lost
	cus, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Email: sdk.String("a@example.com")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cus.ID, cus.Email)
	fmt.Println(len(srv.Requests("customers.create")), "requests,", len(srv.Events("customer.created")), "customer")
	// Output:
	// cus_1 a@example.com
	// 2 requests, 1 customer
}
