package postmark_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/postmark"
)

// Everything that an email can have is sent by Postmark's names, and nothing that it has
// not.
func TestWhatAnEmailSends(t *testing.T) {
	yes := true
	envelope := postmark.Envelope{
		Cc: "c@example.com", Bcc: "d@example.com", ReplyTo: "r@example.com", Tag: "welcome",
		Metadata: map[string]string{"order": "1042"}, Headers: []postmark.Header{{Name: "X-A", Value: "1"}},
		Attachments: []postmark.Attachment{{Name: "a.bin", Content: []byte{0, 255}, ContentType: "application/octet-stream", ContentID: "cid:a"}},
		TrackOpens:  &yes, TrackLinks: "None", MessageStream: "broadcasts",
	}
	const sent = `"Cc":"c@example.com","Bcc":"d@example.com","ReplyTo":"r@example.com","Tag":"welcome","Metadata":{"order":"1042"},
		"Headers":[{"Name":"X-A","Value":"1"}],"Attachments":[{"Name":"a.bin","Content":"AP8=","ContentType":"application/octet-stream","ContentID":"cid:a"}],
		"TrackOpens":true,"TrackLinks":"None","MessageStream":"broadcasts"`
	c, rt := scripted(t, `200 {"MessageID":"m_1"}`)
	full := email
	full.HTMLBody, full.Envelope = "<p>h</p>", envelope
	_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, full)
	require.NoError(t, err)
	require.JSONEq(t, `{"From":"a@example.com","To":"b@example.com","Subject":"s","TextBody":"t","HtmlBody":"<p>h</p>",`+sent+`}`, string(rt.Last().Body))

	_, err = postmark.SendTemplateEmail.Do(t.Context(), c.HTTP, postmark.TemplateEmail{
		From: "a@example.com", To: "b@example.com", TemplateID: "1234", TemplateModel: map[string]int{"n": 1}, InlineCSS: &yes, Envelope: envelope,
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"From":"a@example.com","To":"b@example.com","TemplateId":1234,"TemplateModel":{"n":1},"InlineCss":true,`+sent+`}`, string(rt.Last().Body))

	_, err = postmark.SendTemplateEmail.Do(t.Context(), c.HTTP, postmark.TemplateEmail{From: "a@example.com", To: "b@example.com", TemplateAlias: "welcome"})
	require.NoError(t, err)
	require.JSONEq(t, `{"From":"a@example.com","To":"b@example.com","TemplateAlias":"welcome","TemplateModel":{}}`, string(rt.Last().Body))
}

// P3: an identifier is text here and a number there, also where it has come as text.
func TestP3_Identifiers(t *testing.T) {
	for in, want := range map[string]postmark.ID{`692560173`: "692560173", `"692560173"`: "692560173", `"a-1"`: "a-1", `null`: "", `9007199254740993`: "9007199254740993"} {
		var b postmark.Bounce
		require.NoError(t, json.Unmarshal([]byte(`{"ID":`+in+`}`), &b), in)
		require.Equal(t, want, b.ID, in)
	}
	var b postmark.Bounce
	require.Error(t, json.Unmarshal([]byte(`{"ID":{}}`), &b))
	for id, want := range map[postmark.ID]string{"1234": `1234`, "welcome": `"welcome"`, "01": `"01"`, "": `""`, "99999999999999999999": `"99999999999999999999"`, "1 ": `"1 "`} {
		got, err := json.Marshal(id)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "%q", id)
	}
}

// P4: a list goes on by what it has had until that is all there is; an empty page is not
// its end; what the loop does not read is not fetched.
func TestP4_Lists(t *testing.T) {
	c, rt := scripted(t, `200 {"TotalCount":4,"Bounces":[{"ID":1},{"ID":2}]}, 200 {"TotalCount":4,"Bounces":[]}, 200 {"TotalCount":5,"Bounces":[{"ID":4}]}`)
	var ids []postmark.ID
	inactive := false
	for b, err := range postmark.ListBounces.All(t.Context(), c.HTTP, postmark.ListBouncesInput{Count: 2, Type: "HardBounce", Inactive: &inactive}) {
		require.NoError(t, err)
		ids = append(ids, b.ID)
	}
	require.Equal(t, []postmark.ID{"1", "2"}, ids, "4 of 4 have been passed")
	var urls []string
	for _, r := range rt.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{
		"/bounces?count=2&inactive=false&offset=0&type=HardBounce", "/bounces?count=2&inactive=false&offset=2&type=HardBounce",
	}, urls)

	c, rt = scripted(t, `200 {"TotalCount":3,"Messages":[{"MessageID":"a"},{"MessageID":"b"}]}, 200 {"TotalCount":3,"Messages":[{"MessageID":"c"}]}`)
	for m, err := range postmark.ListMessages.All(t.Context(), c.HTTP, postmark.ListMessagesInput{Metadata: map[string]string{"order": "1042"}}) {
		require.NoError(t, err)
		if m.MessageID == "b" {
			break
		}
	}
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "/messages/outbound?count=500&metadata_order=1042&offset=0", rt.Last().URL)
	n := 0
	c, _ = scripted(t, `200 {"TotalCount":3,"Messages":[{"MessageID":"a"},{"MessageID":"b"}]}, 200 {"TotalCount":3,"Messages":[{"MessageID":"c"}]}`)
	for _, err := range postmark.ListMessages.All(t.Context(), c.HTTP, postmark.ListMessagesInput{}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
}

// What Postmark says beside, or more than is documented, breaks nothing.
func TestP3_UnknownFieldsAndValues(t *testing.T) {
	c, _ := scripted(t, `200 {"MessageID":"m_1","Status":"Pondered","Sandboxed":true,"MessageEvents":[{"Type":"Teleported","Details":{"N":1,"Deep":{}}}]}`)
	m, err := postmark.GetMessage.Do(t.Context(), c.HTTP, postmark.MessageInput{MessageID: "m_1"})
	require.NoError(t, err)
	require.Equal(t, "Pondered", m.Status)
	require.Equal(t, "Teleported", m.Events[0].Type)
}

// The rest of the table.
func TestReads(t *testing.T) {
	c, rt := scripted(t, `200 {"BounceRate":10.406,"Sent":615}`)
	stats, err := postmark.GetStats.Do(t.Context(), c.HTTP, postmark.StatsInput{FromDate: "2026-11-01", Tag: "welcome"})
	require.NoError(t, err)
	require.Equal(t, postmark.Stats{Sent: 615, BounceRate: 10.406}, stats)
	require.Equal(t, "/stats/outbound?fromdate=2026-11-01&tag=welcome", rt.Last().URL)

	c, rt = scripted(t, `200 {"Message":"OK","Bounce":{"ID":7,"Inactive":false}}`)
	activated, err := postmark.ActivateBounce.Do(t.Context(), c.HTTP, postmark.BounceInput{ID: "7"})
	require.NoError(t, err)
	require.Equal(t, postmark.ID("7"), activated.Bounce.ID)
	require.Equal(t, "PUT /bounces/7/activate", rt.Last().Method+" "+rt.Last().URL)

	c, rt = scripted(t, `200 {"TotalCount":1,"MessageStreams":[{"ID":"outbound","ServerID":5,"CreatedAt":"2020-07-02T00:00:00-04:00","ArchivedAt":null}]}`)
	for s, err := range postmark.ListStreams.All(t.Context(), c.HTTP, postmark.ListStreamsInput{Type: "All"}) {
		require.NoError(t, err)
		require.Equal(t, postmark.ID("5"), s.ServerID)
		require.True(t, s.ArchivedAt.IsZero())
	}
	require.Equal(t, "/message-streams?MessageStreamType=All", rt.Last().URL)

	c, rt = scripted(t, `200 {"Suppressions":[{"EmailAddress":"b@example.com","SuppressionReason":"HardBounce","CreatedAt":"2019-12-17T08:58:33-05:00"}]}`)
	for s, err := range postmark.ListSuppressions.All(t.Context(), c.HTTP, postmark.ListSuppressionsInput{Stream: "outbound"}) {
		require.NoError(t, err)
		require.Equal(t, "HardBounce", s.Reason)
	}
	require.Equal(t, "/message-streams/outbound/suppressions/dump", rt.Last().URL)

	// C39: an identifier that is empty, or has dots for a segment, reaches nothing.
	sent := rt.Count()
	for _, id := range []string{"", ".", "..", "../server"} {
		_, err = postmark.GetMessage.Do(t.Context(), c.HTTP, postmark.MessageInput{MessageID: id})
		require.ErrorIs(t, err, client.ErrRequest, id)
		require.Equal(t, sent, rt.Count())
	}
}
