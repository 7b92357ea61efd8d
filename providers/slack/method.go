package slack

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// get is a method that reads. Its arguments are the query.
func get[In, Out any](method string) client.Op[In, Out] {
	return client.Op[In, Out]{Name: method, Route: "/" + method}
}

// post is a method that writes. Its arguments are JSON, of which Slack wants to know the
// charset ("Web API", "POST bodies").
func post[In, Out any](method string, repeatable bool) client.Op[In, Out] {
	return client.Op[In, Out]{
		Name: method, Method: http.MethodPost, Route: "/" + method, Repeatable: repeatable,
		Encode: func(in In, r *client.Request) error {
			r.SetPath()
			r.Body = in
			r.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
			return nil
		},
	}
}

// pages is a method that reads in pages.
func pages[In, Out, Item any](method string, items func(Out) []Item, cursor func(Out) string) client.List[In, Out, Item] {
	return client.List[In, Out, Item]{Op: get[In, Out](method), Items: items, Next: client.NextCursor("cursor", cursor)}
}

// Cursor is where the next page begins; "" is the end.
type Cursor struct {
	Next string `json:"next_cursor"`
}
