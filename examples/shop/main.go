// Command shop is an application on five services at once: sign-in, payment, a receipt
// that is stored and mailed, a dispute, an address that bounces, and reports of what
// fails.
//
//	go run ./examples/shop
//
// It needs no account: fakes of all services run on loopback. S3 refuses the receipt
// once, and the shop, a process of its own, is killed half-way and started again. In
// the end there is one of everything. What an application copies is in app.go and
// app_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// The secrets of the demonstration's endpoints open nothing.
const (
	stripeHook = "whsec_demo0123456789abcdefghijklmn"
	resendHook = "whsec_ZGVtb25zdHJhdGlvbi1zZWNyZXQtMDEyMw=="
)

func main() {
	var err error
	if os.Getenv("SHOP_STRIPE") != "" {
		err = serve()
	} else {
		err = run(context.Background(), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// serve is the process that may die. It prints where it listens, and ends with its
// standard input.
func serve() error {
	reporter, err := sentry.NewReporter(secret.Env("SHOP_SENTRY"), sentry.ReporterConfig{})
	if err != nil {
		return err
	}
	h, err := newShop(config{
		users: session.OIDC(sessiontest.OIDCIssuer, sessiontest.ClientID),
		base:  "https://shop.example.com", from: "Shop <receipts@example.com>",
		stripeKey: secret.Env("SHOP_STRIPE_KEY"), stripeHook: secret.Static(stripeHook),
		resendKey: secret.Env("SHOP_RESEND_KEY"), resendHook: secret.Static(resendHook),
		bucket: s3.Config{
			Bucket: s3test.Bucket, Region: s3test.Region, Endpoint: os.Getenv("SHOP_S3"),
			Credentials: s3.AccessKey{ID: secret.Static(s3test.AccessKeyID), Secret: secret.Static(s3test.SecretAccessKey)},
		},
		log:     slog.New(reporter.SlogHandler(sentry.LogConfig{})),
		session: []session.Option{session.WithJWKS([]byte(os.Getenv("SHOP_JWKS")))},
		stripe:  []client.Option{client.WithBaseURL(os.Getenv("SHOP_STRIPE"))},
		resend:  []client.Option{client.WithBaseURL(os.Getenv("SHOP_RESEND")), client.WithAttemptMiddleware(dying)},
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); _ = srv.Close() }()
	fmt.Println("http://" + l.Addr().String())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return reporter.Close(context.Background())
}

// dying kills the process, if it is to die, as soon as Resend has taken a mail and before
// the shop hears of it.
func dying(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if os.Getenv("SHOP_DIES") != "" {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
