package main

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const stripeSecret, resendSecret = "whsec_test0123456789abcdefghijklmn", "whsec_dGVzdC1zZWNyZXQtMDEyMzQ1Njc4OTAxMjM0NTY3ODk="

// services are those around the shop.
type services struct {
	users  *sessiontest.Issuer
	stripe *stripetest.Server
	resend *resendtest.Server
	s3     *s3test.Server
}

// start returns the services, and a shop that tries nothing twice by itself.
func start(t *testing.T) (*services, http.Handler) {
	clienttest.NoStrayRequests(t)
	s := &services{users: sessiontest.New(), stripe: stripetest.New(), resend: resendtest.New(), s3: s3test.New(t)}
	once := []client.Option{client.WithRetry(retry.Policy{MaxAttempts: 1}), client.WithPacing(nil)}
	shop, err := newShop(config{
		users: s.users.OIDC(), base: "https://shop.example.com", from: "shop@example.com",
		stripeKey: secret.Static(s.stripe.Key()), stripeHook: secret.Static(stripeSecret),
		resendKey: secret.Static(s.resend.Key()), resendHook: secret.Static(resendSecret),
		bucket: s.s3.Config(), log: slog.New(slog.DiscardHandler), session: s.users.Options(),
		stripe: append(once, client.WithTransport(s.stripe.Transport())),
		resend: append(once, client.WithTransport(s.resend.Transport())),
		files:  once,
	})
	require.NoError(t, err)
	return s, shop
}

func buy(t *testing.T, s *services, shop http.Handler, change sessiontest.Claims) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://shop.example.com/pump", nil)
	r.Header.Set("Authorization", "Bearer "+s.users.IDToken(change))
	rec := httptest.NewRecorder()
	shop.ServeHTTP(rec, r)
	return rec
}

// Whatever goes wrong on the way, once the services have delivered their events there is
// one of each.
func TestOneOfEach(t *testing.T) {
	for name, fail := range map[string]func(*services){
		"nothing":                           func(*services) {},
		"the file is refused":               func(s *services) { s.s3.Inject(s3test.Fault{Operation: "PutObject", Code: "AccessDenied"}) },
		"the file is there, unheard of":     func(s *services) { s.s3.Inject(s3test.Fault{Operation: "PutObject", Lost: true}) },
		"S3 is away":                        func(s *services) { s.s3.Inject(s3test.Fault{Reset: true, Times: 3}) },
		"nobody knows who gets no mail":     func(s *services) { s.s3.Inject(s3test.Fault{Operation: "HeadObject", Code: "InternalError"}) },
		"the mail is refused":               func(s *services) { s.resend.Inject("emails.send", resendtest.Unavailable) },
		"the mail is out, unheard of":       func(s *services) { s.resend.Inject("emails.send", resendtest.DropAfter) },
		"too many mails":                    func(s *services) { s.resend.Inject("emails.send", resendtest.RateLimited, resendtest.RateLimited) },
		"the dispute cannot be looked at":   func(s *services) { s.stripe.Inject("disputes.get", stripetest.HTMLPage) },
		"the receipt cannot be read":        func(s *services) { s.s3.Inject(s3test.Fault{Operation: "GetObject", Code: "SlowDown"}) },
		"the answer is refused":             func(s *services) { s.stripe.Inject("disputes.update", stripetest.Unavailable) },
		"the answer is there, unheard of":   func(s *services) { s.stripe.Inject("disputes.update", stripetest.DropAfter) },
		"the bounce cannot be put down":     func(s *services) { s.s3.Inject(s3test.Fault{Operation: "PutObject", Skip: 1, Code: "InternalError"}) },
		"the page is there, unheard of":     func(s *services) { s.stripe.Inject("checkout_sessions.create", stripetest.DropAfter) },
		"the page is not there":             func(s *services) { s.stripe.Inject("checkout_sessions.create", stripetest.Unavailable) },
		"the page comes after a rate limit": func(s *services) { s.stripe.Inject("checkout_sessions.create", stripetest.RateLimited) },
	} {
		t.Run(name, func(t *testing.T) {
			s, shop := start(t)
			fail(s)
			var pages []string
			var err error
			for range 3 {
				if rec := buy(t, s, shop, sessiontest.Claims{"email": "bounced@resend.dev"}); rec.Code == http.StatusSeeOther {
					pages = append(pages, rec.Header().Get("Location"))
				}
			}
			require.GreaterOrEqual(t, len(pages), 2)
			require.Equal(t, pages[0], pages[1])
			require.NoError(t, s.stripe.CompleteCheckout(path.Base(pages[0])))
			require.NoError(t, s.stripe.Dispute(s.stripe.Events("payment_intent.succeeded")[0].Object))
			for range 4 { // as often as the services deliver what was not acknowledged
				err = errors.Join(s.stripe.Deliver(shop, stripeSecret), s.resend.Deliver(shop, resendSecret))
			}
			require.NoError(t, err)
			again := s.stripe.Events("checkout.session.completed")[0].Request("https://shop.example.com/hooks/stripe", stripeSecret)
			shop.ServeHTTP(httptest.NewRecorder(), again) // somebody presses "resend" at Stripe
			require.Len(t, s.stripe.Events("payment_intent.succeeded"), 1)
			require.Len(t, s.resend.Sent(), 1)
			require.Equal(t, []string{"no-mail/bounced@resend.dev", "receipts/" + s.stripe.Events("payment_intent.succeeded")[0].Object + ".txt"}, s.s3.Keys())
		})
	}
}

// A payment that takes days, a direct debit, say, is told of when it is there.
func TestAPaymentThatTakesDays(t *testing.T) {
	s, shop := start(t)
	page := path.Base(buy(t, s, shop, nil).Header().Get("Location"))
	require.NoError(t, s.stripe.CompleteCheckoutLater(page))
	require.NoError(t, s.stripe.Deliver(shop, stripeSecret))
	require.Empty(t, s.resend.Sent())
	require.Empty(t, s.s3.Keys())
	require.NoError(t, s.stripe.SettleCheckout(page, true))
	require.NoError(t, s.stripe.Deliver(shop, stripeSecret))
	require.Len(t, s.resend.Sent(), 1)
	require.Equal(t, []string{"receipts/" + s.stripe.Events("payment_intent.succeeded")[0].Object + ".txt"}, s.s3.Keys())
}

func TestWhoMayBuy(t *testing.T) {
	s, shop := start(t)
	require.Equal(t, http.StatusSeeOther, buy(t, s, shop, nil).Code)
	require.Equal(t, http.StatusForbidden, buy(t, s, shop, sessiontest.Claims{"email_verified": false}).Code)
	require.Equal(t, http.StatusUnauthorized, buy(t, s, shop, sessiontest.Claims{"exp": 1}).Code)
}
