package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func refused(v verifier, opts ...webhook.HandlerOption) error {
	_, err := webhook.NewHandler(schemeOf(v), opts...)
	return err
}

func nothing(context.Context, webhook.Event[struct{}]) error { return nil }

func custom(t *testing.T, l webhook.Layout) *webhook.Scheme {
	t.Helper()
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: l}, secret.Static(rawKey))
	require.NoError(t, err)
	return s
}

// A function for a type that no event can have would never run: the handler is not
// made.
func TestFunctionThatCouldNeverRunIsRefused(t *testing.T) {
	t.Parallel()
	answer := func(context.Context, webhook.Event[struct{}]) (*webhook.Answer, error) { return nil, nil }
	for name, c := range map[string]struct {
		v        verifier
		possible string
		not      []string
		advice   string
	}{
		"twilio":         {kitNamed(t, "twilio").scheme(t), "", []string{"sms", "message.*", "Notification"}, "Fallback"},
		"static token":   {kitNamed(t, "static-token").scheme(t), "", []string{"push", "push*"}, "Fallback"},
		"custom HMAC":    {custom(t, webhook.Layout{SignatureHeader: "X-Sig"}), "", []string{"order.paid", "order.*"}, "Layout.TypeHeader"},
		"its identifier": {custom(t, webhook.Layout{SignatureHeader: "X-Sig", IDHeader: "X-Id"}), "", []string{"order.paid"}, "Layout.TypeHeader"},
		"custom ECDSA":   {acmeECDSA(t, webhook.Layout{SignatureHeader: "X-Sig", Encoding: webhook.Base64}), "", []string{"order.paid"}, "Layout.TypeHeader"},
		"inbound mail":   {kitNamed(t, "sendgrid-inbound").scheme(t), "inbound", []string{"Inbound", "delivered", "inbound.x", "x*"}, `"inbound"`},
		"postmark's":     {kitNamed(t, "postmark-inbound").scheme(t), "Inbound", []string{"inbound", "Bounce"}, `"Inbound"`},
		"logout":         {kitNamed(t, "auth0-logout").scheme(t), webhook.LogoutEvent, []string{"logout", "backchannel-logout", "ftp*"}, "backchannel-logout"},
		"sns":            {kitNamed(t, "aws-sns").scheme(t), "Notification", []string{"order.paid", "notification", "s3:ObjectCreated:*", "ObjectCreated:Put:x", "9*", "order*"}, "ObjectCreated:Put"},
	} {
		for _, pattern := range c.not {
			for _, opt := range []webhook.HandlerOption{webhook.On(pattern, nothing), webhook.OnEnvelope(pattern, nothing), webhook.Respond(pattern, answer)} {
				err := refused(c.v, opt)
				require.ErrorIs(t, err, webhook.ErrConfig, "%s: %s", name, pattern)
				require.ErrorContains(t, err, fmt.Sprintf("%q", pattern), name)
				require.ErrorContains(t, err, "never run", name)
				require.ErrorContains(t, err, c.advice, name)
			}
		}
		require.NoError(t, refused(c.v, webhook.On("*", nothing)), name)
		if c.possible != "" {
			require.NoError(t, refused(c.v, webhook.On(c.possible, nothing)), name)
			require.NoError(t, refused(c.v, webhook.On(c.possible[:4]+"*", nothing)), name)
		}
	}
	sns := kitNamed(t, "aws-sns").scheme(t)
	for _, pattern := range []string{"SubscriptionConfirmation", "UnsubscribeConfirmation", "s3:TestEvent", "s3:*", "ObjectCreated:Put", "ObjectCreated:*", "ObjectRemoved*", "LifecycleTransition"} {
		require.NoError(t, refused(sns, webhook.On(pattern, nothing)), pattern)
	}
	err := refused(kitNamed(t, "twilio").scheme(t), webhook.On("b", nothing), webhook.On("a", nothing), webhook.On("c.*", nothing))
	require.ErrorContains(t, err, `"a"`)
	require.Less(t, strings.Index(err.Error(), `"a"`), strings.Index(err.Error(), `"b"`), "all of them, in an order that stays")
	require.ErrorContains(t, err, `"c.*"`)
}

