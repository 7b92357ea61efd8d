// Command retryablehttp makes one GET and decodes JSON, with hashicorp/go-retryablehttp.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/hashicorp/go-retryablehttp"
)

type user struct {
	Login string `json:"login"`
}

func get(url string) (u user, err error) {
	req, err := retryablehttp.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return u, err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("API_KEY"))
	res, err := retryablehttp.NewClient().Do(req)
	if err != nil {
		return u, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return u, fmt.Errorf("status %d", res.StatusCode)
	}
	return u, json.NewDecoder(res.Body).Decode(&u)
}

func main() {
	u, err := get(os.Args[1] + "/user")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(u.Login)
}
