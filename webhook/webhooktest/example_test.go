package webhooktest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func ExampleStripe() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Stripe-Signature")) // a real one verifies it
	})
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid"}`)

	req := webhooktest.Stripe("whsec_test").At(time.Unix(1750861210, 0)).Request(body)
	handler.ServeHTTP(httptest.NewRecorder(), req)
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
