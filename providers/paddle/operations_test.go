package paddle_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/paddle"
)

// P4: a list follows Paddle's own links while there is more, through an empty page, to
// Paddle alone; what the loop does not read is not fetched.
func TestP4_Lists(t *testing.T) {
	const page2 = `"meta":{"request_id":"r","pagination":{"per_page":50,"next":"https://api.paddle.com/products?after=pro_2&status=active","has_more":true,"estimated_total":100001}}`
	const last = `"meta":{"pagination":{"next":"https://api.paddle.com/products?after=pro_3","has_more":false,"estimated_total":-1}}`
	c, rt := scripted(t, `200 {"data":[{"id":"pro_1"},{"id":"pro_2"}],`+page2+`}, 200 {"data":[],"meta":{"pagination":{"next":"https://api.paddle.com/products?after=pro_2a","has_more":true}}}, 200 {"data":[{"id":"pro_3"}],`+last+`}`)
	in := paddle.ListProductsInput{Status: []string{"active", "archived"}, Paging: paddle.Paging{PerPage: 2, OrderBy: "id[ASC]", SkipCount: true}}
	var ids []string
	for p, err := range paddle.ListProducts.All(t.Context(), c.HTTP, in) {
		require.NoError(t, err)
		ids = append(ids, p.ID)
	}
	require.Equal(t, []string{"pro_1", "pro_2", "pro_3"}, ids)
	sent := rt.Requests()
	require.Len(t, sent, 3)
	require.Equal(t, "/products?order_by=id%5BASC%5D&per_page=2&status=active%2Carchived", sent[0].URL)
	require.Equal(t, "/products?after=pro_2&status=active", sent[1].URL)
	for _, r := range sent {
		require.Equal(t, "true", r.Header.Get("Skip-Count"), "on every page")
	}
	c, rt = scripted(t, `200 {"data":[{"id":"pro_1"}],`+page2+`}`)
	for range paddle.ListProducts.All(t.Context(), c.HTTP, paddle.ListProductsInput{}) {
		break
	}
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "/products", rt.Last().URL)
	require.Empty(t, rt.Last().Header["Skip-Count"])

	c, rt = scripted(t, `200 {"data":[],"meta":{}}`)
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for _, err := range paddle.ListTransactions.All(t.Context(), c.HTTP, paddle.ListTransactionsInput{CreatedAfter: day, CreatedBefore: day.AddDate(0, 0, 1)}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/transactions?created_at%5BGTE%5D=2026-11-26T00%3A00%3A00Z&created_at%5BLT%5D=2026-11-27T00%3A00%3A00Z", rt.Last().URL)
}

// P4: neither a link to elsewhere, nor one that goes round, nor one that is missing where
// there is more, is taken for the end.
func TestP4_LinksThatLeadNowhere(t *testing.T) {
	for link, want := range map[string]error{
		"https://evil.example.net/products?after=pro_1":     client.ErrOrigin,
		"https://sandbox-api.paddle.com/products?after=pro": client.ErrOrigin,
		"https://api.paddle.com/products":                   nil,
		"":                                                  nil,
	} {
		c, rt := scripted(t, `200 {"data":[{"id":"pro_1"}],"meta":{"pagination":{"next":"`+link+`","has_more":true}}}`)
		var err error
		n := 0
		for _, e := range paddle.ListProducts.All(t.Context(), c.HTTP, paddle.ListProductsInput{}) {
			if e != nil {
				err = e
				break
			}
			n++
		}
		require.Error(t, err, link)
		require.LessOrEqual(t, n, 2)
		if want != nil {
			require.ErrorIs(t, err, want, link)
		}
		most := 1
		if link == "https://api.paddle.com/products" {
			most = 2 // it is known once it has been followed
		}
		require.Equal(t, most, rt.Count(), link)
	}
}

