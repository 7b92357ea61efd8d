package resend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func ptr[T any](v T) *T { return &v }

// do is the operation as a function.
func do[In, Out any](op client.Op[In, Out], in In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error { _, err := op.Do(ctx, c, in); return err }
}

// pairs are the operations that resend-go v2 has, each beside it.
var pairs = map[string]struct {
	ours   func(context.Context, *client.Client) error
	theirs func(context.Context, *sdk.Client) error
}{
	"emails.send": {do(resend.SendEmail, full), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Emails.SendWithContext(ctx, full)
		return err
	}},
	"emails.send_batch": {
		do(resend.SendBatch, resend.Batch{Emails: []*sdk.SendEmailRequest{email, bare}, Validation: sdk.BatchValidationPermissive}),
		func(ctx context.Context, c *sdk.Client) error {
			_, err := c.Batch.SendWithOptions(ctx, []*sdk.SendEmailRequest{email, bare}, &sdk.BatchSendEmailOptions{BatchValidation: sdk.BatchValidationPermissive})
			return err
		}},
	"emails.get": {do(resend.GetEmail, resend.ID{ID: "e_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Emails.GetWithContext(ctx, "e_1")
		return err
	}},
	"emails.list": {do(resend.ListEmails.Op, resend.ListInput{Limit: 5, After: "e_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Emails.ListWithOptions(ctx, &sdk.ListOptions{Limit: ptr(5), After: ptr("e_1")})
		return err
	}},
	"emails.reschedule": {do(resend.RescheduleEmail, &sdk.UpdateEmailRequest{Id: "e_1", ScheduledAt: "2026-12-01T00:00:00Z"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Emails.UpdateWithContext(ctx, &sdk.UpdateEmailRequest{Id: "e_1", ScheduledAt: "2026-12-01T00:00:00Z"})
		return err
	}},
	"emails.cancel": {do(resend.CancelEmail, resend.ID{ID: "e_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Emails.CancelWithContext(ctx, "e_1")
		return err
	}},
	"domains.create": {do(resend.CreateDomain, &sdk.CreateDomainRequest{Name: "example.com", Region: "eu-west-1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Domains.CreateWithContext(ctx, &sdk.CreateDomainRequest{Name: "example.com", Region: "eu-west-1"})
		return err
	}},
	"domains.get": {do(resend.GetDomain, resend.ID{ID: "d_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Domains.GetWithContext(ctx, "d_1")
		return err
	}},
	"domains.list": {do(resend.ListDomains.Op, resend.ListInput{}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Domains.ListWithContext(ctx)
		return err
	}},
	"domains.verify": {do(resend.VerifyDomain, resend.ID{ID: "d_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Domains.VerifyWithContext(ctx, "d_1")
		return err
	}},
	"domains.delete": {do(resend.DeleteDomain, resend.ID{ID: "d_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Domains.RemoveWithContext(ctx, "d_1")
		return err
	}},
	"broadcasts.get": {do(resend.GetBroadcast, resend.ID{ID: "b_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Broadcasts.GetWithContext(ctx, "b_1")
		return err
	}},
	"broadcasts.list": {do(resend.ListBroadcasts.Op, resend.ListInput{Limit: 3}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Broadcasts.ListWithOptions(ctx, &sdk.ListOptions{Limit: ptr(3)})
		return err
	}},
	"broadcasts.delete": {do(resend.DeleteBroadcast, resend.ID{ID: "b_1"}), func(ctx context.Context, c *sdk.Client) error {
		_, err := c.Broadcasts.RemoveWithContext(ctx, "b_1")
		return err
	}},
}

// described are the operations in which v2 is behind the API: it files contacts under
// audiences, has no attachments and no events of webhooks, and repeats a broadcast's ID
// in the body. They are held to Resend's own description in integration/client, and their
// form to this. The description is older than the events, whose form is that of the API
// reference (read 2026-11-27).
var described = map[string]struct {
	call func(context.Context, *client.Client) error
	want string
}{
	"attachments.list": {do(resend.ListAttachments.Op, resend.AttachmentsInput{Email: "e_1", ListInput: resend.ListInput{Limit: 2}}), "GET /emails/e_1/attachments?limit=2 "},
	"attachments.get":  {do(resend.GetAttachment, resend.AttachmentInput{Email: "e_1", ID: "a_1"}), "GET /emails/e_1/attachments/a_1 "},
	"contacts.create":  {do(resend.CreateContact, resend.NewContact{Email: "a@example.com", Segments: []string{"s_1"}}), `POST /contacts {"email":"a@example.com","segments":["s_1"]}`},
	"contacts.get":     {do(resend.GetContact, resend.ID{ID: "a+b@example.com"}), "GET /contacts/a+b@example.com "},
	"contacts.update":  {do(resend.UpdateContact, resend.ContactUpdate{ID: "c_1", Unsubscribed: ptr(false)}), `PATCH /contacts/c_1 {"unsubscribed":false}`},
	"contacts.delete":  {do(resend.DeleteContact, resend.ID{ID: "c_1"}), "DELETE /contacts/c_1 "},
	"contacts.list":    {do(resend.ListContacts.Op, resend.ListInput{After: "c_1"}), "GET /contacts?after=c_1 "},
	"broadcasts.create": {do(resend.CreateBroadcast, resend.NewBroadcast{SegmentID: "s_1", From: "a@example.com", Subject: "s", HTML: "h"}),
		`POST /broadcasts {"segment_id":"s_1","from":"a@example.com","subject":"s","html":"h"}`},
	"broadcasts.send":   {do(resend.SendBroadcast, resend.BroadcastSend{ID: "b_1", ScheduledAt: "in 1 hour"}), `POST /broadcasts/b_1/send {"scheduled_at":"in 1 hour"}`},
	"broadcasts.cancel": {do(resend.CancelBroadcast, resend.ID{ID: "b_1"}), "POST /broadcasts/b_1/cancel "},

	"webhooks.list_events":  {do(resend.ListWebhookEvents.Op, resend.WebhookEventsInput{Webhook: "w_1", ListInput: resend.ListInput{Limit: 2, After: "msg_1"}}), "GET /webhooks/w_1/events?after=msg_1&limit=2 "},
	"webhooks.get_event":    {do(resend.GetWebhookEvent, resend.WebhookEventInput{Webhook: "w_1", ID: "msg_1"}), "GET /webhooks/w_1/events/msg_1 "},
	"webhooks.replay_event": {do(resend.ReplayWebhookEvent, resend.WebhookEventInput{Webhook: "w_1", ID: "msg_1"}), "POST /webhooks/w_1/events/msg_1/replay "},
}

// P1: every operation is held to what resend-go sends, or to Resend's own description.
func TestP1_EveryOperationIsHeldToAnAuthority(t *testing.T) {
	require.NoError(t, resend.Operations.Check())
	require.Len(t, resend.Operations, len(pairs)+len(described))
	for _, op := range resend.Operations {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
			ours, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
			require.NoError(t, err)
			if tc, ok := described[name]; ok {
				require.NoError(t, tc.call(t.Context(), ours.HTTP))
				last := rt.Last()
				require.Equal(t, tc.want, last.Method+" "+last.URL+" "+string(last.Body))
				return
			}
			tc, ok := pairs[name]
			require.True(t, ok, "the operation is held against nothing")
			alone := sdk.NewCustomClient(&http.Client{Transport: rt}, "re_1")
			alone.BaseURL, err = url.Parse(resend.Profile.BaseURL + "/")
			require.NoError(t, err)
			require.NoError(t, tc.ours(t.Context(), ours.HTTP))
			require.NoError(t, tc.theirs(t.Context(), alone))
			sent, want := rt.Requests()[0], rt.Requests()[1]
			require.Equal(t, want.Method+" "+want.Host+want.URL, sent.Method+" "+sent.Host+sent.URL)
			if len(want.Body) > 0 {
				require.JSONEq(t, string(want.Body), string(sent.Body))
			} else {
				require.Empty(t, sent.Body)
				want.Header.Del("Content-Type") // of nothing
			}
			for _, h := range []http.Header{sent.Header, want.Header} {
				h.Del("User-Agent")
				h.Del("Idempotency-Key") // the SDK makes none, see C6
			}
			require.Equal(t, want.Header, sent.Header)
		})
	}
}

// P4
func TestP4_Lists(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`200 {"has_more":true,"data":[{"id":"c_1"},{"id":"c_2"}]}, 200 {"has_more":false,"data":[{"id":"c_3"}]}`)...)
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
	require.NoError(t, err)
	var ids []string
	for contact, err := range resend.ListContacts.All(t.Context(), c.HTTP, resend.ListInput{Limit: 2}) {
		require.NoError(t, err)
		ids = append(ids, contact.Id)
	}
	require.Equal(t, []string{"c_1", "c_2", "c_3"}, ids)
	require.Equal(t, "/contacts?after=c_2&limit=2", rt.Last().URL)

	for script, count := range map[string]int{
		`200 {"has_more":true,"data":[]}`:             1,
		`200 {"has_more":true,"data":[{"id":"c_1"}]}`: 2,
	} {
		rt.Script(clienttest.MustParse(script)...)
		before, last := rt.Count(), error(nil)
		for _, err := range resend.ListContacts.All(t.Context(), c.HTTP, resend.ListInput{}) {
			last = err
		}
		require.ErrorIs(t, last, client.ErrDecode, script)
		require.Equal(t, before+count, rt.Count(), script)
	}
}

// P5: a batch that failed in part is told item by item.
func TestP5_ABatchThatFailedInPart(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"data":[{"id":"e_1"}],"errors":[{"index":1,"message":"Invalid to."}]}`))
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
	require.NoError(t, err)
	got, err := resend.SendBatch.Do(t.Context(), c.HTTP, resend.Batch{Emails: []*sdk.SendEmailRequest{email, email}, Validation: sdk.BatchValidationPermissive})
	require.NoError(t, err)
	require.Equal(t, "e_1", got.Data[0].Id)
	require.Equal(t, []sdk.BatchError{{Index: 1, Message: "Invalid to."}}, got.Errors)
}

// P5: whichever way Resend says that a key is wrong, or may not do that.
func TestP5_WhatIsWrongWithAKey(t *testing.T) {
	for _, tc := range []struct {
		status        int
		name, message string
		want          error
	}{
		{400, "validation_error", "API key is invalid", client.ErrUnauthorized},
		{401, "validation_error", "API key is invalid", client.ErrUnauthorized},
		{401, "missing_api_key", "Missing API Key", client.ErrUnauthorized},
		{403, "invalid_api_key", "API key is invalid.", client.ErrUnauthorized},
		{401, "restricted_api_key", "This API key is restricted to only send emails.", client.ErrForbidden},
		{403, "validation_error", "The example.com domain is not verified.", client.ErrForbidden},
		{400, "validation_error", "API key is invalid for this field", client.ErrBadRequest},
	} {
		c, err := resend.New(secret.Static("re_1"), client.WithTransport(clienttest.NewTransport(t, said(tc.status, tc.name, tc.message).Step)), client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, err = c.Email(t.Context(), "e_1")
		for _, sentinel := range []error{client.ErrUnauthorized, client.ErrForbidden, client.ErrBadRequest} {
			require.Equal(t, sentinel == tc.want, errors.Is(err, sentinel), "%d %s: %v", tc.status, tc.name, err)
		}
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, []any{tc.status, tc.name}, []any{e.Status, e.Code})
	}
}

// P3: a field that is new, and a state that is, break nothing.
func TestP3_ObjectsDecodeWhateverTheyHold(t *testing.T) {
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(clienttest.NewTransport(t,
		clienttest.JSON(200, `{"id":"b_1","status":"some_new_status","new":{"a":[1]},"segment_id":null,"sent_at":null}`))))
	require.NoError(t, err)
	b, err := resend.GetBroadcast.Do(t.Context(), c.HTTP, resend.ID{ID: "b_1"})
	require.NoError(t, err)
	require.Equal(t, &resend.Broadcast{ID: "b_1", Status: "some_new_status"}, b)
	r, err := resend.GetBroadcast.Request(resend.ID{ID: "b_1"})
	require.NoError(t, err)
	raw, err := client.Call[json.RawMessage](t.Context(), c.HTTP, r)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"new"`)
}

// A time is one in each of the forms that the API reference shows, and what is none
// breaks nothing.
func TestP3_TimesAreTimes(t *testing.T) {
	want := time.Date(2026, 11, 26, 22, 59, 55, 977e6, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-26 22:59:55.977+00": want, "2026-11-26T22:59:55.977Z": want, "2026-11-26 22:59:55.977000+00:00": want, "2026-11-27T00:59:55.977+02:00": want,
		"2026-11-26:22:59:55": {}, "": {},
	} {
		var b resend.Broadcast
		require.NoError(t, json.Unmarshal([]byte(`{"id":"b_1","created_at":"`+text+`","sent_at":null}`), &b), text)
		require.Equal(t, []time.Time{want, {}}, []time.Time{b.CreatedAt.Time, b.SentAt.Time}, text)
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		var again resend.Broadcast
		require.NoError(t, json.Unmarshal(raw, &again))
		require.Equal(t, b, again)
	}
	require.Error(t, json.Unmarshal([]byte(`{"created_at":7}`), new(resend.Broadcast)))
}

// P6: HTTPClient is the stack for an SDK that is none of this module's.
func TestP6_HTTPClient(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`429 Retry-After=0, 200 {"id":"e_1"}`)...)
	hc, err := resend.HTTPClient(secret.Static("re_1"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	defer hc.CloseIdleConnections()
	c := sdk.NewCustomClient(hc, "re_of_the_sdk")
	c.BaseURL, err = url.Parse(srv.URL + "/")
	require.NoError(t, err)
	sent, err := c.Emails.SendWithContext(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, "e_1", sent.Id)
	require.Equal(t, 2, srv.Count())
	require.Equal(t, "Bearer re_1", srv.Last().Header.Get("Authorization"))
	_, err = resend.HTTPClient(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}

// Errors show a route, of the SDK's calls too: an address may stand in the path.
func TestRoutesAreShown(t *testing.T) {
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(clienttest.NewTransport(t, clienttest.Reset())), client.WithRetry(retry.Never))
	require.NoError(t, err)
	_, err = resend.GetContact.Do(t.Context(), c.HTTP, resend.ID{ID: "personal@example.com"})
	require.ErrorContains(t, err, "resend: GET /contacts/{id}: ")
	_, err = c.SDK.Domains.GetWithContext(t.Context(), "d_1")
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, "/domains/{id}", e.Path)
}

func ExampleBatch() {
	srv := clienttest.Start(clienttest.JSON(200, `{"data":[{"id":"e_1"}],"errors":[{"index":1,"message":"Invalid to."}]}`))
	defer srv.Close()
	c, err := resend.New(secret.Static("re_123"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	batch := resend.Batch{Emails: []*sdk.SendEmailRequest{{To: []string{"a@example.com"}}, {To: []string{"a"}}}, Validation: sdk.BatchValidationPermissive}
	key := func(r *client.Request) { r.IdempotencyKey = "news/17" }
	got, err := resend.SendBatch.Do(context.Background(), c.HTTP, batch, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(got.Data), "sent")
	for _, failed := range got.Errors {
		fmt.Println("not sent to", batch.Emails[failed.Index].To, failed.Message)
	}
	// Output:
	// 1 sent
	// not sent to [a] Invalid to.
}
