package paddle_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/secret"
)

// conformance is what the suite needs to know of Paddle.
var conformance = providertest.Adapter{
	Profile: paddle.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := paddle.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP: c.HTTP,
			Write: func(ctx context.Context) error {
				_, err := paddle.CreateTransaction.Do(ctx, c.HTTP, transaction)
				return err
			},
			Read: func(ctx context.Context) error {
				_, err := paddle.GetTransaction.Do(ctx, c.HTTP, paddle.TransactionInput{ID: "txn_1"})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"data":{"id":"txn_1","status":"ready"},"meta":{"request_id":"req_ok"}}`),
	Failure:  clienttest.JSON(400, `{"error":{"type":"request_error","code":"invalid_field","detail":"Request does not pass validation.","errors":[{"field":"items.0.price_id","message":"is not valid"}]},"meta":{"request_id":"req_2"}}`),
	Code:     "invalid_field",
	Message:  "Request does not pass validation.; items.0.price_id: is not valid",
	Throttle: clienttest.JSON(429, `{"error":{"type":"request_error","code":"too_many_requests","detail":"Rate limit exceeded."},"meta":{"request_id":"req_3"}}`).Header("Retry-After", "0"),
}

// P2, C20: Paddle in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, paddle.Operations.Check())
}

// The sandbox takes the place of the other host, and nothing goes to both.
func TestTheSandbox(t *testing.T) {
	c, rt := scripted(t, `200 {"data":{"id":"txn_1"}}`, client.WithBaseURL(paddle.Sandbox))
	_, err := paddle.CreateTransaction.Do(t.Context(), c.HTTP, transaction)
	require.NoError(t, err)
	require.Equal(t, "sandbox-api.paddle.com", rt.Last().Host)
	_, err = client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: "https://api.paddle.com/products"})
	require.ErrorIs(t, err, client.ErrOrigin)
}

// C17: a subscription that has been charged too often holds up no other one, no preview
// and nothing else.
func TestC17_ASubscriptionsLimitIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `429 Retry-After=3000 {"error":{"code":"too_many_requests"}}, 200 {"data":{}}`)
		charge := func(id string) error {
			_, err := paddle.ChargeSubscription.Do(t.Context(), c.HTTP, paddle.ChargeSubscriptionInput{
				ID: id, EffectiveFrom: "immediately", Items: []paddle.Item{{PriceID: "pri_1", Quantity: 1}},
			})
			return err
		}
		begin := time.Now()
		require.ErrorIs(t, charge("sub_1"), client.ErrRateLimited, "longer than anyone waits")
		require.NoError(t, charge("sub_2"))
		_, err := paddle.GetSubscription.Do(t.Context(), c.HTTP, paddle.SubscriptionInput{ID: "sub_1"})
		require.NoError(t, err)
		_, err = paddle.PreviewSubscriptionCharge.Do(t.Context(), c.HTTP, paddle.ChargeSubscriptionInput{ID: "sub_1", EffectiveFrom: "immediately"})
		require.NoError(t, err)
		require.Zero(t, time.Since(begin))
		sent := rt.Count()
		require.ErrorIs(t, charge("sub_1"), client.ErrRateLimited)
		require.Equal(t, sent, rt.Count(), "it is not asked again before its time")
	})
	for place, want := range map[string]string{
		"POST /subscriptions/sub_1/charge": "subscription sub_1", "PATCH /subscriptions/sub_1": "subscription sub_1", "POST /subscriptions/sub_1/resume": "subscription sub_1",
		"POST /subscriptions/sub_1/charge/preview": "previews", "PATCH /subscriptions/sub_1/preview": "previews", "POST /transactions/preview": "previews",
		"POST /pricing-preview": "previews", "GET /subscriptions/sub_1": "", "GET /subscriptions": "", "POST /transactions": "",
	} {
		method, path, _ := strings.Cut(place, " ")
		req, err := http.NewRequest(method, paddle.Profile.BaseURL+path, nil)
		require.NoError(t, err)
		require.Equal(t, want, paddle.Profile.LimitKey(req), place)
	}
}

// X3: Paddle refuses a key that is not valid any more with a 403. The source is read once
// more all the same.
func TestX3_ARotatedKeyIsReadAfterA403(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("pdl_sdbx_1\n"), 0o600))
	accept := "Bearer pdl_sdbx_1"
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != accept {
			clienttest.JSON(403, `{"error":{"type":"request_error","code":"invalid_token","detail":"No."}}`).Serve(w)
			return
		}
		conformance.Success.Serve(w)
	}))
	c, err := paddle.New(secret.Cache(secret.File(path), time.Hour), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = paddle.CreateTransaction.Do(t.Context(), c.HTTP, transaction)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("pdl_sdbx_2\n"), 0o600))
	accept = "Bearer pdl_sdbx_2"
	_, err = paddle.CreateTransaction.Do(t.Context(), c.HTTP, transaction)
	require.NoError(t, err)
	require.Equal(t, 3, rt.Count())
}

// An SDK gets the stack with the key of its source, whatever it sets itself.
func TestHTTPClientCarriesTheKey(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {}`)...)
	hc, err := paddle.HTTPClient(secret.Static("pdl_sdbx_1"), client.WithTransport(rt))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.paddle.com/products", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer of-the-sdk")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, rt.Count())
	require.Equal(t, []string{"Bearer pdl_sdbx_1"}, rt.Last().Header["Authorization"])
	_, err = paddle.HTTPClient(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}
