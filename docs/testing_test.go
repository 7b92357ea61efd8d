package docs

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestChargeIsRepeatedUnderOneKey(t *testing.T) {
	t.Setenv("EXAMPLE_API_KEY", "sk_test")
	srv := clienttest.NewServer(t, clienttest.MustParse(`503 Retry-After=0, 200 {"id":"ch_1"}`)...)
	api, err := newExampleAPI(client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(api.CloseIdleConnections)

	state, err := charge(t.Context(), api, Order{ID: "17", Amount: 100})
	require.NoError(t, err)
	require.Equal(t, "paid", state)

	require.Equal(t, 2, srv.Count())
	last := srv.Last()
	require.Equal(t, "order-17", last.Header.Get("Idempotency-Key"))
	var sent Order
	require.NoError(t, json.Unmarshal(last.Body, &sent))
	require.Equal(t, 100, sent.Amount)
}

func TestARefundIsMadeOnce(t *testing.T) {
	srv := stripetest.NewServer(t)
	payments, err := srv.Client()
	require.NoError(t, err)
	t.Cleanup(payments.HTTP.CloseIdleConnections)
	payment, err := payments.CreatePaymentIntent(t.Context(), &sdk.PaymentIntentParams{
		Amount: sdk.Int64(2000), Currency: sdk.String("eur"), PaymentMethod: sdk.String("pm_card_visa"), Confirm: sdk.Bool(true),
	})
	require.NoError(t, err)

	srv.Inject("refunds.create", stripetest.DropAfter) // Stripe does it, and the response is lost
	require.NoError(t, refund(t.Context(), payments, payment.ID))
	require.Len(t, srv.Requests("refunds.create"), 2)
	require.Len(t, srv.Events("refund.created"), 1, "both had one key")
}

func TestTheExampleIsNotCalled(t *testing.T) {
	clienttest.NoStrayRequests(t)
	t.Setenv("EXAMPLE_API_KEY", "sk_test")
	srv := clienttest.NewServer(t, clienttest.MustParse(`200 {"id":"ch_1"}`)...)
	api, err := newExampleAPI(client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(api.CloseIdleConnections)
	_, err = charge(t.Context(), api, Order{ID: "17", Amount: 100})
	require.NoError(t, err)
}

func TestAMinuteCostsNothing(t *testing.T) {
	t.Setenv("EXAMPLE_API_KEY", "sk_test")
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`429 Retry-After=45, 200 {"id":"cus_1"}`)...)
		api, err := newExampleAPI(client.WithTransport(rt))
		require.NoError(t, err)

		began := time.Now()
		_, err = get(t.Context(), api, "cus_1")
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 45*time.Second)
	})
}

type shop struct{ paid string }

func (s *shop) hooks(from secret.Source) (http.Handler, error) {
	scheme, err := webhook.Stripe(from)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(scheme,
		webhook.WithLogger(slog.New(slog.DiscardHandler)),
		webhook.On("payment_intent.succeeded", func(_ context.Context, e webhook.Event[sdk.PaymentIntent]) error {
			s.paid = e.Data.ID
			return nil
		}))
}

func TestPaymentsArrive(t *testing.T) {
	var s shop
	hooks, err := s.hooks(secret.Static("whsec_test"))
	require.NoError(t, err)
	body := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent"}}}`)
	genuine := webhooktest.Stripe("whsec_test")
	for _, delivery := range []struct {
		request *http.Request
		status  int
		paid    string
	}{
		{webhooktest.Stripe("whsec_other").Request(body), http.StatusUnauthorized, ""},
		{genuine.At(time.Now().Add(-time.Hour)).Request(body), http.StatusUnauthorized, ""},
		{genuine.Request(body), http.StatusOK, "pi_1"},
	} {
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, delivery.request)
		require.Equal(t, delivery.status, w.Code)
		require.Equal(t, delivery.paid, s.paid)
	}
}

// invoices is an API for those who may read invoices.
func invoices(profile session.Profile, opts ...session.Option) (http.Handler, error) {
	verifier, err := session.NewVerifier(profile, opts...)
	if err != nil {
		return nil, err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := session.FromContext(r.Context())
		_, _ = io.WriteString(w, "invoices of "+user.Subject)
	})
	return session.Middleware(verifier)(session.Require("read:invoices")(handler)), nil
}

