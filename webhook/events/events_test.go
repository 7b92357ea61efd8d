package events_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	return v
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(b)
}

func at(s string) time.Time {
	tm, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return tm.UTC()
}

func TestGitHubPush(t *testing.T) {
	t.Parallel()
	p := decode[events.GitHubPush](t, file(t, "github-push.json"))
	require.Equal(t, "refs/tags/simple-tag", p.Ref)
	require.Empty(t, p.Branch())
	require.Equal(t, "6113728f27ae82c7b1a177c8d03f9e96e0adf246", p.After)
	require.Equal(t, "Codertocat", p.Pusher.Name)
	require.Equal(t, "Codertocat/Hello-World", p.Repository.FullName)
	require.EqualValues(t, 186853002, p.Repository.ID)
	require.Equal(t, at("2019-05-15T15:19:25Z"), p.Repository.CreatedAt.Time, "Unix seconds in a push")
	require.Equal(t, at("2019-05-15T15:20:57Z"), p.Repository.PushedAt.Time)
	require.Equal(t, "Codertocat", p.Sender.Login)
	require.NotNil(t, p.HeadCommit)
	require.Equal(t, p.After, p.HeadCommit.ID)
	require.Equal(t, at("2019-05-15T15:20:41Z"), p.HeadCommit.Timestamp.Time)
	p.Ref = "refs/heads/feature/x"
	require.Equal(t, "feature/x", p.Branch())
}

func TestResend(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string]string{
		"as sent":       `{"category":"confirm_email"}`,
		"as documented": `[{"name":"category","value":"confirm_email"}]`,
	} {
		e := decode[events.Resend](t, `{"type":"email.bounced","created_at":"2024-02-22T23:41:12.126Z","data":{"created_at":"2024-02-22 23:41:11.894719+00","email_id":"56761188",
			"from":"Acme <a@example.com>","to":["b@example.com"],"subject":"Hi","tags":`+tags+`,"bounce":{"type":"Permanent","subType":"Suppressed","message":"on the list","diagnosticCode":["smtp; 550"]}}}`)
		require.Equal(t, "56761188", e.Data.EmailID)
		require.Equal(t, events.Labels{"category": "confirm_email"}, e.Data.Tags, name)
		require.Equal(t, at("2024-02-22T23:41:11.894719Z"), e.Data.CreatedAt.Time)
		require.Equal(t, &events.ResendBounce{Type: "Permanent", SubType: "Suppressed", Message: "on the list", DiagnosticCode: events.Strings{"smtp; 550"}}, e.Data.Bounce)
	}
	require.Nil(t, decode[events.Resend](t, `{"type":"email.delivered","data":{"to":"single@example.com"}}`).Data.Bounce)
}

func TestSendGrid(t *testing.T) {
	t.Parallel()
	list := decode[[]events.SendGrid](t, `[
		{"email":"a@example.com","timestamp":1513299569,"smtp-id":"<x@y>","event":"deferred","category":"cat facts","sg_event_id":"e1","sg_message_id":"m1","response":"400 try again later","attempt":"5","order":42,"Email":"custom argument"},
		{"email":"b@example.com","timestamp":1513299569,"event":"bounce","category":["a","b"],"sg_event_id":"e2","reason":"500 unknown recipient","status":"5.0.0","tls":1,"type":"bounced"},
		{"email":"c@example.com","timestamp":"1513299569","event":"delivered","tls":0,"asm_group_id":10}]`)
	require.Equal(t, "a@example.com", list[0].Email, "a custom argument does not stand in")
	require.EqualValues(t, 5, list[0].Attempt)
	require.Equal(t, events.Strings{"cat facts"}, list[0].Category)
	require.Equal(t, events.Labels{"order": "42", "Email": "custom argument"}, list[0].Args)
	require.Equal(t, at("2017-12-15T00:59:29Z"), list[0].Timestamp.Time)
	require.Equal(t, events.Strings{"a", "b"}, list[1].Category)
	require.Equal(t, events.Text("5.0.0"), list[1].Status)
	require.True(t, bool(list[1].TLS))
	require.Nil(t, list[1].Args)
	require.Equal(t, list[0].Timestamp, list[2].Timestamp)
	require.EqualValues(t, 10, list[2].ASMGroupID)

	var e events.SendGrid
	for _, reserved := range []string{"event", "email", "sg_event_id", "sg_message_id"} {
		require.ErrorContains(t, json.Unmarshal([]byte(`{"`+reserved+`":{}}`), &e), reserved)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), &e))
}

