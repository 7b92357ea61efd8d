package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const (
	testSecret = "whsec_test0123456789abcdefghijklmn"
	payPage    = "https://checkout.stripe.com/c/pay/cs_test_1"

	create = "checkout_sessions.create"
)

// shelf is a database with a single order.
type shelf struct {
	order     order
	fulfilled []string
	away      bool
}

func newShelf() *shelf {
	return &shelf{order: order{ID: "6735", Title: "Water pump", Currency: "eur", Amount: 2000, Attempt: 1}}
}

func (s *shelf) Find(_ context.Context, id string) (order, error) {
	switch {
	case s.away:
		return order{}, errors.New("the database is away")
	case id != s.order.ID:
		return order{}, errNoOrder
	}
	return s.order, nil
}

func (s *shelf) Await(ctx context.Context, id string, attempt int) error {
	o, err := s.Find(ctx, id)
	if err == nil && o.Attempt == attempt {
		s.order.Closed = true
	}
	return err
}

func (s *shelf) Retry(ctx context.Context, id string, attempt int) error {
	o, err := s.Find(ctx, id)
	if err == nil && o.Attempt == attempt && len(s.fulfilled) == 0 {
		s.order.Attempt, s.order.Closed = attempt+1, false
	}
	return err
}

func (s *shelf) Fulfil(ctx context.Context, id, checkoutSession string) error {
	_, err := s.Find(ctx, id)
	if err == nil && len(s.fulfilled) == 0 {
		s.order.Closed, s.fulfilled = true, []string{id + " by " + checkoutSession}
	}
	return err
}

// start returns the shop, its database, and a Stripe in memory.
func start(t *testing.T) (http.Handler, *shelf, *stripetest.Server) {
	t.Helper()
	clienttest.NoStrayRequests(t)
	db, fake := newShelf(), stripetest.New()
	h, err := newShop(config{secret.Static(fake.Key()), secret.Static(testSecret), "https://shop.example.com", db, slog.New(slog.DiscardHandler)},
		client.WithTransport(fake.Transport()), client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)}))
	require.NoError(t, err)
	return h, db, fake
}