func TestOnlyThoseWhoMayReadInvoices(t *testing.T) {
	issuer := sessiontest.New()
	api, err := invoices(issuer.Auth0(), issuer.Options()...) // session.Auth0("…", "…") in the application
	require.NoError(t, err)
	for token, want := range map[string]int{
		issuer.Auth0Token(nil): http.StatusOK,
		issuer.Auth0Token(sessiontest.Claims{"permissions": []string{}}):          http.StatusForbidden,
		issuer.Auth0Token(sessiontest.Claims{"exp": issuer.Now().Unix() - 1}):     http.StatusUnauthorized,
		issuer.Auth0Token(sessiontest.Claims{"aud": "https://other.example.com"}): http.StatusUnauthorized,
		issuer.LogoutToken(sessiontest.Claims{"aud": sessiontest.Audience}):       http.StatusUnauthorized,
	} {
		r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		require.Equal(t, want, w.Code)
	}
}

func TestSigningIn(t *testing.T) {
	srv := oauthtest.Start(t, oauthtest.Config{})
	login, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)

	start := httptest.NewRecorder()
	require.NoError(t, login.Start(start, httptest.NewRequest(http.MethodGet, "https://app.test/login", nil)))
	back, err := srv.Authorize(start.Header().Get("Location"), "alice") // the user consents
	require.NoError(t, err)

	callback := httptest.NewRequest(http.MethodGet, back.String(), nil)
	for _, cookie := range start.Result().Cookies() {
		callback.AddCookie(cookie)
	}
	res, err := login.Finish(httptest.NewRecorder(), callback)
	require.NoError(t, err)
	require.Equal(t, "alice", res.IDToken.Subject)
}

func TestAUserStaysSignedInUntilTheyTakeItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := oauthtest.New(oauthtest.Config{}) // in memory: a bubble has no sockets
		login, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
		require.NoError(t, err)
		manager, err := tokens.New(tokens.NewMemoryStore(), login)
		require.NoError(t, err)
		defer manager.Shutdown(context.WithoutCancel(t.Context()))

		start := httptest.NewRecorder()
		require.NoError(t, login.Start(start, httptest.NewRequest(http.MethodGet, "https://app.test/login", nil)))
		back, err := srv.Authorize(start.Header().Get("Location"), "alice") // the user consents
		require.NoError(t, err)
		callback := httptest.NewRequest(http.MethodGet, back.String(), nil)
		for _, cookie := range start.Result().Cookies() { // it is the same browser
			callback.AddCookie(cookie)
		}
		res, err := login.Finish(httptest.NewRecorder(), callback)
		require.NoError(t, err)
		require.NoError(t, manager.Put(t.Context(), "user:42", res.Token))

		api, err := client.New(srv.URL, client.WithTransport(srv.HTTPClient().Transport),
			client.WithAuth(client.OAuth2(manager.Source("user:42"))))
		require.NoError(t, err)
		time.Sleep(2 * time.Hour) // an access token lives for one
		user, err := client.Get[struct{ Name string }](t.Context(), api, "/userinfo")
		require.NoError(t, err)
		require.Equal(t, "Alice Example", user.Name)
		require.Equal(t, 1, srv.Refreshes())

		time.Sleep(time.Minute)
		srv.RevokeUser("alice") // who removes the application from the account
		_, err = client.Get[client.None](t.Context(), api, "/userinfo")
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired) // show the link to sign in
	})
}

func TestARefreshWithoutAResponse(t *testing.T) {
	srv := oauthtest.Start(t, oauthtest.Config{})
	login, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	require.NoError(t, err)
	token := srv.Issue("web", "alice", "read")

	srv.Inject(oauthtest.DropAfter) // the server does it, and the response is lost
	_, err = login.Refresh(t.Context(), token)
	var e *oauthflow.TokenError
	require.ErrorAs(t, err, &e)
	require.True(t, e.MaybeApplied)
}
