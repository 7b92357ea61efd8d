package braintree_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/retry"
)

func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, "%T", err)
	return e
}

// The typed error has what Braintree says, in whatever form.
func TestWhatAnErrorSays(t *testing.T) {
	c, _ := scripted(t, clienttest.JSON(200, `{"data":{"chargePaymentMethod":null},"extensions":{"requestId":"req_1"},"errors":[
		{"message":"Amount is required.","path":["chargePaymentMethod"],"extensions":{"errorClass":"VALIDATION","errorType":"user_error","legacyCode":"81502","inputPath":["input","transaction","lineItems",0,"amount"]}},
		{"message":"No.","extensions":{"errorClass":"VALIDATION","legacyCode":81509,"inputPath":"input"}},{"message":"Odd."}]}`))
	_, err := braintree.ChargePaymentMethod.Do(t.Context(), c, charge)
	e, ok := errors.AsType[*braintree.Error](err)
	require.True(t, ok)
	require.Equal(t, []braintree.Detail{
		{Class: "VALIDATION", LegacyCode: "81502", InputPath: []string{"input", "transaction", "lineItems", "0", "amount"}, Message: "Amount is required."},
		{Class: "VALIDATION", LegacyCode: "81509", Message: "No."}, {Message: "Odd."},
	}, e.Details)
	require.ErrorIs(t, err, client.ErrBadRequest)
	said, ok := errors.AsType[*graphql.Error](err)
	require.True(t, ok)
	require.Len(t, said.Errors, 3)
	require.EqualError(t, err, `braintree: POST /graphql#ChargePaymentMethod: 200 OK, but the response body holds an error: VALIDATION "Amount is required. (and 2 more)" (request req_1, maybe applied)`)

	c, _ = scripted(t, says("VALIDATION", ""))
	_, err = braintree.Ping.Do(t.Context(), c, client.None{})
	require.Equal(t, "req_body_1", asError(t, err).RequestID)
	require.Equal(t, client.NoEffect, asError(t, err).Effect)
}

// C22: what Braintree has refused is told from what may have been applied.
func TestC22_WhatMayHaveBeenApplied(t *testing.T) {
	inUse := func(code string) clienttest.Step { return says("VALIDATION", `,"legacyCode":"`+code+`"`) }
	for name, tc := range map[string]struct {
		steps []clienttest.Step
		want  client.Effect
	}{
		"refused":                   {[]clienttest.Step{says("VALIDATION", "")}, client.Rejected},
		"not allowed":               {[]clienttest.Step{says("AUTHORIZATION", "")}, client.Rejected},
		"not found":                 {[]clienttest.Step{says("NOT_FOUND", "")}, client.Rejected},
		"not implemented":           {[]clienttest.Step{says("NOT_IMPLEMENTED", "")}, client.Rejected},
		"wrong key":                 {[]clienttest.Step{says("AUTHENTICATION", "")}, client.Rejected},
		"throttled, then refused":   {[]clienttest.Step{clienttest.Status(429), says("VALIDATION", "")}, client.Rejected},
		"throttled":                 {[]clienttest.Step{says("RESOURCE_LIMIT", "")}, client.Rejected},
		"its own fault":             {[]clienttest.Step{says("INTERNAL", "")}, client.MaybeApplied},
		"unknown":                   {[]clienttest.Step{says("TOMORROWS", "")}, client.MaybeApplied},
		"lost, then refused":        {[]clienttest.Step{clienttest.Reset(), says("VALIDATION", "")}, client.MaybeApplied},
		"its fault, then refused":   {[]clienttest.Step{says("INTERNAL", ""), says("VALIDATION", "")}, client.MaybeApplied},
		"the key is in flight":      {[]clienttest.Step{inUse("915233")}, client.MaybeApplied},
		"the key had another input": {[]clienttest.Step{inUse("915232")}, client.MaybeApplied},
		"the key had failed":        {[]clienttest.Step{inUse("915234")}, client.MaybeApplied},
		"the key's own fault":       {[]clienttest.Step{inUse("915235")}, client.MaybeApplied},
		"the key is too long":       {[]clienttest.Step{inUse("915230")}, client.Rejected},
		"begun, and then refused":   {[]clienttest.Step{clienttest.JSON(200, `{"data":null,"errors":[{"path":["chargePaymentMethod","transaction"],"extensions":{"errorClass":"AUTHORIZATION"}}]}`)}, client.MaybeApplied},
		"refused beside data":       {[]clienttest.Step{clienttest.JSON(200, `{"data":{"chargePaymentMethod":{"transaction":{"id":"t_1"}}},"errors":[{"extensions":{"errorClass":"AUTHORIZATION"}}]}`)}, client.MaybeApplied},
		"lost":                      {[]clienttest.Step{clienttest.Reset()}, client.MaybeApplied},
		"an outage":                 {[]clienttest.Step{clienttest.Status(503)}, client.MaybeApplied},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, tc.steps...)
			_, err := braintree.ChargePaymentMethod.Do(t.Context(), c, charge)
			require.Equal(t, tc.want, asError(t, err).Effect, name)
			require.Equal(t, sentInput(t, rt.Last())["apiRequestKey"], asError(t, err).IdempotencyKey, "%s: the key, to be given again", name)
		})
	}
}

