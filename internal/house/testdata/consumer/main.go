// Command consumer is an application that imports only package client.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

type user struct {
	Login string `json:"login"`
}

func main() {
	c, err := client.New(os.Args[1], client.WithAuth(client.Bearer(secret.Env("API_KEY"))))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	u, err := client.Call[user](context.Background(), c, client.Request{Path: "/user"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(u.Login)
}
