package inbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	resendsdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/inbox"
	githubapi "github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/listed"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// ranOnce runs what is in the inbox and holds it to these events, each once.
func ranOnce(t *testing.T, s *shop, h *webhook.Handler, j *diary, want ...string) {
	t.Helper()
	stop := start(t, s.Inbox, h)
	s.settled()
	stop()
	require.Empty(t, s.dead(), "nothing is quarantined")
	var ran []string
	for _, e := range j.all() {
		require.False(t, e.Suspect)
		ran = append(ran, e.ID)
	}
	require.ElementsMatch(t, want, ran)
}

// Stripe's events that never arrived are taken in, each once, though they are delivered
// after all.
func testExpectedOfStripe(t *testing.T, d database) {
	s, j, srv := newShop(t, d), &diary{}, stripetest.New()
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("customer.created", j.note))
	c, err := srv.Client(client.WithRetry(retry.Never))
	require.NoError(t, err)
	create := func(n int) {
		for range n {
			_, err := c.CreateCustomer(t.Context(), &sdk.CustomerParams{})
			require.NoError(t, err)
		}
	}
	create(2)
	require.NoError(t, srv.Deliver(h, stripeKey))
	create(120)
	var ids []string
	for _, e := range srv.Events() {
		ids = append(ids, e.ID)
	}
	since := time.Now().Add(-time.Hour)

	// The list fails after its first page: what was on it is there.
	stops := func() {
		srv.Inject("events.list", stripetest.Unavailable)
	}
	stops()
	got, err := s.Reconcile(t.Context(), h, c.ExpectedEvents(t.Context(), since))
	require.ErrorIs(t, err, client.ErrUnavailable)
	require.Zero(t, got)
	n := 0
	got, err = s.Reconcile(t.Context(), h, func(yield func(inbox.Listed, error) bool) {
		for l, err := range c.ExpectedEvents(t.Context(), since) {
			if n++; n == 100 {
				stops()
			}
			if !yield(l, err) {
				return
			}
		}
	})
	require.ErrorIs(t, err, client.ErrUnavailable)
	require.Equal(t, inbox.Reconciled{Taken: 100}, got)

	// From before Stripe's list begins: all of it, and then it is told.
	got, err = s.Reconcile(t.Context(), h, c.ExpectedEvents(t.Context(), time.Now().Add(-40*24*time.Hour)))
	require.ErrorIs(t, err, listed.ErrNotKept)
	require.Equal(t, inbox.Reconciled{Known: 100, Taken: 20}, got)

	got, err = s.Reconcile(t.Context(), h, c.ExpectedEvents(t.Context(), since, "customer.created"))
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 122}, got)
	require.NoError(t, srv.Deliver(h, stripeKey), "they are delivered after all")
	ranOnce(t, s, h, j, ids...)
	got, err = s.Reconcile(t.Context(), h, c.ExpectedEvents(t.Context(), since, "customer.created"))
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 122}, got, "what was handled is known")
}

