// Backoff of 1, 2 and 4 seconds: wait longer each time, and repeat only what may be
// repeated. Here a second is a millisecond, so that nobody waits. The test has the
// seconds themselves, in virtual time.
//
//	4. Backoff of 1, 2 and 4 seconds
//	   attempt 1 failed, the next one in 1 s
//	   attempt 2 failed, the next one in 2 s
//	   attempt 3 failed, the next one in 4 s
//	   GET: 200 after 4 attempts
//	   POST: 1 attempt, and the order may have been applied
//	   Usually: the loop repeats the POST too, and the customer has two orders.

package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

const backoffUsually = "the loop repeats the POST too, and the customer has two orders."

// policy is four attempts, with 1, 2 and 4 seconds between them. Where many programs call
// one service take retry.Default(), whose waits are random: these would all come back at
// once.
func policy(second time.Duration, say printf) retry.Policy {
	return retry.Policy{
		MaxAttempts: 4,
		Backoff:     retry.Exponential(second, 0),
		Notify: func(_ context.Context, a retry.Attempt) {
			say("attempt %d failed, the next one in %d s", a.Number, a.Wait/second)
		},
	}
}

func backoff(ctx context.Context, say printf) error {
	return backoffOver(ctx, time.Millisecond, nil, say)
}

// backoffOver plays it with seconds of that length, over a transport; nil is the network.
func backoffOver(ctx context.Context, second time.Duration, transport http.RoundTripper, say printf) error {
	base := "https://orders.example.com"
	options := []client.Option{client.WithRetry(policy(second, say))}
	if transport != nil {
		options = append(options, client.WithTransport(transport))
	} else {
		service := clienttest.Start(flaky()...)
		defer service.Close()
		base = service.URL
	}
	api, err := client.New(base, options...)
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()

	var meta client.Meta
	if _, err := client.Call[client.None](ctx, api, client.Request{Path: "/v1/orders", Meta: &meta}); err != nil {
		return err
	}
	say("GET: %d after %d attempts", meta.Status, len(meta.Attempts))

	// A POST that was cut off may have been carried out. It is repeated where the service
	// knows a repeat by a key: client.WithIdempotencyHeader("Idempotency-Key").
	_, err = client.Post[client.None](ctx, api, "/v1/orders", map[string]int{"pumps": 1})
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return errors.New("the POST did not fail")
	}
	say("POST: %d attempt, and the order may have been applied", len(e.Attempts))
	if e.Effect != client.MaybeApplied {
		return e
	}
	return nil
}

// flaky is a service that fails three times, and then in the middle of an order.
func flaky() []clienttest.Step { return clienttest.MustParse(`3x 503, 200 [], reset`) }
