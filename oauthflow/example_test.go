package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// Sign in with a service: redirect, callback, exchange.
func Example() {
	srv := oauthtest.New(oauthtest.Config{}) // in earnest: oauthflow.GitHub(), oauthflow.Google(), …
	login, err := oauthflow.New(oauthflow.Config{
		Provider:     srv.Provider(),
		ClientID:     "web",
		ClientSecret: secret.Static("web-secret"), // in earnest: secret.Env("CLIENT_SECRET")
		RedirectURL:  "https://app.test/callback",
		Scopes:       []string{"openid", "profile"},
	}, oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		if err := login.Start(w, r, oauthflow.WithReturnTo("/inbox")); err != nil {
			http.Error(w, "signing in is not possible right now", http.StatusBadGateway)
		}
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		res, err := login.Finish(w, r)
		if errors.Is(err, oauthflow.ErrAccessDenied) {
			http.Error(w, "you did not allow it", http.StatusForbidden)
			return
		}
		if err != nil {
			http.Error(w, "signing in did not work", http.StatusBadRequest)
			return
		}
		// Open a session of your own here.
		fmt.Fprintf(w, "%s comes back to %s\n", res.IDToken.Name, res.ReturnTo)
	})

	// A browser, and a user who consents.
	start := httptest.NewRecorder()
	mux.ServeHTTP(start, httptest.NewRequest(http.MethodGet, "https://app.test/login", nil))
	back, err := srv.Authorize(start.Header().Get("Location"), "alice")
	if err != nil {
		log.Fatal(err)
	}
	callback := httptest.NewRequest(http.MethodGet, back.String(), nil)
	for _, c := range start.Result().Cookies() {
		callback.AddCookie(c)
	}
	page := httptest.NewRecorder()
	mux.ServeHTTP(page, callback)
	fmt.Print(page.Body)
	// Output: Alice Example comes back to /inbox
}

func ExampleDiscover() {
	srv := oauthtest.New(oauthtest.Config{URL: "https://login.example.com"})
	p, err := oauthflow.Discover(context.Background(), "https://login.example.com", oauthflow.WithHTTPClient(srv.HTTPClient()))
	fmt.Println(p.Endpoint.TokenURL, p.IssParameter, err)
	// Output: https://login.example.com/token true <nil>
}

// Over a transport of your own, keep Sealed where only this user brings it back.
func ExampleClient_Begin() {
	srv := oauthtest.New(oauthtest.Config{})
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	attempt, err := c.Begin(ctx)
	if err != nil {
		log.Fatal(err)
	}
	back, err := srv.Authorize(attempt.URL, "alice")
	if err != nil {
		log.Fatal(err)
	}
	res, err := c.Complete(ctx, attempt.Sealed, back.Query())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.IDToken.Subject, res.IDToken.Email)
	// Output: alice alice@example.test
}

// A command-line program shows a code that the user enters on another device.
func ExampleClient_DeviceToken() {
	srv := oauthtest.New(oauthtest.Config{DeviceInterval: time.Second})
	c, err := oauthflow.New(srv.ClientConfig("cli"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	da, err := c.DeviceAuth(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Open", da.VerificationURI, "and enter the code.")
	if err := srv.ApproveDevice(da.UserCode, "alice"); err != nil { // the user
		log.Fatal(err)
	}
	tok, err := c.DeviceToken(ctx, da)
	if err != nil {
		log.Fatal(err)
	}
	id, err := c.VerifyIDToken(ctx, tok, oauthflow.IDTokenCheck{})
	fmt.Println(id.Subject, err)
	// Output:
	// Open https://auth.test/device and enter the code.
	// alice <nil>
}

// What a failed token request says.
func ExampleTokenError() {
	srv := oauthtest.New(oauthtest.Config{})
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	tok := srv.Issue("web", "alice")
	srv.Inject(oauthtest.BadGatewayAfter)
	_, err = c.Refresh(context.Background(), tok)
	if te, ok := errors.AsType[*oauthflow.TokenError](err); ok {
		fmt.Println(te.Status, te.MaybeApplied)
	}
	_, err = c.Refresh(context.Background(), tok) // the token was used up after all
	fmt.Println(errors.Is(err, oauthflow.ErrInvalidGrant))
	// Output:
	// 502 true
	// true
}

// Calls of an API that binds tokens to a key.
func ExampleDPoP_Auth() {
	srv := oauthtest.New(oauthtest.Config{DPoPNonce: true})
	d, err := oauthflow.NewDPoP(nil)
	if err != nil {
		log.Fatal(err)
	}
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()), oauthflow.WithDPoP(d))
	if err != nil {
		log.Fatal(err)
	}
	tok, err := c.ClientCredentials(context.Background(), "read")
	if err != nil {
		log.Fatal(err)
	}
	auth := d.Auth(oauth2.StaticTokenSource(tok)) // for client.WithAuth
	req, err := http.NewRequest(http.MethodGet, "https://api.example.com/things", nil)
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Authorize(req)
	fmt.Println(tok.TokenType, req.Header.Get("DPoP") != "", err)
	// Output: DPoP true <nil>
}

// A background job's own token, kept fresh.
func ExampleClient_ClientCredentials() {
	srv := oauthtest.New(oauthtest.Config{})
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	src, err := tokens.NewSource(func(ctx context.Context) (*oauth2.Token, error) {
		return c.ClientCredentials(ctx, "api:read")
	})
	if err != nil {
		log.Fatal(err)
	}
	tok, err := src.Token()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Valid(tok.AccessToken), tok.Extra("scope"))
	// Output: true api:read
}
