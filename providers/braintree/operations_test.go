package braintree_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/secret"
)

// A charge sends its input as the one variable, under its name, and to no other place.
func TestACharge(t *testing.T) {
	c, rt := scripted(t, data(charged))
	in := charge
	in.APIRequestKey = "order-1042"
	in.Transaction.Vault = &braintree.VaultTransacting{When: "ALWAYS"}
	paid, err := braintree.ChargePaymentMethod.Do(t.Context(), c, in)
	require.NoError(t, err)
	require.Equal(t, "t_1", paid.ID)
	require.Equal(t, braintree.Money{Value: "10.00", CurrencyCode: "USD"}, paid.Amount)
	_, declined := paid.Decline()
	require.False(t, declined)
	require.Equal(t, "POST /graphql", rt.Last().Method+" "+rt.Last().URL)
	var body struct {
		Query, OperationName string
		Variables            json.RawMessage
	}
	require.NoError(t, json.Unmarshal(rt.Last().Body, &body))
	require.True(t, strings.HasPrefix(body.Query, "mutation ChargePaymentMethod($input: ChargePaymentMethodInput!)"))
	require.Equal(t, "ChargePaymentMethod", body.OperationName)
	require.JSONEq(t, `{"input":{"apiRequestKey":"order-1042","paymentMethodId":"nonce_1","transaction":{
		"amount":"10.00","orderId":"1042","vaultPaymentMethodAfterTransacting":{"when":"ALWAYS"}}}}`, string(body.Variables))
}

// What is not given is left out, so that Braintree's own defaults hold.
func TestWhatIsLeftOut(t *testing.T) {
	for want, step := range map[string]func(c *client.Client) error{
		`{"apiRequestKey":"k","transactionId":"t"}`: func(c *client.Client) error {
			return call(braintree.CaptureTransaction, braintree.CaptureInput{APIRequestKey: "k", TransactionID: "t"})(t.Context(), c)
		},
		`{"apiRequestKey":"k","transactionId":"t","refund":{"amount":"5.00"}}`: func(c *client.Client) error {
			return call(braintree.RefundTransaction, braintree.RefundInput{APIRequestKey: "k", TransactionID: "t", Refund: braintree.RefundDetails{Amount: "5.00"}})(t.Context(), c)
		},
		`{"clientToken":{}}`: func(c *client.Client) error {
			return call(braintree.CreateClientToken, braintree.ClientTokenInput{})(t.Context(), c)
		},
		`{"customerId":"c","customer":{"company":""}}`: func(c *client.Client) error {
			return call(braintree.UpdateCustomer, braintree.UpdateCustomerInput{CustomerID: "c", Customer: braintree.CustomerChanges{Company: new(string)}})(t.Context(), c)
		},
		`{"paymentMethodId":"m"}`: func(c *client.Client) error {
			return call(braintree.VaultPaymentMethod, braintree.VaultInput{PaymentMethodID: "m"})(t.Context(), c)
		},
		`{"creditCard":{"number":"4111","expirationMonth":"12","expirationYear":"2031","cvv":"123","billingAddress":{"postalCode":"1"}}}`: func(c *client.Client) error {
			return call(braintree.TokenizeCreditCard, braintree.CreditCard{Number: secret.New("4111"), CVV: secret.New("123"), ExpirationMonth: "12", ExpirationYear: "2031", PostalCode: "1"})(t.Context(), c)
		},
	} {
		c, rt := scripted(t, data(`{}`))
		err := step(c)
		require.ErrorIs(t, err, client.ErrEmptyBody, "there is no payload, and no error says why")
		raw, err := json.Marshal(sentInput(t, rt.Last()))
		require.NoError(t, err)
		require.JSONEq(t, want, string(raw))
	}
}

