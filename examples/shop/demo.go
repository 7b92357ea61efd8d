package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
	"github.com/standpipe-go/standpipe/providers/stripe/stripetest"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// world is everything around the shop.
type world struct {
	users  *sessiontest.Issuer
	stripe *stripetest.Server
	resend *resendtest.Server
	s3     *s3test.Server
	sentry *sentrytest.Server
}

// process is a shop that runs.
type process struct {
	http.Handler // reaches it
	url          string
	cmd          *exec.Cmd
	stdin        io.Closer
}

// start starts the shop, which dies with its first mail if it is to.
func (w *world) start(dies string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SHOP_DIES="+dies, "SHOP_JWKS="+string(w.users.JWKS()), "SHOP_SENTRY="+w.sentry.DSN(), "SHOP_S3="+w.s3.URL,
		"SHOP_STRIPE="+w.stripe.URL, "SHOP_STRIPE_KEY="+w.stripe.Key(), "SHOP_RESEND="+w.resend.URL, "SHOP_RESEND_KEY="+w.resend.Key())
	cmd.Stderr = os.Stderr
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	p.url = strings.TrimSpace(line)
	to, parseErr := url.Parse(p.url)
	if err := errors.Join(err, parseErr); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport, proxy.ErrorLog = &http.Transport{DisableKeepAlives: true}, log.New(io.Discard, "", 0)
	p.Handler = proxy
	return p, nil
}

func (p *process) stop() error { return errors.Join(p.stdin.Close(), p.cmd.Wait()) }

// run plays everybody but the shop.
func run(ctx context.Context, out io.Writer) error {
	w := &world{sessiontest.New(), stripetest.Start(), resendtest.Start(), s3test.Start(), sentrytest.Start()}
	defer w.stripe.Close()
	defer w.resend.Close()
	defer w.s3.Close()
	defer w.sentry.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	say := func(text string, args ...any) { fmt.Fprintf(out, text+"\n", args...) }

	shop, err := w.start("with the first mail")
	if err != nil {
		return err
	}
	defer func() { _ = shop.stop() }()
	say("A user signs in, and presses the button twice:")
	var page string
	for range 2 {
		if page, err = w.press(ctx, shop); err != nil {
			return err
		}
		say("    the shop leads to %s", page)
	}
	say("The user pays. S3 refuses the receipt, so Stripe's event is not acknowledged:")
	w.s3.Inject(s3test.Fault{Operation: "PutObject", Code: "AccessDenied"})
	if err := w.stripe.CompleteCheckout(path.Base(page)); err != nil {
		return err
	}
	say("    %v", w.stripe.Deliver(shop, stripeHook))
	for len(w.sentry.Events()) == 0 && ctx.Err() == nil { // Stripe waits longer
		time.Sleep(10 * time.Millisecond)
	}
	for _, report := range w.sentry.Events() {
		say("    Sentry is told: %s, %s", report.Message, report.Contexts["log"])
	}
	say("Stripe delivers it again. The shop is killed when the mail is out:")
	say("    %v", w.stripe.Deliver(shop, stripeHook))
	say("    the process: %v", shop.stop())

	say("The shop is started again, and Stripe delivers once more:")
	again, err := w.start("")
	if err != nil {
		return err
	}
	shop = again
	if err := w.stripe.Deliver(shop, stripeHook); err != nil {
		return err
	}
	for _, r := range w.resend.Requests("emails.send") {
		say("    Resend has been asked under the key %s", r.Header.Get("Idempotency-Key"))
	}
	say("The buyer's bank disputes the payment, and the mail bounces:")
	if err := errors.Join(w.stripe.Dispute(w.stripe.Events("payment_intent.succeeded")[0].Object), w.deliver(shop)); err != nil {
		return err
	}
	say("    Stripe has the receipt: %t", len(w.stripe.Requests("disputes.update")) == 1)
	say("    no more mail goes there: %t", w.files("no-mail/") == 1)
	if err := shop.stop(); err != nil {
		return err
	}
	say("%d charge, %d mail, %d file, %d report", len(w.stripe.Events("payment_intent.succeeded")), len(w.resend.Sent()), w.files("receipts/"), len(w.sentry.Events()))
	return nil
}

// press is the browser, with the cookie of who has signed in.
func (w *world) press(ctx context.Context, p *process) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/pump", nil)
	if err != nil {
		return "", err
	}
	req.AddCookie(&http.Cookie{Name: "session", Value: w.users.IDToken(sessiontest.Claims{"email": "bounced@resend.dev"})})
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // follows nothing
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return resp.Header.Get("Location"), errors.Join(err, resp.Body.Close())
}

// deliver has both services tell what the shop has not acknowledged.
func (w *world) deliver(p *process) error {
	return errors.Join(w.stripe.Deliver(p, stripeHook), w.resend.Deliver(p, resendHook))
}

// files counts those below a folder of the bucket.
func (w *world) files(folder string) int {
	return len(slices.DeleteFunc(w.s3.Keys(), func(key string) bool { return !strings.HasPrefix(key, folder) }))
}
