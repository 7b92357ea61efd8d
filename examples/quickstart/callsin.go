package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func webhookScene(ctx context.Context, s *stage) error {
	webhookSecret := "whsec_" + rand.Text() // Stripe shows an endpoint's secret when it is created
	scheme, err := webhook.Stripe(secret.Static(webhookSecret))
	if err != nil {
		return err
	}
	paid := ""
	handler, err := webhook.NewHandler(scheme, webhook.WithLogger(slog.New(slog.DiscardHandler)),
		webhook.On("payment_intent.succeeded", func(_ context.Context, e webhook.Event[sdk.PaymentIntent]) error {
			paid = e.Data.ID
			return nil
		}))
	if err != nil {
		return err
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	body := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent"}}}`)
	for _, delivery := range []struct {
		what   string
		signer *webhooktest.Signer
		want   int
	}{
		{"signed by Stripe", webhooktest.Stripe(webhookSecret), http.StatusOK},
		{"signed with another secret", webhooktest.Stripe("whsec_of_somebody_else_0123456"), http.StatusUnauthorized},
		{"captured, sent again an hour later", webhooktest.Stripe(webhookSecret).At(time.Now().Add(-time.Hour)), http.StatusUnauthorized},
	} {
		req, err := delivery.signer.WithURL(srv.URL).NewRequest(ctx, body)
		if err != nil {
			return err
		}
		status, err := statusOf(req)
		if err != nil {
			return err
		}
		s.say("%-35s answered %d", delivery.what, status)
		if err := expect(status == delivery.want, "the answer"); err != nil {
			return err
		}
	}
	s.say("the handler was given stripe-go's payment intent %s", paid)
	return expect(paid == "pi_1", "the payment")
}

func sessionScene(ctx context.Context, s *stage) error {
	issuer := sessiontest.New() // stands for Clerk
	verifier, err := session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer, sessiontest.AuthorizedParty), issuer.Options()...)
	if err != nil {
		return err
	}
	srv := httptest.NewServer(session.Middleware(verifier)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := session.FromContext(r.Context())
		fmt.Fprint(w, user.Subject)
	})))
	defer srv.Close()
	for _, token := range []struct {
		what, raw string
		want      int
	}{
		{"the session of a signed-in user", issuer.ClerkToken(nil), http.StatusOK},
		{"the same, expired", issuer.ClerkToken(sessiontest.Claims{"exp": time.Now().Add(-time.Hour).Unix()}), http.StatusUnauthorized},
		{"an ID token in its place", issuer.IDToken(nil), http.StatusUnauthorized},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token.raw)
		status, err := statusOf(req)
		if err != nil {
			return err
		}
		s.say("%-35s answered %d", token.what, status)
		if err := expect(status == token.want, "the answer"); err != nil {
			return err
		}
	}
	return nil
}
