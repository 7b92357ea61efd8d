package client_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// meter counts the attempts that each route costs.
type meter struct{ done sync.WaitGroup }

func (m *meter) Observe(_ context.Context, o client.Observation) {
	switch o := o.(type) {
	case client.AttemptEnded:
		fmt.Println(o.Call.Route, o.Attempt.Number, o.Attempt.Status, o.Attempt.Reason)
	case client.CallEnded:
		fmt.Println(o.Call.Route, "ended with", o.Status, "after", o.Attempts, "attempts")
		m.done.Done()
	}
}

// Metrics, traces and pages see what a client does by an Observer.
func ExampleWithObserver() {
	srv := clienttest.Start(clienttest.MustParse("503, 200 {}")...)
	defer srv.Close()
	m := &meter{}
	c, err := client.New(srv.URL, client.WithObserver(m), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	if err != nil {
		fmt.Println(err)
		return
	}
	m.done.Add(1)
	_, err = client.Call[client.None](context.Background(), c, client.Request{Path: "/v1/orders/o_1", Route: "/v1/orders/{id}"})
	m.done.Wait() // an observer never holds up a call: it may hear of it a moment later
	fmt.Println(err)
	// Output:
	// /v1/orders/{id} 1 503 retried
	// /v1/orders/{id} 2 200 succeeded
	// /v1/orders/{id} ended with 200 after 2 attempts
	// <nil>
}

// One client for all users of an app, and a copy for each: they share connections and
// what the origin has taught, while limits count each user alone.
func ExampleClient_With() {
	srv := clienttest.Start(clienttest.JSON(200, `{"login":"ada"}`))
	defer srv.Close()
	app, err := client.New(srv.URL, client.WithAttemptTimeout(10*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	forUser := func(id, token string) (*client.Client, error) {
		return app.With(client.WithAuth(client.Bearer(secret.Static(token))), client.WithIdentity(id))
	}
	c, err := forUser("user_1", "a-token")
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := client.Get[struct{ Login string }](context.Background(), c, "/user")
	fmt.Println(user.Login, err)
	// Output:
	// ada <nil>
}
