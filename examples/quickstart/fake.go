package main

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// Customer is what the fake service hands out.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// example is the fake service's profile: it supports idempotency keys.
var example = client.Profile{Name: "example", IdempotencyHeader: "Idempotency-Key"}

// serve starts a fake service that follows the steps, and makes a client for it.
func serve(steps []clienttest.Step, opts ...client.Option) (*clienttest.Server, *client.Client, error) {
	srv := clienttest.Start(steps...)
	c, err := client.New(srv.URL, append([]client.Option{
		client.WithProfile(example),
		client.WithAuth(client.Bearer(secret.Static("sk_example_4eC39HqLyjWD"))),
	}, opts...)...)
	if err != nil {
		srv.Close()
		return nil, nil, err
	}
	return srv, c, nil
}

// statusOf sends a request as another program would, and returns the response's status.
func statusOf(req *http.Request) (int, error) {
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := hc.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
