package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// print shows one delivery and what became of it.
func (l *listener) print(ctx context.Context, d *dump, at time.Time, file string, a *answer, forwardErr error) {
	var b bytes.Buffer
	out := streams{out: &b, err: l.err}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	fmt.Fprintf(&b, "\n#%d %s %s %s, %d bytes\n", l.n, at.Format(time.TimeOnly), d.method, redact.URL(d.url), len(d.body))
	for _, name := range sortedNames(d.header) {
		for _, v := range d.header[name] {
			fmt.Fprintf(&b, "  %s: %s\n", name, shown(name, v))
		}
	}
	printBody(&b, d.body)
	if l.scheme != nil {
		_ = verifyDump(ctx, out, l.scheme, d, at) // what it says is printed
	}
	if file != "" {
		fmt.Fprintln(&b, "stored:", file)
	}
	switch {
	case forwardErr != nil:
		fmt.Fprintln(&b, "forwarding failed:", forwardErr)
	case a != nil:
		fmt.Fprint(&b, "forwarded: ")
		a.print(out, nil)
	}
	_, _ = l.out.Write(b.Bytes()) // a closed terminal is no reason to refuse deliveries
}

// open are the header fields whose values are worth seeing and open no door: a
// signature is good for its own body only.
var open = map[string]bool{
	"Stripe-Signature": true, "Paddle-Signature": true,
	"Svix-Id": true, "Svix-Timestamp": true, "Svix-Signature": true,
	"Webhook-Id": true, "Webhook-Timestamp": true, "Webhook-Signature": true,
	"X-Hub-Signature": true, "X-Hub-Signature-256": true, "X-Github-Event": true, "X-Github-Delivery": true, "X-Github-Hook-Id": true,
	"X-Slack-Signature": true, "X-Slack-Request-Timestamp": true, "X-Slack-Retry-Num": true, "X-Slack-Retry-Reason": true,
	"X-Shopify-Hmac-Sha256": true, "X-Shopify-Topic": true, "X-Shopify-Webhook-Id": true, "X-Shopify-Event-Id": true,
	"X-Shopify-Shop-Domain": true, "X-Shopify-Api-Version": true, "X-Shopify-Triggered-At": true,
	"Shopify-Hmac-Sha256": true, "Shopify-Topic": true, "Shopify-Webhook-Id": true, "Shopify-Event-Id": true,
	"Shopify-Shop-Domain": true, "Shopify-Api-Version": true, "Shopify-Triggered-At": true,
	"X-Twilio-Signature": true, "I-Twilio-Idempotency-Token": true,
	"X-Twilio-Email-Event-Webhook-Signature": true, "X-Twilio-Email-Event-Webhook-Timestamp": true,
	"Sentry-Hook-Signature": true, "Sentry-Hook-Resource": true, "Sentry-Hook-Timestamp": true, "Sentry-App-Signature": true,
	"X-Twitter-Webhooks-Signature": true, "X-Twitter-Webhooks-Signature-Oauth2": true,
	"X-Amz-Sns-Message-Type": true, "X-Amz-Sns-Message-Id": true, "X-Amz-Sns-Topic-Arn": true, "X-Amz-Sns-Subscription-Arn": true,
	"X-Goog-Channel-Id": true, "X-Goog-Message-Number": true, "X-Goog-Resource-Id": true, "X-Goog-Resource-State": true,
	"X-Goog-Resource-Uri": true, "X-Goog-Channel-Expiration": true, "X-Goog-Pubsub-Message-Id": true,
}

// shown is a header field's value as it is printed.
func shown(name, value string) string {
	if !open[name] {
		value = redact.Header(http.Header{name: {value}}).Get(name)
	}
	return printable(value)
}

// printBody shows JSON indented and other text as it is.
func printBody(w io.Writer, body []byte) {
	if len(body) == 0 {
		return
	}
	if pretty := indented("  ")(body); pretty != nil {
		body = pretty
	} else if !utf8.Valid(body) {
		fmt.Fprintf(w, "  (%d bytes that are not text)\n", len(body))
		return
	}
	cut := len(body) > maxAnswer
	if cut {
		body = bytes.ToValidUTF8(body[:maxAnswer], nil)
	}
	for line := range strings.Lines(string(body)) {
		fmt.Fprintln(w, " ", printable(strings.TrimRight(line, "\r\n")))
	}
	if cut {
		fmt.Fprintf(w, "  … (more than %d bytes)\n", maxAnswer)
	}
}

// printable keeps what strangers send from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '\ufffd'
		}
		return r
	}, s)
}
