package resendtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func start(t *testing.T, opts ...client.Option) (*resendtest.Server, *resend.Client) {
	t.Helper()
	srv := resendtest.New()
	c, err := srv.Client(opts...)
	require.NoError(t, err)
	return srv, c
}

func mail(to ...string) *sdk.SendEmailRequest {
	return &sdk.SendEmailRequest{From: "Ada <a@example.com>", To: to, Subject: "Welcome", Html: "<p>h</p>"}
}

// official is resend-go by itself, without the stack.
func official(srv *resendtest.Server, key string) *sdk.Client {
	c := sdk.NewCustomClient(&http.Client{Transport: srv.Transport()}, key)
	c.BaseURL, _ = url.Parse(srv.URL + "/")
	return c
}

func code(err error) string {
	e, _ := errors.AsType[*client.Error](err)
	if e == nil {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(e.Status, " ", e.Code)
}

// Every operation of the adapter is one of the fake's, by the same name.
func TestEveryOperationIsThere(t *testing.T) {
	srv, c := start(t)
	for _, op := range resend.Operations {
		info := op.Info()
		path := strings.NewReplacer("{id}", "x_1", "{email}", "e_1", "{webhook}", "w_1").Replace(info.Route)
		_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{Method: info.Method, Path: path})
		got := srv.Requests()
		require.Equal(t, info.Name, got[len(got)-1].Operation, info.Route)
		require.NotContains(t, fmt.Sprint(err), "endpoint does not exist", info.Name)
	}
	_, err := client.Get[client.None](t.Context(), c.HTTP, "/nowhere")
	require.ErrorIs(t, err, client.ErrNotFound)
}

func TestEmails(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	full := mail("b@example.com")
	full.Cc, full.Bcc, full.ReplyTo, full.Text = []string{"c@example.com"}, []string{"d@example.com"}, "e@example.com", "h"
	full.Tags = []sdk.Tag{{Name: "kind", Value: "welcome"}}
	full.Headers = map[string]string{"X-A": "1"}
	full.Attachments = []*sdk.Attachment{{Filename: "a.bin", Content: []byte{0, 255}, ContentType: "application/x"}, {Filename: "b.png", Path: "https://example.com/b.png"}}
	sent, err := c.Send(ctx, full, "welcome/1")
	require.NoError(t, err)
	got := srv.Sent()
	require.Len(t, got, 1)
	require.Equal(t, resendtest.Email{
		ID: sent.Id, From: "Ada <a@example.com>", To: []string{"b@example.com"}, Cc: []string{"c@example.com"}, Bcc: []string{"d@example.com"},
		ReplyTo: []string{"e@example.com"}, Subject: "Welcome", HTML: "<p>h</p>", Text: "h", Headers: map[string]string{"X-A": "1"},
		Tags: map[string]string{"kind": "welcome"}, IdempotencyKey: "welcome/1",
		Attachments: []resendtest.Attachment{
			{ID: got[0].Attachments[0].ID, Filename: "a.bin", ContentType: "application/x", Content: []byte{0, 255}},
			{ID: got[0].Attachments[1].ID, Filename: "b.png", Path: "https://example.com/b.png"},
		},
	}, got[0])
	e, err := c.Email(ctx, sent.Id)
	require.NoError(t, err)
	require.Equal(t, []any{"delivered", "<p>h</p>", []string{"b@example.com"}}, []any{e.LastEvent, e.Html, e.To})
	theirs, err := official(srv, srv.Key()).Emails.Get(sent.Id)
	require.NoError(t, err)
	require.Equal(t, e, theirs)
	n := 0
	for a, err := range resend.ListAttachments.All(ctx, c.HTTP, resend.AttachmentsInput{Email: sent.Id, ListInput: resend.ListInput{Limit: 1}}) {
		require.NoError(t, err)
		one, err := resend.GetAttachment.Do(ctx, c.HTTP, resend.AttachmentInput{Email: sent.Id, ID: a.ID})
		require.NoError(t, err)
		require.Equal(t, a.Filename, one.Filename)
		n++
	}
	require.Equal(t, 2, n)

	for want, bad := range map[string]*sdk.SendEmailRequest{
		"422 missing_required_field": {From: "a@example.com", Subject: "s", Html: "h"},
		"422 validation_error":       {From: "nobody", To: []string{"b@example.com"}, Subject: "s", Html: "h"},
		"422 invalid_attachment":     {From: "a@example.com", To: []string{"b@example.com"}, Subject: "s", Html: "h", Attachments: []*sdk.Attachment{{Filename: "a"}}},
	} {
		_, err := c.Send(ctx, bad, "")
		require.Equal(t, want, code(err))
		require.ErrorIs(t, err, client.ErrBadRequest)
	}
	_, err = c.Email(ctx, "none")
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Len(t, srv.Sent(), 1)
}

