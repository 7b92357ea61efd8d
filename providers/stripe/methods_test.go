package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"
	api "github.com/stripe/stripe-go/v76/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

const declined = `{"error":{"code":"card_declined","decline_code":"insufficient_funds","type":"card_error",` +
	`"message":"Your card has insufficient funds.","param":"payment_method","request_log_url":"https://dashboard.stripe.com/x",` +
	`"payment_intent":{"id":"pi_1","client_secret":"pi_1_secret_canary"}}}`

// P5, P6: what Stripe says is a *client.Error with its sentinels, and the SDK's error as
// the SDK itself would have it, from the methods and from their lists.
func TestP5_ErrorsAreBothLibraries(t *testing.T) {
	c, srv := start(t, clienttest.JSON(402, declined).Header("Request-Id", "req_1").Header("Idempotent-Replayed", "true"))
	ctx := t.Context()
	_, fromSDK := c.SDK.PaymentIntents.Confirm("pi_1", &sdk.PaymentIntentConfirmParams{})
	want, ok := errors.AsType[*sdk.Error](fromSDK)
	require.True(t, ok)
	for name, call := range map[string]func() error{
		"write": func() error { _, err := c.ConfirmPaymentIntent(ctx, "pi_1", nil); return err },
		"read":  func() error { _, err := c.Customer(ctx, "cus_1"); return err },
		"list": func() error {
			for _, err := range c.Refunds(ctx, nil) {
				return err
			}
			return nil
		},
	} {
		err := call()
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		require.Equal(t, []any{402, "card_declined", "card_error", "Your card has insufficient funds.", "req_1"},
			[]any{e.Status, e.Code, e.Type, e.Message, e.RequestID}, name)
		got, ok := errors.AsType[*sdk.Error](err)
		require.True(t, ok, name)
		require.Equal(t, []any{want.Code, want.DeclineCode, want.Type, want.Msg, want.Param, want.HTTPStatusCode, want.RequestID, want.RequestLogURL},
			[]any{got.Code, got.DeclineCode, got.Type, got.Msg, got.Param, got.HTTPStatusCode, got.RequestID, got.RequestLogURL}, name)
		require.Equal(t, "true", got.LastResponse.Header.Get("Idempotent-Replayed"), name)
		card, ok := errors.AsType[*sdk.CardError](err)
		require.True(t, ok, name)
		require.Equal(t, sdk.DeclineCode("insufficient_funds"), card.DeclineCode)
		require.NotContains(t, fmt.Sprintf("%v %+v", err, err), "canary", "the SDK's text is the body")
	}
	require.NotZero(t, srv.Count())
}

// An error without a body of Stripe's is a *client.Error alone, and so is one of whose
// message the credential was taken out: the SDK's would show it.
func TestWhatIsNoErrorOfTheSDK(t *testing.T) {
	for name, step := range map[string]clienttest.Step{
		"a proxy's page": clienttest.Text(502, "<html>"),
		"no body":        clienttest.Status(503),
		"other JSON":     clienttest.JSON(500, `{"message":"x"}`),
		"a secret":       clienttest.JSON(401, `{"error":{"message":"Invalid API Key provided: sk_test_1"}}`),
		"a cut success":  clienttest.Text(200, `{"id":`),
		"a reset":        clienttest.Reset(),
	} {
		c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(clienttest.NewTransport(t, step)), client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, err = c.CreateCustomer(t.Context(), nil)
		_, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		_, ok = errors.AsType[*sdk.Error](err)
		require.False(t, ok, name)
		require.NotContains(t, fmt.Sprintf("%+v", err), "sk_test_1")
	}
}

// P3: what a later version of the API adds breaks nothing, amounts are integers of any
// size, and the JSON as it came is at hand.
func TestP3_ObjectsDecodeWhateverTheyHold(t *testing.T) {
	raw := `{"id":"pi_1","object":"payment_intent","amount":9007199254740993,"status":"some_new_status","new":{"a":[1]},"customer":"cus_1"}`
	c, _ := start(t, clienttest.JSON(200, raw).Header("Request-Id", "req_1").Header("Idempotency-Key", "key_1"))
	p, err := c.PaymentIntent(t.Context(), "pi_1")
	require.NoError(t, err)
	require.Equal(t, int64(9007199254740993), p.Amount)
	require.Equal(t, sdk.PaymentIntentStatus("some_new_status"), p.Status)
	require.Equal(t, "cus_1", p.Customer.ID)
	require.JSONEq(t, raw, string(p.LastResponse.RawJSON))
	require.Equal(t, []any{"req_1", "key_1", 200, "200 OK"},
		[]any{p.LastResponse.RequestID, p.LastResponse.IdempotencyKey, p.LastResponse.StatusCode, p.LastResponse.Status})
}

