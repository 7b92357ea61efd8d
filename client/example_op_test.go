package client_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

type invoiceInput struct {
	Customer string `path:"customer"`
	Status   string `query:"status"`
	Limit    int    `query:"limit"`
}

type invoice struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"` // in cents
}

type invoicePage struct {
	Data []invoice `json:"data"`
	Next string    `json:"next"`
}

// An adapter of one's own: a table of values, no code.
var listInvoices = client.List[invoiceInput, invoicePage, invoice]{
	Op:    client.Op[invoiceInput, invoicePage]{Name: "invoices.list", Route: "/customers/{customer}/invoices"},
	Items: func(p invoicePage) []invoice { return p.Data },
	Next:  client.NextCursor("cursor", func(p invoicePage) string { return p.Next }),
}

type newInvoice struct {
	Customer string  `path:"customer"`
	Invoice  invoice `body:"json"`
}

var createInvoice = client.Op[newInvoice, invoice]{
	Name: "invoices.create", Method: http.MethodPost, Route: "/customers/{customer}/invoices",
}

func ExampleOp() {
	srv := clienttest.Start(clienttest.JSON(201, `{"id":"in_1","amount":995}`))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := createInvoice.Do(context.Background(), c, newInvoice{"cus_1", invoice{Amount: 995}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.ID, made.Amount)
	fmt.Println(srv.Last().Method, srv.Last().URL)

	_, err = createInvoice.Do(context.Background(), c, newInvoice{})
	fmt.Println(err)
	// Output:
	// in_1 995
	// POST /customers/cus_1/invoices
	// POST /customers/{customer}/invoices: the path parameter customer is empty (never sent)
}

func ExampleList() {
	srv := clienttest.Start(clienttest.MustParse(`200 {"data":[{"id":"in_1","amount":995}],"next":"c2"}, 200 {"data":[{"id":"in_2","amount":5}]}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for in, err := range listInvoices.All(context.Background(), c, invoiceInput{Customer: "cus_1", Status: "open"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(in.ID, in.Amount)
	}
	fmt.Println(srv.Last().URL)
	// Output:
	// in_1 995
	// in_2 5
	// /customers/cus_1/invoices?cursor=c2&status=open
}
