// Package onvault reads secrets from HashiCorp Vault's KV version 2, as sources for
// everything in this module that takes a [secret.Source]:
//
//	vault, err := onvault.New("https://vault.example.com:8200",
//		onvault.AppRole(onvault.AppRoleConfig{RoleID: "billing", SecretID: secret.File("/run/secrets/vault")}))
//	key := vault.Secret(onvault.KV{Path: "billing/stripe", Field: "api_key"})
//	payments, err := stripe.New(key)
//
// A secret is asked for once a minute while it is in use, whoever needs it, and when a
// service refuses it; so a new version is picked up without a restart. If a webhook's
// verifier is to accept the version before it too, set KV.Versions to 2. If Vault is
// out of reach, the last secret that was read serves on for [WithGrace]; if Vault says
// that it is gone, or is not for this application, it does not.
//
// The token that Vault gives is renewed when two thirds of its time have passed, by the
// call that comes then. If it cannot be renewed any more, or Vault refuses it, the next
// call logs in again. Nothing runs in the background.
//
// The package speaks Vault's HTTP API by the client of this module, with its retries,
// deadlines and errors, since five requests are all that it needs: read a version, log
// in, look a token up, and renew it. github.com/hashicorp/vault/api would bring its own
// retries, environment variables and some twenty modules. It is a module of its own all
// the same, so that it can follow Vault at its own pace.
//
// It has not been run against a Vault yet. Its tests use a server in memory, written
// after Vault's documentation and, for AppRole's errors, versions that were deleted and
// the times of tokens, after the source of Vault 1.21.4. Its requests are held to those
// of github.com/hashicorp/vault/api 1.23.0, and both read the same responses.
package onvault