// P4: as the SDK's iterators go, forwards and backwards, each item once and in one order.
func TestP4_ListsGoAsTheSDKsDo(t *testing.T) {
	serve := clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		q, more := r.URL.Query(), true
		data := `{"id":"c"},{"id":"d"}`
		switch {
		case q.Get("ending_before") == "c", q.Get("starting_after") == "d":
			data, more = `{"id":"a"},{"id":"b"}`, false
		}
		_, _ = fmt.Fprintf(w, `{"object":"list","has_more":%t,"data":[%s]}`, more, data)
	})
	c, srv := start(t, serve)
	for name, tc := range map[string]struct {
		params sdk.ListParams
		want   string
		pages  int
	}{
		"forwards":  {sdk.ListParams{}, "c d a b", 2},
		"backwards": {sdk.ListParams{EndingBefore: sdk.String("e")}, "d c b a", 2},
		"single":    {sdk.ListParams{Single: true}, "c d", 1},
	} {
		before := srv.Count()
		var ours, theirs []string
		for item, err := range c.Customers(t.Context(), &sdk.CustomerListParams{ListParams: tc.params}) {
			require.NoError(t, err)
			ours = append(ours, item.ID)
		}
		require.Equal(t, tc.pages, srv.Count()-before, name)
		for it := c.SDK.Customers.List(&sdk.CustomerListParams{ListParams: tc.params}); it.Next(); {
			theirs = append(theirs, it.Customer().ID)
		}
		require.Equal(t, tc.want, strings.Join(ours, " "), name)
		require.Equal(t, theirs, ours, name)
	}
	for range c.Customers(t.Context(), nil) {
		break
	}
	before := srv.Count()
	for range c.Customers(t.Context(), nil) {
		break
	}
	require.Equal(t, before+1, srv.Count(), "nothing is fetched beyond what the loop reads")
}

// P4: a page that is empty and not the last does not end a list in silence; a search goes
// on behind one.
func TestP4_AnEmptyPageIsNoEnd(t *testing.T) {
	c, _ := start(t, clienttest.JSON(200, `{"data":[],"has_more":true}`))
	for _, err := range stripe.ListCustomers.All(t.Context(), c.HTTP, nil) {
		require.ErrorIs(t, err, client.ErrDecode)
	}
	for _, err := range stripe.SearchCustomers.All(t.Context(), c.HTTP, nil) {
		require.ErrorIs(t, err, client.ErrDecode)
	}
	c, srv := start(t, clienttest.MustParse(`200 {"data":[],"has_more":true,"next_page":"p2"}, 200 {"data":[{"id":"a"}]}`)...)
	n := 0
	for item, err := range stripe.SearchCustomers.All(t.Context(), c.HTTP, &sdk.CustomerSearchParams{}) {
		require.NoError(t, err)
		require.Equal(t, "a", item.ID)
		n++
	}
	require.Equal(t, 1, n)
	require.Equal(t, "/v1/customers/search?page=p2", srv.Last().URL)
}

