package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// The secrets of the demonstration, which everybody can read: they verify only
// what it sends to itself. A service shows the real one when the endpoint is
// created there.
const (
	demoStripe = "whsec_demo0123456789abcdefghijklmn"
	demoGitHub = "demo-github-secret"
	demoResend = "whsec_ZGVtby1yZXNlbmQtc2VjcmV0LTAxMjM0NTY3"
)

const (
	paymentBody = `{"id":"%s","object":"event","api_version":"2023-10-16","created":1760000000,"type":"payment_intent.succeeded",` +
		`"data":{"object":{"id":"pi_1","object":"payment_intent","amount_received":2000,"currency":"eur","status":"succeeded","metadata":{"order_id":"6735"}}}}`
	subscriptionBody = `{"id":"evt_3","object":"event","api_version":"2025-09-30.clover","created":1760000000,"type":"customer.subscription.deleted",` +
		`"data":{"object":{"id":"sub_1","object":"subscription","status":"canceled","items":{"data":[{"current_period_end":1762592000}]}}}}`
	unknownBody = `{"id":"evt_4","object":"event","type":"invented.tomorrow","data":{"object":{}}}`
	pushBody    = `{"ref":"refs/heads/main","commits":[{"id":"6113728f"}],"pusher":{"name":"octocat"},"repository":{"full_name":"octocat/hello"}}`
	bounceBody  = `{"type":"email.bounced","created_at":"2026-01-02T03:04:05Z","data":{"email_id":"em_1","to":["gone@example.com"],"bounce":{"type":"Permanent","message":"mailbox unavailable"}}}`
)

// demo plays the providers: it signs as they do, sends to base, and says what
// came back.
func demo(ctx context.Context, a *app, base string) error {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	stripe := webhooktest.Stripe(demoStripe).WithURL(base + "/hooks/stripe")
	github := webhooktest.GitHub(demoGitHub).WithURL(base + "/hooks/github").WithEvent("push")
	resend := webhooktest.Resend(demoResend).WithURL(base + "/hooks/resend")
	first, second := []byte(fmt.Sprintf(paymentBody, "evt_1")), []byte(fmt.Sprintf(paymentBody, "evt_2"))

	for _, s := range []struct {
		what   string
		signer *webhooktest.Signer
		body   []byte
		fails  int
		want   int
	}{
		{"Stripe: a payment", stripe, first, 0, 200},
		{"Stripe: the same payment again, not run twice", stripe, first, 0, 200},
		{"Stripe: a payment while the database is away", stripe, second, 1, 500},
		{"Stripe: sent again, as Stripe does after a 500", stripe, second, 0, 200},
		{"Stripe: a subscription, in a newer API version", stripe, []byte(subscriptionBody), 0, 200},
		{"Stripe: an event type nobody knows yet", stripe, []byte(unknownBody), 0, 200},
		{"a forgery, signed with another secret", webhooktest.Stripe("whsec_another").WithURL(base + "/hooks/stripe"), first, 0, 401},
		{"a capture, sent again an hour later", stripe.At(time.Now().Add(-time.Hour)), first, 0, 401},
		{"GitHub: a push", github, []byte(pushBody), 0, 200},
		{"GitHub: its replay under another identifier", github.WithID("00000000-0000-4000-8000-000000000000"), []byte(pushBody), 0, 200},
		{"GitHub's delivery at Stripe's endpoint", github.WithURL(base + "/hooks/stripe"), []byte(pushBody), 0, 401},
		{"Resend: a bounce", resend, []byte(bounceBody), 0, 200},
	} {
		a.mu.Lock()
		a.fails = s.fails
		a.mu.Unlock()
		a.headline("%s", s.what)
		req, err := s.signer.NewRequest(ctx, s.body)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		a.printf("answered %d", res.StatusCode)
		if res.StatusCode != s.want {
			return fmt.Errorf("%s: answered %d, want %d", s.what, res.StatusCode, s.want)
		}
	}
	return nil
}
