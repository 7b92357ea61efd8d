package ndjson_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/ndjson"
)

// A stream that is cut off ends with an error, after the lines that were whole.
func ExampleLines() {
	srv := clienttest.Start(clienttest.Status(200).Header("Content-Type", "application/x-ndjson").Body("{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id"))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for order, err := range ndjson.Lines[map[string]string](context.Background(), c, client.Request{Path: "/v1/export"}) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(order["id"])
	}
	// Output:
	// a
	// b
	// GET /v1/export: 200 OK, but unexpected body: line 3 is cut off: unexpected EOF
}
