package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// The handler over the real schemes, with deliveries from webhooktest.

const (
	stripeCanary = "whsec_canary0123456789abcdefghijkl"
	githubCanary = "github-canary-0123456789"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestStripeEventReachesItsFunction(t *testing.T) {
	t.Parallel()
	scheme := must(webhook.Stripe(secret.Static(stripeCanary)))
	sign := webhooktest.Stripe(stripeCanary)
	body := []byte(`{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1760000000,"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent","amount_received":2000,"currency":"eur","metadata":{"order_id":"6735"}}}}` + "\r\n")

	var ours webhook.Event[events.Stripe[stripe.PaymentIntent]]
	h := newHandler(t, scheme, webhook.OnEnvelope("payment_intent.succeeded", func(_ context.Context, e webhook.Event[events.Stripe[stripe.PaymentIntent]]) error {
		ours = e
		return nil
	}))
	require.Equal(t, 200, status(h, sign.Request(body)))
	require.EqualValues(t, 2000, ours.Data.Object.AmountReceived)
	require.Equal(t, "6735", ours.Data.Object.Metadata["order_id"])
	require.Equal(t, "2023-10-16", ours.APIVersion)
	require.True(t, ours.IDSigned)
	require.Equal(t, body, ours.Request.Body)

	// The vendor's own type is filled as well.
	var theirs webhook.Event[stripe.Event]
	h = newHandler(t, scheme, webhook.OnEnvelope("payment_intent.succeeded", func(_ context.Context, e webhook.Event[stripe.Event]) error {
		theirs = e
		return nil
	}))
	require.Equal(t, 200, status(h, sign.Request(body)))
	require.Equal(t, "evt_1", theirs.Data.ID)
	require.EqualValues(t, "payment_intent.succeeded", theirs.Data.Type)
	require.Contains(t, string(theirs.Data.Data.Raw), `"amount_received":2000`)
}

func TestStripeThinEventIsDispatchedByItsObject(t *testing.T) {
	t.Parallel()
	var got events.StripeThin
	h := newHandler(t, must(webhook.Stripe(secret.Static(stripeCanary))),
		webhook.OnObject("v2.core.event", func(_ context.Context, e webhook.Event[events.StripeThin]) error {
			got = e.Data
			return nil
		}))
	require.Equal(t, 200, status(h, webhooktest.Stripe(stripeCanary).Request([]byte(
		`{"id":"evt_test_65","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2024-09-17T06:20:52.246Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}`))))
	require.Equal(t, "mtr_1", got.RelatedObject.ID)
}

func TestW11_ProvidersCaps(t *testing.T) {
	t.Parallel()
	github := newHandler(t, must(webhook.GitHub(secret.Static(githubCanary))))
	sign := webhooktest.GitHub(githubCanary).WithEvent("push")
	full := bytes.Repeat([]byte(" "), 25<<20)
	full[0], full[len(full)-1] = '{', '}'
	require.Equal(t, 200, status(github, sign.Request(full)))
	require.Equal(t, 413, status(github, sign.Request(append(full, ' '))))

	stripe := newHandler(t, must(webhook.Stripe(secret.Static(stripeCanary))))
	require.Equal(t, 413, status(stripe, webhooktest.Stripe(stripeCanary).Request(make([]byte, 1<<20+1))))

	raised := newHandler(t, must(webhook.Stripe(secret.Static(stripeCanary), webhook.WithMaxBody(2<<20))))
	padded := append([]byte(`{"id":"evt_1","object":"event","type":"x"}`), bytes.Repeat([]byte(" "), 1<<20)...)
	require.Equal(t, 200, status(raised, webhooktest.Stripe(stripeCanary).Request(padded)))
}

func TestW12_GitHubReplayUnderAnotherDeliveryIsFlagged(t *testing.T) {
	t.Parallel()
	var got []webhook.Event[events.GitHubPush]
	h := newHandler(t, must(webhook.GitHub(secret.Static(githubCanary))), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})),
		webhook.On("push", func(_ context.Context, e webhook.Event[events.GitHubPush]) error {
			got = append(got, e)
			return nil
		}))
	sign := webhooktest.GitHub(githubCanary).WithEvent("push").WithID("d-1")
	body := []byte(`{"ref":"refs/heads/main"}`)
	require.Equal(t, 200, status(h, sign.Request(body)))
	require.Equal(t, 200, status(h, sign.Request(body)), "a redelivery by GitHub itself")
	require.Len(t, got, 1)
	require.False(t, got[0].Suspect)
	require.False(t, got[0].IDSigned)
	require.False(t, got[0].TypeSigned)
	require.Contains(t, got[0].Receipt.Untrusted, "X-Github-Event")

	require.Equal(t, 200, status(h, sign.WithID("d-2").Request(body)))
	require.Len(t, got, 2, "flagged, not dropped")
	require.True(t, got[1].Suspect)
}

func TestSendGridBatchIsFannedOut(t *testing.T) {
	t.Parallel()
	keys := webhooktest.SendGridKeys()
	var ran []string
	fail := true
	h := newHandler(t, must(webhook.SendGrid(secret.Static(keys.Public))), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})),
		webhook.On("*", func(_ context.Context, e webhook.Event[events.SendGrid]) error {
			ran = append(ran, e.Data.Email)
			if fail && e.Data.Event == "bounce" {
				return errTest
			}
			return nil
		}))
	body := []byte(`[{"email":"a","event":"delivered","sg_event_id":"1"},{"email":"b","event":"bounce","sg_event_id":"2"},` + "\n" + ` {"email":"c","event":"open","sg_event_id":"3"}]` + "\r\n")
	sign := webhooktest.SendGrid(keys.Private)
	require.Equal(t, 500, status(h, sign.Request(body)))
	fail = false
	require.Equal(t, 200, status(h, sign.Request(body)))
	require.Equal(t, []string{"a", "b", "c", "b"}, ran)
}

