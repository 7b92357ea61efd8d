package ongcp_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	ongcp "github.com/standpipe-go/standpipe/on/cloud/gcp"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	f := newFake() // in place of Google
	f.put("sk_old", "sk_new")
	srv := httptest.NewServer(f)
	defer srv.Close()

	from := &tokens{} // or google.DefaultTokenSource(ctx, ongcp.Scope)
	manager, err := ongcp.New("my-project", from, ongcp.WithEndpoint(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	key := manager.Secret(ongcp.Secret{Name: "key"}) // for client.Bearer, or stripe.New
	newest, err := secret.Current(context.Background(), key)
	fmt.Println(newest.Reveal(), err)

	both := manager.Secret(ongcp.Secret{Name: "key", Versions: 2}) // for a webhook's verifier
	values, err := both.Secrets(context.Background())
	fmt.Println(len(values), err)
	// Output:
	// sk_new <nil>
	// 2 <nil>
}
