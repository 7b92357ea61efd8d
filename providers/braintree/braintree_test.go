package braintree_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/secret"
)

// conformance is what the suite needs to know of Braintree, with a throttle and a write.
func conformance(t *testing.T, throttle clienttest.Step, write func(context.Context, *client.Client) error) providertest.Adapter {
	return providertest.Adapter{
		Profile: braintree.Profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := braintree.New("public", key, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP:  c.HTTP,
				Write: func(ctx context.Context) error { return write(ctx, c.HTTP) },
				Read: func(ctx context.Context) error {
					_, err := braintree.Ping.Do(ctx, c.HTTP, client.None{})
					return err
				},
			}, nil
		},
		Credential: func(r clienttest.Recorded) string {
			pair, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
			require.NoError(t, err)
			user, key, _ := strings.Cut(string(pair), ":")
			require.Equal(t, "public", user)
			return key
		},
		Success:  data(`{"ping":"pong","chargePaymentMethod":{"transaction":{"id":"t_1"}},"createCustomer":{"customer":{"id":"c_1"}}}`),
		Failure:  says("VALIDATION", `,"legacyCode":"81502","inputPath":["input","transaction","amount"]`),
		Code:     "VALIDATION",
		Message:  "It is wrong.",
		Throttle: throttle,
	}
}

func chargeIt(ctx context.Context, c *client.Client) error {
	_, err := braintree.ChargePaymentMethod.Do(ctx, c, charge)
	return err
}

func createCustomer(ctx context.Context, c *client.Client) error {
	_, err := braintree.CreateCustomer.Do(ctx, c, braintree.CreateCustomerInput{Customer: braintree.NewCustomer{Email: "a@example.com"}})
	return err
}

// P2, C20: Braintree in the one conformance suite: by a write whose key is in its body,
// with a throttle inside a 200, and by one without a key, with a throttle by status.
func TestP2_Conformance(t *testing.T) {
	keyed := conformance(t, says("RESOURCE_LIMIT", ""), chargeIt)
	keyed.Key = func(r clienttest.Recorded) string { return sentInput(t, r)["apiRequestKey"].(string) }
	t.Run("with a key", func(t *testing.T) { providertest.Run(t, keyed) })
	t.Run("without", func(t *testing.T) {
		providertest.Run(t, conformance(t, clienttest.Status(429).Header("Retry-After", "0"), createCustomer))
	})
}

// P5: the one table of bad input, as the reference and the official libraries have it:
// almost all of it inside a 200.
func TestP5_BadInput(t *testing.T) {
	said := func(class string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(200, `{"errors":[{"message":"No: `+providertest.Key+`","extensions":{"errorClass":"`+class+`"}}]}`), Code: class}
	}
	providertest.BadInput(t, conformance(t, said("RESOURCE_LIMIT").Step, chargeIt), providertest.Bad{
		WrongKey: said("AUTHENTICATION"), ExpiredKey: providertest.Said{Step: clienttest.Status(401)}, UnknownObject: said("NOT_FOUND"),
		Invalid: said("VALIDATION"), RateLimit: said("RESOURCE_LIMIT"), Outage: said("SERVICE_AVAILABILITY"),
		InSuccess: map[error]providertest.Said{
			client.ErrForbidden: said("AUTHORIZATION"), client.ErrUnavailable: said("INTERNAL"), client.ErrBadRequest: said("NOT_IMPLEMENTED"),
			client.ErrConflict: {
				Step: clienttest.JSON(200, `{"errors":[{"message":"m","extensions":{"errorClass":"VALIDATION","legacyCode":"915233"}}]}`), Code: "VALIDATION",
			},
		},
	})
}

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, braintree.Operations.Check())
	repeatable := map[string]bool{}
	for _, op := range braintree.Operations {
		info := op.Info()
		require.Equal(t, http.MethodPost, info.Method)
		require.True(t, strings.HasPrefix(info.Route, "/graphql#"), info.Route)
		require.Equal(t, info.Name == "transactions.search", info.Lists)
		if info.Repeatable {
			repeatable[info.Name] = true
		}
	}
	// The queries, what carries a key, and what is the same when it is made twice.
	require.Equal(t, map[string]bool{
		"ping": true, "ids.fromLegacy": true, "payments.get": true, "transactions.search": true,
		"transactions.charge": true, "transactions.authorize": true, "transactions.capture": true, "transactions.refund": true, "transactions.reverse": true,
		"clientTokens.create": true, "paymentMethods.delete": true, "customers.update": true,
	}, repeatable)
}

// The sandbox takes the place of the other host, and nothing goes to both.
func TestTheSandbox(t *testing.T) {
	rt := clienttest.NewTransport(t, data(charged))
	c, err := braintree.New("public", secret.Static("private"), client.WithTransport(rt), client.WithBaseURL(braintree.Sandbox))
	require.NoError(t, err)
	require.NoError(t, chargeIt(t.Context(), c.HTTP))
	require.Equal(t, "payments.sandbox.braintree-api.com/graphql", rt.Last().Host+rt.Last().URL)
	require.Equal(t, []string{"2019-01-01"}, rt.Last().Header["Braintree-Version"])
	_, err = client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: "https://payments.braintree-api.com/graphql"})
	require.ErrorIs(t, err, client.ErrOrigin)
}

func TestWhatIsNoKey(t *testing.T) {
	for _, public := range []string{"", "a:b", "a\nb"} {
		_, err := braintree.New(public, secret.Static("private"))
		require.ErrorIs(t, err, client.ErrConfig, "%q", public)
	}
	_, err := braintree.HTTPClient("public", secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}

// X3: an AUTHENTICATION comes with a 200. The source is read once more all the same.
func TestX3_ARotatedKeyIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("one\n"), 0o600))
	accept := "one"
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		if _, key, _ := r.BasicAuth(); key != accept {
			says("AUTHENTICATION", "").Serve(w)
			return
		}
		data(charged).Serve(w)
	}))
	c, err := braintree.New("public", secret.Cache(secret.File(path), time.Hour), client.WithTransport(rt))
	require.NoError(t, err)
	require.NoError(t, chargeIt(t.Context(), c.HTTP))
	require.NoError(t, os.WriteFile(path, []byte("two\n"), 0o600))
	accept = "two"
	require.NoError(t, chargeIt(t.Context(), c.HTTP))
	require.Equal(t, 3, rt.Count())

	// A class that is not about the keys has nothing read again.
	rt.Script(says("AUTHORIZATION", ""))
	require.ErrorIs(t, chargeIt(t.Context(), c.HTTP), client.ErrForbidden)
	require.Equal(t, 4, rt.Count())
}

// A GraphQL client of anybody's gets the stack with the keys, and no repeat of what may
// have been applied.
func TestHTTPClientCarriesTheKeys(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Status(503))
	hc, err := braintree.HTTPClient("public", secret.Static("private"), client.WithTransport(rt))
	require.NoError(t, err)
	resp, err := hc.Post(braintree.Profile.BaseURL+braintree.Path, "application/json", strings.NewReader(`{"query":"mutation { x }"}`))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 1, rt.Count())
	user, key, _ := (&http.Request{Header: rt.Last().Header}).BasicAuth()
	require.Equal(t, "public:private", user+":"+key)
}