func TestABatch(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	both := []*sdk.SendEmailRequest{mail("b@example.com"), mail("nobody")}
	_, err := c.SendBatch(ctx, both, "")
	require.Equal(t, "422 validation_error", code(err))
	require.Empty(t, srv.Sent(), "a batch is sent whole or not at all")
	require.Empty(t, srv.Events())
	got, err := resend.SendBatch.Do(ctx, c.HTTP, resend.Batch{Emails: both, Validation: sdk.BatchValidationPermissive})
	require.NoError(t, err)
	require.Len(t, got.Data, 1)
	require.Equal(t, 1, got.Errors[0].Index)
	require.Len(t, srv.Sent(), 1)
	_, err = c.SendBatch(ctx, make([]*sdk.SendEmailRequest, 101), "")
	require.ErrorIs(t, err, client.ErrBadRequest)
}

// A batch has no attachments: Resend would send its emails without them.
func TestABatchHasNoAttachments(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	with := mail("b@example.com")
	with.Attachments = []*sdk.Attachment{{Filename: "invoice.pdf", Content: []byte("1")}}
	emails := []*sdk.SendEmailRequest{mail("c@example.com"), with}
	for _, validation := range []sdk.BatchValidationMode{"", sdk.BatchValidationPermissive} {
		_, err := resend.SendBatch.Do(ctx, c.HTTP, resend.Batch{Emails: emails, Validation: validation})
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, "email 1")
	}
	_, err := c.SendBatch(ctx, emails, "")
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = official(srv, srv.Key()).Batch.SendWithContext(ctx, emails)
	require.ErrorContains(t, err, "attachments")
	require.Empty(t, srv.Sent())
}

// Tags are of a few characters and of some length ("Send Email" in the API reference).
func TestTags(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	long := strings.Repeat("a", 256)
	many := make([]sdk.Tag, 76)
	for i := range many {
		many[i] = sdk.Tag{Name: fmt.Sprint("tag", i), Value: "v"}
	}
	for name, tags := range map[string][]sdk.Tag{
		"a colon": {{Name: "order", Value: "order:17"}}, "an address": {{Name: "to", Value: "b@example.com"}}, "a space": {{Name: "the kind", Value: "v"}},
		"an umlaut": {{Name: "kind", Value: "grün"}}, "a long name": {{Name: long + "a", Value: "v"}},
		"a long value": {{Name: "kind", Value: long + "a"}}, "too many": many,
	} {
		m := mail("b@example.com")
		m.Tags = tags
		_, err := c.Send(ctx, m, "")
		require.Equal(t, "422 validation_error", code(err), name)
		_, err = c.SendBatch(ctx, []*sdk.SendEmailRequest{m}, "")
		require.Equal(t, "422 validation_error", code(err), name)
	}
	m := mail("b@example.com")
	m.Tags = []sdk.Tag{{Value: "v"}}
	_, err := c.Send(ctx, m, "")
	require.Equal(t, "422 missing_required_field", code(err))
	require.Empty(t, srv.Sent())
	m.Tags = append(many[:74:74], sdk.Tag{Name: long, Value: long})
	m.Tags[0].Value = "Order_17-b"
	_, err = c.Send(ctx, m, "")
	require.NoError(t, err)
}

