package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
)

// kitDelivery is a delivery of the kit's own signer over a body of the test's.
func kitDelivery(k kit, body string, headers ...string) *http.Request {
	s := k.signer().At(fixedTime).WithID("id-1")
	for i := 0; i < len(headers); i += 2 {
		s = s.WithHeader(headers[i], headers[i+1])
	}
	return s.Request([]byte(body))
}

// decoded returns what the option's function is handed for a delivery.
func decoded[T any](t *testing.T, k kit, on func(string, func(context.Context, webhook.Event[T]) error) webhook.HandlerOption, pattern string, r *http.Request) (got []webhook.Event[T], code int) {
	t.Helper()
	h := newHandler(t, k.scheme(t), on(pattern, func(_ context.Context, e webhook.Event[T]) error {
		got = append(got, e)
		return nil
	}))
	return got, status(h, r)
}

// On hands over the object, wherever the provider keeps it, OnEnvelope all of the
// payload, and Payload is the whole in both.
func TestOnDecodesTheObjectAndOnEnvelopeTheWhole(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, kit, body string
		headers         []string
		whole, object   string // whole, if not the body
	}{
		{"stripe", "stripe", `{"id":"evt_1","object":"event","type":"t","data":{"object":{"id":"pi_1"},"previous_attributes":{}}}`, nil, "", `{"id":"pi_1"}`},
		{"stripe, no kind of envelope", "stripe", `{"type":"t","data":{"object":{"id":"pi_1"}}}`, nil, "", `{"id":"pi_1"}`},
		{"stripe, data twice", "stripe", `{"type":"t","data":{"object":{"id":"pi_0"}},"data":{"object":{"id":"pi_1"}}}`, nil, "", `{"id":"pi_1"}`},
		{"stripe, escaped names", "stripe", `{"type":"t","d\u0061ta" : {"\u006fbject" : {"id":"pi_1"} } }`, nil, "", `{"id":"pi_1"}`},
		{"stripe, names of another case", "stripe", `{"type":"t","Data":{"object":{"id":"pi_0"}},"data":{"object":{"id":"pi_1"},"Object":1}}`, nil, "", `{"id":"pi_1"}`},
		{"stripe, thin", "stripe", `{"id":"evt_1","object":"v2.core.event","type":"t","data":{"x":1}}`, nil, "", ``},
		{"paddle", "paddle", `{"event_id":"evt_1","event_type":"t","data":{"id":"txn_1"}}`, nil, "", `{"id":"txn_1"}`},
		{"standard webhooks", "standard-webhooks", `{"type":"t","timestamp":"2025-06-25T14:20:10Z","data":{"id":"1"}}`, nil, "", `{"id":"1"}`},
		{"standard webhooks, ed25519", "standard-webhooks-ed25519", `{"type":"t","data":[1,2]}`, nil, "", `[1,2]`},
		{"svix", "svix", `{"type":"t","data":"text"}`, nil, "", `"text"`},
		{"clerk", "clerk", `{"data":{"id":"user_1"},"object":"event","type":"t"}`, nil, "", `{"id":"user_1"}`},
		{"resend", "resend", `{"type":"t","created_at":"2025-06-25T14:20:10Z","data":{"email_id":"1"}}`, nil, "", `{"email_id":"1"}`},
		{"openai", "openai", `{"id":"evt_1","object":"event","type":"t","data":{"id":"resp_1"}}`, nil, "", `{"id":"resp_1"}`},
		{"slack, event", "slack", `{"type":"event_callback","event_id":"E","event":{"type":"message","text":"hi"}}`, nil, "", `{"type":"message","text":"hi"}`},
		{"slack, something else", "slack", `{"type":"app_rate_limited","event":{"x":1}}`, nil, "", ``},
		{"slack, command", "slack", `command=%2Fx`, []string{"Content-Type", form}, "", ``},
		{"slack, interaction", "slack", `payload=%7B%22type%22%3A%22block_actions%22%2C%22event%22%3A%7B%7D%7D`, []string{"Content-Type", form}, `{"type":"block_actions","event":{}}`, ``},
		{"github", "github", `{"data":{"object":1},"event":2}`, nil, "", ``},
		{"shopify", "shopify", `{"data":{"id":1}}`, nil, "", ``},
		{"shopify, events", "shopify-events", `{"data":{"id":1}}`, nil, "", ``},
		{"sentry", "sentry", `{"action":"created","data":{"issue":{}}}`, nil, "", ``},
		{"sentry, user interface", "sentry-ui", `{"fields":{},"data":{}}`, nil, "", ``},
		{"x", "x", `{"data":{"event_type":"t"}}`, nil, "", ``},
		{"x, oauth2", "x-oauth2", `{"tweet_create_events":[]}`, nil, "", ``},
		{"twilio", "twilio", `Body=Hi&data=1`, nil, "", ``},
		{"braintree", "braintree", `<notification><kind>check</kind></notification>`, nil, "", ``},
		{"sendgrid", "sendgrid", `[{"sg_event_id":"e1","event":"open","data":{}}]`, nil, `{"sg_event_id":"e1","event":"open","data":{}}`, ``},
		{"sendgrid, inbound", "sendgrid-inbound", "--x\r\n--x--\r\n", []string{"Content-Type", "multipart/form-data; boundary=x"}, "", ``},
		{"sns", "aws-sns", `{"data":{"id":1}}`, nil, "", ``},
		{"sns, s3", "aws-sns", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}`, nil, `{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}`, ``},
		{"pubsub", "google-pubsub", `{"message":{"data":"SGVsbG8=","messageId":"1"}}`, nil, "", ``},
		{"postmark", "postmark", `{"RecordType":"Bounce","data":{}}`, nil, "", ``},
		{"postmark, header", "postmark-header", `{"RecordType":"Bounce","data":{}}`, nil, "", ``},
		{"postmark, inbound", "postmark-inbound", `{"MessageID":"1","data":{}}`, nil, "", ``},
		{"cloudflare", "cloudflare", `{"alert_type":"t","data":{"x":1}}`, nil, "", ``},
		{"datadog", "datadog", `{"id":"1","event_type":"t","data":{"x":1}}`, nil, "", ``},
		{"google calendar", "google-calendar", ``, nil, "", ``},
		{"auth0, log stream", "auth0-log-stream", `[{"log_id":"1","data":{"type":"s"}}]`, nil, `{"log_id":"1","data":{"type":"s"}}`, ``},
		{"static token", "static-token", `{"type":"t","data":{"x":1}}`, nil, "", ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := kitNamed(t, c.kit)
			whole, object := c.whole, c.object
			if whole == "" {
				whole = c.body
			}
			if object == "" {
				object = whole
			}
			raws, code := decoded(t, k, webhook.On[json.RawMessage], "*", kitDelivery(k, c.body, c.headers...))
			require.Equal(t, 200, code)
			require.Len(t, raws, 1)
			require.Equal(t, object, string(raws[0].Data))
			require.Equal(t, whole, string(raws[0].Payload))

			bytes, code := decoded(t, k, webhook.On[[]byte], "*", kitDelivery(k, c.body, c.headers...))
			require.Equal(t, 200, code)
			require.Equal(t, object, string(bytes[0].Data))

			envelopes, code := decoded(t, k, webhook.OnEnvelope[json.RawMessage], "*", kitDelivery(k, c.body, c.headers...))
			require.Equal(t, 200, code)
			require.Equal(t, whole, string(envelopes[0].Data))

			fallback := func(_ string, fn func(context.Context, webhook.Event[json.RawMessage]) error) webhook.HandlerOption {
				return webhook.Fallback(fn)
			}
			rest, code := decoded(t, k, fallback, "", kitDelivery(k, c.body, c.headers...))
			require.Equal(t, 200, code)
			require.Equal(t, whole, string(rest[0].Data))

			var want any
			if json.Unmarshal([]byte(object), &want) != nil {
				return // not JSON
			}
			anys, code := decoded(t, k, webhook.On[any], "*", kitDelivery(k, c.body, c.headers...))
			require.Equal(t, 200, code)
			require.Equal(t, want, anys[0].Data, "maps follow the same rule")
		})
	}
}

// Tokens' claims are the object, and all that there is.
func TestOnDecodesClaims(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"auth0-logout", "firebase"} {
		k := kitNamed(t, name)
		r := k.signer().At(fixedTime).Request(nil)
		got, code := decoded(t, k, webhook.On[json.RawMessage], "*", r)
		require.Equal(t, 200, code, name)
		require.Equal(t, string(got[0].Payload), string(got[0].Data), name)
		require.Contains(t, string(got[0].Data), `"iss"`, name)
	}
}

func TestOnDecodesVendorsTypes(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "stripe")
	const body = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent","amount":1200,"currency":"eur"}}}`
	theirs, code := decoded(t, k, webhook.On[stripe.PaymentIntent], "payment_intent.*", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.Equal(t, "pi_1", theirs[0].Data.ID)
	require.EqualValues(t, 1200, theirs[0].Data.Amount)
	ours, code := decoded(t, k, webhook.On[*stripe.PaymentIntent], "payment_intent.*", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.EqualValues(t, 1200, ours[0].Data.Amount)
	envelope, code := decoded(t, k, webhook.OnEnvelope[stripe.Event], "payment_intent.*", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.Equal(t, "evt_1", envelope[0].Data.ID)
}

// OnObject decodes what On does, whatever the kind of envelope.
func TestOnObjectDecodesTheObject(t *testing.T) {
	t.Parallel()
	slack, stripes := kitNamed(t, "slack"), kitNamed(t, "stripe")
	const body = `{"type":"event_callback","event_id":"E","event":{"type":"message"}}`
	got, code := decoded(t, slack, webhook.OnObject[json.RawMessage], "event_callback", kitDelivery(slack, body))
	require.Equal(t, 200, code)
	require.Equal(t, `{"type":"message"}`, string(got[0].Data))
	payments, code := decoded(t, stripes, webhook.OnObject[stripe.PaymentIntent], "event",
		kitDelivery(stripes, `{"id":"evt_1","object":"event","type":"t","data":{"object":{"id":"pi_1"}}}`))
	require.Equal(t, 200, code)
	require.Equal(t, "pi_1", payments[0].Data.ID)

	envelope := func(context.Context, webhook.Event[stripe.Event]) error { return nil }
	thin := func(context.Context, webhook.Event[events.StripeThin]) error { return nil }
	err := refused(stripes.scheme(t), webhook.OnObject("event", envelope))
	require.ErrorIs(t, err, webhook.ErrConfig)
	require.ErrorContains(t, err, "use OnEnvelope")
	require.ErrorContains(t, err, "OnObject")
	require.NoError(t, refused(stripes.scheme(t), webhook.OnObject("v2.core.event", thin)), "it is the object")
	require.NoError(t, refused(slack.scheme(t), webhook.OnObject("block_actions", envelope)))
	require.NoError(t, refused(plainVerifier{}, webhook.OnObject("event", envelope)), "a verifier of the caller's own")
}

// Respond decodes what On does.
func TestRespondDecodesTheObject(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "clerk")
	var got string
	h := newHandler(t, k.scheme(t), webhook.Respond("*", func(_ context.Context, e webhook.Event[jsonRaw]) (*webhook.Answer, error) {
		got = string(e.Data)
		return nil, nil
	}))
	require.Equal(t, 200, status(h, kitDelivery(k, `{"type":"t","data":{"id":"user_1"}}`)))
	require.Equal(t, `{"id":"user_1"}`, got)
}

// An event without the object that its envelope should hold is no object of zeros.
func TestEventWithoutItsObjectFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kit, body, missing string }{
		{"stripe", `{"type":"t"}`, "data.object"}, {"stripe", `{"type":"t","object":"event","data":{}}`, "data.object"},
		{"stripe", `{"type":"t","data":[]}`, "data.object"}, {"stripe", `{"type":"t","Data":{"object":{}}}`, "data.object"},
		{"paddle", `{"event_type":"t"}`, "data"}, {"clerk", `{"type":"t"}`, "data"}, {"svix", `{"type":"t"}`, "data"}, {"svix", `hello`, "data"},
		{"slack", `{"type":"event_callback"}`, "event"},
	} {
		k := kitNamed(t, c.kit)
		var log buffer
		type object struct{ ID string }
		h := newHandler(t, k.scheme(t), log.option(), webhook.On("*", func(context.Context, webhook.Event[object]) error {
			t.Error("run", c.body)
			return nil
		}))
		require.Equal(t, 500, status(h, kitDelivery(k, c.body)), c.body)
		require.Contains(t, log.String(), "the event has no "+c.missing, c.body)
		require.Contains(t, log.String(), "OnEnvelope", c.body)

		none, code := decoded(t, k, webhook.On[struct{}], "*", kitDelivery(k, c.body))
		require.Equal(t, 200, code, "a function that wants nothing of the payload")
		require.Len(t, none, 1)
	}
}

