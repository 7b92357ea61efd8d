// Command own makes one GET and decodes JSON, with package client.
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

func get(base string) (user, error) {
	c, err := client.New(base, client.WithAuth(client.Bearer(secret.Env("API_KEY"))))
	if err != nil {
		return user{}, err
	}
	return client.Get[user](context.Background(), c, "/user")
}

func main() {
	u, err := get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(u.Login)
}
