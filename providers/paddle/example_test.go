package paddle_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleNew() {
	srv := clienttest.Start(
		clienttest.JSON(201, `{"data":{"id":"txn_01","status":"ready","currency_code":"USD","details":{"totals":{"grand_total":"2400"}}},"meta":{"request_id":"req_1"}}`),
		clienttest.JSON(409, `{"error":{"type":"request_error","code":"subscription_locked_renewal","detail":"It is being renewed."},"meta":{"request_id":"req_2"}}`),
	)
	defer srv.Close()
	// For the sandbox: client.WithBaseURL(paddle.Sandbox)
	c, err := paddle.New(secret.Static("pdl_sdbx_apikey_1"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := paddle.CreateTransaction.Do(context.Background(), c.HTTP, paddle.CreateTransactionInput{
		Items:      []paddle.Item{{PriceID: "pri_01", Quantity: 2}},
		CustomerID: "ctm_01", AddressID: "add_01",
		CustomData: map[string]any{"order": "1042"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Data.ID, made.Data.Details.Totals.GrandTotal, made.Data.CurrencyCode)

	_, err = paddle.UpdateSubscription.Do(context.Background(), c.HTTP, paddle.UpdateSubscriptionInput{
		ID: "sub_01", Items: paddle.Set([]paddle.Item{{PriceID: "pri_02", Quantity: 1}}), ProrationBillingMode: "prorated_immediately",
	})
	fmt.Println(err)
	// Output:
	// txn_01 2400 USD
	// paddle: PATCH /subscriptions/{subscription_id}: 409 Conflict subscription_locked_renewal "It is being renewed." (request req_2)
}
