package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// One Client per service and credential makes every call to it.
func Example() {
	srv := clienttest.Start(clienttest.MustParse(`200 {"id":"cus_1"}`)...)
	defer srv.Close()
	type customer struct{ ID, Email string }

	c, err := client.New(srv.URL, // "https://api.example.com"
		client.WithAuth(client.Bearer(secret.Static("sk_example")))) // secret.Env("EXAMPLE_API_KEY")
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := client.Post[customer](context.Background(), c, "/v1/customers", customer{Email: "a@example.com"})
	fmt.Println(made.ID, err)
	// Output: cus_1 <nil>
}

func ExampleCall() {
	// A service that throttles, then fails, then answers.
	srv := clienttest.Start(clienttest.MustParse(`429 Retry-After=0.01, 503, 200 {"id":"cus_1"}`)...)
	defer srv.Close()

	c, err := client.New(srv.URL,
		client.WithAuth(client.Bearer(secret.Static("sk_example"))),
		client.WithIdempotencyHeader("Idempotency-Key"),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	if err != nil {
		fmt.Println(err)
		return
	}
	type customer struct{ ID string }
	made, err := client.Call[customer](context.Background(), c, client.Request{
		Method: "POST", Path: "/v1/customers", Body: map[string]string{"email": "a@example.com"},
	})
	fmt.Println(made.ID, err)

	keys := map[string]bool{}
	for _, r := range srv.Requests() {
		keys[r.Header.Get("Idempotency-Key")] = true
	}
	fmt.Println(srv.Count(), "requests,", len(keys), "idempotency key")
	// Output:
	// cus_1 <nil>
	// 3 requests, 1 idempotency key
}

func ExampleError() {
	srv := clienttest.Start(clienttest.JSON(402, `{"error":{"code":"card_declined","message":"Your card was declined."}}`).Header("Request-Id", "req_1"))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Post[client.None](context.Background(), c, "/v1/charges", map[string]int{"amount": 100})

	var e *client.Error
	switch {
	case errors.Is(err, client.ErrRateLimited):
		fmt.Println("later:", err)
	case errors.As(err, &e):
		fmt.Println(e.Status, e.Code, e.RequestID, e.Effect)
	}
	// Output: 402 card_declined req_1 rejected
}

// The ledger says what was tried, and why it was not tried again: this write
// may have happened, and nothing tells the service that a second one is a copy.
func ExampleAttempt() {
	srv := clienttest.Start(clienttest.Status(503))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	var meta client.Meta
	_, err = client.Call[client.None](context.Background(), c, client.Request{Method: "POST", Path: "/orders", Meta: &meta})
	fmt.Println(errors.Is(err, client.ErrUnavailable))
	for _, a := range meta.Attempts {
		fmt.Println(a.Number, a.Status, a.Reason.Text())
	}
	// Output:
	// true
	// 1 503 not retried: the method is not idempotent, and there is no idempotency key that the service supports
}

func ExamplePages() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"items":["a","b"],"next":"2"}`),
		clienttest.JSON(200, `{"items":["c"]}`))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	type list struct {
		Items []string
		Next  string
	}
	first := client.Request{Path: "/items", Query: url.Values{"limit": {"2"}}}
	for page, err := range client.Pages(context.Background(), c, first, client.NextCursor("page", func(l list) string { return l.Next })) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(page.Items)
	}
	fmt.Println(srv.Last().URL)
	// Output:
	// [a b]
	// [c]
	// /items?limit=2&page=2
}

func ExampleEvents() {
	srv := clienttest.Start(clienttest.Status(200).Header("Content-Type", "text/event-stream").
		Body("data: hello\n\nevent: usage\ndata: 2 tokens\n\ndata: [DONE]\n\n"))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for ev, err := range client.Events(context.Background(), c, client.Request{Path: "/stream"}) {
		if err != nil {
			fmt.Println(err)
			break
		}
		if string(ev.Data) == "[DONE]" {
			break
		}
		fmt.Printf("%q %s\n", ev.Type, ev.Data)
	}
	// Output:
	// "" hello
	// "usage" 2 tokens
}

// An official SDK takes the whole stack as its http.Client.
func ExampleClient_HTTPClient() {
	srv := clienttest.Start(clienttest.MustParse(`503, 200 {}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL,
		client.WithAuth(client.Bearer(secret.Static("sk_example"))),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	if err != nil {
		fmt.Println(err)
		return
	}
	sdk := c.HTTPClient() // sdk.New(key, sdk.WithHTTPClient(c.HTTPClient()), sdk.WithMaxRetries(0))

	var ledger client.Ledger
	req, err := http.NewRequestWithContext(client.WithLedger(context.Background(), &ledger), http.MethodGet, srv.URL+"/v1/items", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := sdk.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, "after", len(ledger.Attempts()), "attempts, sent with", srv.Last().Header.Get("Authorization"))
	// Output: 200 after 2 attempts, sent with Bearer sk_example
}

// Middleware has the standard library's shape, so that OpenTelemetry's goes in
// by one line and makes a span of each attempt:
//
//	client.WithAttemptMiddleware(func(rt http.RoundTripper) http.RoundTripper { return otelhttp.NewTransport(rt) })
func ExampleWithAttemptMiddleware() {
	srv := clienttest.Start(clienttest.MustParse(`503, 200 {}`)...)
	defer srv.Close()
	trace := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(req)
			if err == nil {
				// No middleware sees the credential: auth runs below it.
				fmt.Printf("%s %s %d %q\n", req.Method, req.URL.Path, res.StatusCode, req.Header.Get("Authorization"))
			}
			return res, err
		})
	}
	c, err := client.New(srv.URL,
		client.WithAuth(client.Bearer(secret.Static("sk_example"))),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}),
		client.WithAttemptMiddleware(trace))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Get[client.None](context.Background(), c, "/v1/items")
	fmt.Println(err)
	// Output:
	// GET /v1/items 503 ""
	// GET /v1/items 200 ""
	// <nil>
}