// GitHub's events that never arrived are delivered again, each once, also where something
// in front of the program has acknowledged them.
func testExpectedOfGitHub(t *testing.T, d database) {
	s, j, srv := newShop(t, d), &diary{}, githubtest.NewHandler()
	h := handler(t, github, webhook.WithQueue(s), webhook.On("push", j.note))
	hook := githubapi.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"}
	// GitHub delivers again what it is asked for.
	redelivers := roundTripper(func(r *http.Request) (*http.Response, error) {
		before := len(srv.Deliveries(hook))
		res, err := srv.Transport().RoundTrip(r)
		for _, again := range srv.Deliveries(hook)[:len(srv.Deliveries(hook))-before] {
			if code := postGitHub(h, again.GUID, `{"id":"`+again.GUID+`"}`); code != http.StatusOK {
				return nil, fmt.Errorf("it was answered %d", code)
			}
		}
		return res, err
	})
	c, err := githubapi.New(secret.Static(githubtest.Token), client.WithTransport(redelivers), client.WithRetry(retry.Never))
	require.NoError(t, err)
	srv.AddDelivery(hook, githubapi.Delivery{GUID: "d1", Event: "push"})
	require.Equal(t, 200, postGitHub(h, "d1", `{"id":"d1"}`))
	srv.AddDelivery(hook, githubapi.Delivery{GUID: "d2", Event: "push", Status: "timed out"})
	srv.AddDelivery(hook, githubapi.Delivery{GUID: "d3", Event: "push"}) // by a proxy
	since := time.Now().Add(-time.Hour)

	srv.Inject(githubtest.Fault{Operation: "repos.listWebhookDeliveries", Status: 404, Message: "Not Found"})
	got, err := s.Reconcile(t.Context(), h, githubapi.ExpectedDeliveries(t.Context(), c.HTTP, hook, since))
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Zero(t, got)

	// One is too old to be delivered again: it is told, and the other is not held up.
	srv.Inject(githubtest.Fault{Operation: "repos.redeliverWebhookDelivery", Status: 422, Message: "Too old"})
	got, err = s.Reconcile(t.Context(), h, githubapi.ExpectedDeliveries(t.Context(), c.HTTP, hook, since))
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, `"d3": `)
	require.Equal(t, inbox.Reconciled{Known: 1, Asked: 1}, got)

	got, err = s.Reconcile(t.Context(), h, githubapi.ExpectedDeliveries(t.Context(), c.HTTP, hook, time.Now().Add(-80*time.Hour)))
	require.ErrorIs(t, err, listed.ErrNotKept)
	require.Equal(t, inbox.Reconciled{Known: 2, Asked: 1}, got)

	got, err = s.Reconcile(t.Context(), h, githubapi.ExpectedDeliveries(t.Context(), c.HTTP, hook, since))
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 3}, got)
	ranOnce(t, s, h, j, "d1", "d2", "d3")
}

// paddleFake is what Paddle says of its notifications, two on a page, and sends again.
type paddleFake struct {
	mu    sync.Mutex
	list  []string // JSON, the newest first
	fails map[string]int
	send  func(event, notification string) int
}

func (f *paddleFake) add(notification, event, origin, status string) {
	f.list = slices.Insert(f.list, 0, fmt.Sprintf(`{"id":%q,"origin":%q,"status":%q,"payload":{"event_id":%q}}`, notification, origin, status, event))
}