// What is scheduled goes out when it is due, unless it is canceled.
func TestScheduledEmails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := start(t)
		ctx := t.Context()
		schedule := func(at string) string {
			m := mail("b@example.com")
			m.ScheduledAt = at
			sent, err := c.Send(ctx, m, "")
			require.NoError(t, err)
			return sent.Id
		}
		first, second := schedule("in 1 hour"), schedule(time.Now().Add(2*time.Hour).Format(time.RFC3339))
		third := schedule("in 5 min")
		require.Len(t, srv.Scheduled(), 3)
		_, err := resend.RescheduleEmail.Do(ctx, c.HTTP, &sdk.UpdateEmailRequest{Id: first, ScheduledAt: "in 3 days"})
		require.NoError(t, err)
		_, err = c.Cancel(ctx, third)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		sent := srv.Sent()
		require.Len(t, sent, 1)
		require.Equal(t, second, sent[0].ID)
		for _, id := range []string{second, third} {
			_, err = c.Cancel(ctx, id)
			require.ErrorIs(t, err, client.ErrBadRequest, "it is too late")
		}
		e, err := c.Email(ctx, third)
		require.NoError(t, err)
		require.Equal(t, "canceled", e.LastEvent)
		schedule("in 30 days")
		for _, at := range []string{"tomorrow-ish", "in 31 days", time.Now().Add(721 * time.Hour).Format(time.RFC3339)} {
			m := mail("b@example.com")
			m.ScheduledAt = at
			_, err = c.Send(ctx, m, "")
			require.Equal(t, "422 validation_error", code(err), at)
			_, err = resend.RescheduleEmail.Do(ctx, c.HTTP, &sdk.UpdateEmailRequest{Id: first, ScheduledAt: at})
			require.Equal(t, "422 validation_error", code(err), at)
		}
	})
}

// P5: a wrong key is unauthorized, in either of the forms that Resend has for it.
func TestTheKeyIsChecked(t *testing.T) {
	srv, _ := start(t)
	other, err := resend.New(secret.Static("re_other"), client.WithTransport(srv.Transport()), client.WithRetry(retry.Never))
	require.NoError(t, err)
	_, err = other.Send(t.Context(), mail("b@example.com"), "")
	require.Equal(t, "401 validation_error", code(err))
	require.ErrorIs(t, err, client.ErrUnauthorized)
	_, err = other.Email(t.Context(), "e_1")
	require.Equal(t, "400 validation_error", code(err))
	require.ErrorIs(t, err, client.ErrUnauthorized)
	anonymous, err := other.HTTP.With(client.WithAuth(nil))
	require.NoError(t, err)
	_, err = resend.GetEmail.Do(t.Context(), anonymous, resend.ID{ID: "e_1"})
	require.Equal(t, "401 missing_api_key", code(err))
	srv.Roll("re_other")
	_, err = other.Send(t.Context(), mail("b@example.com"), "")
	require.NoError(t, err)
}

// Idempotency keys do what Resend documents.
func TestIdempotencyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := start(t, client.WithRetry(retry.Never))
		send := func(ctx context.Context, key, to string) (string, error) {
			sent, err := c.Send(ctx, mail(to), key)
			if err != nil {
				return "", err
			}
			return sent.Id, nil
		}
		ctx := t.Context()
		first, err := send(ctx, "k1", "b@example.com")
		require.NoError(t, err)
		again, err := send(ctx, "k1", "b@example.com")
		require.NoError(t, err)
		require.Equal(t, first, again)
		_, err = send(ctx, "k1", "c@example.com")
		require.Equal(t, "409 invalid_idempotent_request", code(err))

		srv.Inject("emails.send", resendtest.ServerError)
		_, err = send(ctx, "k2", "b@example.com")
		require.ErrorIs(t, err, client.ErrUnavailable)
		_, err = send(ctx, "k2", "b@example.com")
		require.NoError(t, err)

		srv.Inject("emails.send", resendtest.Hang)
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		done := make(chan error)
		go func() { _, err := send(short, "k3", "b@example.com"); done <- err }()
		synctest.Wait()
		_, err = send(ctx, "k3", "b@example.com")
		require.Equal(t, "409 concurrent_idempotent_requests", code(err))
		require.Error(t, <-done)
		synctest.Wait()
		require.Len(t, srv.Sent(), 3, "it was done all the same")

		time.Sleep(24 * time.Hour)
		again, err = send(ctx, "k1", "b@example.com")
		require.NoError(t, err)
		require.NotEqual(t, first, again)
		_, err = client.Call[client.None](ctx, c.HTTP, client.Request{Method: "POST", Path: "/emails", Body: mail("b@example.com"), IdempotencyKey: strings.Repeat("k", 257)})
		require.Equal(t, "400 invalid_idempotency_key", code(err))
		before := len(srv.Sent())
		_, err = official(srv, srv.Key()).Emails.Send(mail("b@example.com"))
		require.NoError(t, err)
		require.Len(t, srv.Sent(), before+1)
	})
}

