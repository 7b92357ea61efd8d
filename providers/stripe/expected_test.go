package stripe_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// What was not delivered is listed as it would have been, through all pages; by its types
// also what was.
func TestExpectedEvents(t *testing.T) {
	srv := stripetest.New()
	c, err := srv.Client()
	require.NoError(t, err)
	make := func(n int) {
		for range n {
			_, err := c.CreateCustomer(t.Context(), &sdk.CustomerParams{})
			require.NoError(t, err)
		}
	}
	make(3)
	_, err = c.CreatePaymentIntent(t.Context(), &sdk.PaymentIntentParams{Amount: sdk.Int64(100), Currency: sdk.String("eur")})
	require.NoError(t, err)
	require.NoError(t, srv.Deliver(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "whsec_1"))
	make(120)

	bodies := map[string][]byte{}
	var all, created, missed []string // the newest first
	for _, e := range srv.Events() {
		bodies[e.ID] = e.JSON
		all = append([]string{e.ID}, all...)
	}
	missed = all[:120]
	created = append(append(created, missed...), all[121:]...)
	scheme, err := webhook.Stripe(secret.Static("whsec_0123456789abcdef"))
	require.NoError(t, err)
	h, err := webhook.NewHandler(scheme)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		want  []string
		types []string
	}{
		"what was not delivered": {missed, nil},
		"of a type":              {created, []string{"customer.created"}},
		"of two types":           {all, []string{"customer.created", "payment_intent.created"}},
		"of none":                {nil, []string{"refund.created"}},
	} {
		var got []string
		for l, err := range c.ExpectedEvents(t.Context(), time.Now().Add(-time.Hour), tc.types...) {
			require.NoError(t, err, name)
			require.Nil(t, l.Again)
			d, err := h.Fetched(l.Body)
			require.NoError(t, err)
			require.Equal(t, l.ID, d.Events[0].ID)
			require.JSONEq(t, string(bodies[l.ID]), string(l.Body))
			got = append(got, l.ID)
		}
		require.Equal(t, tc.want, got, name)
	}
	for range c.ExpectedEvents(t.Context(), time.Time{}) {
		break
	}
}

// What is asked of Stripe, and what ends the list.
func TestExpectedEventsEnd(t *testing.T) {
	const page = `{"object":"list","has_more":true,"data":[{"id":"evt_1","new":{"a":1.0}}]}`
	const last = `{"object":"list","has_more":false,"data":[{"id":"evt_2"}]}`
	old := time.Now().Add(-31 * 24 * time.Hour)
	for name, tc := range map[string]struct {
		since time.Time
		types []string
		steps []clienttest.Step
		query url.Values
		ids   []string
		err   error
	}{
		"all that there is": {time.Time{}, nil, []clienttest.Step{clienttest.JSON(200, page), clienttest.JSON(200, last)},
			url.Values{"delivery_success": {"false"}, "limit": {"100"}, "starting_after": {"evt_1"}}, []string{"evt_1", "evt_2"}, nil},
		"beyond what is kept": {old, []string{"a", "b"}, []clienttest.Step{clienttest.JSON(200, last)},
			url.Values{"types[0]": {"a"}, "types[1]": {"b"}, "created[gte]": {strconv.FormatInt(old.Unix(), 10)}, "limit": {"100"}}, []string{"evt_2"}, listed.ErrNotKept},
		"the second page fails": {old, nil, []clienttest.Step{clienttest.JSON(200, page), clienttest.JSON(401, `{"error":{"message":"No"}}`)},
			url.Values{"delivery_success": {"false"}, "created[gte]": {strconv.FormatInt(old.Unix(), 10)}, "limit": {"100"}, "starting_after": {"evt_1"}}, []string{"evt_1"}, client.ErrUnauthorized},
		"an event that is none": {time.Time{}, nil, []clienttest.Step{clienttest.JSON(200, `{"data":["evt_1"]}`)},
			url.Values{"delivery_success": {"false"}, "limit": {"100"}}, nil, client.ErrDecode},
	} {
		t.Run(name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, tc.steps...)
			c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(rt))
			require.NoError(t, err)
			var ids []string
			var ends error
			for l, err := range c.ExpectedEvents(t.Context(), tc.since, tc.types...) {
				require.NoError(t, ends, "nothing comes after an error")
				if ends = err; err == nil {
					ids = append(ids, l.ID)
				}
			}
			require.Equal(t, tc.ids, ids)
			require.ErrorIs(t, ends, tc.err)
			require.Equal(t, tc.err != nil, ends != nil)
			last, err := url.Parse(rt.Last().URL)
			require.NoError(t, err)
			require.Equal(t, "/v1/events", last.Path)
			require.Equal(t, tc.query, last.Query())
		})
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(clienttest.NewTransport(t, clienttest.JSON(200, last))))
	require.NoError(t, err)
	for _, err := range c.ExpectedEvents(ctx, time.Time{}) {
		require.ErrorIs(t, err, context.Canceled)
	}
}
