package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// Save the token once, after sign-in; ask the manager for it from then on.
func ExampleManager() {
	server := oauthtest.New(oauthtest.Config{}) // in place of a real provider
	client, err := oauthflow.New(server.ClientConfig("web"), oauthflow.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}

	// In production: sqlstore.New(db, sqlstore.Postgres).
	store, err := tokens.Encrypt(tokens.NewMemoryStore(), secret.Static("tCF1bS5yTnjCJ2nSPdtWOInfN/3mPMTWbmLu9xs8n/U="))
	if err != nil {
		log.Fatal(err)
	}
	m, err := tokens.New(store, client,
		tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) {
			fmt.Println("ask the user of", err.Key, "to sign in again")
		}))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	defer m.Shutdown(ctx)

	// What Finish returned; here it has expired meanwhile.
	signedIn := server.Issue("web", "alice", "read")
	signedIn.Expiry = time.Now()
	if err := m.Put(ctx, "user:42/test", signedIn); err != nil {
		log.Fatal(err)
	}

	tok, err := m.Token(ctx, "user:42/test")
	fmt.Println(server.Valid(tok.AccessToken), tok.AccessToken != signedIn.AccessToken, err)

	_, err = m.Token(ctx, "user:43/test")
	fmt.Println(errors.Is(err, tokens.ErrReauthorizationRequired))
	// Output:
	// true true <nil>
	// true
}

// A Source is a token source for golang.org/x/oauth2, and for this module's
// client, which also refreshes through it after a 401.
func ExampleManager_Source() {
	m, err := tokens.New(tokens.NewMemoryStore(), tokens.Grant(nil))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := m.Put(ctx, "user:42/test", &oauth2.Token{AccessToken: "at", RefreshToken: "rt"}); err != nil {
		log.Fatal(err)
	}
	var src oauth2.TokenSource = m.Source("user:42/test")
	tok, err := src.Token()
	fmt.Printf("%q %q %v\n", tok.AccessToken, tok.RefreshToken, err)
	// Output: "at" "" <nil>
}

// Client credentials need no user: NewSource keeps one token for the process.
func ExampleNewSource() {
	server := oauthtest.New(oauthtest.Config{})
	client, err := oauthflow.New(server.ClientConfig("web"), oauthflow.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	src, err := tokens.NewSource(func(ctx context.Context) (*oauth2.Token, error) { return client.ClientCredentials(ctx) })
	if err != nil {
		log.Fatal(err)
	}
	first, err := src.Token()
	if err != nil {
		log.Fatal(err)
	}
	second, err := src.Token()
	fmt.Println(first.AccessToken == second.AccessToken, err)
	// Output: true <nil>
}

// On sign-out, take the token out of the store and revoke it.
func ExampleManager_Delete() {
	server := oauthtest.New(oauthtest.Config{})
	client, err := oauthflow.New(server.ClientConfig("web"), oauthflow.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	m, err := tokens.New(tokens.NewMemoryStore(), client)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := m.Put(ctx, "user:42/test", server.Issue("web", "alice")); err != nil {
		log.Fatal(err)
	}
	for key, err := range m.Keys(ctx, "user:42/") {
		if err != nil {
			log.Fatal(err)
		}
		tok, err := m.Delete(ctx, key)
		if err != nil {
			log.Fatal(err)
		}
		if tok != nil {
			err = client.Revoke(ctx, tok)
		}
		fmt.Println(key, server.Alive(tok.RefreshToken), err)
	}
	// Output: user:42/test false <nil>
}