func TestFaults(t *testing.T) {
	fast := client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)})
	for where, srv := range map[string]*resendtest.Server{"in memory": resendtest.New(), "on loopback": resendtest.NewServer(t)} {
		c, err := srv.Client(fast, client.WithPacing(nil))
		require.NoError(t, err)
		t.Cleanup(c.HTTP.CloseIdleConnections)
		for fault, name := range map[resendtest.Fault]string{
			resendtest.Unavailable: "unavailable", resendtest.RateLimited: "rate limited", resendtest.HTMLPage: "page", resendtest.ServerError: "500",
			resendtest.DropBefore: "dropped before", resendtest.DropAfter: "dropped after", resendtest.CutBody: "cut",
		} {
			sent, asked := len(srv.Sent()), len(srv.Requests("emails.send"))
			srv.Inject("emails.send", fault)
			_, err := c.Send(t.Context(), mail("b@example.com"), "")
			require.NoError(t, err, "%s, %s", where, name)
			require.Len(t, srv.Sent(), sent+1, "%s, %s", where, name)
			require.Len(t, srv.Requests("emails.send"), asked+2, "%s, %s", where, name)
		}
		srv.Inject("", resendtest.QuotaExceeded)
		_, err = c.Send(t.Context(), mail("b@example.com"), "")
		require.Equal(t, "429 daily_quota_exceeded", code(err))
		require.NotErrorIs(t, err, client.ErrRateLimited)
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	d, err := resend.CreateDomain.Do(ctx, c.HTTP, &sdk.CreateDomainRequest{Name: "example.com"})
	require.NoError(t, err)
	require.NotEmpty(t, d.Records)
	_, err = resend.CreateDomain.Do(ctx, c.HTTP, &sdk.CreateDomainRequest{Name: "Example.com"})
	require.ErrorIs(t, err, client.ErrForbidden)
	_, err = c.Send(ctx, mail("b@example.com"), "")
	require.ErrorIs(t, err, client.ErrForbidden, "it is not verified")
	_, err = resend.VerifyDomain.Do(ctx, c.HTTP, resend.ID{ID: d.Id})
	require.NoError(t, err)
	_, err = c.Send(ctx, mail("b@example.com"), "")
	require.NoError(t, err)
	got, err := resend.GetDomain.Do(ctx, c.HTTP, resend.ID{ID: d.Id})
	require.NoError(t, err)
	require.Equal(t, "verified", got.Status)
	all, err := c.Domains(ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	_, err = resend.DeleteDomain.Do(ctx, c.HTTP, resend.ID{ID: d.Id})
	require.NoError(t, err)
	_, err = resend.GetDomain.Do(ctx, c.HTTP, resend.ID{ID: d.Id})
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Len(t, srv.Requests("domains.create"), 2)
}

// P4
func TestP4_Contacts(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	ctx := t.Context()
	for i := range 25 {
		_, err := resend.CreateContact.Do(ctx, c.HTTP, resend.NewContact{Email: fmt.Sprintf("%d@example.com", i)})
		require.NoError(t, err)
	}
	var first string
	n := 0
	for contact, err := range resend.ListContacts.All(ctx, c.HTTP, resend.ListInput{Limit: 10}) {
		require.NoError(t, err)
		if n++; first == "" {
			first = contact.Email
		}
	}
	require.Equal(t, []any{25, "24@example.com", 3}, []any{n, first, len(srv.Requests("contacts.list"))})
	yes := true
	made, err := resend.UpdateContact.Do(ctx, c.HTTP, resend.ContactUpdate{ID: "3@example.com", Unsubscribed: &yes, Properties: map[string]any{"plan": "pro"}})
	require.NoError(t, err)
	got, err := resend.GetContact.Do(ctx, c.HTTP, resend.ID{ID: made.ID})
	require.NoError(t, err)
	require.True(t, got.Unsubscribed)
	same, err := resend.CreateContact.Do(ctx, c.HTTP, resend.NewContact{Email: "3@EXAMPLE.com"})
	require.NoError(t, err)
	require.Equal(t, made.ID, same.ID, "an address is one contact")
	_, err = resend.DeleteContact.Do(ctx, c.HTTP, resend.ID{ID: made.ID})
	require.NoError(t, err)
	_, err = resend.GetContact.Do(ctx, c.HTTP, resend.ID{ID: made.ID})
	require.ErrorIs(t, err, client.ErrNotFound)
	for path, want := range map[string]string{"/contacts?limit=0": "422 validation_error", "/contacts?after=none": "422 validation_error", "/contacts?after=a&before=b": "422 validation_error"} {
		_, err := client.Call[client.None](ctx, c.HTTP, client.Request{URL: path})
		require.Equal(t, want, code(err), path)
	}
	_, err = resend.CreateContact.Do(ctx, c.HTTP, resend.NewContact{Email: "nobody"})
	require.ErrorIs(t, err, client.ErrBadRequest)

	// resend-go v2 files contacts under an audience.
	theirs := official(srv, srv.Key())
	audience, err := theirs.Audiences.Create(&sdk.CreateAudienceRequest{Name: "all"})
	require.NoError(t, err)
	created, err := theirs.Contacts.Create(&sdk.CreateContactRequest{AudienceId: audience.Id, Email: "z@example.com"})
	require.NoError(t, err)
	one, err := theirs.Contacts.Get(audience.Id, created.Id)
	require.NoError(t, err)
	require.Equal(t, "z@example.com", one.Email)
}

func TestABroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := start(t)
		ctx := t.Context()
		for _, who := range []resend.NewContact{{Email: "b@example.com"}, {Email: "c@example.com", Unsubscribed: true}, {Email: "d@example.com"}} {
			_, err := resend.CreateContact.Do(ctx, c.HTTP, who)
			require.NoError(t, err)
		}
		news := resend.NewBroadcast{SegmentID: "s_1", From: "a@example.com", Subject: "News", HTML: "h"}
		made, err := resend.CreateBroadcast.Do(ctx, c.HTTP, news)
		require.NoError(t, err)
		state := func() string {
			b, err := resend.GetBroadcast.Do(ctx, c.HTTP, resend.ID{ID: made.ID})
			require.NoError(t, err)
			return b.Status
		}
		require.Equal(t, "draft", state())
		_, err = resend.SendBroadcast.Do(ctx, c.HTTP, resend.BroadcastSend{ID: made.ID, ScheduledAt: "in 1 hour"})
		require.NoError(t, err)
		require.Equal(t, "scheduled", state())
		_, err = resend.CancelBroadcast.Do(ctx, c.HTTP, resend.ID{ID: made.ID})
		require.NoError(t, err)
		require.Equal(t, "draft", state())
		_, err = resend.SendBroadcast.Do(ctx, c.HTTP, resend.BroadcastSend{ID: made.ID, ScheduledAt: "in 1 hour"})
		require.NoError(t, err)
		require.Empty(t, srv.Sent())
		time.Sleep(2 * time.Hour)
		require.Equal(t, "sent", state())
		sent := srv.Sent()
		require.Len(t, sent, 2, "who is unsubscribed gets none")
		require.Equal(t, made.ID, sent[0].Broadcast)
		for _, err := range []error{
			errOf(resend.DeleteBroadcast.Do(ctx, c.HTTP, resend.ID{ID: made.ID})),
			errOf(resend.CancelBroadcast.Do(ctx, c.HTTP, resend.ID{ID: made.ID})),
			errOf(resend.SendBroadcast.Do(ctx, c.HTTP, resend.BroadcastSend{ID: made.ID})),
			errOf(resend.CreateBroadcast.Do(ctx, c.HTTP, resend.NewBroadcast{From: "a@example.com", Subject: "s"})),
		} {
			require.ErrorIs(t, err, client.ErrBadRequest)
		}
		news.Send = true
		_, err = resend.CreateBroadcast.Do(ctx, c.HTTP, news)
		require.NoError(t, err)
		require.Len(t, srv.Sent(), 4)
		n := 0
		for range resend.ListBroadcasts.All(ctx, c.HTTP, resend.ListInput{}) {
			n++
		}
		require.Equal(t, 2, n)
	})
}

