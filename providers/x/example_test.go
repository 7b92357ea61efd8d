package x_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/x"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	srv := clienttest.Start(clienttest.JSON(200, `{"data":[{"id":"2","text":"Go 1.26 is released"},{"id":"1","text":"Hello"}],"meta":{"result_count":2}}`))
	defer srv.Close()
	// In an application: x.New(secret.Env("X_BEARER_TOKEN"))
	c, err := x.New(secret.Static("AAAA-example"), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	for post, err := range x.SearchRecent.All(context.Background(), c.HTTP, x.SearchInput{Query: "from:golang"}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(post.ID, post.Text)
	}
	// Output:
	// 2 Go 1.26 is released
	// 1 Hello
}
