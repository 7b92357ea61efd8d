package braintree_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// scripted returns a client over a Braintree that follows the steps.
func scripted(t *testing.T, steps ...clienttest.Step) (*client.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, steps...)
	c, err := braintree.New("public", secret.Static("private_canary"), client.WithTransport(rt))
	require.NoError(t, err)
	return c.HTTP, rt
}

// data is a response with data, and says one with an error of a class, in the form of
// one that a mutation has.
func data(json string) clienttest.Step { return clienttest.JSON(200, `{"data":`+json+`}`) }

func says(class, more string) clienttest.Step {
	return clienttest.JSON(200, `{"data":{"chargePaymentMethod":null},"errors":[{"message":"It is wrong.","path":["chargePaymentMethod"],"extensions":{"errorClass":"`+class+`"`+more+`}}],"extensions":{"requestId":"req_body_1"}}`)
}

// sentInput is what a request has for $input.
func sentInput(t *testing.T, r clienttest.Recorded) map[string]any {
	t.Helper()
	var body struct {
		Variables struct {
			Input map[string]any `json:"input"`
		} `json:"variables"`
	}
	require.NoError(t, json.Unmarshal(r.Body, &body))
	return body.Variables.Input
}

var charge = braintree.ChargeInput{PaymentMethodID: "nonce_1", Transaction: braintree.TransactionInput{Amount: "10.00", OrderID: "1042"}}

const charged = `{"chargePaymentMethod":{"transaction":{"id":"t_1","legacyId":"l_1","status":"SUBMITTED_FOR_SETTLEMENT","amount":{"value":"10.00","currencyCode":"USD"}}}}`
