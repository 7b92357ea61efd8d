package main

import (
	vault "github.com/hashicorp/vault/api"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newVault puts Vault's own client on the stack. MaxRetries of 0 switches its retries
// off, also where VAULT_MAX_RETRIES says otherwise; they keep no budget. The SDK takes a
// token from VAULT_TOKEN too: the stack's goes in its place.
func newVault(address string, token secret.Source, opts ...client.Option) (*vault.Client, error) {
	c, err := client.New(address, append([]client.Option{
		client.WithProfile(client.Profile{Name: "vault"}),
		client.WithAuth(client.APIKeyHeader("X-Vault-Token", token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return vault.NewClient(&vault.Config{Address: c.BaseURL(), HttpClient: c.HTTPClient(), MaxRetries: 0})
}
