// Package vault holds the requests of on/vault to those of Vault's own client,
// github.com/hashicorp/vault/api, and has both read the same responses.
package vault
