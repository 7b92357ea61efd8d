package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// A service that limits its resources apart, as GitHub does: a search that is used up
// does not hold up the rest.
func ExampleProfile_limitKey() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{}`).Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "3600"),
		clienttest.JSON(200, `{}`))
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithProfile(client.Profile{
		Name: "hub",
		LimitKey: func(r *http.Request) string {
			switch path := r.URL.Path; {
			case strings.HasPrefix(path, "/search/"):
				return "search"
			case path == "/graphql":
				return "graphql"
			}
			return "core"
		},
	}), client.WithTimeout(10*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/search/issues", "/search/users", "/user"} {
		_, err = client.Get[client.None](context.Background(), c, path)
		fmt.Println(path, errors.Is(err, client.ErrRateLimited))
	}
	// Output:
	// /search/issues false
	// /search/users true
	// /user false
}

// A call that costs more than others at the service takes its tokens together.
func ExampleRequest_weight() {
	srv := clienttest.Start(clienttest.JSON(200, `{}`))
	defer srv.Close()
	points := ratelimit.PerSecond(50, ratelimit.WithBurst(1000)) // as a service of GraphQL may count
	c, err := client.New(srv.URL, client.WithRateLimit(points))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cost := range []int{252, 1001} {
		_, err = client.Call[client.None](context.Background(), c, client.Request{Method: "POST", Path: "/graphql", Weight: cost})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// POST /graphql: not let through: ratelimit: wait: the call takes 1001 tokens at once, of which there are never more than 1000 (never sent)
}

// A service that allows so many calls at the same time. A stream counts until its body
// has ended or been closed.
func ExampleWithRateLimit_inFlight() {
	srv := clienttest.Start(clienttest.JSON(200, `{}`))
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithRateLimit(ratelimit.All(ratelimit.PerSecond(50, ratelimit.WithBurst(10)), ratelimit.InFlight(1))))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	resp, err := c.Do(ctx, client.Request{Path: "/v1/export"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Call[client.None](ctx, c, client.Request{Path: "/v1/items", Timeout: 50 * time.Millisecond})
	fmt.Println("busy:", err != nil)
	_ = resp.Body.Close()
	_, err = client.Call[client.None](ctx, c, client.Request{Path: "/v1/items"})
	fmt.Println(err)
	// Output:
	// busy: true
	// <nil>
}