// A decline is told, and is no error.
func TestADecline(t *testing.T) {
	for body, want := range map[string]braintree.Decline{
		`{"status":"PROCESSOR_DECLINED","statusHistory":[
			{"__typename":"AuthorizedEvent","status":"AUTHORIZED","timestamp":"2026-11-26T15:04:06.000000Z","processorResponse":{"legacyCode":"1000","message":"Approved"}},
			{"__typename":"ProcessorDeclinedEvent","status":"PROCESSOR_DECLINED","timestamp":"2026-11-26T15:04:05.000000Z","terminal":true,"declineType":"SOFT",
			 "processorResponse":{"legacyCode":"2001","message":"Insufficient Funds"},"networkResponse":{"code":"51","message":"no"}}]}`: {
			Status: "PROCESSOR_DECLINED", Code: "2001", Message: "Insufficient Funds", Retry: true,
		},
		`{"status":"PROCESSOR_DECLINED","statusHistory":[
			{"status":"PROCESSOR_DECLINED","timestamp":"2026-11-26T15:04:05Z","declineType":"SOFT","processorResponse":{"legacyCode":"2001"}},
			{"status":"PROCESSOR_DECLINED","timestamp":"2026-11-26T15:04:06Z","declineType":"HARD","processorResponse":{"legacyCode":"2004","message":"Expired Card"}}]}`: {
			Status: "PROCESSOR_DECLINED", Code: "2004", Message: "Expired Card",
		},
		`{"status":"GATEWAY_REJECTED","statusHistory":[{"status":"GATEWAY_REJECTED","gatewayRejectionReason":"CVV","processorResponse":{"legacyCode":"1000","message":"Approved"}}]}`: {
			Status: "GATEWAY_REJECTED", Code: "CVV", Message: "Approved",
		},
		`{"status":"FAILED"}`: {Status: "FAILED"}, `{"status":"SETTLEMENT_DECLINED"}`: {Status: "SETTLEMENT_DECLINED"},
	} {
		c, rt := scripted(t, data(`{"chargePaymentMethod":{"transaction":`+body+`}}`))
		got, err := braintree.ChargePaymentMethod.Do(t.Context(), c, charge)
		require.NoError(t, err)
		why, declined := got.Decline()
		require.True(t, declined)
		if len(got.StatusHistory) > 0 {
			require.Equal(t, want.Status, why.Event.Status)
		}
		why.Event = braintree.StatusEvent{}
		require.Equal(t, want, why)
		require.Equal(t, 1, rt.Count())

		refund := braintree.Refund{Status: got.Status, StatusHistory: got.StatusHistory}
		again, declined := refund.Decline()
		require.True(t, declined)
		require.Equal(t, want.Code, again.Code)
	}
	for _, status := range []string{"AUTHORIZED", "SUBMITTED_FOR_SETTLEMENT", "VOIDED", "TOMORROWS", ""} {
		_, declined := braintree.Transaction{Status: status}.Decline()
		require.False(t, declined, status)
	}
}

// P3: amounts and identifiers are the text that came, times are times, what is null is
// zero, and what is not known breaks nothing.
func TestP3_APayment(t *testing.T) {
	c, rt := scripted(t,
		data(`{"node":{"__typename":"Transaction","id":"t_1","legacyId":"123","createdAt":"2026-11-26T15:04:05.123456Z","status":"PONDERING","new":{},
			"amount":{"value":"12345678901234567890.123","currencyCode":"KWD"},"orderId":null,"customer":null,"paymentMethod":null,"customFields":null,
			"paymentMethodSnapshot":{"__typename":"CreditCardTransactionDetails","creditCard":{"brandCode":"VISA","last4":"1111","expirationMonth":"12","expirationYear":"2031"}},
			"statusHistory":[{"__typename":"TomorrowsEvent","status":"PONDERING","timestamp":null}]}}`),
		data(`{"node":{"__typename":"Refund","id":"r_1","amount":{"value":"5.00"},"refundedTransaction":{"id":"t_1"}}}`),
		data(`{"node":{"__typename":"Customer"}}`), data(`{"node":null}`), data(`{"node":{"__typename":7}}`), data(`{"node":{"__typename":"Refund","amount":7}}`))
	get := func() (braintree.Payment, error) {
		return braintree.GetPayment.Do(t.Context(), c, braintree.PaymentInput{ID: "t_1"})
	}
	got, err := get()
	require.NoError(t, err)
	require.Nil(t, got.Refund)
	require.Equal(t, "Transaction", got.Kind)
	tx := got.Transaction
	require.Equal(t, braintree.Money{Value: "12345678901234567890.123", CurrencyCode: "KWD"}, tx.Amount)
	require.Equal(t, time.Date(2026, 11, 26, 15, 4, 5, 123456000, time.UTC), tx.CreatedAt)
	require.Equal(t, braintree.Instrument{Kind: "CreditCardTransactionDetails", BrandCode: "VISA", Last4: "1111", ExpirationMonth: "12", ExpirationYear: "2031"}, tx.PaidWith)
	require.Equal(t, "PONDERING", tx.Status)
	require.True(t, tx.StatusHistory[0].Timestamp.IsZero())
	require.Nil(t, tx.Customer)

	got, err = get()
	require.NoError(t, err)
	require.Equal(t, braintree.Payment{Kind: "Refund", Refund: &braintree.Refund{ID: "r_1", Amount: braintree.Money{Value: "5.00"}, Refunded: &braintree.Ref{ID: "t_1"}}}, got)
	got, err = get()
	require.NoError(t, err)
	require.Equal(t, braintree.Payment{Kind: "Customer"}, got, "neither")
	_, err = get()
	require.ErrorIs(t, err, client.ErrEmptyBody)
	for range 2 {
		_, err = get()
		require.ErrorIs(t, err, client.ErrDecode)
	}
	require.Contains(t, string(rt.Last().Body), `"variables":{"id":"t_1"}`)
}