// P3: amounts are text as they came, times are times, what is null is zero, and what is
// not known breaks nothing.
func TestP3_ATransaction(t *testing.T) {
	c, rt := scripted(t, `200 {"data":{"id":"txn_1","status":"pondering","customer_id":null,"currency_code":"JPY","billed_at":null,"created_at":"2026-11-26T15:04:05.123456Z",
		"details":{"totals":{"subtotal":"12345678901234567890","fee":null,"grand_total":"0","currency_code":"JPY","new":1},"line_items":[{"id":"txnitm_1","tax_rate":"0.2"}]},
		"payments":[{"payment_attempt_id":"p_1","amount":"100","error_code":null,"method_details":{"type":"card"}}],"checkout":{"url":null},"zzz":{}},"meta":{"request_id":"req_1","zzz":1}}`)
	got, err := paddle.GetTransaction.Do(t.Context(), c.HTTP, paddle.TransactionInput{ID: "txn_1", Include: []string{"customer", "address"}})
	require.NoError(t, err)
	require.Equal(t, "/transactions/txn_1?include=customer%2Caddress", rt.Last().URL)
	require.Equal(t, "req_1", got.Meta.RequestID)
	tx := got.Data
	require.Equal(t, "pondering", tx.Status)
	require.Equal(t, paddle.Totals{Subtotal: "12345678901234567890", GrandTotal: "0", CurrencyCode: "JPY"}, tx.Details.Totals)
	require.Equal(t, time.Date(2026, 11, 26, 15, 4, 5, 123456000, time.UTC), tx.CreatedAt)
	require.True(t, tx.BilledAt.IsZero())
	require.Empty(t, tx.CustomerID)
	require.Equal(t, "0.2", tx.Details.LineItems[0].TaxRate)
}

// A change leaves what it does not name, sets what it names, and takes away what is null.
func TestChanges(t *testing.T) {
	c, rt := scripted(t, `200 {"data":{"id":"sub_1"}}`)
	_, err := paddle.UpdateSubscription.Do(t.Context(), c.HTTP, paddle.UpdateSubscriptionInput{
		ID: "sub_1", Items: paddle.Set([]paddle.Item{{PriceID: "pri_1", Quantity: 3}}), ProrationBillingMode: "prorated_immediately",
		ScheduledChange: paddle.Null[struct{}](), BusinessID: paddle.Null[string](), CustomerID: paddle.Set(""),
		NextBilledAt: paddle.Set(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)),
	})
	require.NoError(t, err)
	require.Equal(t, "PATCH /subscriptions/sub_1", rt.Last().Method+" "+rt.Last().URL)
	require.JSONEq(t, `{"items":[{"price_id":"pri_1","quantity":3}],"proration_billing_mode":"prorated_immediately","scheduled_change":null,
		"business_id":null,"customer_id":"","next_billed_at":"2026-12-01T00:00:00Z"}`, string(rt.Last().Body))

	var zero paddle.Patch[string]
	require.True(t, zero.IsZero())
	require.False(t, paddle.Null[string]().IsZero())
	raw, err := json.Marshal(struct {
		A paddle.Patch[string] `json:"a"`
	}{})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":null}`, string(raw))
}

// C39: an identifier that is empty, or has dots for a segment, reaches nothing.
func TestC39_Identifiers(t *testing.T) {
	c, rt := scripted(t, `200 {"data":{}}`)
	for _, id := range []string{"", ".", ".."} {
		_, err := paddle.GetTransaction.Do(t.Context(), c.HTTP, paddle.TransactionInput{ID: id})
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = paddle.CancelSubscription.Do(t.Context(), c.HTTP, paddle.CancelSubscriptionInput{ID: id})
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = paddle.UpdateProduct.Do(t.Context(), c.HTTP, paddle.UpdateProductInput{ID: id})
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Zero(t, rt.Count())
	_, err := paddle.GetTransaction.Do(t.Context(), c.HTTP, paddle.TransactionInput{ID: "a/b?c"})
	require.NoError(t, err)
	require.Equal(t, "/transactions/a%2Fb%3Fc", rt.Last().URL)
}
