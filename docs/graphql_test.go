package docs

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	braintreeClass = `{"data":null,"errors":[{"message":"x","extensions":{"errorClass":"%s"}}]}`
	braintreeCode  = `{"data":null,"errors":[{"message":"x","extensions":{"errorClass":"VALIDATION","legacyCode":"%s"}}]}`
)

var braintreeSays = says{
	"Throttled": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.True(t, p.Throttled(200, http.Header{}, fmt.Appendf(nil, braintreeClass, "RESOURCE_LIMIT")))
		rows["throttle"] = "429, and inside a 200 " + code("RESOURCE_LIMIT")
	},
	"Failed": row(func(p client.Profile) (string, string) {
		return "an error inside a 200", failures(p, `{"errors":[{}]}`, `{"data":{"a":null},"errors":[{}]}`, `{"data":{"a":{}},"errors":[{}]}`, `{"data":{}}`)
	}),
	"Unauthorized": row(func(p client.Profile) (string, string) {
		return "has the key read again", unauthorized(p, braintreeClass, "AUTHENTICATION", "AUTHORIZATION", "VALIDATION")
	}),
	"HintBody": row(func(p client.Profile) (string, string) {
		return "what may be repeated is made again after", retries(p, braintreeClass, "INTERNAL", "SERVICE_AVAILABILITY", "VALIDATION", "NOT_FOUND")
	}),
	"InProgress": func(t *testing.T, p client.Profile, rows map[string]string) {
		var codes []string
		for _, c := range []string{"915230", "915231", "915232", "915233", "915234", "915235"} {
			if p.InProgress(200, http.Header{}, fmt.Appendf(nil, braintreeCode, c)) {
				codes = append(codes, c)
			}
		}
		rows["the same key is still at work"] = code(codes...) + " inside a 200"
		rows["idempotency key"] = code("apiRequestKey") + ", in the input of a charge, an authorization, a capture, a refund and a reversal"
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"data":null}`))
		c, err := braintree.New("public", secret.Static("private"), client.WithTransport(rt))
		require.NoError(t, err)
		for _, do := range []func() error{
			func() error {
				_, err := braintree.ChargePaymentMethod.Do(t.Context(), c.HTTP, braintree.ChargeInput{PaymentMethodID: "m", Transaction: braintree.TransactionInput{Amount: "1"}})
				return err
			},
			func() error {
				_, err := braintree.AuthorizePaymentMethod.Do(t.Context(), c.HTTP, braintree.AuthorizeInput{PaymentMethodID: "m", Transaction: braintree.TransactionInput{Amount: "1"}})
				return err
			},
			func() error {
				_, err := braintree.CaptureTransaction.Do(t.Context(), c.HTTP, braintree.CaptureInput{TransactionID: "t"})
				return err
			},
			func() error {
				_, err := braintree.RefundTransaction.Do(t.Context(), c.HTTP, braintree.RefundInput{TransactionID: "t"})
				return err
			},
			func() error {
				_, err := braintree.ReverseTransaction.Do(t.Context(), c.HTTP, braintree.ReverseInput{TransactionID: "t"})
				return err
			},
		} {
			require.ErrorIs(t, do(), client.ErrEmptyBody)
			require.Contains(t, strings.ReplaceAll(string(rt.Last().Body), " ", ""), `"input":{"apiRequestKey":"`)
		}
	},
	"DecodeError": row(func(p client.Profile) (string, string) {
		return "and what it means", meanings(p, braintreeClass, "AUTHENTICATION", "AUTHORIZATION", "NOT_FOUND", "VALIDATION", "NOT_IMPLEMENTED", "UNSUPPORTED_CLIENT", "RESOURCE_LIMIT", "INTERNAL", "SERVICE_AVAILABILITY")
	}),
}