func TestInstruments(t *testing.T) {
	for raw, want := range map[string]braintree.Instrument{
		`{"__typename":"CreditCardDetails","brandCode":"VISA","last4":"1111"}`:                       {Kind: "CreditCardDetails", BrandCode: "VISA", Last4: "1111"},
		`{"__typename":"PayPalAccountDetails","email":"a@example.com"}`:                              {Kind: "PayPalAccountDetails", Email: "a@example.com"},
		`{"__typename":"PayPalTransactionDetails","payer":{"email":"a@example.com"}}`:                {Kind: "PayPalTransactionDetails", Email: "a@example.com"},
		`{"__typename":"VenmoAccountDetails","username":"ada"}`:                                      {Kind: "VenmoAccountDetails", Username: "ada"},
		`{"__typename":"CreditCardTransactionDetails","last4":"2222","creditCard":{"last4":"1111"}}`: {Kind: "CreditCardTransactionDetails", Last4: "1111"},
		`{"__typename":"TomorrowsDetails","x":1}`:                                                    {Kind: "TomorrowsDetails"},
		`null`: {},
	} {
		var got braintree.Instrument
		require.NoError(t, json.Unmarshal([]byte(raw), &got))
		require.Equal(t, want, got, raw)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), new(braintree.Instrument)))
}

// P4: a search goes on behind the last cursor while there is more, through an empty page,
// and does not fetch what the loop does not read.
func TestP4_Search(t *testing.T) {
	page := func(more bool, cursor string, ids ...string) clienttest.Step {
		edges := []string{`{"node":null}`}
		for _, id := range ids {
			edges = append(edges, `{"node":{"id":"`+id+`"}}`)
		}
		return data(fmt.Sprintf(`{"search":{"transactions":{"pageInfo":{"hasNextPage":%v,"endCursor":%q},"edges":[%s]}}}`, more, cursor, strings.Join(edges, ",")))
	}
	in := braintree.SearchInput{First: 2, Filter: braintree.TransactionFilter{OrderID: braintree.Text{Is: "1042"}}}
	c, rt := scripted(t, page(true, "c1", "t_1", "t_2"), page(true, "c2"), clienttest.Status(503).Header("Retry-After", "0"), page(false, "c3", "t_3"))
	var ids []string
	for tx, err := range braintree.SearchTransactions.All(t.Context(), c, in) {
		require.NoError(t, err)
		ids = append(ids, tx.ID)
	}
	require.Equal(t, []string{"t_1", "t_2", "t_3"}, ids)
	var sent []string
	for _, r := range rt.Requests() {
		var body struct{ Variables json.RawMessage }
		require.NoError(t, json.Unmarshal(r.Body, &body))
		sent = append(sent, string(body.Variables))
	}
	require.Equal(t, []string{
		`{"input":{"orderId":{"is":"1042"}},"first":2}`, `{"input":{"orderId":{"is":"1042"}},"first":2,"after":"c1"}`,
		`{"input":{"orderId":{"is":"1042"}},"first":2,"after":"c2"}`, `{"input":{"orderId":{"is":"1042"}},"first":2,"after":"c2"}`,
	}, sent)

	c, rt = scripted(t, page(true, "c1", "t_1", "t_2"))
	for range braintree.SearchTransactions.All(t.Context(), c, in) {
		break
	}
	require.Equal(t, 1, rt.Count())

	// A cursor that goes round, or that is missing where there is more, is no end.
	for _, cursor := range []string{"c1", ""} {
		c, _ = scripted(t, page(true, cursor, "t_1"))
		n, last := 0, error(nil)
		for _, err := range braintree.SearchTransactions.All(t.Context(), c, in) {
			n, last = n+1, err
		}
		require.ErrorIs(t, last, client.ErrDecode)
		require.LessOrEqual(t, n, 3)
	}

	// An error ends the list, and is Braintree's.
	c, _ = scripted(t, page(true, "c1", "t_1"), says("AUTHORIZATION", ""))
	n, last := 0, error(nil)
	for _, err := range braintree.SearchTransactions.All(t.Context(), c, in) {
		n, last = n+1, err
	}
	require.Equal(t, 2, n)
	require.ErrorIs(t, last, client.ErrForbidden)
	_, ok := errors.AsType[*braintree.Error](last)
	require.True(t, ok)
}

