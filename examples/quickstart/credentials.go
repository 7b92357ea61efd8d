package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

func rotation(ctx context.Context, s *stage) error {
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "api_key")
	if err := os.WriteFile(path, []byte("key-of-yesterday\n"), 0o600); err != nil {
		return err
	}
	var valid atomic.Value
	valid.Store("key-of-yesterday")
	srv, c, err := serve([]clienttest.Step{clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+valid.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"id":"cus_1"}`)
	})}, client.WithAuth(client.Bearer(secret.File(path))))
	if err != nil {
		return err
	}
	defer srv.Close()
	for i := range 100 {
		if i == 50 {
			if err := os.WriteFile(path, []byte("key-of-today\n"), 0o600); err != nil {
				return err
			}
			valid.Store("key-of-today")
		}
		var meta client.Meta
		if _, err := client.Call[Customer](ctx, c, client.Request{Path: "/v1/customers/cus_1", Meta: &meta}); err != nil {
			return err
		}
		if len(meta.Attempts) > 1 {
			s.attempts(meta.Attempts)
		}
	}
	s.say("100 calls, the key was rotated in the middle, none failed, %d requests", srv.Count())
	return nil
}

func redirect(ctx context.Context, s *stage) error {
	other := clienttest.Start(clienttest.JSON(200, `{"id":"elsewhere"}`))
	defer other.Close()
	srv, c, err := serve([]clienttest.Step{clienttest.Redirect(302, other.URL+"/collect")})
	if err != nil {
		return err
	}
	defer srv.Close()
	if _, err := client.Get[Customer](ctx, c, "/v1/customers/cus_1"); err != nil {
		return err
	}
	s.say("the service saw the credential: %t", srv.Last().Header.Get("Authorization") != "")
	s.say("the other host saw it:          %t", other.Last().Header.Get("Authorization") != "")
	return expect(other.Last().Header.Get("Authorization") == "", "no credential at the other host")
}

func stripeScene(ctx context.Context, s *stage) error {
	key, opts := secret.Static("sk_test_quickstart"), []client.Option{}
	switch {
	case s.cfg.stripeURL != "":
		opts = append(opts, client.WithBaseURL(s.cfg.stripeURL))
		s.say("talking to %s", s.cfg.stripeURL)
	case s.cfg.stripeKey != "":
		key = secret.Env("STRIPE_SECRET_KEY")
		s.say("talking to Stripe")
	default:
		srv := clienttest.Start(clienttest.MustParse(
			`503 Stripe-Should-Retry=true Retry-After=0, 200 Request-Id=req_9 {"id":"cus_9","object":"customer","email":"ada@example.com"}`)...)
		defer srv.Close()
		opts = append(opts, client.WithBaseURL(srv.URL))
	}
	c, err := stripe.New(key, opts...)
	if err != nil {
		return err
	}
	defer c.HTTP.CloseIdleConnections()
	var ledger client.Ledger
	cus, err := c.CreateCustomer(client.WithLedger(ctx, &ledger), &sdk.CustomerParams{Email: sdk.String("ada@example.com")})
	if err != nil {
		return err
	}
	s.attempts(ledger.Attempts())
	s.say("stripe-go returned %s", cus.ID)
	return expect(cus.ID != "", "a customer")
}