// C5, C6: a charge carries one key, the caller's or its own, the same on every attempt;
// so it is made again after anything that repeating may cure.
func TestC6_TheKeyInTheBody(t *testing.T) {
	for name, tc := range map[string]struct {
		first clienttest.Step
		sent  int
	}{
		"reset": {clienttest.Reset(), 2}, "503": {clienttest.Status(503), 2}, "internal": {says("INTERNAL", ""), 2},
		"unavailable": {says("SERVICE_AVAILABILITY", ""), 2}, "throttled": {says("RESOURCE_LIMIT", ""), 2},
		"in flight": {says("VALIDATION", `,"legacyCode":"915233"`), 2}, "the key's own fault": {says("VALIDATION", `,"legacyCode":"915235"`), 2},
		"another input": {says("VALIDATION", `,"legacyCode":"915232"`), 1}, "invalid": {says("VALIDATION", ""), 1}, "not found": {says("NOT_FOUND", ""), 1},
		"declined": {data(`{"chargePaymentMethod":{"transaction":{"id":"t_1","status":"PROCESSOR_DECLINED"}}}`), 1},
	} {
		for _, own := range []string{"", "order-1042"} {
			synctest.Test(t, func(t *testing.T) {
				c, rt := scripted(t, tc.first, data(charged))
				in := charge
				in.APIRequestKey = own
				_, err := braintree.ChargePaymentMethod.Do(t.Context(), c, in)
				require.Equal(t, tc.sent == 1 && name != "declined", err != nil, "%s: %v", name, err)
				require.Equal(t, tc.sent, rt.Count(), name)
				key := sentInput(t, rt.Last())["apiRequestKey"]
				require.NotEmpty(t, key)
				if own != "" {
					require.Equal(t, own, key)
				}
				for _, r := range rt.Requests() {
					require.Equal(t, rt.Last().Body, r.Body, name)
				}
			})
		}
	}
}

// C5: without a key it is sent once, and has none in its input.
func TestC5_Unkeyed(t *testing.T) {
	once := braintree.Unkeyed(braintree.ChargePaymentMethod)
	for _, step := range []clienttest.Step{clienttest.Reset(), clienttest.Status(503), says("INTERNAL", "")} {
		c, rt := scripted(t, step, data(charged))
		_, err := once.Do(t.Context(), c, charge)
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
		require.Empty(t, asError(t, err).IdempotencyKey)
		require.Equal(t, 1, rt.Count())
		require.NotContains(t, sentInput(t, rt.Last()), "apiRequestKey")
	}
	for _, bad := range []braintree.ChargeInput{{APIRequestKey: "k", PaymentMethodID: "n", Transaction: charge.Transaction}, {PaymentMethodID: "n"}} {
		c, rt := scripted(t, data(charged))
		_, err := once.Do(t.Context(), c, bad)
		require.ErrorIs(t, err, client.ErrRequest)
		require.Zero(t, rt.Count())
	}
	c, _ := scripted(t, data(charged))
	own := braintree.ChargePaymentMethod
	own.Prepare = nil
	_, err := braintree.Unkeyed(own).Do(t.Context(), c, charge)
	require.NoError(t, err)
	c, rt := scripted(t, data(charged))
	_, err = braintree.Unkeyed(braintree.UpdateCustomer).Do(t.Context(), c, braintree.UpdateCustomerInput{})
	require.ErrorContains(t, err, "customers.update has no key to leave out")
	require.Zero(t, rt.Count())
}

// C30: what is in flight is waited for as a throttle is, not as a failure.
func TestC30_AKeyInFlightIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, clienttest.Reset(), says("VALIDATION", `,"legacyCode":"915233"`), data(charged))
		c, err := c.With(client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(5 * time.Second)}))
		require.NoError(t, err)
		began := time.Now()
		paid, err := braintree.ChargePaymentMethod.Do(t.Context(), c, charge)
		require.NoError(t, err)
		require.Equal(t, "t_1", paid.ID)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Equal(t, 3, rt.Count())
	})
}

// C5: what takes no key is sent once where it may have been done.
func TestC5_WhatHasNoKey(t *testing.T) {
	for name, tc := range map[string]struct {
		sent int
		call func(context.Context, *client.Client) error
	}{
		"create customer": {1, createCustomer},
		"vault":           {1, call(braintree.VaultPaymentMethod, braintree.VaultInput{PaymentMethodID: "n"})},
		"tokenize":        {1, call(braintree.TokenizeCreditCard, braintree.CreditCard{})},
		"delete":          {3, call(braintree.DeletePaymentMethod, braintree.PaymentMethodInput{PaymentMethodID: "m"})},
		"update customer": {3, call(braintree.UpdateCustomer, braintree.UpdateCustomerInput{CustomerID: "c"})},
		"client token":    {3, call(braintree.CreateClientToken, braintree.ClientTokenInput{})},
		"get":             {3, call(braintree.GetPayment, braintree.PaymentInput{ID: "t"})},
	} {
		for kind, step := range map[string]clienttest.Step{"reset": clienttest.Reset(), "internal": says("INTERNAL", "")} {
			synctest.Test(t, func(t *testing.T) {
				c, rt := scripted(t, step)
				e := asError(t, tc.call(t.Context(), c))
				require.Equal(t, tc.sent, rt.Count(), "%s, %s", name, kind)
				require.Empty(t, e.IdempotencyKey)
			})
		}
	}
}

