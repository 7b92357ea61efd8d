package docs

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

func main() {
	c, err := client.New("https://api.example.com",
		client.WithAuth(client.Bearer(secret.Env("EXAMPLE_API_KEY"))),
		client.WithRateLimit(ratelimit.PerSecond(25)),
		client.WithIdempotencyHeader("Idempotency-Key")) // only if the service honours it
	if err != nil {
		log.Fatal(err)
	}
	cus, err := client.Post[Customer](context.Background(), c, "/v1/customers", Customer{Email: "ada@example.com"})
	if e, ok := errors.AsType[*client.Error](err); ok {
		log.Fatalf("%v; it may have been applied: %t", e, e.Effect == client.MaybeApplied)
	}
	fmt.Println(cus.ID)
}

var _ = main // README's program, which calls a service that there is not
