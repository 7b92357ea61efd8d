package paddle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/retry"
)

// P5: the same failure is the same sentinel as elsewhere, and no other.
func TestP5_FailuresAndTheirSentinels(t *testing.T) {
	sentinels := []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
	}
	for _, tc := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "bad_request", client.ErrBadRequest}, {400, "invalid_field", client.ErrBadRequest},
		{403, "authentication_missing", client.ErrUnauthorized}, {403, "authentication_malformed", client.ErrUnauthorized},
		{403, "invalid_token", client.ErrUnauthorized}, {403, "forbidden", client.ErrForbidden},
		{403, "paddle_billing_not_enabled", client.ErrForbidden},
		{404, "not_found", client.ErrNotFound}, {409, "conflict", client.ErrConflict}, {409, "concurrent_modification", client.ErrConflict},
		{400, "invalid_token", client.ErrBadRequest}, // no other status is about the key
		{429, "too_many_requests", client.ErrRateLimited},
		{500, "internal_error", client.ErrUnavailable}, {503, "service_unavailable", client.ErrUnavailable},
	} {
		script := fmt.Sprintf(`%d {"error":{"type":"request_error","code":%q,"detail":"No."},"meta":{"request_id":"req_1"}}`, tc.status, tc.code)
		c, _ := scripted(t, script, client.WithRetry(retry.Never))
		_, err := paddle.CreateTransaction.Do(t.Context(), c.HTTP, transaction)
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == tc.want, errors.Is(err, sentinel), "%s, %v: %v", script, sentinel, err)
		}
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, []string{tc.code, "request_error", "No.", "req_1"}, []string{e.Code, e.Type, e.Message, e.RequestID})
	}
}

// The message names the fields; what is not Paddle's own form is read as any error is.
func TestWhatAnErrorSays(t *testing.T) {
	for script, want := range map[string]string{
		`400 {"error":{"code":"bad_request","errors":[{"field":"a","message":"is missing"},{"message":"is odd"}]}}`: `400 Bad Request bad_request "a: is missing; is odd"`,
		`400 {"error":{"code":"bad_request"}}`:                            `400 Bad Request bad_request`,
		`404 {"message":"no such page"}`:                                  `404 Not Found "no such page"`,
		`400 {"error":"nope","meta":{"request_id":"req_1"}}`:              `400 Bad Request nope (request req_1)`,
		`409 X-Request-Id=h_1 {"error":{"code":"conflict","detail":"x"}}`: `409 Conflict conflict "x" (request h_1)`,
	} {
		c, _ := scripted(t, script)
		_, err := paddle.CreateTransaction.Do(t.Context(), c.HTTP, transaction)
		require.EqualError(t, err, "paddle: POST /transactions: "+want)
	}
}

// C5: Paddle takes no idempotency key: what creates or charges is sent once, where it may
// have been done. What changes nothing is repeated.
func TestC5_OnlyPreviewsAreRepeated(t *testing.T) {
	items := []paddle.Item{{PriceID: "pri_1", Quantity: 1}}
	for name, op := range map[string]struct {
		sent int
		call func(context.Context, *client.Client) error
	}{
		"create": {1, call(paddle.CreateTransaction, transaction)},
		"charge": {1, call(paddle.ChargeSubscription, paddle.ChargeSubscriptionInput{ID: "sub_1", EffectiveFrom: "immediately", Items: items})},
		"update": {1, call(paddle.UpdateSubscription, paddle.UpdateSubscriptionInput{ID: "sub_1", Items: paddle.Set(items)})},
		"refund": {1, call(paddle.CreateAdjustment, paddle.CreateAdjustmentInput{Action: "refund", TransactionID: "txn_1"})},
		"cancel": {1, call(paddle.CancelSubscription, paddle.CancelSubscriptionInput{ID: "sub_1"})},
		"portal": {1, call(paddle.CreatePortalSession, paddle.CreatePortalSessionInput{CustomerID: "ctm_1"})},

		"preview":        {3, call(paddle.PreviewTransaction, paddle.PreviewTransactionInput{})},
		"preview update": {3, call(paddle.PreviewSubscriptionUpdate, paddle.UpdateSubscriptionInput{ID: "sub_1"})},
		"preview charge": {3, call(paddle.PreviewSubscriptionCharge, paddle.ChargeSubscriptionInput{ID: "sub_1"})},
		"get":            {3, call(paddle.GetTransaction, paddle.TransactionInput{ID: "txn_1"})},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, `reset`)
			err := op.call(t.Context(), c.HTTP)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, name)
			require.Equal(t, op.sent, rt.Count(), name)
			if op.sent == 1 {
				require.Equal(t, client.MaybeApplied, e.Effect, name)
			}
		})
	}
}

func call[In, Out any](op client.Op[In, Out], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, err := op.Do(ctx, c, in)
		return err
	}
}