func (f *paddleFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if code := f.fails[r.URL.Path+r.FormValue("after")]; code != 0 {
		http.Error(w, `{"error":{"code":"not_found"}}`, code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet {
		at := slices.IndexFunc(f.list, func(n string) bool { return strings.Contains(n, `"id":"`+r.FormValue("after")+`"`) }) + 1
		to := min(at+2, len(f.list))
		last := strings.Split(f.list[to-1], `"`)[3]
		fmt.Fprintf(w, `{"data":[%s],"meta":{"pagination":{"next":"https://api.paddle.com/notifications?after=%s","has_more":%t}}}`, strings.Join(f.list[at:to], ","), last, to < len(f.list))
		return
	}
	id := strings.Split(r.URL.Path, "/")[2]
	i := slices.IndexFunc(f.list, func(n string) bool { return strings.Contains(n, `"id":"`+id+`"`) })
	event := strings.Split(f.list[i], `"event_id":"`)[1]
	event = event[:strings.Index(event, `"`)]
	status := "failed"
	if f.send(event, id+"r") == http.StatusOK {
		status = "delivered"
	}
	f.add(id+"r", event, "replay", status)
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"data":{"notification_id":"%sr"}}`, id)
}

// Paddle's notifications that never arrived are replayed, each event once, though a
// replay is a notification of its own.
func testExpectedOfPaddle(t *testing.T, d database) {
	const key = "pdl_ntfset_integration_secret"
	s, j := newShop(t, d), &diary{}
	h := handler(t, func() (*webhook.Scheme, error) { return webhook.Paddle(secret.Static(key)) }, webhook.WithQueue(s), webhook.On("transaction.paid", j.note))
	send := func(event, notification string) int {
		body := fmt.Sprintf(`{"event_id":%q,"event_type":"transaction.paid","occurred_at":"2026-11-26T15:04:05Z","notification_id":%q,"data":{"id":"txn_1"}}`, event, notification)
		return post(h, webhooktest.Paddle(key).Request([]byte(body)))
	}
	srv := &paddleFake{send: send, fails: map[string]int{}}
	for i := range 5 {
		srv.add(fmt.Sprintf("ntf_%d", i), fmt.Sprintf("evt_%d", i), "event", "failed")
	}
	require.Equal(t, 200, send("evt_0", "ntf_0"))
	c, err := paddle.New(secret.Static("pdl_sdbx_apikey_1"), client.WithRetry(retry.Never), client.WithTransport(inMemory(srv)))
	require.NoError(t, err)
	since := time.Now().Add(-time.Hour)
	list := func(since time.Time) (inbox.Reconciled, error) {
		return s.Reconcile(t.Context(), h, paddle.ExpectedNotifications(t.Context(), c.HTTP, "ntfset_1", since))
	}

	// The second page fails: what was on the first is there.
	srv.fails["/notificationsntf_3"] = 404
	got, err := list(since)
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Equal(t, inbox.Reconciled{Asked: 2}, got)

	// One is no longer to be had: it is told, and holds up no other.
	srv.fails = map[string]int{"/notifications/ntf_2/replay": 404}
	got, err = list(since)
	require.ErrorIs(t, err, client.ErrNotFound)
	require.ErrorContains(t, err, `"evt_2": `)
	require.Equal(t, inbox.Reconciled{Known: 3, Asked: 1}, got)

	srv.fails = nil
	got, err = list(time.Now().Add(-100 * 24 * time.Hour))
	require.ErrorIs(t, err, listed.ErrNotKept)
	require.Equal(t, inbox.Reconciled{Known: 4, Asked: 1}, got)
	got, err = list(since)
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 5}, got)
	ranOnce(t, s, h, j, "evt_0", "evt_1", "evt_2", "evt_3", "evt_4")
}

// Resend's events that it has given up are replayed, each once, and those that it has not
// are left to it.
func testExpectedOfResend(t *testing.T, d database) {
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	s, j, srv := newShop(t, d), &diary{}, resendtest.New()
	h := handler(t, func() (*webhook.Scheme, error) { return webhook.Resend(secret.Static(key)) }, webhook.WithQueue(s), webhook.On("email.sent", j.note), webhook.On("email.delivered", j.note))
	c, err := srv.Client(client.WithRetry(retry.Never))
	require.NoError(t, err)
	send := func() {
		_, err := c.Send(t.Context(), &resendsdk.SendEmailRequest{From: "a@example.com", To: []string{"b@example.com"}, Subject: "s", Html: "h"}, "")
		require.NoError(t, err)
	}
	list := func() (inbox.Reconciled, error) {
		return s.Reconcile(t.Context(), h, resend.ExpectedEvents(t.Context(), c.HTTP, resendtest.Webhook, time.Now().Add(-time.Hour)))
	}
	send()
	require.NoError(t, srv.Deliver(h, key))
	known := len(srv.Events())
	send()
	srv.GiveUp()
	lost := len(srv.Events()) - known
	send()
	got, err := list()
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: known, Asked: lost}, got)
	require.NoError(t, srv.Deliver(h, key))
	var ids []string
	for _, e := range srv.Events() {
		ids = append(ids, e.ID)
	}
	got, err = list()
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: len(ids)}, got)
	ranOnce(t, s, h, j, ids...)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// inMemory asks a handler without a network.
func inMemory(h http.Handler) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	})
}