func TestNullIsNotAnObjectOfZeros(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "clerk")
	const body = `{"type":"t","data":null}`
	_, code := decoded(t, k, webhook.On[events.ClerkUserData], "t", kitDelivery(k, body))
	require.Equal(t, 500, code)
	pointers, code := decoded(t, k, webhook.On[*events.ClerkUserData], "t", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.Nil(t, pointers[0].Data)
	maps, code := decoded(t, k, webhook.On[map[string]any], "t", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.Nil(t, maps[0].Data)
	lists, code := decoded(t, k, webhook.On[[]string], "t", kitDelivery(k, body))
	require.Equal(t, 200, code)
	require.Nil(t, lists[0].Data)
}

// What a function appends to its object must not write into the body.
func TestObjectIsClipped(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "clerk")
	const body = `{"type":"t","data":{"id":"user_1"},"object":"event"}`
	got, code := decoded(t, k, webhook.On[json.RawMessage], "t", kitDelivery(k, body))
	require.Equal(t, 200, code)
	_ = append(got[0].Data, "overwritten"...)
	require.Equal(t, body, string(got[0].Request.Body))
}

type Data struct {
	Data any `json:"data"`
}

type (
	embeddedData struct {
		events.StripeData[stripe.PaymentIntent] `json:"data"`
		Type                                    string `json:"type"`
	}
	named      struct{ Type, Data string }
	outer      struct{ named }
	viaPtr     struct{ *named }
	looped     struct{ *looped }
	ownTags    struct{ kind, Data string }
	hiddenInGo struct {
		Data
		Type string `json:"type"`
	}
	onlyData struct {
		Data struct{ Object stripe.PaymentIntent }
	}
	idAndData struct {
		ID   string `json:"id"`
		Data any    `json:"data,omitempty"`
	}
	dataOfItsOwn struct {
		ID     string `json:"id"`
		Amount int    `json:"amount"`
		Data   any    `json:"data"`
	}
	paddleNotice struct {
		EventType string `json:"event_type"`
		Data      any    `json:"data"`
	}
	slackCallback struct {
		Type  string `json:"type"`
		Event any    `json:"event"`
		More  string `json:"more"`
	}
	leftOut struct {
		Type string `json:"-"`
		Data any    `json:"data"`
		Name string `json:"name"`
	}
	otherNames struct {
		Type string `json:"kind"`
		Data any    `json:"payload"`
	}
	decodesItself struct {
		Type string
		Data string
	}
	tagged struct {
		Kind string `json:"type"`
		Rest string `json:"data"`
	}
	plainObject struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
)