func errOf[T any](_ T, err error) error { return err }

// What becomes of an email is told by a signed webhook.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	for _, to := range []string{"b@example.com", "bounced@resend.dev", "complained@resend.dev"} {
		_, err := c.Send(t.Context(), mail(to), "")
		require.NoError(t, err)
	}
	const key = "whsec_dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE="
	scheme, err := webhook.Resend(secret.Static(key))
	require.NoError(t, err)
	var bounced []string
	fail := true
	type data struct {
		EmailID string   `json:"email_id"`
		To      []string `json:"to"`
	}
	h, err := webhook.NewHandler(scheme, webhook.On("email.bounced", func(_ context.Context, e webhook.Event[data]) error {
		if fail {
			fail = false
			return errors.New("the database is away")
		}
		bounced = append(bounced, e.Data.To...)
		return nil
	}))
	require.NoError(t, err)
	require.ErrorContains(t, srv.Deliver(h, key), "email.bounced")
	require.NoError(t, srv.Deliver(h, key))
	require.Equal(t, []string{"bounced@resend.dev"}, bounced)
	require.Len(t, srv.Events("email.sent"), 3)
	require.Len(t, srv.Events("email.complained"), 1)
}

// What stands on the fake is no stray request.
func TestItIsNoStray(t *testing.T) {
	clienttest.NoStrayRequests(t)
	for _, srv := range []*resendtest.Server{resendtest.New(), resendtest.NewServer(t)} {
		c, err := srv.Client()
		require.NoError(t, err)
		_, err = c.Send(t.Context(), mail("b@example.com"), "")
		require.NoError(t, err)
		c.HTTP.CloseIdleConnections()
	}
}

