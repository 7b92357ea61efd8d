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
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const (
	testKey    = "sk_test_0123456789"
	testSecret = "whsec_test0123456789abcdefghijklmn"
	payPage    = "https://checkout.stripe.com/c/pay/cs_1"
)

var created = clienttest.JSON(200, `{"id":"cs_1","object":"checkout.session","url":"`+payPage+`"}`)

// shelf is a database with a single order.
type shelf struct {
	fulfilled []string
	away      bool
}

func (s *shelf) Find(_ context.Context, id string) (order, error) {
	if id != "6735" {
		return order{}, errNoOrder
	}
	return order{ID: id, Title: "Water pump", Currency: "eur", Amount: 2000}, nil
}

func (s *shelf) Fulfil(_ context.Context, id, checkoutSession string) error {
	if s.away {
		return errors.New("the database is away")
	}
	s.fulfilled = append(s.fulfilled, id+" by "+checkoutSession)
	return nil
}

// start returns the shop, its database, and a Stripe that follows the steps.
func start(t *testing.T, steps ...clienttest.Step) (http.Handler, *shelf, *clienttest.Transport) {
	t.Helper()
	db, fake := &shelf{}, clienttest.NewTransport(t, steps...)
	h, err := newShop(config{secret.Static(testKey), secret.Static(testSecret), "https://shop.example.com", db, slog.New(slog.DiscardHandler)},
		client.WithTransport(fake))
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

func deliver(h http.Handler, by *webhooktest.Signer, id, typ, status, reference string) int {
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"data":{"object":{"id":"cs_1","payment_status":%q,"client_reference_id":%q}}}`,
		id, typ, status, reference)
	return respond(h, by.WithURL("https://shop.example.com/hooks/stripe").Request(body)).Code
}

func TestTheBuyerIsSentToStripe(t *testing.T) {
	h, _, stripe := start(t, created)
	w := pay(h, "6735")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, payPage, w.Header().Get("Location"))
	asked := stripe.Last()
	require.Equal(t, "/v1/checkout/sessions", asked.URL)
	require.Equal(t, "Bearer "+testKey, asked.Header.Get("Authorization"))
	form, err := url.ParseQuery(string(asked.Body))
	require.NoError(t, err)
	require.Equal(t, "2000", form.Get("line_items[0][price_data][unit_amount]"))
	require.Equal(t, "6735", form.Get("client_reference_id"))

	require.Equal(t, http.StatusNotFound, pay(h, "1").Code)
	require.Equal(t, 1, stripe.Count())
}

func TestAnOutageIsRetriedUnderOneKey(t *testing.T) {
	h, _, stripe := start(t, clienttest.Status(503).Header("Retry-After", "0"), created)
	require.Equal(t, http.StatusSeeOther, pay(h, "6735").Code)
	require.Equal(t, http.StatusSeeOther, pay(h, "6735").Code, "the buyer presses the button again")
	seen := stripe.Requests()
	require.Len(t, seen, 3)
	for _, r := range seen {
		require.Equal(t, "checkout/6735", r.Header.Get("Idempotency-Key"))
	}
}

func TestARefusalByStripe(t *testing.T) {
	h, _, stripe := start(t, clienttest.JSON(400, `{"error":{"type":"invalid_request_error","message":"No such account"}}`))
	w := pay(h, "6735")
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.NotContains(t, w.Body.String(), "account", "the buyer is told no more than is of use")
	require.Equal(t, 1, stripe.Count())
}

func TestAnOrderIsFulfilledOnce(t *testing.T) {
	h, db, _ := start(t)
	stripe := webhooktest.Stripe(testSecret)
	db.away = true
	require.Equal(t, 500, deliver(h, stripe, "evt_1", "checkout.session.completed", "paid", "6735"), "Stripe delivers again")
	db.away = false
	for range 2 {
		require.Equal(t, 200, deliver(h, stripe, "evt_1", "checkout.session.completed", "paid", "6735"))
	}
	require.Equal(t, []string{"6735 by cs_1"}, db.fulfilled)
}

func TestMoneyThatComesLater(t *testing.T) {
	h, db, _ := start(t)
	stripe := webhooktest.Stripe(testSecret)
	require.Equal(t, 200, deliver(h, stripe, "evt_1", "checkout.session.completed", "unpaid", "6735"))
	require.Empty(t, db.fulfilled)
	require.Equal(t, 200, deliver(h, stripe, "evt_2", "checkout.session.async_payment_succeeded", "paid", "6735"))
	require.Equal(t, []string{"6735 by cs_1"}, db.fulfilled)
}

func TestWhatIsNotOfThisShop(t *testing.T) {
	h, db, _ := start(t)
	require.Equal(t, 401, deliver(h, webhooktest.Stripe("whsec_of_somebody_else"), "evt_1", "checkout.session.completed", "paid", "6735"))
	require.Equal(t, 200, deliver(h, webhooktest.Stripe(testSecret), "evt_2", "checkout.session.completed", "paid", ""))
	require.Empty(t, db.fulfilled)
}