func respond(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func pay(h http.Handler, id string) *httptest.ResponseRecorder {
	return respond(h, httptest.NewRequest(http.MethodPost, "https://shop.example.com/orders/"+id+"/checkout", nil))
}

// deliver is Stripe's delivery of an event about the session of an order's attempt.
func deliver(h http.Handler, by *webhooktest.Signer, id, typ, status, order string, attempt int) int {
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"checkout.session.%s","data":{"object":{"id":"cs_%d","payment_status":%q,"client_reference_id":%q,"metadata":{"attempt":"%d"}}}}`,
		id, typ, attempt, status, order, attempt)
	return respond(h, by.WithURL("https://shop.example.com/hooks/stripe").Request(body)).Code
}

// keys are those under which Stripe was asked.
func keys(stripe *stripetest.Server) (keys []string) {
	for _, r := range stripe.Requests(create) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
	}
	return keys
}

func TestTheBuyerIsSentToStripe(t *testing.T) {
	h, _, stripe := start(t)
	w := pay(h, "6735")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, payPage, w.Header().Get("Location"))
	form, err := url.ParseQuery(string(stripe.Requests(create)[0].Body))
	require.NoError(t, err)
	require.Equal(t, "2000", form.Get("line_items[0][price_data][unit_amount]"))
	require.Equal(t, "6735", form.Get("client_reference_id"))

	require.Equal(t, http.StatusNotFound, pay(h, "1").Code)
	require.Len(t, stripe.Requests(), 1)
}

func TestABuyerPaysAndTheOrderIsFulfilled(t *testing.T) {
	h, db, stripe := start(t)
	require.Equal(t, http.StatusSeeOther, pay(h, "6735").Code)
	require.NoError(t, stripe.CompleteCheckout("cs_test_1"))
	require.NoError(t, stripe.Deliver(h, testSecret))
	require.Equal(t, []string{"6735 by cs_test_1"}, db.fulfilled)
}

func TestAnOutageIsRetriedUnderOneKey(t *testing.T) {
	h, _, stripe := start(t)
	stripe.Inject(create, stripetest.DropAfter) // the session is there, and the response is lost
	for range 2 {                               // the buyer presses the button again
		w := pay(h, "6735")
		require.Equal(t, payPage, w.Header().Get("Location"))
	}
	require.Equal(t, []string{"checkout/6735/1", "checkout/6735/1", "checkout/6735/1"}, keys(stripe))
}

func TestAStoredErrorIsNotTheEnd(t *testing.T) {
	h, _, stripe := start(t)
	stripe.Inject(create, stripetest.ServerError) // which Stripe stores
	for _, want := range []int{http.StatusBadGateway, http.StatusBadGateway, http.StatusSeeOther} {
		require.Equal(t, want, pay(h, "6735").Code)
	}
	require.Equal(t, []string{"checkout/6735/1", "checkout/6735/1", "checkout/6735/2"}, keys(stripe))
}

func TestWhatMayStillBecomeOfAKeyIsFoundOutUnderIt(t *testing.T) {
	for _, fault := range []stripetest.Fault{
		stripetest.DropBefore, stripetest.DropAfter, stripetest.CutBody, stripetest.Unavailable, stripetest.HTMLPage, stripetest.RateLimited,
	} {
		h, _, stripe := start(t)
		stripe.Inject(create, fault, fault, fault) // each attempt
		require.Equal(t, http.StatusBadGateway, pay(h, "6735").Code)
		require.Equal(t, payPage, pay(h, "6735").Header().Get("Location"))
		for _, key := range keys(stripe) {
			require.Equal(t, "checkout/6735/1", key)
		}
	}
}

func TestAKeyThatHasExpired(t *testing.T) {
	h, _, stripe := start(t)
	stripe.Roll("sk_test_next")
	require.Equal(t, http.StatusBadGateway, pay(h, "6735").Code)
	require.Equal(t, []string{"checkout/6735/1"}, keys(stripe))
}

func TestARefusalByStripe(t *testing.T) {
	h, db, stripe := start(t)
	db.order.Currency = ""
	w := pay(h, "6735")
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.NotContains(t, w.Body.String(), "param", "the buyer is told no more than is of use")
	require.Len(t, stripe.Requests(), 1)
}

func TestAnOrderIsFulfilledOnce(t *testing.T) {
	h, db, _ := start(t)
	stripe := webhooktest.Stripe(testSecret)
	db.away = true
	require.Equal(t, 500, deliver(h, stripe, "evt_1", "completed", "paid", "6735", 1), "Stripe delivers again")
	db.away = false
	for range 2 {
		require.Equal(t, 200, deliver(h, stripe, "evt_1", "completed", "paid", "6735", 1))
	}
	require.Equal(t, []string{"6735 by cs_1"}, db.fulfilled)
	require.Equal(t, "https://shop.example.com/orders/6735", pay(h, "6735").Header().Get("Location"), "it is not paid a second time")
}

func TestMoneyThatComesLater(t *testing.T) {
	h, db, _ := start(t)
	stripe := webhooktest.Stripe(testSecret)
	require.Equal(t, 200, deliver(h, stripe, "evt_1", "completed", "unpaid", "6735", 1))
	require.Empty(t, db.fulfilled)
	require.Equal(t, "https://shop.example.com/orders/6735", pay(h, "6735").Header().Get("Location"), "a payment is under way")
	require.Equal(t, 200, deliver(h, stripe, "evt_2", "async_payment_succeeded", "paid", "6735", 1))
	require.Equal(t, []string{"6735 by cs_1"}, db.fulfilled)
}

func TestAnAttemptThatCameToNothing(t *testing.T) {
	for _, event := range []string{"async_payment_failed", "expired"} {
		h, db, api := start(t)
		stripe := webhooktest.Stripe(testSecret)
		require.Equal(t, payPage, pay(h, "6735").Header().Get("Location"))
		if event != "expired" {
			require.Equal(t, 200, deliver(h, stripe, "evt_1", "completed", "unpaid", "6735", 1))
		}
		for _, id := range []string{"evt_2", "evt_3"} { // the second one tells nothing new
			require.Equal(t, 200, deliver(h, stripe, id, event, "unpaid", "6735", 1))
		}
		require.Equal(t, 200, deliver(h, stripe, "evt_4", "completed", "unpaid", "6735", 1), "late")
		require.Equal(t, "https://checkout.stripe.com/c/pay/cs_test_2", pay(h, "6735").Header().Get("Location"))
		require.Equal(t, []string{"checkout/6735/1", "checkout/6735/2"}, keys(api), event)
		require.Equal(t, 200, deliver(h, stripe, "evt_5", "completed", "paid", "6735", 2))
		require.Equal(t, []string{"6735 by cs_2"}, db.fulfilled)
		require.Equal(t, 200, deliver(h, stripe, "evt_6", "expired", "unpaid", "6735", 2))
		require.True(t, db.order.Closed, "what is paid stays so")
	}
}

func TestWhatIsNotOfThisShop(t *testing.T) {
	h, db, _ := start(t)
	require.Equal(t, 401, deliver(h, webhooktest.Stripe("whsec_of_somebody_else"), "evt_1", "completed", "paid", "6735", 1))
	for i, event := range []string{"completed", "expired"} {
		for j, order := range []string{"", "1"} {
			id := fmt.Sprint("evt_", i, j)
			require.Equal(t, 200, deliver(h, webhooktest.Stripe(testSecret), id, event, "paid", order, 1), "Stripe need not deliver it again")
		}
	}
	require.Empty(t, db.fulfilled)
}
