package keyset_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

func Example() {
	server := newServer() // in memory; serves the keys k1 and k2
	source, err := keyset.New(keyset.Config{URL: keysURL, Client: server.client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := source.Warm(ctx); err != nil {
		fmt.Println(err)
		return
	}
	key, err := source.Key(ctx, jose.Header{Algorithm: jose.EdDSA, KeyID: "k2"})
	fmt.Println(key, err)
	_, err = source.Key(ctx, jose.Header{Algorithm: jose.EdDSA, KeyID: "k3"})
	fmt.Println(err)
	// Output:
	// key "k2" <nil>
	// unknown key
}
