package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

func authenticated(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`200 {"id":"cus_1","email":"ada@example.com"}`))
	if err != nil {
		return err
	}
	defer srv.Close()
	var meta client.Meta
	cus, err := client.Call[Customer](ctx, c, client.Request{Path: "/v1/customers/cus_1", Meta: &meta})
	if err != nil {
		return err
	}
	s.attempts(meta.Attempts)
	s.say("the service saw %q and answered %+v", hidden(srv.Last().Header.Get("Authorization")), cus)
	return expect(cus.ID == "cus_1", "the customer")
}

func throttled(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`429 Retry-After=1, 200 {"id":"cus_1"}`))
	if err != nil {
		return err
	}
	defer srv.Close()
	start := time.Now()
	var meta client.Meta
	if _, err := client.Call[Customer](ctx, c, client.Request{Path: "/v1/customers/cus_1", Meta: &meta}); err != nil {
		return err
	}
	s.attempts(meta.Attempts)
	s.say("it took %v: never less than was asked for", time.Since(start).Round(100*time.Millisecond))
	return expect(time.Since(start) >= time.Second, "the wait")
}

func idempotent(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`2x 503 Retry-After=0, 200 {"id":"cus_2"}`))
	if err != nil {
		return err
	}
	defer srv.Close()
	var meta client.Meta
	if _, err := client.Call[Customer](ctx, c, client.Request{
		Method: "POST", Path: "/v1/customers", Body: Customer{Email: "ada@example.com"}, Meta: &meta,
	}); err != nil {
		return err
	}
	s.attempts(meta.Attempts)
	keys := map[string]bool{}
	for _, r := range srv.Requests() {
		keys[r.Header.Get("Idempotency-Key")] = true
	}
	s.say("the service saw %d requests with %d idempotency key", srv.Count(), len(keys))
	return expect(srv.Count() == 3 && len(keys) == 1, "one key on three requests")
}

func notRepeated(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`reset`), client.WithIdempotencyHeader(""))
	if err != nil {
		return err
	}
	defer srv.Close()
	_, err = client.Post[Customer](ctx, c, "/v1/charges", Customer{Email: "ada@example.com"})
	var e *client.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("unexpected: %w", err)
	}
	s.attempts(e.Attempts)
	s.say("the error says: %s", e.Effect)
	return expect(srv.Count() == 1 && e.Effect == client.MaybeApplied, "a single request that may have been applied")
}

func deadline(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`503 Retry-After=30 Request-Id=req_7`))
	if err != nil {
		return err
	}
	defer srv.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	start := time.Now()
	_, err = client.Get[Customer](ctx, c, "/v1/customers/cus_1")
	var e *client.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("unexpected: %w", err)
	}
	s.attempts(e.Attempts)
	s.say("returned after %v with status %d, request %s, try again in %v",
		time.Since(start).Round(100*time.Millisecond), e.Status, e.RequestID, time.Until(e.RetryAt).Round(time.Second))
	return expect(e.Status == 503 && ctx.Err() == nil, "the 503, and not the end of the context")
}

func paging(ctx context.Context, s *stage) error {
	srv, c, err := serve(clienttest.MustParse(`200 {"data":[{"id":"cus_1"},{"id":"cus_2"}],"next":"p2"}, 503 Retry-After=0, 200 {"data":[{"id":"cus_3"}]}`))
	if err != nil {
		return err
	}
	defer srv.Close()
	type list struct {
		Data []Customer `json:"data"`
		Next string     `json:"next"`
	}
	n := 0
	next := client.NextCursor("cursor", func(l list) string { return l.Next })
	for page, err := range client.Pages(ctx, c, client.Request{Path: "/v1/customers"}, next) {
		if err != nil {
			return err
		}
		n += len(page.Data)
		s.say("a page of %d", len(page.Data))
	}
	s.say("%d customers in %d requests, one of them failed and was retried", n, srv.Count())
	return expect(n == 3, "three customers")
}

func events(ctx context.Context, s *stage) error {
	srv, c, err := serve([]clienttest.Step{clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, word := range []string{"water", "from", "the", "mains", "[DONE]"} {
			fmt.Fprintf(w, "data: %s\n\n", word)
			_ = http.NewResponseController(w).Flush()
		}
	})})
	if err != nil {
		return err
	}
	defer srv.Close()
	text := ""
	for ev, err := range client.Events(ctx, c, client.Request{Method: "POST", Path: "/v1/stream", Body: map[string]bool{"stream": true}}) {
		if err != nil {
			return err
		}
		if string(ev.Data) == "[DONE]" {
			break
		}
		text += string(ev.Data) + " "
	}
	s.say("streamed: %s", text)
	return expect(text == "water from the mains ", "the words")
}
