package sendgrid_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
)

// An accepted mail has no body. Its ID is in a header, and can be missing.
func TestAnAcceptedMailHasItsID(t *testing.T) {
	for script, want := range map[string]string{`202 X-Message-Id=14c5d75ce93`: "14c5d75ce93", `202`: ""} {
		c, rt := scripted(t, script)
		sent, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
		require.NoError(t, err)
		require.Equal(t, want, sent.MessageID)
		require.JSONEq(t, `{"from":{"email":"a@example.com","name":"Ada"},"personalizations":[{"to":[{"email":"b@example.com"}]}],
			"subject":"s","content":[{"type":"text/plain","value":"t"}]}`, string(rt.Last().Body))
	}
}

func TestTimesAreSeconds(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 4, 5, 6, time.FixedZone("", 3600))
	raw, err := json.Marshal(sendgrid.Time{Time: at})
	require.NoError(t, err)
	require.Equal(t, "1795701845", string(raw))
	raw, err = json.Marshal(sendgrid.Time{})
	require.NoError(t, err)
	require.Equal(t, "null", string(raw))
	for in, want := range map[string]time.Time{
		"1795701845": at.Truncate(time.Second).UTC(), "1795701845.0": at.Truncate(time.Second).UTC(), `"1795701845"`: at.Truncate(time.Second).UTC(),
		"0": {}, "null": {},
	} {
		got := sendgrid.Time{Time: at}
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		require.Equal(t, want, got.Time, in)
	}
	for _, in := range []string{`{}`, `"now"`, `true`} {
		require.Error(t, json.Unmarshal([]byte(in), new(sendgrid.Time)), in)
	}
	c, rt := scripted(t, `202`)
	later := mail
	later.SendAt, later.BatchID = sendgrid.Time{Time: at}, "b_1"
	_, err = sendgrid.SendMail.Do(t.Context(), c.HTTP, later)
	require.NoError(t, err)
	require.Contains(t, string(rt.Last().Body), `"send_at":1795701845,"batch_id":"b_1"`)
}

// P4: a list by offset goes on until an empty page; what the loop does not read is not
// fetched.
func TestP4_Lists(t *testing.T) {
	c, rt := scripted(t, `200 [{"email":"a@example.com","created":1443651141,"reason":"550 5.1.1 no","status":"5.1.1"},{"email":"b@example.com"}], 200 [{"email":"c@example.com"}], 200 []`)
	var emails []string
	since := sendgrid.Time{Time: time.Unix(1443651000, 0)}
	for s, err := range sendgrid.ListBounces.All(t.Context(), c.HTTP, sendgrid.ListSuppressionsInput{StartTime: since, Limit: 2}) {
		require.NoError(t, err)
		emails = append(emails, s.Email)
	}
	require.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com"}, emails)
	var urls []string
	for _, r := range rt.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{
		"/v3/suppression/bounces?limit=2&start_time=1443651000",
		"/v3/suppression/bounces?limit=2&offset=2&start_time=1443651000",
		"/v3/suppression/bounces?limit=2&offset=3&start_time=1443651000",
	}, urls)

	c, rt = scripted(t, `200 [{"email":"a@example.com"}]`)
	for range sendgrid.ListBlocks.All(t.Context(), c.HTTP, sendgrid.ListSuppressionsInput{}) {
		break
	}
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "/v3/suppression/blocks", rt.Last().URL)
}

// P4: templates name the next page by an absolute URL, which must be SendGrid's own; a
// page that is empty need not be the last.
func TestP4_Templates(t *testing.T) {
	const next = `"_metadata":{"next":"https://api.sendgrid.com/v3/templates?generations=dynamic&page_size=200&page_token=t2"}`
	c, rt := scripted(t, `200 {"result":[],`+next+`}, 200 {"result":[{"id":"d-1"}],"_metadata":{"self":"https://api.sendgrid.com/x"}}`)
	n := 0
	for tpl, err := range sendgrid.ListTemplates.All(t.Context(), c.HTTP, sendgrid.ListTemplatesInput{}) {
		require.NoError(t, err)
		require.Equal(t, "d-1", tpl.ID)
		n++
	}
	require.Equal(t, 1, n)
	require.Equal(t, "/v3/templates?generations=dynamic&page_size=200", rt.Requests()[0].URL)
	require.Equal(t, "/v3/templates?generations=dynamic&page_size=200&page_token=t2", rt.Last().URL)

	for link, want := range map[string]error{"https://evil.example.net/v3/templates?page_token=t2": client.ErrOrigin, "http://api.sendgrid.com/v3/templates": client.ErrOrigin} {
		c, rt = scripted(t, `200 {"result":[],"_metadata":{"next":"`+link+`"}}`)
		for _, err := range sendgrid.ListTemplates.All(t.Context(), c.HTTP, sendgrid.ListTemplatesInput{Generations: "legacy", PageSize: 5}) {
			require.ErrorIs(t, err, want)
		}
		require.Equal(t, 1, rt.Count())
		require.Equal(t, "/v3/templates?generations=legacy&page_size=5", rt.Last().URL)
	}
}

