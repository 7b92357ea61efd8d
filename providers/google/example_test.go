package google_test

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
)

// A user who has signed in with oauthflow.GoogleOffline: the manager keeps the token
// alive, and its source is the credential.
func ExampleNew() {
	srv := clienttest.Start(clienttest.MustParse(`reset, 409 {"error":{"errors":[{"reason":"duplicate"}]}}, 200 {"id":"m4fo5","summary":"Call"}`)...)
	defer srv.Close()
	ctx := context.Background()
	app, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.GoogleOffline(), ClientID: "id", ClientSecret: secret.Static("an-example"),
		RedirectURL: "https://app.example.com/callback", Scopes: []string{google.ScopeEvents},
	})
	if err != nil {
		panic(err)
	}
	manager, err := tokens.New(tokens.NewMemoryStore(), app)
	if err != nil {
		panic(err)
	}
	// When the user has come back from Google: manager.Put(ctx, key, result.Token)
	if err := manager.Put(ctx, "user:42/google", &oauth2.Token{AccessToken: "ya29.example", Expiry: time.Now().Add(time.Hour)}); err != nil {
		panic(err)
	}

	c, err := google.New(client.OAuth2(manager.Source("user:42/google")), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	begin := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	event, err := c.CreateEvent(ctx, google.InsertEventInput{
		CalendarID: google.Primary,
		Event: google.NewEvent{
			ID: google.EventIDFor("booking:1042"), Summary: "Call",
			Start: google.At(begin), End: google.At(begin.Add(time.Hour)),
		},
	})
	if err != nil {
		panic(err)
	}
	// The response to the first attempt was lost, and the event is there once.
	fmt.Println(event.Summary, "after", srv.Count(), "requests")
	// Output: Call after 3 requests
}

// What was kept is brought up to date, or made anew where Google has forgotten when it
// was.
func ExampleClient_SyncEvents() {
	srv := clienttest.Start(clienttest.MustParse(`
		410 {"error":{"errors":[{"reason":"fullSyncRequired"}]}},
		200 {"items":[{"id":"a","summary":"Call"}],"nextPageToken":"2"},
		200 {"items":[{"id":"b","status":"cancelled"}],"nextSyncToken":"s2"}`)...)
	defer srv.Close()
	c, err := google.New(client.Bearer(secret.Static("ya29.example")), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	kept, token := map[string]string{"old": "Long ago"}, "s1"
	for page, err := range c.SyncEvents(context.Background(), google.SyncInput{CalendarID: google.Primary, SyncToken: token}) {
		if err != nil {
			panic(err)
		}
		if page.Reset {
			clear(kept)
		}
		for _, e := range page.Items {
			if e.Cancelled() {
				delete(kept, e.ID)
			} else {
				kept[e.ID] = e.Summary
			}
		}
		if page.NextSyncToken != "" {
			token = page.NextSyncToken
		}
	}
	fmt.Println(kept, token)
	// Output: map[a:Call] s2
}