func Example() {
	srv := resendtest.Start() // in a test: resendtest.NewServer(t)
	defer srv.Close()
	c, err := srv.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.HTTP.CloseIdleConnections()
	srv.Inject("emails.send", resendtest.DropAfter) // Resend does it, and the response is lost
	_, err = c.Send(context.Background(), &sdk.SendEmailRequest{
		From: "hello@example.com", To: []string{"a@example.com"}, Subject: "Welcome", Html: "<p>Hello</p>",
	}, "welcome/user-42")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range srv.Sent() {
		fmt.Println(e.To, e.Subject, e.IdempotencyKey)
	}
	fmt.Println(len(srv.Requests("emails.send")), "requests")
	// Output:
	// [a@example.com] Welcome welcome/user-42
	// 2 requests
}

// A name that is misspelt would never bring its fault, and be counted zero times: a test
// would pass.
func TestAnOperationThatThereIsNot(t *testing.T) {
	t.Parallel()
	srv := resendtest.New()
	for name, call := range map[string]func(){
		"Inject":   func() { srv.Inject("email.send", resendtest.Unavailable) },
		"Requests": func() { srv.Requests("email.send") },
	} {
		func() {
			defer func() {
				said, _ := recover().(string)
				require.Contains(t, said, `there is no operation "email.send", but `, name)
				require.Contains(t, said, "emails.send", name)
			}()
			call()
		}()
	}
	srv.Inject("", resendtest.Unavailable)
}

// What a response says is what there was when it was made: nothing that another request
// changes meanwhile.
func TestAResponseIsMadeBeforeTheNextChange(t *testing.T) {
	t.Parallel()
	srv := resendtest.New()
	c, err := srv.Client()
	require.NoError(t, err)
	made, err := resend.CreateContact.Do(t.Context(), c.HTTP, resend.NewContact{Email: "a@example.com"})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				_, err := resend.UpdateContact.Do(t.Context(), c.HTTP, resend.ContactUpdate{ID: made.ID, Properties: map[string]any{fmt.Sprint(i): i}})
				assert.NoError(t, err)
				_, err = resend.GetContact.Do(t.Context(), c.HTTP, resend.ID{ID: made.ID})
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}
