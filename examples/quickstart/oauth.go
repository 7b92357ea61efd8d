package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func oauthScene(ctx context.Context, s *stage) error {
	auth := oauthtest.New(oauthtest.Config{AccessTokenLifetime: time.Second}) // rotates, and detects reuse
	login, err := oauthflow.New(auth.ClientConfig("web"), oauthflow.WithHTTPClient(auth.HTTPClient()))
	if err != nil {
		return err
	}
	manager, err := tokens.New(tokens.NewMemoryStore(), login)
	if err != nil {
		return err
	}
	defer func() { _ = manager.Shutdown(context.WithoutCancel(ctx)) }()
	if err := manager.Put(ctx, "user:42/example", auth.Issue("web", "user-42", "read")); err != nil {
		return err
	}

	api := httptest.NewServer(auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"user-42"}`)
	})))
	defer api.Close()
	c, err := client.New(api.URL, client.WithAuth(client.OAuth2(manager.Source("user:42/example"))))
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()

	var mu sync.Mutex
	calls, failures := 0, 0
	began := time.Now()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				_, err := client.Get[Customer](ctx, c, "/me")
				mu.Lock()
				calls++
				if err != nil {
					failures++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s.say("%d calls from 8 goroutines while tokens lived 1 s: %d failed, %d refreshes", calls, failures, auth.Refreshes())
	expiries := int(time.Since(began)/time.Second) + 2 // a token is renewed a little early
	return expect(failures == 0 && auth.Refreshes() <= expiries, "one refresh for each expiry and no failed call")
}