var _ = ownTags{kind: "is read by nobody"}.kind

func (*decodesItself) UnmarshalJSON([]byte) error { return nil }
func (*tagged) UnmarshalJSON([]byte) error        { return nil }

type takesTheEvent struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

func (*takesTheEvent) DecodeEvent(webhook.Raw, *webhook.Request) error { return nil }

// construct says whether a handler takes On for a T.
func construct[T any](t *testing.T, v verifier) error {
	t.Helper()
	fn := func(context.Context, webhook.Event[T]) error { return nil }
	_, err := webhook.NewHandler(schemeOf(v), webhook.OnEnvelope("*", fn))
	require.NoError(t, err, "OnEnvelope takes any type")
	_, err = webhook.NewHandler(schemeOf(v), webhook.On("*", fn))
	_, respond := webhook.NewHandler(schemeOf(v), webhook.Respond("*", func(context.Context, webhook.Event[T]) (*webhook.Answer, error) { return nil, nil }))
	require.Equal(t, err == nil, respond == nil)
	if err != nil {
		require.ErrorIs(t, err, webhook.ErrConfig)
		require.ErrorContains(t, err, "use OnEnvelope")
	}
	return err
}

// An envelope that is decoded from an object stays empty without an error, so it is
// refused before anything is served.
func TestOnRefusesEnvelopes(t *testing.T) {
	t.Parallel()
	scheme := func(name string) verifier { return kitNamed(t, name).scheme(t) }
	for name, c := range map[string]struct{ err error }{
		"stripe-go's event":               {construct[stripe.Event](t, scheme("stripe"))},
		"a pointer to it":                 {construct[*stripe.Event](t, scheme("stripe"))},
		"our event":                       {construct[events.Stripe[stripe.PaymentIntent]](t, scheme("stripe"))},
		"our thin event":                  {construct[events.StripeThin](t, scheme("stripe"))},
		"our event of clerk":              {construct[events.ClerkUser](t, scheme("clerk"))},
		"our event of resend":             {construct[events.Resend](t, scheme("resend"))},
		"our event of paddle":             {construct[events.Paddle[plainObject]](t, scheme("paddle"))},
		"paddle's type is event_type":     {construct[paddleNotice](t, scheme("paddle"))},
		"slack's object is event":         {construct[slackCallback](t, scheme("slack"))},
		"embedded under a name":           {construct[embeddedData](t, scheme("stripe"))},
		"names without tags":              {construct[named](t, scheme("standard-webhooks"))},
		"hidden in Go alone":              {construct[hiddenInGo](t, scheme("stripe"))},
		"of an embedded struct":           {construct[outer](t, scheme("standard-webhooks"))},
		"through a pointer":               {construct[viaPtr](t, scheme("standard-webhooks"))},
		"nothing but data":                {construct[onlyData](t, scheme("stripe"))},
		"nothing but the envelope's":      {construct[idAndData](t, scheme("stripe"))},
		"tags of one that decodes itself": {construct[tagged](t, scheme("svix"))},
		"where all is the object":         {construct[named](t, scheme("github"))},
		"of a verifier of the caller's":   {construct[named](t, plainVerifier{})},
	} {
		require.Error(t, c.err, name)
	}
	for name, c := range map[string]struct{ err error }{
		"stripe-go's object":            {construct[stripe.PaymentIntent](t, scheme("stripe"))},
		"our object":                    {construct[events.ClerkUserData](t, scheme("clerk"))},
		"an object with a type":         {construct[plainObject](t, scheme("stripe"))},
		"an object with data":           {construct[dataOfItsOwn](t, scheme("stripe"))},
		"a field left out":              {construct[leftOut](t, scheme("stripe"))},
		"fields of other names":         {construct[otherNames](t, scheme("stripe"))},
		"one that decodes itself":       {construct[decodesItself](t, scheme("stripe"))},
		"one that takes the event":      {construct[takesTheEvent](t, scheme("stripe"))},
		"raw":                           {construct[json.RawMessage](t, scheme("stripe"))},
		"bytes":                         {construct[[]byte](t, scheme("stripe"))},
		"a map":                         {construct[map[string]any](t, scheme("stripe"))},
		"anything":                      {construct[any](t, scheme("stripe"))},
		"nothing":                       {construct[struct{}](t, scheme("stripe"))},
		"a form":                        {construct[url.Values](t, scheme("slack"))},
		"a list":                        {construct[[]named](t, scheme("stripe"))},
		"one that embeds itself":        {construct[looped](t, scheme("stripe"))},
		"an unexported type":            {construct[ownTags](t, scheme("github"))},
		"data where all is the object":  {construct[onlyData](t, scheme("github"))},
		"event where all is the object": {construct[slackCallback](t, scheme("github"))},
		"paddle's elsewhere":            {construct[paddleNotice](t, scheme("cloudflare"))},
	} {
		require.NoError(t, c.err, name)
	}
}

// What a worker takes up from a queue is decoded alike.
func TestDispatchDecodesTheObject(t *testing.T) {
	t.Parallel()
	q := &queue{}
	k := kitNamed(t, "resend")
	var got events.ResendEmail
	h := newHandler(t, k.scheme(t), webhook.WithQueue(q), webhook.On("email.*", func(_ context.Context, e webhook.Event[events.ResendEmail]) error {
		got = e.Data
		return nil
	}))
	require.Equal(t, 200, status(h, kitDelivery(k, `{"type":"email.sent","data":{"email_id":"56761188"}}`)))
	var d webhook.Delivery
	require.NoError(t, json.Unmarshal(q.stored[0], &d))
	require.NoError(t, h.Dispatch(t.Context(), &d))
	require.Equal(t, "56761188", got.EmailID)
}
