package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/events"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
	"github.com/stripe/stripe-go/v76"
)

// quiet keeps the examples' output to what they print.
var quiet = webhook.WithLogger(slog.New(slog.DiscardHandler))

// One endpoint: verified, typed, each event run once.
func ExampleNewHandler() {
	scheme, err := webhook.Stripe(secret.Static("whsec_example")) // secret.Env("STRIPE_WEBHOOK_SECRET") in an application
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.NewHandler(scheme, quiet, webhook.WithDeduplication(guard),
		webhook.On("payment_intent.succeeded", func(ctx context.Context, e webhook.Event[stripe.PaymentIntent]) error {
			fmt.Println(e.ID, "paid order", e.Data.Metadata["order_id"])
			return nil // an error makes Stripe send the event again
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks/stripe", handler)

	body := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","metadata":{"order_id":"6735"}}}}`)
	for _, secret := range []string{"whsec_example", "whsec_example", "whsec_another"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, webhooktest.Stripe(secret).WithURL("https://example.com/hooks/stripe").Request(body))
		fmt.Println(w.Code)
	}
	// Output:
	// evt_1 paid order 6735
	// 200
	// 200
	// 401
}

// On takes the object that the event is about, OnEnvelope the whole payload.
func ExampleOnEnvelope() {
	scheme, err := webhook.Stripe(secret.Static("whsec_example"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = webhook.NewHandler(scheme, quiet,
		webhook.On("customer.subscription.updated", func(context.Context, webhook.Event[events.Stripe[stripe.Subscription]]) error { return nil }))
	fmt.Println("On:", err != nil)

	handler, err := webhook.NewHandler(scheme, quiet,
		webhook.OnEnvelope("customer.subscription.updated", func(_ context.Context, e webhook.Event[events.Stripe[stripe.Subscription]]) error {
			fmt.Println(e.Data.Object.Status, "before:", string(e.Data.Previous))
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"customer.subscription.updated","data":{"object":{"id":"sub_1","status":"active"},"previous_attributes":{"status":"trialing"}}}`)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, webhooktest.Stripe("whsec_example").Request(body))
	fmt.Println(w.Code)
	// Output:
	// On: true
	// active before: {"status":"trialing"}
	// 200
}

// A Slack command gets its result in the response.
func ExampleRespond() {
	scheme, err := webhook.Slack(secret.Static("signing-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.NewHandler(scheme, quiet,
		webhook.Respond("slash_command", func(_ context.Context, e webhook.Event[url.Values]) (*webhook.Answer, error) {
			return webhook.JSON(map[string]string{"text": "Weather for " + e.Data.Get("text")})
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, webhooktest.Slack("signing-secret").Request([]byte("command=%2Fweather&text=Oslo")))
	fmt.Println(w.Code, w.Body)
	// Output: 200 {"text":"Weather for Oslo"}
}

// Where requests do not come from net/http, as in AWS Lambda, a Request is made by hand.
func ExampleHandler_Process() {
	scheme, err := webhook.GitHub(secret.Static("a-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.NewHandler(scheme, quiet,
		webhook.On("push", func(_ context.Context, e webhook.Event[events.GitHubPush]) error {
			fmt.Println("pushed to", e.Data.Branch())
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"ref":"refs/heads/main"}`)
	signed := webhooktest.GitHub("a-secret").WithEvent("push").Request(body)

	answer := handler.Process(context.Background(), &webhook.Request{Method: "POST", Header: signed.Header, Body: body})
	fmt.Println(answer.Status)
	// Output:
	// pushed to main
	// 200
}

// memoryQueue stands for something durable.
type memoryQueue []*webhook.Delivery

func (q *memoryQueue) Enqueue(_ context.Context, d *webhook.Delivery) error {
	if len(*q) == 1 {
		return errors.New("the disk is full")
	}
	*q = append(*q, d)
	return nil
}

// With a queue, the response says that the delivery is durable; a worker runs the
// function later.
func ExampleWithQueue() {
	scheme, err := webhook.GitHub(secret.Static("a-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var queue memoryQueue
	handler, err := webhook.NewHandler(scheme, quiet, webhook.WithQueue(&queue),
		webhook.On("push", func(_ context.Context, e webhook.Event[events.GitHubPush]) error {
			fmt.Println("slow work on", e.Data.Branch())
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, webhooktest.GitHub("a-secret").WithEvent("push").Request([]byte(`{"ref":"refs/heads/main"}`)))
		fmt.Println(w.Code)
	}
	fmt.Println(handler.Dispatch(context.Background(), queue[0])) // the worker
	// Output:
	// 200
	// 503
	// slow work on main
	// <nil>
}

// Without a handler: read, verify, and do the rest oneself.
func ExampleVerifyHTTP() {
	scheme, err := webhook.GitHub(secret.Static("a-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	endpoint := func(w http.ResponseWriter, r *http.Request) {
		req, receipt, err := webhook.VerifyHTTP(scheme, r)
		switch {
		case webhook.Undecidable(err):
			http.Error(w, "try again later", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		default:
			fmt.Println(receipt.Provider, receipt.Scheme, receipt.KeyID, len(req.Body), "bytes")
		}
	}
	endpoint(httptest.NewRecorder(), webhooktest.GitHub("a-secret").Request([]byte(`{}`)))
	w := httptest.NewRecorder()
	endpoint(w, webhooktest.GitHub("another").Request([]byte(`{}`)))
	fmt.Println(w.Code)
	// Output:
	// github sha256 key 1 2 bytes
	// 401
}
