package onvault_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/standpipe-go/standpipe/on/vault"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	f := newFake() // in place of a Vault
	f.put("billing/stripe", map[string]any{"api_key": "sk_old"})
	f.put("billing/stripe", map[string]any{"api_key": "sk_new"})
	srv := httptest.NewServer(f)
	defer srv.Close()

	vault, err := onvault.New(srv.URL, onvault.AppRole(onvault.AppRoleConfig{RoleID: "role-billing", SecretID: secret.Static("canary-secret-id")}))
	if err != nil {
		fmt.Println(err)
		return
	}
	key := vault.Secret(onvault.KV{Path: "billing/stripe", Field: "api_key"}) // for client.Bearer, or stripe.New
	newest, err := secret.Current(context.Background(), key)
	fmt.Println(newest.Reveal(), err)

	both := vault.Secret(onvault.KV{Path: "billing/stripe", Field: "api_key", Versions: 2}) // for a webhook's verifier
	values, err := both.Secrets(context.Background())
	fmt.Println(len(values), err)
	// Output:
	// sk_new <nil>
	// 2 <nil>
}
