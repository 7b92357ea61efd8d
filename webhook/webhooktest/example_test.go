package webhooktest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// A handler is tested with deliveries that are genuine, too old and a stranger's.
func Example() {
	scheme, err := webhook.Stripe(secret.Static("whsec_test"))
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.NewHandler(scheme,
		webhook.On("invoice.paid", func(_ context.Context, e webhook.Event[struct{}]) error {
			fmt.Println("paid:", e.ID)
			return nil
		}),
		webhook.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid"}`)
	genuine := webhooktest.Stripe("whsec_test")
	for _, req := range []*http.Request{
		genuine.Request(body),
		genuine.At(time.Now().Add(-time.Hour)).Request(body),
		webhooktest.Stripe("whsec_other").Request(body),
	} {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		fmt.Println(rec.Code)
	}
	// Output:
	// paid: evt_1
	// 200
	// 401
	// 401
}

func ExampleStripe() {
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid"}`)
	req := webhooktest.Stripe("whsec_test").At(time.Unix(1750861210, 0)).Request(body)
	fmt.Println(req.Header.Get("Stripe-Signature"))
	// Output: t=1750861210,v1=e174a3b20f2d0507b66a6a6520e3cc4d565afac98b9a2b7f2024081c5f483a50
}

func ExampleSigner_WithEvent() {
	req := webhooktest.GitHub("secret").WithEvent("push").Request([]byte(`{"ref":"refs/heads/main"}`))
	fmt.Println(req.Method, req.URL, req.Header.Get("X-GitHub-Event"))
	// Output: POST https://example.com/webhooks/github push
}

func ExampleXChallengeAnswer() {
	fmt.Println(webhooktest.XChallengeAnswer("Convoy", "uzwcfYtzr9"))
	// Output: sha256=HXvxTdsfShG6k2zC9NVANwFquJBdOugRYHax2vNiiOo=
}

// Hooks that carry a token are tested with a key server that needs no network.
func ExampleNewKeyServer() {
	keys := webhooktest.NewKeyServer()
	scheme, err := webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: "push@my-project.iam.gserviceaccount.com"}, webhook.WithHTTPClient(keys.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"message":{"data":"SGVsbG8=","messageId":"1"}}`)
	req := webhooktest.PubSub(keys, "https://example.com/push", "push@my-project.iam.gserviceaccount.com").Request(body)
	receipt, err := scheme.Verify(req.Context(), webhook.FromHTTP(req, body))
	fmt.Println(receipt.Provider, err)
	// Output: google-pubsub <nil>
}
