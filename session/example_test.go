package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func ExampleMiddleware() {
	issuer := sessiontest.New() // an application names its instance: session.Clerk("https://clerk.example.com", "https://app.example.com")
	verifier, err := session.NewVerifier(issuer.Clerk(), issuer.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := session.FromContext(r.Context())
		fmt.Fprintf(w, "%s, %s of %s", user.Subject, user.Organization.Role, user.Organization.Name)
	})
	protected := session.Middleware(verifier)(session.Require("org:invoices:read")(handler))

	for _, token := range []string{issuer.ClerkToken(nil), issuer.ClerkToken(sessiontest.Claims{"o": sessiontest.Absent}), "forged"} {
		req := httptest.NewRequest(http.MethodGet, "/invoices", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		protected.ServeHTTP(w, req)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 user_1, org:admin of acme
	// 403 Forbidden
	// 401 Unauthorized
}

func ExampleVerifier_Verify() {
	issuer := sessiontest.New()
	verifier, err := session.NewVerifier(session.Auth0(sessiontest.Auth0Domain, sessiontest.Audience), issuer.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	user, err := verifier.Verify(ctx, issuer.Auth0Token(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Subject, user.Permissions)

	_, err = verifier.Verify(ctx, issuer.Auth0Token(sessiontest.Claims{"exp": issuer.Now().Unix()}))
	fmt.Println(errors.Is(err, session.ErrExpired))
	if refusal, ok := errors.AsType[*session.Error](err); ok {
		fmt.Println(refusal.Reason, refusal.Reason.Status())
	}
	// Output:
	// auth0|user_1 [read:invoices]
	// true
	// expired 401
}

func ExampleSession_Claims() {
	issuer := sessiontest.New()
	verifier, err := session.NewVerifier(issuer.Firebase(), issuer.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := verifier.Verify(context.Background(), issuer.FirebaseToken(sessiontest.Claims{"plan": "pro", "Plan": "free"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	var claims struct {
		Email string `json:"email"`
		Plan  string `json:"plan"`
	}
	if err := user.Claims(&claims); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.Email, claims.Plan)
	// Output: user@example.com pro
}

// A server that can tell at once when the user's tokens were revoked.
func ExampleTokensValidAfter() {
	issuer := sessiontest.New()
	revoked := map[string]time.Time{sessiontest.Subject: issuer.Now()} // tokensValidAfterTime of the user
	lookup := func(_ context.Context, subject string) (time.Time, error) { return revoked[subject], nil }
	verifier, err := session.NewVerifier(issuer.Firebase(), append(issuer.Options(), session.WithRevocation(session.TokensValidAfter(lookup)))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = verifier.Verify(context.Background(), issuer.FirebaseToken(nil))
	fmt.Println(err)
	// Output: verify session token: revoked
}

func ExampleFromCookie() {
	issuer := sessiontest.New()
	verifier, err := session.NewVerifier(issuer.Clerk(), issuer.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	protected := session.Middleware(verifier, session.FromCookie("__session"))(handler)
	for _, site := range []string{"same-origin", "cross-site"} {
		req := httptest.NewRequest(http.MethodPost, "https://app.example.com/transfer", nil)
		req.AddCookie(&http.Cookie{Name: "__session", Value: issuer.ClerkToken(nil)})
		req.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		protected.ServeHTTP(w, req)
		fmt.Println(site, w.Code)
	}
	// Output:
	// same-origin 200
	// cross-site 403
}

func ExampleClerkIssuer() {
	issuer, err := session.ClerkIssuer("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
	fmt.Println(issuer, err)
	// Output: https://clerk.example.com <nil>
}
