package webhook_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// A verifier is a pure function, so that it works on what a queue or AWS Lambda
// hands over. Make the header with Add, so that repeated headers stay repeated.
func ExampleScheme_Verify() {
	scheme, err := webhook.Stripe(secret.Static("whsec_example"))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid"}`)
	signed := webhooktest.Stripe("whsec_example").Request(body)

	r := &webhook.Request{Header: http.Header{}, Body: body, ReceivedAt: time.Now()}
	r.Header.Add("Stripe-Signature", signed.Header.Get("Stripe-Signature"))
	receipt, err := scheme.Verify(context.Background(), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	events, err := scheme.Split(r, receipt)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.Provider, receipt.Scheme, receipt.KeyID)
	fmt.Println(events[0].ID, events[0].Type)
	// Output:
	// stripe v1 key 1
	// evt_1 invoice.paid
}

// During a rotation the new secret stands before the old one; both verify.
func ExampleGitHub() {
	scheme, err := webhook.GitHub(secret.Static("new-secret", "old-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"zen":"Keep it logically awesome."}`)
	for _, key := range []string{"new-secret", "old-secret", "another"} {
		r := webhooktest.GitHub(key).WithEvent("ping").Request(body)
		receipt, err := scheme.Verify(context.Background(), webhook.FromHTTP(r, body))
		fmt.Println(receipt.KeyID, receipt.EventType, receipt.EventTypeSigned, errors.Is(err, webhook.ErrMismatch))
	}
	// Output:
	// key 1 ping false false
	// key 2 ping false false
	//   false true
}

// A service that is not listed is a description away.
func ExampleHMAC() {
	scheme, err := webhook.HMAC(webhook.HMACConfig{
		Provider: "acme",
		Layout: webhook.Layout{
			SignatureHeader: "Acme-Signature",
			Prefix:          "v1=",
			TimestampHeader: "Acme-Timestamp",
			Signed:          "{timestamp}.{body}",
		},
	}, secret.Static("acme-secret"), webhook.WithClock(func() time.Time { return time.Unix(1750861210, 0) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &webhook.Request{Header: http.Header{}, Body: []byte("{}")}
	r.Header.Set("Acme-Timestamp", "1750861210")
	r.Header.Set("Acme-Signature", "v1=62a0f4a33a19b66e0a7ac0b97a18e4d3cd2a91b0b3f3e5e0b8f1a6b6b0a0c0de")
	_, err = scheme.Verify(context.Background(), r)
	fmt.Println(err)
	r.Header.Set("Acme-Signature", "v1="+hexMAC("acme-secret", "1750861210.{}"))
	receipt, err := scheme.Verify(context.Background(), r)
	fmt.Println(receipt.Scheme, receipt.SignedAt, err)
	// Output:
	// webhook: acme: signature does not match (hint: each endpoint has a secret of its own: check that this is the one of this endpoint, and that no middleware changes the body)
	// hmac-sha256 2025-06-25 14:20:10 +0000 UTC <nil>
}

// Some services ask whether the endpoint is yours before they send anything.
func ExampleScheme_Challenge() {
	scheme, err := webhook.X(secret.Static("consumer-secret"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := webhooktest.XChallenge("https://example.com/hooks/x", "challenge_string")
	answer, ok, err := scheme.Challenge(context.Background(), webhook.FromHTTP(r, nil))
	fmt.Println(ok, err, answer.Status)
	fmt.Println(string(answer.Body))
	// Output:
	// true <nil> 200
	// {"response_token":"sha256=S/mG8E9n5SjoGuCqHguvP8K8uuu5ogCPF0dOpIdyZlk="}
}

// An error says inside what was wrong; to the outside all refusals look alike.
func ExampleUndecidable() {
	vault := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errors.New("vault sealed") })
	scheme, err := webhook.GitHub(vault)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := webhooktest.GitHub("any").Request([]byte("{}"))
	_, err = scheme.Verify(context.Background(), webhook.FromHTTP(r, []byte("{}")))
	fmt.Println(err)
	fmt.Println("answer 503:", webhook.Undecidable(err))
	// Output:
	// webhook: github: cannot verify at the moment: secret source: vault sealed
	// answer 503: true
}

// A service that signs nothing, and puts a token into the form that it sends.
func ExampleNewScheme() {
	verify := func(_ context.Context, r *webhook.Request) (webhook.Receipt, error) {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return webhook.Receipt{}, webhook.ErrMalformed
		}
		if subtle.ConstantTimeCompare([]byte(form.Get("token")), []byte("a-shared-token")) != 1 {
			return webhook.Receipt{}, webhook.ErrMismatch
		}
		return webhook.Receipt{EventType: form.Get("kind")}, nil // neither is signed
	}
	scheme, err := webhook.NewScheme("acme", verify)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.NewHandler(scheme, quiet,
		webhook.On("donation", func(_ context.Context, e webhook.Event[url.Values]) error {
			fmt.Println("thank you,", e.Data.Get("from"))
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{"a-shared-token", "guessed"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("POST", "/hooks/acme", strings.NewReader("kind=donation&from=Ada&token="+token)))
		fmt.Println(w.Code)
	}
	// Output:
	// thank you, Ada
	// 200
	// 401
}
