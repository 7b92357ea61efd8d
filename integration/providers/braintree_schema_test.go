//go:build braintree

package providers

import (
	"os"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// braintreeKeys are the inputs with an apiRequestKey by the reference, which a schema
// that is older than these fields does not have.
const braintreeKeys = `ChargePaymentMethodInput.apiRequestKey: String
AuthorizePaymentMethodInput.apiRequestKey: String
CaptureTransactionInput.apiRequestKey: String
RefundTransactionInput.apiRequestKey: String
ReverseTransactionInput.apiRequestKey: String`

// P1: every document and its variables are what Braintree's own schema allows, and what
// the schema promises is decoded. The schema has no licence and is not kept here: who has
// a copy of github.com/braintree/graphql-api's schema.graphql names it in the variable,
// and runs this with -tags braintree.
func TestP1_BraintreeUnderItsOwnSchema(t *testing.T) {
	schema := os.Getenv("STANDPIPE_BRAINTREE_SCHEMA")
	require.NotEmpty(t, schema, "STANDPIPE_BRAINTREE_SCHEMA names no copy of Braintree's schema")
	srv := servers.GraphQLMock(t, schema, "EXTEND="+braintreeKeys,
		`SCALARS={"Amount":"10.00","Timestamp":"2026-11-26T15:04:05.123456Z","Month":"12","Year":"2031","CurrencyCodeAlpha":"USD"}`)
	c, err := braintree.New("public", secret.Static("private"), at(t, srv.URL)...)
	require.NoError(t, err)
	ctx, text, yes := t.Context(), "x", true
	risk, descriptor := &braintree.RiskData{CustomerBrowser: "b", CustomerIP: "192.0.2.1", DeviceData: "d"}, &braintree.Descriptor{Name: "n", Phone: "p", URL: "u"}
	custom := []braintree.CustomField{{Name: "n", Value: "v"}}
	charge := braintree.ChargeInput{PaymentMethodID: "nonce", Transaction: braintree.TransactionInput{
		Amount: "10.00", MerchantAccountID: "m", OrderID: "o", CustomerID: "c", PaymentInitiator: "RECURRING", CustomFields: custom,
		Descriptor: descriptor, RiskData: risk, Vault: &braintree.VaultTransacting{When: "ON_SUCCESSFUL_TRANSACTION"},
	}}
	transaction := func(got braintree.Transaction, err error) error {
		if err == nil {
			require.NotEmpty(t, got.ID)
			require.NotEmpty(t, got.LegacyID)
			require.Equal(t, braintree.Money{Value: "10.00", CurrencyCode: "USD"}, got.Amount)
			require.False(t, got.CreatedAt.IsZero())
			require.NotEmpty(t, got.PaidWith.Kind)
			require.NotEmpty(t, got.StatusHistory)
			require.NotEmpty(t, got.StatusHistory[0].Kind)
			require.False(t, got.StatusHistory[0].Timestamp.IsZero())
			require.NotEmpty(t, got.Customer.ID)
		}
		return err
	}
	method := func(got braintree.PaymentMethod) {
		require.NotEmpty(t, got.ID)
		require.NotEmpty(t, got.Details.Kind)
		require.NotEmpty(t, got.Usage)
	}
	payment := func(got braintree.Payment, err error) error {
		if got.Kind == "Transaction" {
			return transaction(*got.Transaction, err)
		}
		return err
	}
	customer := func(got braintree.Customer, err error) error {
		if err == nil {
			require.NotEmpty(t, got.ID)
			require.NotEmpty(t, got.Email)
		}
		return err
	}
	calls := map[string]func() error{
		"ping": func() error { _, err := braintree.Ping.Do(ctx, c.HTTP, client.None{}); return err },
		"ids.fromLegacy": func() error {
			id, err := braintree.IDFromLegacyID.Do(ctx, c.HTTP, braintree.LegacyIDInput{LegacyID: "1", Type: "TRANSACTION"})
			require.NotEmpty(t, id)
			return err
		},
		"clientTokens.create": func() error {
			token, err := braintree.CreateClientToken.Do(ctx, c.HTTP, braintree.ClientTokenInput{ClientToken: braintree.ClientToken{
				MerchantAccountID: "m", CustomerID: "c", Domains: []string{"shop.example.com"},
			}})
			require.NotEmpty(t, token)
			return err
		},
		"transactions.charge": func() error { return transaction(braintree.ChargePaymentMethod.Do(ctx, c.HTTP, charge)) },
		"transactions.authorize": func() error {
			return transaction(braintree.AuthorizePaymentMethod.Do(ctx, c.HTTP, braintree.AuthorizeInput(charge)))
		},
		"transactions.capture": func() error {
			return transaction(braintree.CaptureTransaction.Do(ctx, c.HTTP, braintree.CaptureInput{TransactionID: "t",
				Transaction: braintree.CaptureDetails{Amount: "5.00", OrderID: "o", Descriptor: descriptor}}))
		},
		"transactions.refund": func() error {
			got, err := braintree.RefundTransaction.Do(ctx, c.HTTP, braintree.RefundInput{TransactionID: "t", APIRequestKey: "k",
				Refund: braintree.RefundDetails{Amount: "5.00", OrderID: "o", MerchantAccountID: "m"}})
			require.NotEmpty(t, got.ID)
			require.NotEmpty(t, got.Refunded.ID)
			return err
		},
		"transactions.reverse": func() error {
			return payment(braintree.ReverseTransaction.Do(ctx, c.HTTP, braintree.ReverseInput{TransactionID: "t"}))
		},
		"payments.get": func() error { return payment(braintree.GetPayment.Do(ctx, c.HTTP, braintree.PaymentInput{ID: "t"})) },
		"transactions.search": func() error {
			in := braintree.SearchInput{First: 2, After: "cursor", Filter: braintree.TransactionFilter{
				ID: braintree.Match{In: []string{"a"}}, Status: braintree.Match{In: []string{"SETTLED", "VOIDED"}}, OrderID: braintree.Text{StartsWith: "1"},
				CreatedAt:         braintree.Times{From: time.Now().Add(-time.Hour), To: time.Now()},
				Amount:            braintree.AmountFilter{Value: braintree.Amounts{From: "1.00", To: "9.00"}, Currency: braintree.Text{Is: "USD"}},
				MerchantAccountID: braintree.Match{Is: "m"},
				Customer:          braintree.CustomerFilter{ID: braintree.Match{Is: "c"}, Email: braintree.Text{EndsWith: "@example.com"}},
			}}
			for got, err := range braintree.SearchTransactions.All(ctx, c.HTTP, in) {
				return transaction(got, err)
			}
			return nil
		},
		"paymentMethods.tokenize": func() error {
			got, err := braintree.TokenizeCreditCard.Do(ctx, c.HTTP, braintree.CreditCard{Number: secret.New("4111111111111111"),
				ExpirationMonth: "12", ExpirationYear: "2031", CVV: secret.New("123"), CardholderName: "Ada", PostalCode: "12345"})
			method(got)
			return err
		},
		"paymentMethods.vault": func() error {
			got, err := braintree.VaultPaymentMethod.Do(ctx, c.HTTP, braintree.VaultInput{PaymentMethodID: "nonce", CustomerID: "c",
				Verification: braintree.Verifying{MerchantAccountID: "m", Skip: true}, RiskData: risk, MakeDefault: &yes})
			if err == nil {
				method(*got.PaymentMethod)
				require.NotEmpty(t, got.Verification.Status)
			}
			return err
		},
		"paymentMethods.delete": func() error {
			_, err := braintree.DeletePaymentMethod.Do(ctx, c.HTTP, braintree.PaymentMethodInput{PaymentMethodID: "m"})
			return err
		},
		"customers.create": func() error {
			return customer(braintree.CreateCustomer.Do(ctx, c.HTTP, braintree.CreateCustomerInput{Customer: braintree.NewCustomer{
				FirstName: "Ada", LastName: "L", Company: "Acme", Email: "a@example.com", PhoneNumber: "1", Website: "https://example.com", CustomFields: custom,
			}}))
		},
		"customers.update": func() error {
			return customer(braintree.UpdateCustomer.Do(ctx, c.HTTP, braintree.UpdateCustomerInput{CustomerID: "c", Customer: braintree.CustomerChanges{
				FirstName: &text, LastName: &text, Company: &text, Email: &text, PhoneNumber: &text, Website: &text, CustomFields: custom,
			}}))
		},
	}
	for _, op := range braintree.Operations {
		name := op.Info().Name
		require.Contains(t, calls, name)
		t.Run(name, func(t *testing.T) {
			for range 8 { // the mock draws which member of a union it makes up
				require.NoError(t, calls[name]())
			}
		})
	}
	require.Len(t, calls, len(braintree.Operations))

	t.Run("what the schema does not allow", func(t *testing.T) {
		bad := charge
		bad.Transaction.PaymentInitiator = "NOBODY"
		_, err := braintree.ChargePaymentMethod.Do(ctx, c.HTTP, bad)
		require.ErrorContains(t, err, "NOBODY")
		_, err = graphql.Do[any](ctx, c.HTTP, graphql.Request{Path: braintree.Path, Query: `{ pong }`})
		require.ErrorContains(t, err, "pong")
	})
}
