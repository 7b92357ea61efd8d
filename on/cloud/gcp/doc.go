// Package ongcp reads secrets from Google Cloud's Secret Manager, as sources for
// everything in this module that takes a [secret.Source]:
//
//	tokens, err := google.DefaultTokenSource(ctx, ongcp.Scope) // golang.org/x/oauth2/google
//	manager, err := ongcp.New("my-project", tokens)
//	key := manager.Secret(ongcp.Secret{Name: "stripe-api-key"})
//	payments, err := stripe.New(key)
//
// A secret is asked for once a minute while it is in use, whoever needs it, and when a
// service refuses it; so a new version is picked up without a restart. If a webhook's
// verifier is to accept the version before it too, set Secret.Versions to 2. If Google
// is out of reach, the last secret that was read serves on for [WithGrace]; if Google
// says that it is gone, or is not for this application, it does not. Nothing runs in
// the background. A secret is checked against the CRC32C that comes with it.
//
// # Errors
//
// They match client.ErrNotFound, client.ErrForbidden, client.ErrUnauthorized,
// client.ErrRateLimited and client.ErrUnavailable, and [ErrDisabled] and [ErrDestroyed]
// for a version in that state. A *client.Error in them has Google's own code.
//
// # Whose client
//
// The token source is golang.org/x/oauth2's, so that the application's default
// credentials work as they do elsewhere: the environment, gcloud, workload identity and
// the metadata server. A token that has been revoked before its time ended is not had
// anew: that would need a source that can be told. The one request is made by the client
// of this module over REST, and it alone repeats it: three attempts, within 20 s.
// cloud.google.com/go/secretmanager would bring gRPC, its own retries and some forty
// modules, and gocloud.dev/runtimevar, which polls in the background, can neither be told
// to read again when a service refuses a secret nor drop one that is gone.
//
// It has not been run against Google yet. Its tests use a server in memory, written after
// the reference of the v1 REST API (projects.secrets.versions.access, google.rpc.Code).
// Its requests and what it reads are held to google.golang.org/api/secretmanager/v1,
// made from Google's own description.
package ongcp
