package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1, P5: Braintree's official library for Node.js calls the API as the adapter does, and
// takes each class of error for the same failure. What its other libraries say of a key
// in use is what the adapter waits for.
func TestP1_BraintreeAsTheOfficialLibraryHasIt(t *testing.T) {
	// The library's exception for each class, and the adapter's sentinel. A VALIDATION is
	// none for it: the caller looks into the response.
	classes := []struct {
		class, exception string
		sentinel         error
	}{
		{"AUTHENTICATION", "authenticationError", client.ErrUnauthorized},
		{"AUTHORIZATION", "authorizationError", client.ErrForbidden},
		{"NOT_FOUND", "notFoundError", client.ErrNotFound},
		{"UNSUPPORTED_CLIENT", "upgradeRequired", client.ErrBadRequest},
		{"RESOURCE_LIMIT", "tooManyRequestsError", client.ErrRateLimited},
		{"INTERNAL", "serverError", client.ErrUnavailable},
		{"SERVICE_AVAILABILITY", "serviceUnavailableError", client.ErrUnavailable},
		{"VALIDATION", "", client.ErrBadRequest},
		{"TOMORROWS", "unexpectedError", nil},
	}
	says := func(class string) clienttest.Step {
		return clienttest.JSON(200, fmt.Sprintf(`{"data":null,"errors":[{"message":"m","extensions":{"errorClass":%q,"legacyCode":"1"}}]}`, class))
	}
	var steps []clienttest.Step
	for _, row := range classes {
		steps = append(steps, says(row.class))
	}
	srv := clienttest.NewServer(t, steps...)
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	node := servers.NodePath(t)
	if _, err := os.Stat(filepath.Join(servers.Dir(t), "node_modules", "braintree")); err != nil {
		servers.Missing(t, "npm braintree")
	}
	cmd := exec.CommandContext(t.Context(), node, "braintree.mjs", u.Port(), strconv.Itoa(len(classes)))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var library struct {
		Exceptions []string
		Codes      map[string]string
	}
	require.NoError(t, json.Unmarshal(out, &library), string(out))

	theirs := srv.Last()
	c, err := braintree.New("public", secret.Static("private"), at(t, srv.URL)...)
	require.NoError(t, err)
	srv.Script(clienttest.JSON(200, `{"data":{"ping":"pong"}}`))
	_, err = graphql.Do[any](t.Context(), c.HTTP, graphql.Request{Path: braintree.Path, Query: "query Ping { ping }", Variables: map[string]string{"id": "1"}})
	require.NoError(t, err)
	ours := srv.Last()
	require.Equal(t, theirs.Method, ours.Method)
	// The library asks for the whole URL, as of a proxy; its path is what counts.
	at, err := url.Parse(theirs.URL)
	require.NoError(t, err)
	require.Equal(t, at.Path, ours.URL)
	for _, name := range []string{"Authorization", "Content-Type"} {
		require.Equal(t, theirs.Header[name], ours.Header[name], name)
	}
	require.Contains(t, theirs.Header, "Braintree-Version")
	require.Len(t, ours.Header["Braintree-Version"], 1)
	require.JSONEq(t, string(theirs.Body), string(ours.Body))

	for i, row := range classes {
		require.Equal(t, row.exception, library.Exceptions[i], row.class)
		srv.Script(says(row.class))
		_, err := braintree.ChargePaymentMethod.Do(t.Context(), c.HTTP, braintree.ChargeInput{PaymentMethodID: "n", Transaction: braintree.TransactionInput{Amount: "1.00"}})
		for _, sentinel := range []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable} {
			require.Equal(t, sentinel == row.sentinel, errors.Is(err, sentinel), "%s and %v: %v", row.class, sentinel, err)
		}
	}

	inUse := fmt.Sprintf(`{"data":null,"errors":[{"message":"m","extensions":{"errorClass":"VALIDATION","legacyCode":%q}}]}`, library.Codes["ApiRequestKeyIsInFlight"])
	retrying, err := c.HTTP.With(client.WithRetry(retry.Policy{Throttled: retry.Constant(0)}))
	require.NoError(t, err)
	srv.Script(clienttest.JSON(200, inUse), clienttest.JSON(200, `{"data":{"chargePaymentMethod":{"transaction":{"id":"t"}}}}`))
	got, err := braintree.ChargePaymentMethod.Do(t.Context(), retrying, braintree.ChargeInput{PaymentMethodID: "n", Transaction: braintree.TransactionInput{Amount: "1.00"}})
	require.NoError(t, err)
	require.Equal(t, "t", got.ID)
	require.Len(t, library.Codes, 6)
}
