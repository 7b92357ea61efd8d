package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
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
func demo(ctx context.Context, p *printer, base string) error {
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
		p.mu.Lock()
		p.fails = s.fails
		p.mu.Unlock()
		p.headline("%s", s.what)
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
		p.printf("answered %d", res.StatusCode)
		if res.StatusCode != s.want {
			return fmt.Errorf("%s: answered %d, want %d", s.what, res.StatusCode, s.want)
		}
	}
	return nil
}

// printer stands for the application behind the webhooks: it prints what it is asked to
// do.
type printer struct {
	mu     sync.Mutex
	out    io.Writer
	prefix string // of each line
	fails  int    // so many orders cannot be fulfilled at first
}

func (p *printer) Fulfil(_ context.Context, order string, amount int64, currency string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails > 0 {
		p.fails--
		return errors.New("the order database is away")
	}
	fmt.Fprintf(p.out, p.prefix+"    order %s is paid: %s\n", order, money(amount, currency))
	return nil
}

// money writes an amount of the currency's smallest unit. For most that is a hundredth;
// ISK and UGX are told in hundredths too, though they have none ("Supported currencies",
// Stripe docs).
func money(amount int64, currency string) string {
	decimals := 2
	switch strings.ToLower(currency) {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		decimals = 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		decimals = 3
	}
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	digits := fmt.Sprintf("%0*d", decimals+1, amount)
	if at := len(digits) - decimals; decimals > 0 {
		digits = digits[:at] + "." + digits[at:]
	}
	return sign + digits + " " + currency
}

func (p *printer) SubscriptionChanged(_ context.Context, id, status string, paidUntil time.Time) error {
	p.printf("subscription %s is %s until %s", id, status, paidUntil.Format(time.DateOnly))
	return nil
}

func (p *printer) Pushed(_ context.Context, repository, branch, by string, commits int) error {
	p.printf("%s pushed %d commit(s) to %s of %s", by, commits, branch, repository)
	return nil
}

func (p *printer) StopWriting(_ context.Context, addresses []string, reason string) error {
	p.printf("stop writing to %s: %s", strings.Join(addresses, ", "), reason)
	return nil
}

func (p *printer) printf(format string, args ...any) { p.headline("    "+format, args...) }

// headline prints what the lines after it are about.
func (p *printer) headline(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, p.prefix+format+"\n", args...)
}

// log is what the endpoints log to.
func (p *printer) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{p}, &slog.HandlerOptions{ReplaceAttr: terse}))
}

// logWriter puts log lines where they belong in the demonstration.
type logWriter struct{ *printer }

func (w logWriter) Write(line []byte) (int, error) {
	w.printf("log: %s", bytes.TrimRight(line, "\n"))
	return len(line), nil
}

// terse leaves out of a log line what changes from run to run.
func terse(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.TimeKey || attr.Key == "endpoint" || attr.Key == "skew_seconds" {
		return slog.Attr{}
	}
	return attr
}
