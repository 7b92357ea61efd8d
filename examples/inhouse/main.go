// Command inhouse calls an API of one's own house, a warehouse's: with a token, a rate
// limit, pages, an error of its own type, and a copy of the client for each user.
//
//	go run ./examples/inhouse
//
// It needs no account: the API is played on loopback. What an application copies is in
// app.go and app_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "inhouse:", err)
		os.Exit(1)
	}
}

// script is what the API responds with, one request after the other.
const script = `200 {"articles":[{"id":"pump","title":"Water pump","left":2},{"id":"hose","title":"Hose","left":40}],"next":"hose"},` +
	`503 Retry-After=0,` +
	`200 {"articles":[{"id":"valve","title":"Valve","left":7}]},` +
	`503 Retry-After=0,` +
	`200 [{"id":"pump","title":"Water pump","left":2}],` +
	`201 {"id":"r_1","number":2},` +
	`409 X-Trace-Id=t_7 {"fault":{"kind":"out_of_stock","text":"not so many"},"left":0},` +
	`201 {"id":"r_2","number":1}`

func run(ctx context.Context, out io.Writer) error {
	api := clienttest.Start(clienttest.MustParse(script)...)
	defer api.Close()
	w, err := New(api.URL, secret.Static("token-of-the-application"))
	if err != nil {
		return err
	}
	for a, err := range w.Articles(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%3d of %-5s %s\n", a.Left, a.ID, a.Title)
	}
	fmt.Fprintf(out, "%d requests: a page failed, and was asked for again\n", api.Count())

	ada, err := w.As("ada", secret.Static("token-of-ada"))
	if err != nil {
		return err
	}
	found, err := ada.Search(ctx, "water")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d found for ada: a search by POST failed, and was repeated\n", len(found))
	kept, err := ada.Reserve(ctx, "pump", 2)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "reserved %d for ada as %s\n", kept.Number, kept.ID)
	_, err = ada.Reserve(ctx, "pump", 1)
	full, ok := errors.AsType[*OutOfStockError](err)
	if !ok {
		return fmt.Errorf("not out of stock: %w", err)
	}
	fmt.Fprintf(out, "another one: %d left of %s\n", full.Left, full.Article)

	begin := time.Now()
	for range 5 {
		if _, err := w.Reserve(ctx, "hose", 1); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "5 calls in %.1f s: ten a second, and no more\n", time.Since(begin).Seconds())
	return nil
}
