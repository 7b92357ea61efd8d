package graphql_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/secret"
)

// What is wrong inside a 200 is an error as any other, and the data beside it is not
// lost.
func ExampleDo() {
	srv := clienttest.Start(clienttest.JSON(200, `{
		"errors": [{"message": "no repository of that name", "path": ["two"], "type": "NOT_FOUND"}],
		"data":   {"one": {"stars": 42}, "two": null}
	}`))
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithAuth(client.Bearer(secret.Static("token"))),
		client.WithProfile(graphql.Codes(nil).Profile(client.Profile{Name: "acme"})))
	if err != nil {
		fmt.Println(err)
		return
	}
	repos, err := graphql.Do[map[string]map[string]int](context.Background(), c, graphql.Request{
		Path: "/graphql", Query: `{ one: repository(name: "a") { stars } two: repository(name: "b") { stars } }`,
	})
	fmt.Println(repos["one"]["stars"], errors.Is(err, client.ErrNotFound))
	fmt.Println(err)
	// Output:
	// 42 true
	// acme: POST /graphql: 200 OK, but the response body holds an error: NOT_FOUND "no repository of that name"
}
