package webhook

import "github.com/standpipe-go/standpipe/secret"

// Clerk verifies Clerk's webhooks, which Svix sends; see [Svix] for the scheme
// and the options ("Sync Clerk data to your app with webhooks", Clerk docs).
func Clerk(secrets secret.Source, opts ...Option) (*Scheme, error) {
	spec := svixSpec("clerk")
	spec.split = splitJSON[standardEnvelope]
	spec.wrong["sk_"], spec.wrong["pk_"] = "an API key", "a publishable key"
	return newHMAC(spec, secrets, opts)
}
