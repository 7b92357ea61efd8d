package docs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// payments is the part of an application that Stripe's events go to.
type payments struct {
	// markPaid moves an order from open to paid, and does nothing if it is paid.
	markPaid func(ctx context.Context, order string) error
}

func (p *payments) hooks(from secret.Source, guard webhook.Guard, log *slog.Logger) (*webhook.Handler, error) {
	scheme, err := webhook.Stripe(from)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(scheme,
		webhook.WithDeduplication(guard),
		webhook.WithLogger(log),
		webhook.On("payment_intent.succeeded", p.paid))
}

// paid is called for each event at least once.
func (p *payments) paid(ctx context.Context, e webhook.Event[sdk.PaymentIntent]) error {
	return p.markPaid(ctx, e.Data.Metadata["order_id"]) // an error makes Stripe send the event again
}

func (p *payments) mount(mux *http.ServeMux) (*webhook.Handler, error) {
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	if err != nil {
		return nil, err
	}
	hooks, err := p.hooks(secret.Env("STRIPE_WEBHOOK_SECRET"), guard, slog.Default())
	if err != nil {
		return nil, err
	}
	mux.Handle("POST /hooks/stripe", hooks)
	return hooks, nil
}

var paidEvent = []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded",` +
	`"data":{"object":{"id":"pi_1","object":"payment_intent","metadata":{"order_id":"17"}}}}`)

func TestAnEventIsRunUntilItSucceedsAndThenNotAgain(t *testing.T) {
	var runs int
	p := &payments{markPaid: func(_ context.Context, order string) error {
		require.Equal(t, "17", order)
		if runs++; runs == 1 {
			return errors.New("the database is away")
		}
		return nil
	}}
	t.Setenv("STRIPE_WEBHOOK_SECRET", "whsec_test")
	mux := http.NewServeMux()
	_, err := p.mount(mux)
	require.NoError(t, err)
	for _, want := range []int{http.StatusInternalServerError, http.StatusOK, http.StatusOK} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, webhooktest.Stripe("whsec_test").WithURL("https://app.example.com/hooks/stripe").Request(paidEvent))
		require.Equal(t, want, w.Code)
	}
	require.Equal(t, 2, runs)
}

// queue stores deliveries; insert returns nil after its commit.
type queue struct {
	insert func(ctx context.Context, delivery []byte) error
}

func (q *queue) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	stored, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return q.insert(ctx, stored)
}

func (p *payments) queued(scheme *webhook.Scheme, guard webhook.Guard, q *queue) (*webhook.Handler, error) {
	hooks, err := webhook.NewHandler(scheme,
		webhook.WithQueue(q),
		webhook.WithDeduplication(guard),
		webhook.On("payment_intent.succeeded", p.paid))
	return hooks, err
}

// work is what a worker does with what it takes from the queue. With an error it leaves
// the delivery there, and takes it up again later.
func work(ctx context.Context, hooks *webhook.Handler, stored []byte) error {
	var d webhook.Delivery
	if err := json.Unmarshal(stored, &d); err != nil {
		return err
	}
	return hooks.Dispatch(ctx, &d)
}

func TestADeliveryIsQueuedAndRunLater(t *testing.T) {
	var runs int
	p := &payments{markPaid: func(context.Context, string) error { runs++; return nil }}
	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	require.NoError(t, err)
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	require.NoError(t, err)
	var rows [][]byte
	q := &queue{insert: func(_ context.Context, delivery []byte) error {
		if len(rows) == 2 {
			return errors.New("the disk is full")
		}
		rows = append(rows, delivery)
		return nil
	}}
	hooks, err := p.queued(scheme, guard, q)
	require.NoError(t, err)
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusServiceUnavailable} {
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, webhooktest.Stripe("whsec_test").Request(paidEvent))
		require.Equal(t, want, w.Code)
	}
	require.Zero(t, runs)
	for _, row := range rows {
		require.NoError(t, work(t.Context(), hooks, row))
		require.NotContains(t, string(row), "v1=", "no signature is stored")
	}
	require.Equal(t, 1, runs)
}

func rotating() (*webhook.Scheme, error) {
	scheme, err := webhook.GitHub(secret.File("/run/secrets/github_new", "/run/secrets/github_old"))
	return scheme, err
}

func behindAProxy() (*webhook.Scheme, error) {
	scheme, err := webhook.Twilio(secret.Env("TWILIO_AUTH_TOKEN"), "https://app.example.com/hooks/twilio")
	return scheme, err
}

func TestConstructorsRefuseWhatIsMissing(t *testing.T) {
	_, err := rotating()
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = behindAProxy()
	require.ErrorIs(t, err, webhook.ErrConfig)
}

func stop(ctx context.Context, server *http.Server, hooks *webhook.Handler) error {
	err := server.Shutdown(ctx)
	return errors.Join(err, hooks.Drain(ctx)) // functions whose deadline has passed, and that go on
}

func TestStops(t *testing.T) {
	p := &payments{}
	hooks, err := p.hooks(secret.Static("whsec_test"), &webhook.MemoryGuard{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, stop(t.Context(), &http.Server{}, hooks))
}