func acmeECDSA(t *testing.T, l webhook.Layout) *webhook.Scheme {
	t.Helper()
	s, err := webhook.ECDSA(webhook.ECDSAConfig{Provider: "acme", Layout: l}, secret.Static(sendGridKeys().Public))
	require.NoError(t, err)
	return s
}

// Where a provider names types, nobody but the provider knows which.
func TestFunctionsForTypesThatMayBe(t *testing.T) {
	t.Parallel()
	closed := map[string]bool{"twilio": true, "static-token": true, "sendgrid-inbound": true, "postmark-inbound": true, "auth0-logout": true, "aws-sns": true}
	for _, k := range kits() {
		err := refused(k.scheme(t), webhook.On("any.thing", nothing))
		require.Equal(t, closed[k.name], err != nil, "%s: %v", k.name, err)
		err = refused(k.scheme(t), webhook.On("any.*", nothing))
		require.Equal(t, closed[k.name], err != nil, "%s: %v", k.name, err)
	}
	typed := webhook.Layout{SignatureHeader: "X-Sig", TypeHeader: "X-Type"}
	require.NoError(t, refused(custom(t, typed), webhook.On("order.paid", nothing)))
	typed.Encoding = webhook.Base64
	require.NoError(t, refused(acmeECDSA(t, typed), webhook.On("order.paid", nothing)))
	require.NoError(t, refused(plainVerifier{}, webhook.On("order.paid", nothing)), "a verifier of the caller's own")
	require.NoError(t, refused(struct{ *webhook.Scheme }{custom(t, webhook.Layout{SignatureHeader: "X-Sig"})}, webhook.On("order.paid", nothing)),
		"one that embeds a scheme, and may read the type elsewhere")
}

// Kinds of envelopes, too, have to be there.
func TestOnObjectThatCouldNeverRunIsRefused(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{"stripe": true, "slack": true, "openai": true, "aws-sns": true}
	for _, k := range kits() {
		err := refused(k.scheme(t), webhook.OnObject("event", nothing))
		require.Equal(t, kinds[k.name], err == nil, k.name)
		if err != nil {
			require.ErrorIs(t, err, webhook.ErrConfig)
			require.ErrorContains(t, err, "never run")
		}
	}
	require.NoError(t, refused(plainVerifier{}, webhook.OnObject("event", nothing)))
}

// What no function wants is logged once for each type, for whoever looks for an
// event that did nothing.
func TestUnwantedTypesAreLoggedOnce(t *testing.T) {
	t.Parallel()
	var log buffer
	h := newHandler(t, fake{}, log.option(), webhook.On("paid", nothing))
	for _, e := range []struct{ id, typ string }{{"e1", "refunded"}, {"e2", "refunded"}, {"e3", "paid"}, {"e4", "disputed"}, {"e5", ""}, {"e6", "refunded"}, {"e7", ""}} {
		require.Equal(t, 200, status(h, delivery(event(e.id, e.typ))))
	}
	require.Equal(t, 3, strings.Count(log.String(), "has no function"), log.String())
	require.Equal(t, 3, strings.Count(log.String(), `"level":"DEBUG"`))
	for _, want := range []string{`"type":"refunded","event_id":"e1"`, `"type":"disputed","event_id":"e4"`, `"type":"","event_id":"e5"`} {
		require.Contains(t, log.String(), want)
	}

	// A header that nobody signed can hold any type, so that there is an end.
	for i := range 2000 {
		require.Equal(t, 200, status(h, delivery(event("e", fmt.Sprint("t", i)))))
	}
	require.Equal(t, 1000, strings.Count(log.String(), "has no function"))

	r := delivery(event("", "other"))
	var second buffer
	h = newHandler(t, fake{}, second.option())
	require.Equal(t, 200, status(h, withID(r, "d9")))
	require.Contains(t, second.String(), `"event_id":"d9"`, "the delivery's where the event has none")
}

// What says nothing is answered, and neither run nor kept.
func TestW28_DeliveryWithoutEventsIsAnsweredAndNotDispatched(t *testing.T) {
	t.Parallel()
	q := &queue{}
	h := newHandler(t, fake{}, webhook.WithQueue(q))
	require.Equal(t, 200, status(h, delivery(`[]`)))
	require.Empty(t, q.stored)
	h = newHandler(t, fake{}, webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { return errTest }))
	require.Equal(t, http.StatusOK, status(h, delivery(`[]`)))
}