func TestAFilter(t *testing.T) {
	from := time.Date(2026, 11, 26, 1, 0, 0, 123456789, time.FixedZone("", 3600)) // a Timestamp is in UTC, with microseconds
	raw, err := json.Marshal(braintree.TransactionFilter{
		ID: braintree.Match{In: []string{"a"}}, Status: braintree.Match{Is: "SETTLED"}, CreatedAt: braintree.Times{From: from},
		Amount:   braintree.AmountFilter{Value: braintree.Amounts{From: "1.00"}, Currency: braintree.Text{Is: "USD"}},
		Customer: braintree.CustomerFilter{Email: braintree.Text{EndsWith: "@example.com"}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"id":{"in":["a"]},"status":{"is":"SETTLED"},"createdAt":{"greaterThanOrEqualTo":"2026-11-26T00:00:00.123456Z"},
		"amount":{"value":{"greaterThanOrEqualTo":"1.00"},"currencyCode":{"is":"USD"}},"customer":{"email":{"endsWith":"@example.com"}}}`, string(raw))
}

// X1: a card shows its number nowhere but in the request.
func TestX1_ACardIsNotPrinted(t *testing.T) {
	card := braintree.CreditCard{Number: secret.New("4111111111111111"), CVV: secret.New("987"), ExpirationYear: "2031"}
	c, rt := scripted(t, clienttest.JSON(200, `{"errors":[{"message":"4111111111111111 is no number","extensions":{"errorClass":"VALIDATION"}}]}`))
	_, err := braintree.TokenizeCreditCard.Do(t.Context(), c, card)
	require.ErrorIs(t, err, client.ErrBadRequest)
	raw, failed := json.Marshal(card)
	require.NoError(t, failed)
	printed := fmt.Sprintf("%v %+v %#v %s %#v", card, card, card, raw, err)
	require.NotContains(t, printed, "987")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", card, card, card, raw), "4111")
	require.Contains(t, string(rt.Last().Body), "4111111111111111")
}

// The ID of another API, a ping, a vaulted method and the rest of the API.
func TestTheOthers(t *testing.T) {
	c, rt := scripted(t, data(`{"idFromLegacyId":"global"}`), data(`{"ping":"pong"}`), data(`{"deletePaymentMethodFromVault":{"clientMutationId":null}}`),
		data(`{"vaultPaymentMethod":{"paymentMethod":null,"verification":{"status":"PROCESSOR_DECLINED","processorResponse":{"legacyCode":"2000"}}}}`),
		data(`{"reverseTransaction":{"reversal":{"__typename":"Transaction","status":"VOIDED"}}}`), data(`{"viewer":{"id":"v"}}`))
	id, err := braintree.IDFromLegacyID.Do(t.Context(), c, braintree.LegacyIDInput{LegacyID: "123", Type: "TRANSACTION"})
	require.NoError(t, err)
	require.Equal(t, "global", id)
	require.Contains(t, string(rt.Last().Body), `"variables":{"legacyId":"123","type":"TRANSACTION"}`)
	pong, err := braintree.Ping.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	require.Equal(t, "pong", pong)
	require.NotContains(t, string(rt.Last().Body), "variables")
	_, err = braintree.DeletePaymentMethod.Do(t.Context(), c, braintree.PaymentMethodInput{PaymentMethodID: "m"})
	require.NoError(t, err)
	kept, err := braintree.VaultPaymentMethod.Do(t.Context(), c, braintree.VaultInput{PaymentMethodID: "m"})
	require.NoError(t, err)
	require.Nil(t, kept.PaymentMethod)
	require.Equal(t, "2000", kept.Verification.ProcessorResponse.LegacyCode)
	undone, err := braintree.ReverseTransaction.Do(t.Context(), c, braintree.ReverseInput{TransactionID: "t"})
	require.NoError(t, err)
	require.Equal(t, "VOIDED", undone.Transaction.Status)

	viewer := graphql.Op[client.None, map[string]string]{Name: "viewer", Path: braintree.Path, Document: `query Viewer { viewer { id } }`, Field: "viewer", Codes: braintree.Codes}
	me, err := viewer.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	require.Equal(t, "v", me["id"])
}