func call[In, Out any](op graphql.Op[In, Out], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, err := op.Do(ctx, c, in)
		return err
	}
}

// Bad input is named before anything is sent.
func TestInputThatCannotBeMeant(t *testing.T) {
	with := func(amount, method, key string) func(context.Context, *client.Client) error {
		in := braintree.ChargeInput{PaymentMethodID: method, APIRequestKey: key, Transaction: braintree.TransactionInput{Amount: amount}}
		return func(ctx context.Context, c *client.Client) error {
			_, err := braintree.AuthorizePaymentMethod.Do(ctx, c, braintree.AuthorizeInput(in))
			if _, again := braintree.ChargePaymentMethod.Do(ctx, c, in); (err == nil) != (again == nil) {
				return errors.New("a charge and an authorization differ")
			}
			return err
		}
	}
	for want, calls := range map[string][]func(context.Context, *client.Client) error{
		"the Amount must be digits without decimals, or with two or three of them, such as 10.00": {
			with("", "n", ""), with("10,00", "n", ""), with("-1", "n", ""), with("1e3", "n", ""), with(".5", "n", ""), with("5.", "n", ""), with("1.2.3", "n", ""), with("0.5", "n", ""), with("1.2345", "n", ""), with(" 1", "n", ""),
			call(braintree.CaptureTransaction, braintree.CaptureInput{TransactionID: "t", Transaction: braintree.CaptureDetails{Amount: "x"}}),
			call(braintree.RefundTransaction, braintree.RefundInput{TransactionID: "t", Refund: braintree.RefundDetails{Amount: "x"}}),
		},
		"the PaymentMethodID is empty": {with("1", "", "")},
		"the APIRequestKey is blank":   {with("1", "n", " ")},
		"the TransactionID is empty": {
			call(braintree.CaptureTransaction, braintree.CaptureInput{}), call(braintree.RefundTransaction, braintree.RefundInput{}),
			call(braintree.ReverseTransaction, braintree.ReverseInput{}),
		},
	} {
		for _, do := range calls {
			c, rt := scripted(t, data(charged))
			err := do(t.Context(), c)
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "braintree: POST /graphql#")
			require.Equal(t, client.NeverSent, asError(t, err).Effect)
			require.Zero(t, rt.Count())
		}
	}
	for _, fine := range []string{"1", "10.00", "0.50", "1000.125"} {
		c, _ := scripted(t, data(charged))
		_, err := braintree.ChargePaymentMethod.Do(t.Context(), c, braintree.ChargeInput{PaymentMethodID: "n", Transaction: braintree.TransactionInput{Amount: fine}})
		require.NoError(t, err, fine)
	}
}

// What the profile reads in a body is that of a response without data, in any form; a
// status says by itself what it says.
func TestWhatTheProfileReads(t *testing.T) {
	p := braintree.Profile
	body := func(data, class, code string) []byte {
		return []byte(data + `"errors":[{"extensions":{"errorClass":"OTHER"}},{"extensions":{"errorClass":"` + class + `","legacyCode":` + code + `}}]}`)
	}
	for data, want := range map[string]bool{`{`: true, `{"data":null,`: true, `{"data":{"a":null},`: true, "\uFEFF{": true, `{"data":{},`: false, `[`: false} {
		require.Equal(t, want, p.InProgress(200, nil, body(data, "VALIDATION", `"915233"`)), data)
		require.Equal(t, want, p.Unauthorized(200, nil, body(data, "AUTHENTICATION", `""`)), data)
		require.Equal(t, want, p.HintBody(200, nil, body(data, "INTERNAL", `""`)) == client.Retry, data)
	}
	require.True(t, p.InProgress(422, nil, body(`{`, "VALIDATION", `915233`)), "a code that is a number")
	for status, want := range map[int]client.Hint{200: client.Retry, 299: client.Retry, 300: client.NoHint, 400: client.NoHint, 503: client.NoHint} {
		require.Equal(t, want, p.HintBody(status, nil, body(`{`, "SERVICE_AVAILABILITY", `""`)), status)
	}
	require.Equal(t, client.NoHint, p.HintBody(200, nil, body(`{`, "RESOURCE_LIMIT", `""`)), "a throttle is one")
	require.Equal(t, 409, p.DecodeError(200, nil, body(`{`, "VALIDATION", `"915233"`)).Status)
	require.Equal(t, 400, p.DecodeError(200, nil, body(`{`, "VALIDATION", `"915232"`)).Status)
}