// W24: a custom argument may bear any name, also that of a member which SendGrid has
// in other events. It costs nobody the event.
func TestW24_SendGridArgumentsNamedLikeMembers(t *testing.T) {
	t.Parallel()
	e := decode[events.SendGrid](t, `{"event":"delivered","email":"a@example.com","sg_event_id":"e1","timestamp":1513299569,
		"attempt":"many","tls":"please","asm_group_id":"news","category":{"a":[1]},"type":{"x":1},"status":["s"],"url":["u"],"reason":{"r":1},
		"response":7,"ip":{"v":4},"useragent":[],"sg_machine_open":"maybe","bounce_classification":true,"smtp-id":{},"Event":"x","data":{"object":1}}`)
	require.Equal(t, "delivered", e.Event)
	require.Equal(t, "a@example.com", e.Email)
	require.Equal(t, "e1", e.EventID)
	require.Equal(t, events.SendGrid{
		Event: "delivered", Email: "a@example.com", EventID: "e1", Timestamp: e.Timestamp,
		Args: events.Labels{
			"attempt": "many", "tls": "please", "asm_group_id": "news", "category": `{"a":[1]}`, "type": `{"x":1}`, "status": `["s"]`,
			"url": `["u"]`, "reason": `{"r":1}`, "response": "7", "ip": `{"v":4}`, "useragent": "[]", "sg_machine_open": "maybe",
			"bounce_classification": "true", "smtp-id": "{}", "Event": "x", "data": `{"object":1}`,
		},
	}, e)
}

func TestClerk(t *testing.T) {
	t.Parallel()
	e := decode[events.ClerkUser](t, `{"data":{"id":"user_1","object":"user","first_name":"Jane","last_name":null,"username":null,"external_id":null,"primary_email_address_id":"idn_2",
		"email_addresses":[{"id":"idn_1","email_address":"old@example.com","verification":null},{"id":"idn_2","email_address":"jane@example.com","verification":{"status":"verified","strategy":"ticket"}}],
		"public_metadata":{"plan":"pro","limits":{"a":1}},"unsafe_metadata":{},"created_at":1654012591514,"updated_at":1654012591835,"last_sign_in_at":null},
		"event_attributes":{"http_request":{"client_ip":"0.0.0.0","user_agent":"UA"}},"object":"event","timestamp":1654012591835,"type":"user.created"}`)
	require.Equal(t, at("2022-05-31T15:56:31.835Z"), e.Timestamp.Time, "milliseconds")
	require.Equal(t, events.Labels{"plan": "pro", "limits": `{"a":1}`}, e.Data.PublicMetadata)
	address, verified := e.Data.PrimaryEmail()
	require.Equal(t, "jane@example.com", address)
	require.True(t, verified)
	require.Equal(t, at("2022-05-31T15:56:31.835Z"), e.Data.UpdatedAt.Time)

	gone := decode[events.ClerkUser](t, `{"data":{"deleted":true,"id":"user_1","object":"user"},"object":"event","type":"user.deleted"}`)
	require.True(t, gone.Data.Deleted)
	address, verified = gone.Data.PrimaryEmail()
	require.Empty(t, address)
	require.False(t, verified)
}

func TestPaddle(t *testing.T) {
	t.Parallel()
	type totals struct {
		Details struct {
			Totals struct {
				GrandTotal events.Int `json:"grand_total"`
				Fee        events.Int `json:"fee"`
			} `json:"totals"`
		} `json:"details"`
	}
	tx := decode[events.Paddle[totals]](t, `{"event_id":"evt_1","event_type":"transaction.completed","occurred_at":"2023-08-22T07:15:45.366122Z","notification_id":"ntf_1","data":{
		"id":"txn_1","status":"completed","details":{"totals":{"fee":null,"tax":"5315","total":"65215","grand_total":"65215","currency_code":"USD"}}}}`)
	require.Equal(t, []string{"evt_1", "transaction.completed", "ntf_1"}, []string{tx.EventID, tx.EventType, tx.NotificationID})
	require.Equal(t, at("2023-08-22T07:15:45.366122Z"), tx.OccurredAt.Time)
	require.EqualValues(t, 65215, tx.Data.Details.Totals.GrandTotal)
	require.EqualValues(t, 0, tx.Data.Details.Totals.Fee)
}