func TestSlackAnswersItsChallengeAndCommands(t *testing.T) {
	t.Parallel()
	const signing = "slack-signing-canary"
	h := newHandler(t, must(webhook.Slack(secret.Static(signing))),
		webhook.Respond("slash_command", func(_ context.Context, e webhook.Event[url.Values]) (*webhook.Answer, error) {
			return webhook.JSON(map[string]string{"text": "you said " + e.Data.Get("text")})
		}))
	res := serve(h, webhooktest.Slack(signing).Request([]byte(`{"type":"url_verification","challenge":"3eZbrw1a"}`)))
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "3eZbrw1a", read(t, res))

	res = serve(h, webhooktest.Slack(signing).Request([]byte("command=%2Fecho&text=hello")))
	require.Equal(t, 200, res.StatusCode)
	require.JSONEq(t, `{"text":"you said hello"}`, read(t, res))

	require.Equal(t, 401, status(h, webhooktest.Slack("another").Request([]byte(`{"type":"url_verification","challenge":"3eZbrw1a"}`))))
}

func TestXChallengeIsAnsweredByGETOnly(t *testing.T) {
	t.Parallel()
	const consumer = "x-consumer-canary-0123"
	h := newHandler(t, must(webhook.X(secret.Static(consumer), nil)))
	res := serve(h, webhooktest.XChallenge("https://example.com/x", "token1"))
	require.Equal(t, 200, res.StatusCode)
	require.JSONEq(t, `{"response_token":"`+webhooktest.XChallengeAnswer(consumer, "token1")+`"}`, read(t, res))
	r := webhooktest.XChallenge("https://example.com/x", "token1")
	r.Method = http.MethodPut
	res = serve(h, r)
	require.Equal(t, 405, res.StatusCode)
	require.Equal(t, "POST, GET", res.Header.Get("Allow"))
}

// W4: whatever is wrong with a delivery, response and log hold neither the
// secret nor the signature that would have been right.
func TestW4_NoSecretAndNoRightSignatureGoesOut(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1","object":"event","type":"x"}`)
	now := time.Now()
	right := webhooktest.Stripe(stripeCanary).At(now).Request(body).Header.Get("Stripe-Signature")
	_, mac, _ := strings.Cut(right, "v1=")
	var log buffer
	h := newHandler(t, must(webhook.Stripe(secret.Static(stripeCanary))), log.option(),
		webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { panic("in the function") }))
	ts := fmt.Sprint(now.Unix())
	var out strings.Builder
	for _, header := range []string{
		"", "t=" + ts, "t=" + ts + ",v1=" + strings.Repeat("0", 64), "v1=00", "t=x,v1=y", "t=1,v1=" + strings.Repeat("0", 64),
		"t=" + ts + ",t=" + ts + ",v1=" + strings.Repeat("0", 64), "t=" + ts + ",v0=" + strings.Repeat("0", 64),
	} {
		r := webhooktest.Stripe(stripeCanary).WithHeader("Stripe-Signature", header).Request(body)
		res := serve(h, r)
		require.Equal(t, 401, res.StatusCode, header)
		fmt.Fprint(&out, res.Header, read(t, res))
	}
	require.Equal(t, 500, status(h, webhooktest.Stripe(stripeCanary).At(now).Request(body)))
	for _, s := range []string{log.String(), out.String()} {
		require.NotContains(t, s, stripeCanary)
		require.NotContains(t, s, "canary")
		require.NotContains(t, s, mac)
	}
	require.NotContains(t, log.String(), `evt_1\"`, "no body either")
}

func TestW4_SecretSourceOutOfReachIs503(t *testing.T) {
	t.Parallel()
	source := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errTest })
	for name, v := range map[string]verifier{
		"stripe":  must(webhook.Stripe(source)),
		"github":  must(webhook.GitHub(source)),
		"datadog": must(webhook.Datadog("X-Hook-Secret", source)),
	} {
		var log buffer
		h := newHandler(t, v, log.option())
		r := map[string]*webhooktest.Signer{
			"stripe": webhooktest.Stripe(stripeCanary), "github": webhooktest.GitHub(githubCanary),
			"datadog": webhooktest.Datadog("X-Hook-Secret", "datadog-token-0123456789"),
		}[name].Request([]byte(`{}`))
		res := serve(h, r)
		require.Equal(t, 503, res.StatusCode, name)
		require.NotEmpty(t, res.Header.Get("Retry-After"))
		require.NotContains(t, read(t, res), errTest.Error())
		require.Contains(t, log.String(), errTest.Error())
	}
}

func TestEventCanBeLoggedWithoutItsCredential(t *testing.T) {
	t.Parallel()
	var printed string
	h := newHandler(t, must(webhook.Datadog("X-Hook-Secret", secret.Static("datadog-canary-0123456789"))),
		webhook.Fallback(func(_ context.Context, e webhook.Event[json.RawMessage]) error {
			j, err := json.Marshal(e)
			printed = fmt.Sprintf("%v %+v %s", e, e, j)
			return err
		}))
	require.Equal(t, 200, status(h, webhooktest.Datadog("X-Hook-Secret", "datadog-canary-0123456789").Request([]byte(`{"id":"1"}`))))
	require.NotContains(t, printed, "canary")
}