// P3: when a template was changed is a time, and what is none breaks nothing: SendGrid's
// own description has an example with 65 seconds.
func TestP3_MomentsAreTimes(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-11-26 15:04:05": time.Date(2026, 11, 26, 15, 4, 5, 0, time.UTC), "2026-11-26T16:04:05+01:00": time.Date(2026, 11, 26, 15, 4, 5, 0, time.UTC),
		"2020-12-12 58:26:65": {}, "": {},
	} {
		var tpl sendgrid.Template
		require.NoError(t, json.Unmarshal([]byte(`{"id":"d-1","updated_at":"`+text+`","versions":[{"updated_at":null}]}`), &tpl), text)
		require.Equal(t, []time.Time{want, {}}, []time.Time{tpl.UpdatedAt.Time, tpl.Versions[0].UpdatedAt.Time}, text)
		raw, err := json.Marshal(tpl)
		require.NoError(t, err)
		var again sendgrid.Template
		require.NoError(t, json.Unmarshal(raw, &again))
		require.Equal(t, tpl, again)
	}
	require.Error(t, json.Unmarshal([]byte(`{"updated_at":7}`), new(sendgrid.Template)))
}

// The rest of the table: method and path, and what comes back.
func TestTheRest(t *testing.T) {
	c, rt := scripted(t, `200 {}`)
	place := func() string { return rt.Last().Method + " " + rt.Last().URL }
	ctx := t.Context()

	_, err := sendgrid.CancelScheduledSend.Do(ctx, c.HTTP, sendgrid.ScheduledSend{BatchID: "b_1", Status: "cancel"})
	require.NoError(t, err)
	require.Equal(t, "POST /v3/user/scheduled_sends", place())
	require.JSONEq(t, `{"batch_id":"b_1","status":"cancel"}`, string(rt.Last().Body))
	_, err = sendgrid.ResumeScheduledSend.Do(ctx, c.HTTP, sendgrid.Batch{ID: "b_1"})
	require.NoError(t, err)
	require.Equal(t, "DELETE /v3/user/scheduled_sends/b_1", place())

	for want, op := range map[string]client.Op[sendgrid.EmailInput, client.None]{
		"DELETE /v3/suppression/bounces/b+c@example.com":     sendgrid.DeleteBounce,
		"DELETE /v3/suppression/blocks/b+c@example.com":      sendgrid.DeleteBlock,
		"DELETE /v3/asm/suppressions/global/b+c@example.com": sendgrid.DeleteUnsubscribe,
	} {
		_, err = op.Do(ctx, c.HTTP, sendgrid.EmailInput{Email: "b+c@example.com"})
		require.NoError(t, err)
		require.Equal(t, want, place())
		sent := rt.Count()
		for _, none := range []string{"", "..", "."} { // C39
			_, err = op.Do(ctx, c.HTTP, sendgrid.EmailInput{Email: none})
			require.ErrorIs(t, err, client.ErrRequest)
		}
		require.Equal(t, sent, rt.Count())
	}
	_, err = sendgrid.RemoveFromGroup.Do(ctx, c.HTTP, sendgrid.GroupRecipient{GroupID: "7", Email: "b@example.com"})
	require.NoError(t, err)
	require.Equal(t, "DELETE /v3/asm/groups/7/suppressions/b@example.com", place())

	c, rt = scripted(t, `200 [{"id":9007199254740993,"name":"News","unsubscribes":3}]`)
	for g, err := range sendgrid.ListGroups.All(ctx, c.HTTP, client.None{}) {
		require.NoError(t, err)
		require.Equal(t, sendgrid.ID("9007199254740993"), g.ID)
	}
	require.Equal(t, "GET /v3/asm/groups", place())

	c, rt = scripted(t, `200 [{"date":"2026-11-01","stats":[{"metrics":{"requests":5,"delivered":4,"new_one":1}}]}]`)
	days, err := sendgrid.GetStats.Do(ctx, c.HTTP, sendgrid.StatsInput{StartDate: "2026-11-01", AggregatedBy: "day"})
	require.NoError(t, err)
	require.Equal(t, sendgrid.Metrics{Requests: 5, Delivered: 4}, days[0].Stats[0].Metrics)
	require.Equal(t, "GET /v3/stats?aggregated_by=day&start_date=2026-11-01", place())

	c, rt = scripted(t, `200 [{"batch_id":"b_1","status":"pause"}]`)
	for s, err := range sendgrid.ListScheduledSends.All(ctx, c.HTTP, client.None{}) {
		require.NoError(t, err)
		require.Equal(t, "pause", s.Status)
	}

	c, rt = scripted(t, `200 {"max_allowed":5,"webhooks":[{"id":"w_1","url":"https://app.example.com/hooks","enabled":true,"bounce":true,"public_key":"MFk"}]}`)
	for w, err := range sendgrid.ListEventWebhooks.All(ctx, c.HTTP, client.None{}) {
		require.NoError(t, err)
		require.Equal(t, "MFk", w.PublicKey)
		w.Dropped = true
		_, err = sendgrid.UpdateEventWebhook.Do(ctx, c.HTTP, sendgrid.UpdateEventWebhookInput{ID: w.ID, Settings: w.EventWebhookSettings})
		require.NoError(t, err)
		require.Equal(t, "PATCH /v3/user/webhooks/event/settings/w_1", place())
		require.Contains(t, string(rt.Last().Body), `"bounce":true,"dropped":true,"open":false`)
	}
	c, rt = scripted(t, `200 {"id":"w_1","public_key":"MFk"}`)
	key, err := sendgrid.SignEventWebhook.Do(ctx, c.HTTP, sendgrid.SignEventWebhookInput{ID: "w_1", Enabled: true})
	require.NoError(t, err)
	require.Equal(t, "MFk", key.PublicKey)
	require.Equal(t, "PATCH /v3/user/webhooks/event/settings/signed/w_1", place())
	require.JSONEq(t, `{"enabled":true}`, string(rt.Last().Body))
}