// What cannot be meant is refused before anything is sent.
func TestParametersThatAreRefused(t *testing.T) {
	c, srv := start(t)
	ctx := t.Context()
	for name, err := range map[string]error{
		"no ID":       errOf(c.Customer(ctx, "")),
		"dots":        errOf(c.Customer(ctx, "..")),
		"a long key":  errOf(c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String(strings.Repeat("k", 256))}})),
		"a blank key": errOf(c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String(" ")}})),
		//lint:ignore SA1019 the old place is what is tested
		"metadata": errOf(c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{Metadata: map[string]string{"a": "b"}}, Metadata: map[string]string{"c": "d"}})),
		//lint:ignore SA1019 the old place is what is tested
		"expand":        errOf(c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{Expand: sdk.StringSlice([]string{"a"})}, Expand: sdk.StringSlice([]string{"b"})})),
		"an ID of dots": errOf(stripe.PayInvoice.Do(ctx, c.HTTP, stripe.On[*sdk.InvoicePayParams]{ID: "."})),
	} {
		require.ErrorIs(t, err, client.ErrRequest, name)
	}
	require.Zero(t, srv.Count())
	//lint:ignore SA1019 the old place is what is tested
	_, err := c.CreateCustomer(ctx, &sdk.CustomerParams{Params: sdk.Params{IdempotencyKey: sdk.String(strings.Repeat("k", 255)), Metadata: map[string]string{"a": "b"}}})
	require.ErrorIs(t, err, client.ErrEmptyBody)
	require.Equal(t, "metadata[a]=b", string(srv.Last().Body), "the old place alone will do")
	require.Len(t, srv.Last().Header.Get("Idempotency-Key"), 255)
}

func errOf[T any](_ T, err error) error { return err }

// Errors and observers show a route, of the SDK's calls too: an ID may be personal.
func TestRoutesAreShown(t *testing.T) {
	c, err := stripe.New(secret.Static("sk_test_1"), client.WithTransport(clienttest.NewTransport(t, clienttest.Reset())), client.WithRetry(retry.Never))
	require.NoError(t, err)
	_, err = c.Customer(t.Context(), "cus_personal")
	require.ErrorContains(t, err, "stripe: GET /v1/customers/{id}: ")
	_, err = c.SDK.Customers.Get("cus_personal", nil)
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, "/v1/customers/{id}", e.Path)
}

// P6: HTTPClient is the stack for an SDK that is none of this module's.
func TestP6_HTTPClient(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`503 Retry-After=0, 200 {"id":"cus_1"}`)...)
	hc, err := stripe.HTTPClient(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	defer hc.CloseIdleConnections()
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		HTTPClient: hc, URL: sdk.String(srv.URL), MaxNetworkRetries: sdk.Int64(0), LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
	})
	_, err = api.New("sk_of_the_sdk", &sdk.Backends{API: backend, Connect: backend, Uploads: backend}).Customers.New(&sdk.CustomerParams{})
	require.NoError(t, err)
	require.Equal(t, 2, srv.Count())
	for _, r := range srv.Requests() {
		require.Equal(t, "Bearer sk_test_1", r.Header.Get("Authorization"))
		require.Equal(t, []string{sdk.APIVersion}, r.Header["Stripe-Version"])
	}
	_, err = stripe.HTTPClient(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}

// A live key is refused in a test that wants no stray requests.
func TestLiveKeysAreKnown(t *testing.T) {
	for key, live := range map[string]bool{"sk_live_1": true, "rk_live_1": true, "sk_test_1": false, "rk_test_1": false} {
		t.Run(key, func(t *testing.T) {
			w := &silent{TB: t}
			clienttest.NoStrayRequests(w)
			c, _ := start(t, clienttest.JSON(200, `{}`))
			c.HTTP, _ = c.HTTP.With(client.WithAuth(client.Bearer(secret.Static(key))))
			_, err := c.Customer(t.Context(), "cus_1")
			require.Equal(t, live, errors.Is(err, clienttest.ErrStray))
		})
	}
}

// silent is a test that does not fail.
type silent struct{ testing.TB }

func (*silent) Errorf(string, ...any) {}

func ExampleByID() {
	srv := clienttest.Start(clienttest.JSON(200, `{"id":"in_1","status":"paid","amount_paid":1999}`))
	defer srv.Close()
	c, err := stripe.New(secret.Static("sk_test_123"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	params := &sdk.InvoicePayParams{PaymentMethod: sdk.String("pm_1")}
	invoice, err := stripe.PayInvoice.Do(context.Background(), c.HTTP, stripe.ByID("in_1", params))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(invoice.Status, invoice.AmountPaid)
	fmt.Println(srv.Last().Method, srv.Last().URL, string(srv.Last().Body))
	// Output:
	// paid 1999
	// POST /v1/invoices/in_1/pay payment_method=pm_1
}
