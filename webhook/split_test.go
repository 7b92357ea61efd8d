package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func split(t *testing.T, s *webhook.Scheme, r *webhook.Request) ([]webhook.Raw, error) {
	t.Helper()
	rec, err := s.Verify(t.Context(), r)
	require.NoError(t, err)
	return s.Split(r, rec)
}

func splitKit(t *testing.T, name, body string) ([]webhook.Raw, error) {
	t.Helper()
	k := kitNamed(t, name)
	r := received(t, k.signer().At(fixedTime).WithID("id-1").Request([]byte(body)))
	return split(t, k.scheme(t), r)
}

func TestSplitEnvelopes(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 6, 25, 14, 20, 10, 0, time.UTC)
	for name, c := range map[string]struct {
		kit, body string
		want      webhook.Raw
	}{
		"stripe": {"stripe", `{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1750861210,"type":"invoice.paid","new":{"x":1}}`,
			webhook.Raw{ID: "evt_1", IDSigned: true, Type: "invoice.paid", TypeSigned: true, Object: "event", Time: day, APIVersion: "2023-10-16"}},
		"stripe, thin": {"stripe", `{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2025-06-25T14:20:10.000Z"}`,
			webhook.Raw{ID: "evt_2", IDSigned: true, Type: "v1.billing.meter.error_report_triggered", TypeSigned: true, Object: "v2.core.event", Time: day}},
		"stripe, other kinds of values": {"stripe", `{"id":7,"object":null,"type":["x"],"created":{}}`,
			webhook.Raw{ID: "7", IDSigned: true, Time: fixedTime.UTC()}},
		"paddle": {"paddle", `{"event_id":"evt_01","event_type":"transaction.paid","occurred_at":"2025-06-25T14:20:10.000000Z","notification_id":"ntf_1"}`,
			webhook.Raw{ID: "evt_01", IDSigned: true, Type: "transaction.paid", TypeSigned: true, Time: day}},
		"clerk": {"clerk", `{"type":"user.created","object":"event","timestamp":1750861210123}`,
			webhook.Raw{ID: "id-1", IDSigned: true, Type: "user.created", TypeSigned: true, Time: day.Add(123 * time.Millisecond)}},
		"resend": {"resend", `{"type":"email.bounced","created_at":"2025-06-25T14:20:10Z"}`,
			webhook.Raw{ID: "id-1", IDSigned: true, Type: "email.bounced", TypeSigned: true, Time: day}},
		"openai": {"openai", `{"id":"evt_1","object":"event","type":"response.completed","created_at":1750861210}`,
			webhook.Raw{ID: "id-1", IDSigned: true, Type: "response.completed", TypeSigned: true, Object: "event", Time: day}},
		"svix, any payload": {"svix", `hello`,
			webhook.Raw{ID: "id-1", IDSigned: true, Time: day}},
		"github": {"github", `{"action":"opened"}`, webhook.Raw{ID: "id-1", Type: "push"}},
		"slack, event": {"slack", `{"type":"event_callback","event_id":"Ev1","event_time":1750861210,"event":{"type":"message"}}`,
			webhook.Raw{ID: "Ev1", IDSigned: true, Type: "message", TypeSigned: true, Object: "event_callback", Time: day}},
		"x": {"x", `{"for_user_id":"1","tweet_create_events":[{}]}`, webhook.Raw{Type: "tweet_create_events", TypeSigned: true}},
		"x, activity": {"x", `{"data":{"event_type":"profile.update.bio"}}`,
			webhook.Raw{Type: "profile.update.bio", TypeSigned: true}},
		"postmark": {"postmark", `{"RecordType":"Bounce","ID":42,"MessageID":"m","BouncedAt":"2025-06-25T16:20:10+02:00"}`,
			webhook.Raw{Type: "Bounce", Time: day}},
		"postmark, inbound": {"postmark-inbound", `{"From":"a@example.com","MessageID":"m1"}`, webhook.Raw{ID: "m1", Type: "Inbound"}},
		"cloudflare":        {"cloudflare", `{"alert_type":"load_balancing_health_alert","ts":1750861210}`, webhook.Raw{Type: "load_balancing_health_alert", Time: day}},
		"datadog":           {"datadog", `{"id":"1","event_type":"query_alert_monitor","date":1750861210000}`, webhook.Raw{ID: "1", Type: "query_alert_monitor", Time: day}},
		"datadog, text":     {"datadog", `$ID`, webhook.Raw{}},
		"pubsub": {"google-pubsub", `{"message":{"messageId":"m1","publishTime":"2025-06-25T14:20:10Z","attributes":{"eventType":"OBJECT_FINALIZE"}}}`,
			webhook.Raw{ID: "m1", Type: "OBJECT_FINALIZE", Time: day}},
		"sns": {"aws-sns", `hello`, webhook.Raw{ID: "id-1", IDSigned: true, Type: "Notification", TypeSigned: true, Time: day}},
		"sns, S3 test": {"aws-sns", `{"Service":"Amazon S3","Event":"s3:TestEvent"}`,
			webhook.Raw{ID: "id-1", IDSigned: true, Type: "s3:TestEvent", TypeSigned: true, Object: "aws:s3", Time: day}},
		"sns, other records": {"aws-sns", `{"Records":[{"eventSource":"acme"}]}`,
			webhook.Raw{ID: "id-1", IDSigned: true, Type: "Notification", TypeSigned: true, Time: day}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raws, err := splitKit(t, c.kit, c.body)
			require.NoError(t, err)
			require.Len(t, raws, 1)
			got := raws[0]
			require.Equal(t, c.body, string(got.Payload))
			got.Payload = nil
			if name == "github" {
				got.Type = "push" // the signer's choice
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestSplitBatches(t *testing.T) {
	t.Parallel()
	raws, err := splitKit(t, "sendgrid", "[ {\"sg_event_id\":\"e1\",\"event\":\"delivered\",\"timestamp\":1750861210},\r\n{\"sg_event_id\":\"e2\",\"event\":\"bounce\"} ,{\"event\":\"open\"}]\r\n")
	require.NoError(t, err)
	require.Len(t, raws, 3)
	require.Equal(t, `{"sg_event_id":"e1","event":"delivered","timestamp":1750861210}`, string(raws[0].Payload))
	require.Equal(t, `{"sg_event_id":"e2","event":"bounce"}`, string(raws[1].Payload))
	require.Equal(t, "delivered", raws[0].Type)
	require.Equal(t, "e2", raws[1].ID)
	require.True(t, raws[1].IDSigned)
	require.Empty(t, raws[2].ID)
	require.False(t, raws[2].IDSigned)
	raws, err = splitKit(t, "sendgrid", "[]")
	require.NoError(t, err)
	require.Empty(t, raws)

	const log = `{"log_id":"1","data":{"type":"s","date":"2025-06-25T14:20:10Z"}}`
	for name, body := range map[string]string{
		"array": "[" + log + "," + log + "]", "lines": log + "\n\n" + log + "\r\n", "lines without an end": log + "\n" + log,
	} {
		raws, err := splitKit(t, "auth0-log-stream", body)
		require.NoError(t, err, name)
		require.Len(t, raws, 2, name)
		for _, raw := range raws {
			require.Equal(t, log, string(raw.Payload))
			require.Equal(t, "s", raw.Type)
			require.Equal(t, "1", raw.ID)
			require.False(t, raw.IDSigned, "a static token signs nothing")
		}
	}
	raws, err = splitKit(t, "auth0-log-stream", log)
	require.NoError(t, err)
	require.Len(t, raws, 1)

	raws, err = splitKit(t, "aws-sns", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2025-06-25T14:20:10.000Z","s3":{}},{"eventSource":"aws:s3","eventName":"ObjectRemoved:Delete"}]}`)
	require.NoError(t, err)
	require.Len(t, raws, 2)
	require.Equal(t, "ObjectCreated:Put", raws[0].Type)
	require.Equal(t, "id-1/0", raws[0].ID)
	require.Equal(t, "id-1/1", raws[1].ID)
	require.Equal(t, "aws:s3", raws[1].Object)
	require.JSONEq(t, `{"eventSource":"aws:s3","eventName":"ObjectRemoved:Delete"}`, string(raws[1].Payload))
}

func TestSplitForms(t *testing.T) {
	t.Parallel()
	raws, err := splitKit(t, "braintree", "<notification><timestamp type=\"datetime\">2025-06-25T14:20:10Z</timestamp><kind>subscription_went_past_due</kind></notification>")
	require.NoError(t, err)
	require.Equal(t, "subscription_went_past_due", raws[0].Type)
	require.Equal(t, fixedTime.UTC(), raws[0].Time)
	require.True(t, strings.HasPrefix(string(raws[0].Payload), "<notification>"))

	github := kitNamed(t, "github")
	form := func(k kit, body string) *webhook.Request {
		return received(t, k.signer().At(fixedTime).WithHeader("Content-Type", "application/x-www-form-urlencoded").Request([]byte(body)))
	}
	raws, err = split(t, github.scheme(t), form(github, "payload=%7B%22a%22%3A1%7D"))
	require.NoError(t, err)
	require.Equal(t, `{"a":1}`, string(raws[0].Payload))

	slack := kitNamed(t, "slack")
	raws, err = split(t, slack.scheme(t), form(slack, "command=%2Fx&text=hi"))
	require.NoError(t, err)
	require.Equal(t, "slash_command", raws[0].Type)
	require.Equal(t, "command=%2Fx&text=hi", string(raws[0].Payload))
	raws, err = split(t, slack.scheme(t), form(slack, "payload=%7B%22type%22%3A%22block_actions%22%7D"))
	require.NoError(t, err)
	require.Equal(t, "block_actions", raws[0].Type)
	require.Equal(t, `{"type":"block_actions"}`, string(raws[0].Payload))

	for _, c := range []struct{ kit, body string }{{"github", "x=1"}, {"github", "payload=1&payload=2"}, {"slack", "payload=x"}} {
		k := kitNamed(t, c.kit)
		_, err := split(t, k.scheme(t), form(k, c.body))
		require.ErrorIs(t, err, webhook.ErrPayload, c.body)
	}
}

// Genuine, but not what the provider documents.
func TestSplitPayloadNotUnderstood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kit, body string }{
		{"stripe", "hello"}, {"stripe", "[]"}, {"stripe", `{"id":"a"} x`}, {"paddle", ""}, {"clerk", "1"}, {"resend", `"x"`}, {"openai", "x"},
		{"sendgrid", "[1]"}, {"sendgrid", "[{]"}, {"sendgrid", "[{}"}, {"sendgrid", "[{}] []"},
		{"slack", "{"}, {"x", "{x"}, {"postmark", "x"}, {"auth0-log-stream", "x"}, {"auth0-log-stream", "{}\nx"},
		{"braintree", "not xml"},
	} {
		_, err := splitKit(t, c.kit, c.body)
		require.ErrorIs(t, err, webhook.ErrPayload, "%s: %s", c.kit, c.body)
		require.NotContains(t, err.Error(), "hello")
	}
}

func TestSplitUnwrappedPubSubAndShopify(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "google-pubsub")
	r := received(t, k.signer().At(fixedTime).WithHeader("X-Goog-Pubsub-Message-Id", "m9").Request([]byte("plain")))
	raws, err := split(t, k.scheme(t), r)
	require.NoError(t, err)
	require.Equal(t, "m9", raws[0].ID)
	require.False(t, raws[0].IDSigned)

	k = kitNamed(t, "shopify")
	r = received(t, k.signer().WithEvent("orders/create").WithID("w1").WithHeader("X-Shopify-Api-Version", "2025-04").
		WithHeader("X-Shopify-Triggered-At", "2025-06-25T14:20:10.5Z").Request([]byte("{}")))
	raws, err = split(t, k.scheme(t), r)
	require.NoError(t, err)
	require.Equal(t, webhook.Raw{
		ID: "w1", Type: "orders/create", APIVersion: "2025-04", Time: fixedTime.Add(time.Second / 2).UTC(), Payload: []byte("{}"),
	}, raws[0])

	generic, err := webhook.StaticToken(webhook.StaticTokenConfig{Provider: "acme", Header: "X-T"}, secret.Static("t"))
	require.NoError(t, err)
	raws, err = split(t, generic, post("any", "X-T", "t"))
	require.NoError(t, err)
	require.Equal(t, []webhook.Raw{{Payload: []byte("any")}}, raws)
}

// A batch is one array and nothing else, wherever it goes wrong.
func TestSplitBatchesThatAreNoArray(t *testing.T) {
	t.Parallel()
	const good = `[{"event":"a"},{"event":"b"}]`
	for i := range good {
		if i > 0 { // without its first byte it is refused before
			_, err := splitKit(t, "sendgrid", good[:i])
			require.ErrorIs(t, err, webhook.ErrPayload, good[:i])
		}
	}
	for _, body := range []string{
		good + "]", good + "}", good + "x", good + good, good + ",", good + "\n1", `[{},]`, `[,{}]`, `[{} {}]`, `[{}}`, `[{},x]`, `[{"a":}]`, `[{}`, `[`, `[[{}]]`, `["x"]`, `[null]`, `[{},null]`, `[{}:{}]`,
	} {
		_, err := splitKit(t, "sendgrid", body)
		require.ErrorIs(t, err, webhook.ErrPayload, body)
		require.ErrorContains(t, err, "not the JSON", body)
	}
	raws, err := splitKit(t, "sendgrid", good+" \t\r\n")
	require.NoError(t, err)
	require.Len(t, raws, 2)
}

// A time that is no time leaves the one that was signed.
func TestPayloadTimesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"NaN"`, `"nan"`, `"Inf"`, `"-Inf"`, `"1e400"`, `"-1e400"`, `1e400`, `""`, `"0"`, `"-5"`, `"12x"`, `"2025-06-25"`, `null`, `{}`, `[1750861210]`, `true`} {
		raws, err := splitKit(t, "stripe", `{"created":`+text+`}`)
		require.NoError(t, err, text)
		require.Equal(t, fixedTime.UTC(), raws[0].Time, text)
	}
	for _, text := range []string{`"x"`, `0`, `null`} {
		raws, err := splitKit(t, "stripe", `{"created":1700000000,"created":`+text+`}`)
		require.NoError(t, err)
		require.Equal(t, fixedTime.UTC(), raws[0].Time, "of a repeated member the last counts")
	}
	raws, err := splitKit(t, "stripe", "{\"id\":\"\xffa\xff\xff\\n\",\"type\":\"\\ud800\"}")
	require.NoError(t, err)
	require.Equal(t, "\ufffda\ufffd\ufffd\n", raws[0].ID, "as encoding/json has it")
	require.Equal(t, "\ufffd", raws[0].Type)
}

// Split does not rely on what was verified.
func TestSplitOfWhatIsNoBatch(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "{", "1", `"x"`, "null", "]", "x"} {
		raws, err := kitNamed(t, "sendgrid").scheme(t).Split(post(body), webhook.Receipt{})
		require.ErrorIs(t, err, webhook.ErrPayload, body)
		require.Nil(t, raws)
	}
}
