// This file and app_test.go are for copying: a client for an API of your own house, here
// that of a warehouse. Change the profile, which is what the API does its own way, the
// limit, and the methods. In your main:
//
//	w, err := New("https://warehouse.example.com", secret.File("/run/secrets/warehouse_token"))

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

// profile says how this API differs from one that follows the RFCs. An empty one is a
// good beginning.
var profile = client.Profile{
	Name:             "warehouse",
	RequestIDHeaders: []string{"X-Trace-Id"},
	DecodeError:      decodeError,

	// Set this when the API's documentation says that it knows a repeat by this header:
	// then a POST is repeated after a failure. An API that ignores it would do it twice.
	// IdempotencyHeader: "Idempotency-Key",
}

// decodeError reads {"fault": {"kind": "out_of_stock", "text": "…"}}. Common shapes need
// no function: without one, client.DecodeError reads them.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var e struct {
		Fault struct{ Kind, Text string }
	}
	if json.Unmarshal(body, &e) != nil || e.Fault.Kind == "" {
		return client.DecodeError(status, h, body) // a proxy's, perhaps
	}
	return client.ErrorDetail{Code: e.Fault.Kind, Message: e.Fault.Text}
}

// Warehouse calls the API. Make one for each credential of your own, and keep it.
type Warehouse struct{ client *client.Client }

// New returns a client that has the token of the application. The token is read for each
// call, so it can be rotated. The options are for tests.
func New(baseURL string, token secret.Source, options ...client.Option) (*Warehouse, error) {
	c, err := client.New(baseURL, append([]client.Option{
		client.WithProfile(profile),
		client.WithAuth(client.Bearer(token)),
		client.WithRateLimit(ratelimit.PerSecond(10)), // of each caller, as the API counts
	}, options...)...)
	if err != nil {
		return nil, err
	}
	return &Warehouse{c}, nil
}

// As returns a copy that calls for a user. It shares connections with w, and what was
// learned of the API's health; the rate limit counts for the user alone. Copies are
// cheap: make one where a user's request comes in.
func (w *Warehouse) As(user string, token secret.Source) (*Warehouse, error) {
	c, err := w.client.With(client.WithAuth(client.Bearer(token)), client.WithIdentity("user:"+user))
	if err != nil {
		return nil, err
	}
	return &Warehouse{c}, nil
}

// Article is something that the warehouse has.
type Article struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Left  int    `json:"left"`
}

// Articles yields all articles and fetches the next page when it is needed. An error is
// the last that it yields.
func (w *Warehouse) Articles(ctx context.Context) iter.Seq2[Article, error] {
	type page struct {
		Articles []Article `json:"articles"`
		Next     string    `json:"next"` // "" on the last page
	}
	next := client.NextCursor("after", func(p page) string { return p.Next })
	return func(yield func(Article, error) bool) {
		for p, err := range client.Pages(ctx, w.client, client.Request{Path: "/v1/articles"}, next) {
			if err != nil {
				yield(Article{}, err)
				return
			}
			for _, a := range p.Articles {
				if !yield(a, nil) {
					return
				}
			}
		}
	}
}

// Search returns the articles whose titles have the words.
func (w *Warehouse) Search(ctx context.Context, words string) ([]Article, error) {
	return client.Call[[]Article](ctx, w.client, client.Request{
		Method:     http.MethodPost,
		Path:       "/v1/articles/search",
		Body:       map[string]string{"words": words},
		Repeatable: true, // it changes nothing, so it is repeated after a failure although it is a POST
	})
}

// Reservation is a number of articles that are kept for somebody.
type Reservation struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
}

// OutOfStockError is why Reserve kept nothing.
type OutOfStockError struct {
	Article string
	Left    int
	err     *client.Error
}

func (e *OutOfStockError) Error() string {
	return fmt.Sprintf("only %d of %s are left: %v", e.Left, e.Article, e.err)
}

func (e *OutOfStockError) Unwrap() error { return e.err }

// Reserve keeps a number of an article. It returns an [*OutOfStockError] where there are
// not so many, and else a [*client.Error]: where its Effect is [client.MaybeApplied] they
// may be kept all the same, so look before you call again.
func (w *Warehouse) Reserve(ctx context.Context, article string, number int) (Reservation, error) {
	got, err := client.Call[Reservation](ctx, w.client, client.Request{
		Method: http.MethodPost,
		Path:   "/v1/articles/" + client.PathEscape(article) + "/reservations",
		Route:  "/v1/articles/{id}/reservations", // what logs and metrics show
		Body:   map[string]int{"number": number},
	})
	var body struct {
		Left int `json:"left"`
	}
	if e, ok := errors.AsType[*client.Error](err); ok && e.Code == "out_of_stock" && e.DecodeBody(&body) == nil {
		return Reservation{}, &OutOfStockError{article, body.Left, e}
	}
	return got, err
}
