package braintree_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	transaction := func(fields string) clienttest.Step {
		return clienttest.JSON(200, `{"data":{"chargePaymentMethod":{"transaction":{"id":"dHJhbnM","amount":{"value":"10.00","currencyCode":"USD"},`+fields+`}}}}`)
	}
	srv := clienttest.Start(
		clienttest.Reset(), // its outcome is not known, and the key makes it safe to try again
		transaction(`"status":"SUBMITTED_FOR_SETTLEMENT"`),
		transaction(`"status":"PROCESSOR_DECLINED","statusHistory":[{"status":"PROCESSOR_DECLINED","declineType":"SOFT","processorResponse":{"legacyCode":"2001","message":"Insufficient Funds"}}]`),
		clienttest.JSON(200, `{"errors":[{"message":"Unknown or expired payment method.","extensions":{"errorClass":"VALIDATION","legacyCode":"91565","inputPath":["input","paymentMethodId"]}}]}`))
	defer srv.Close()
	// For the sandbox: client.WithBaseURL(braintree.Sandbox)
	c, err := braintree.New("public", secret.Static("private"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, order := range []string{"1042", "1043", "1044"} {
		paid, err := braintree.ChargePaymentMethod.Do(context.Background(), c.HTTP, braintree.ChargeInput{
			APIRequestKey: "order-" + order, PaymentMethodID: "fake-valid-nonce",
			Transaction: braintree.TransactionInput{Amount: "10.00", OrderID: order},
		})
		if e, ok := errors.AsType[*braintree.Error](err); ok {
			fmt.Println(order, "is wrong:", e.Details[0].LegacyCode, e.Details[0].InputPath, errors.Is(err, client.ErrBadRequest))
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		if why, declined := paid.Decline(); declined {
			fmt.Println(order, "is declined:", why.Code, why.Message)
			continue
		}
		fmt.Println(order, "is paid:", paid.Amount.Value, paid.Amount.CurrencyCode)
	}
	// Output:
	// 1042 is paid: 10.00 USD
	// 1043 is declined: 2001 Insufficient Funds
	// 1044 is wrong: 91565 [input paymentMethodId] true
}
