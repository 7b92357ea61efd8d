package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
	"github.com/stretchr/testify/require"
)

func TestDemonstrationShowsWhatItSays(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("STRIPE_WEBHOOK_SECRET", "a secret that the demonstration leaves alone")
	require.NoError(t, run(t.Context(), &out, ""))
	for line := range strings.Lines(out.String()) {
		require.True(t, strings.HasPrefix(line, "DEMO "), line)
	}
	said := strings.ReplaceAll(out.String(), "DEMO ", "")
	for _, want := range []string{
		"Stripe: a payment\n    order 6735 is paid: 20.00 eur\n    answered 200\n",
		"not run twice\n    log: level=INFO msg=\"webhook event was handled before\"",
		"the order database is away\"\n    answered 500\n",
		"after a 500\n    order 6735 is paid: 20.00 eur\n    answered 200\n",
		"subscription sub_1 is canceled until 2025-11-08\n",
		"nobody knows yet\n    answered 200\n",
		"signature does not match",
		"octocat pushed 1 commit(s) to main of octocat/hello\n",
		"may be a replay: payload or identifier seen before in another combination\" provider=github type=push event_id=00000000-0000-4000-8000-000000000000\n    answered 200\n",
		"X-Hub-Signature-256 is one of github",
		"stop writing to gone@example.com: mailbox unavailable\n    answered 200\n",
	} {
		require.Contains(t, said, want)
	}
	require.Regexp(t, `it was signed 36\d\d s before`, said, "an hour, and what this machine takes")
	for _, secret := range []string{demoStripe, demoGitHub, demoResend} {
		require.NotContains(t, out.String(), secret)
	}
}

func TestListenTakesMoreUntilInterrupted(t *testing.T) {
	t.Setenv("GITHUB_WEBHOOK_SECRET", "a secret of one's own")
	ctx, interrupt := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, w, "127.0.0.1:0")
		_ = w.Close()
	}()
	lines := bufio.NewScanner(r)
	var base string
	for base == "" && lines.Scan() {
		if m := regexp.MustCompile(`waiting for deliveries at (http://\S+)/hooks/github;`).FindStringSubmatch(lines.Text()); m != nil {
			base = m[1]
		}
	}
	require.NotEmpty(t, base)
	answer := make(chan int, 1)
	send := func(signer *webhooktest.Signer, body string) {
		go func() { answer <- deliver(t, signer, body) }()
	}
	send(webhooktest.Stripe(demoStripe).WithURL(base+"/hooks/stripe"), paymentBody)
	require.Equal(t, 404, <-answer)
	send(webhooktest.GitHub(demoGitHub).WithEvent("push").WithURL(base+"/hooks/github"), pushBody)
	require.True(t, lines.Scan())
	require.Contains(t, lines.Text(), "signature does not match")
	require.Equal(t, 401, <-answer)
	send(webhooktest.GitHub("a secret of one's own").WithEvent("push").WithURL(base+"/hooks/github"), pushBody)
	require.True(t, lines.Scan())
	require.Equal(t, "    octocat pushed 1 commit(s) to main of octocat/hello", lines.Text())
	require.Equal(t, 200, <-answer)
	interrupt()
	for lines.Scan() { // until the pipe is closed
	}
	require.NoError(t, <-done)
}

// deliver returns the status of the answer, 0 if there was none.
func deliver(t *testing.T, signer *webhooktest.Signer, body string) int {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Do(signer.Request([]byte(body)))
	if err != nil {
		t.Log(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// A forged payment signed with what everybody can read is taken nowhere.
func TestListenNeverUsesThePublishedSecrets(t *testing.T) {
	for name, demo := range map[string]string{"STRIPE_WEBHOOK_SECRET": demoStripe, "GITHUB_WEBHOOK_SECRET": demoGitHub, "RESEND_WEBHOOK_SECRET": demoResend} {
		t.Setenv(name, "")
		require.ErrorContains(t, run(t.Context(), io.Discard, "127.0.0.1:0"), "set STRIPE_WEBHOOK_SECRET")
		t.Setenv(name, demo)
		err := run(t.Context(), io.Discard, "127.0.0.1:0")
		require.ErrorContains(t, err, name+" is a secret of the demonstration")
		require.NotContains(t, err.Error(), demo)
		t.Setenv(name, "  ")
		require.Error(t, run(t.Context(), io.Discard, "127.0.0.1:0"), "a blank secret is none")
		t.Setenv(name, "")
	}
}

func TestListenAddressThatIsTaken(t *testing.T) {
	t.Setenv("GITHUB_WEBHOOK_SECRET", "a secret of one's own")
	require.Error(t, run(t.Context(), io.Discard, "256.0.0.1:1"))
}

// P3: an amount is in the currency's smallest unit, which is not a hundredth everywhere.
func TestP3_AmountsAreThoseOfTheCurrency(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]struct {
		amount   int64
		currency string
	}{
		"20.00 eur": {2000, "eur"}, "0.05 usd": {5, "usd"}, "-20.05 eur": {-2005, "eur"}, "2000 jpy": {2000, "jpy"}, "2.000 kwd": {2000, "kwd"},
		"0.005 BHD": {5, "BHD"}, "2000 KRW": {2000, "KRW"}, "20.00 isk": {2000, "isk"}, "20.00 ugx": {2000, "ugx"},
	} {
		require.Equal(t, want, money(of.amount, of.currency))
	}
}
