package client_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

// Most callers branch on a few sentinels and log the rest: the text names the
// call, what the service said and whether a write may have happened, and holds
// no secret.
func ExampleError_sentinels() {
	srv := clienttest.Start(
		clienttest.JSON(404, `{"message":"no such customer"}`),
		clienttest.Status(429).Header("Retry-After", "3600"))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		_, err = client.Get[client.None](context.Background(), c, "/v1/customers/cus_1")
		switch {
		case errors.Is(err, client.ErrNotFound):
			fmt.Println("gone:", err)
		case errors.Is(err, client.ErrRateLimited):
			var e *client.Error
			fmt.Println("later:", errors.As(err, &e) && !e.RetryAt.IsZero(), e.Attempts[0].Reason)
		}
	}
	// Output:
	// gone: GET /v1/customers/cus_1: 404 Not Found "no such customer"
	// later: true wait_too_long
}

// A ledger in the context sees every attempt beneath it, also of an SDK.
func ExampleWithLedger() {
	srv := clienttest.Start(clienttest.MustParse(`429 Retry-After=0.01, 200 {}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	var ledger client.Ledger
	ctx := client.WithLedger(context.Background(), &ledger)
	_, err = client.Get[client.None](ctx, c, "/v1/items")
	fmt.Println(err)
	for _, a := range ledger.Attempts() {
		fmt.Println(a.Number, a.Status, a.Reason)
	}
	// Output:
	// <nil>
	// 1 429 retried
	// 2 200 succeeded
}

// A key that is your own, an order's number say, makes the call safe to repeat
// after a restart too.
func ExampleWithIdempotencyHeader() {
	srv := clienttest.Start(clienttest.MustParse(`reset, 200 {"id":"ch_1"}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithIdempotencyHeader("Idempotency-Key"))
	if err != nil {
		fmt.Println(err)
		return
	}
	charge, err := client.Call[struct{ ID string }](context.Background(), c, client.Request{
		Method: "POST", Path: "/v1/charges", Body: map[string]int{"amount": 100}, IdempotencyKey: "order-17",
	})
	fmt.Println(charge.ID, err)
	for _, r := range srv.Requests() {
		fmt.Println(r.Method, r.Header.Get("Idempotency-Key"))
	}
	// Output:
	// ch_1 <nil>
	// POST order-17
	// POST order-17
}

// A limit holds for every attempt. A call whose turn would come after its
// deadline is refused at once.
func ExampleWithRateLimit() {
	srv := clienttest.Start(clienttest.JSON(200, `{}`))
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithTimeout(10*time.Second),
		client.WithRateLimit(ratelimit.All(ratelimit.PerSecond(1000), ratelimit.PerMinute(1))))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		_, err = client.Get[client.None](context.Background(), c, "/v1/items")
		fmt.Println(errors.Is(err, client.ErrRateLimited), errors.Is(err, ratelimit.ErrDeadline))
	}
	fmt.Println(srv.Count(), "request")
	// Output:
	// false false
	// true true
	// 1 request
}

// Middleware of the call runs once, outside the retries.
func ExampleWithCallMiddleware() {
	srv := clienttest.Start(clienttest.MustParse(`429 Retry-After=0.01, 200 {}`)...)
	defer srv.Close()
	tenant := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Header.Set("X-Tenant", "t_1")
			fmt.Println("call", req.URL.Path)
			return next.RoundTrip(req)
		})
	}
	c, err := client.New(srv.URL, client.WithCallMiddleware(tenant))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Get[client.None](context.Background(), c, "/v1/items")
	fmt.Println(err, srv.Count(), "attempts, tenant", srv.Last().Header.Get("X-Tenant"))
	// Output:
	// call /v1/items
	// <nil> 2 attempts, tenant t_1
}

// A file is streamed, and opened again for a retry: nothing is buffered.
func ExampleMultipart() {
	srv := clienttest.Start(clienttest.MustParse(`429 Retry-After=0.01, 200 {"id":"file_1"}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened := 0
	file, err := client.Post[struct{ ID string }](context.Background(), c, "/v1/files", client.Multipart(
		client.Part{Name: "purpose", Value: "dispute_evidence"},
		client.Part{Name: "file", FileName: "scan.pdf", ContentType: "application/pdf", Open: func() (io.ReadCloser, error) {
			opened++ // os.Open("scan.pdf") in a program
			return io.NopCloser(strings.NewReader("%PDF-1.7 …")), nil
		}},
	))
	fmt.Println(file.ID, err, "opened", opened, "times")
	fmt.Println(strings.Contains(string(srv.Last().Body), `filename="scan.pdf"`))
	// Output:
	// file_1 <nil> opened 2 times
	// true
}

// Do hands the body over unread, for a download of any size.
func ExampleClient_Do() {
	srv := clienttest.Start(clienttest.Text(200, "line 1\nline 2\n"))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := c.Do(context.Background(), client.Request{Path: "/export.csv", MaxBody: 1 << 30})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	n, err := io.Copy(os.Stdout, resp.Body)
	fmt.Println(n, "bytes,", err)
	// Output:
	// line 1
	// line 2
	// 14 bytes, <nil>
}

// A GitHub App signs a token of its own for each stretch of nine minutes.
func ExampleGitHubApp() {
	private, err := rsa.GenerateKey(rand.Reader, 2048) // GitHub hands one out as a file: secret.File("app.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})

	srv := clienttest.Start(clienttest.JSON(200, `{"slug":"my-app"}`))
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithAuth(client.GitHubApp("Iv1.0123456789abcdef", secret.Static(string(file)))))
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := client.Get[struct{ Slug string }](context.Background(), c, "/app")
	fmt.Println(app.Slug, err)

	token := strings.Split(strings.TrimPrefix(srv.Last().Header.Get("Authorization"), "Bearer "), ".")
	var claims struct {
		Iss      string
		Iat, Exp int64
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token[1])
	_ = json.Unmarshal(raw, &claims)
	fmt.Println(claims.Iss, claims.Exp-claims.Iat, "seconds")
	// Output:
	// my-app <nil>
	// Iv1.0123456789abcdef 600 seconds
}
