package httpcache_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/httpcache"
	"github.com/standpipe-go/standpipe/secret"
)

// A response is asked for again by its ETag: a 304 brings no body, and at GitHub, say,
// costs nothing of the rate limit.
func Example() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"stars":42}`).Header("ETag", `"v1"`).Header("Cache-Control", "no-cache"),
		clienttest.Status(304))
	defer srv.Close()

	cache := httpcache.New(httpcache.Config{})
	c, err := client.New(srv.URL,
		client.WithAuth(client.Bearer(secret.Static("token"))), client.WithCallMiddleware(cache.Middleware))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		var meta client.Meta
		repo, err := client.Call[map[string]int](context.Background(), c, client.Request{Path: "/repos/octo/hello", Meta: &meta})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(repo["stars"], meta.Status, meta.Attempts[0].Status, meta.Header["Cache-Status"])
	}
	// Output:
	// 42 200 200 [standpipe; fwd=uri-miss]
	// 42 200 304 [standpipe; fwd=stale; fwd-status=304]
}
