package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// The secrets of the tests: package webhooktest signs with them as the services do.
const (
	stripeSecret = "whsec_test0123456789abcdefghijklmn"
	githubSecret = "test-github-secret"
	resendSecret = "whsec_dGVzdC1yZXNlbmQtc2VjcmV0LTAxMjM0NTY3"
)

const (
	testPayment      = `{"id":"%s","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount_received":2000,"currency":"eur","metadata":{"order_id":"6735"}}}}`
	testSubscription = `{"id":"evt_3","type":"customer.subscription.deleted","data":{"object":{"id":"sub_1","status":"canceled","items":{"data":[{"current_period_end":1762592000}]}}}}`
	testPush         = `{"ref":"refs/heads/main","commits":[{"id":"6113728f"}],"pusher":{"name":"octocat"},"repository":{"full_name":"octocat/hello"}}`
	testBounce       = `{"type":"email.bounced","data":{"to":["gone@example.com"],"bounce":{"message":"mailbox unavailable"}}}`
)

// ledger stands for the application: it writes down what it was asked to do.
type ledger struct {
	done []string
	away bool // nothing can be done at the moment
}

func (l *ledger) note(format string, args ...any) error {
	if l.away {
		return errors.New("the database is away")
	}
	l.done = append(l.done, fmt.Sprintf(format, args...))
	return nil
}

func (l *ledger) Fulfil(_ context.Context, order string, amount int64, currency string) error {
	return l.note("fulfil %s for %d %s", order, amount, currency)
}

func (l *ledger) SubscriptionChanged(_ context.Context, id, status string, paidUntil time.Time) error {
	return l.note("%s is %s until %s", id, status, paidUntil.UTC().Format(time.DateOnly))
}

func (l *ledger) Pushed(_ context.Context, repository, branch, by string, commits int) error {
	return l.note("%s pushed %d to %s of %s", by, commits, branch, repository)
}

func (l *ledger) StopWriting(_ context.Context, addresses []string, reason string) error {
	return l.note("stop writing to %s: %s", strings.Join(addresses, ", "), reason)
}

// start returns the application and what sends a signed delivery to it, and returns the
// status of the response.
func start(t *testing.T) (app *ledger, send func(path string, by *webhooktest.Signer, body string) int) {
	t.Helper()
	app = &ledger{}
	hooks, err := receiver(app, secrets{secret.Static(stripeSecret), secret.Static(githubSecret), secret.Static(resendSecret)}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return app, func(path string, by *webhooktest.Signer, body string) int {
		return answered(hooks, by.WithURL("https://app.example.com"+path).Request([]byte(body)))
	}
}

func answered(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestEventsBecomeActions(t *testing.T) {
	app, send := start(t)
	require.Equal(t, 200, send("/hooks/stripe", webhooktest.Stripe(stripeSecret), fmt.Sprintf(testPayment, "evt_1")))
	require.Equal(t, 200, send("/hooks/stripe", webhooktest.Stripe(stripeSecret), testSubscription))
	require.Equal(t, 200, send("/hooks/stripe", webhooktest.Stripe(stripeSecret), `{"id":"evt_4","type":"invented.tomorrow","data":{"object":{}}}`))
	require.Equal(t, 200, send("/hooks/github", webhooktest.GitHub(githubSecret).WithEvent("push"), testPush))
	require.Equal(t, 200, send("/hooks/resend", webhooktest.Resend(resendSecret), testBounce))
	require.Equal(t, []string{
		"fulfil 6735 for 2000 eur",
		"sub_1 is canceled until 2025-11-08",
		"octocat pushed 1 to main of octocat/hello",
		"stop writing to gone@example.com: mailbox unavailable",
	}, app.done)
}

func TestAnEventIsActedOnOnce(t *testing.T) {
	app, send := start(t)
	app.away = true
	require.Equal(t, 500, send("/hooks/stripe", webhooktest.Stripe(stripeSecret), fmt.Sprintf(testPayment, "evt_1")), "Stripe delivers again")
	app.away = false
	for range 2 {
		require.Equal(t, 200, send("/hooks/stripe", webhooktest.Stripe(stripeSecret), fmt.Sprintf(testPayment, "evt_1")))
	}
	require.Len(t, app.done, 1)
	for _, id := range []string{"6c7b2a52-0000-4000-8000-000000000001", "6c7b2a52-0000-4000-8000-000000000002"} {
		require.Equal(t, 200, send("/hooks/github", webhooktest.GitHub(githubSecret).WithEvent("push").WithID(id), testPush))
	}
	require.Len(t, app.done, 2, "a replay of GitHub's delivery under another identifier is left alone")
}

func TestForgeriesAreRefused(t *testing.T) {
	app, send := start(t)
	payment := fmt.Sprintf(testPayment, "evt_1")
	require.Equal(t, 401, send("/hooks/stripe", webhooktest.Stripe("whsec_another"), payment))
	require.Equal(t, 401, send("/hooks/stripe", webhooktest.Stripe(stripeSecret).At(time.Now().Add(-time.Hour)), payment), "captured an hour ago")
	require.Equal(t, 401, send("/hooks/stripe", webhooktest.GitHub(githubSecret).WithEvent("push"), testPush), "another service's")
	require.Empty(t, app.done)
}

func TestNoSecretNoEndpoint(t *testing.T) {
	hooks, err := receiver(&ledger{}, secrets{github: secret.Static(githubSecret)}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	forged := webhooktest.Stripe("whsec_of_somebody_else").WithURL("https://app.example.com/hooks/stripe").Request([]byte(testPayment))
	require.Equal(t, 404, answered(hooks, forged))
}
