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
