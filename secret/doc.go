// Package secret holds values that must never be printed, and the sources
// that they come from.
//
// Most callers name a source and hand it on:
//
//	client.Bearer(secret.Env("EXAMPLE_API_KEY"))
//	webhook.Stripe(secret.File("/run/secrets/stripe_webhook"))
//
// and never touch a [Value]. Use [Env] for twelve-factor configuration, [File]
// for Docker and Kubernetes mounts (the file is watched by reading it again, so
// a rotated mount is picked up without a restart), package on/vault for
// HashiCorp Vault, packages on/cloud/aws and on/cloud/gcp for AWS Secrets Manager,
// AWS's Parameter Store and Google's Secret Manager, [Func] together with [Cache]
// for any other, and [Static] in tests. A source may hold several secrets that are
// valid at once, newest first: a client sends the first, a verifier accepts any.
//
// A [Value] prints as [Redacted] under every verb of package fmt, in JSON, in
// text encodings and in log/slog, also as an unexported field of some other
// struct, where fmt cannot call methods.
package secret
