// Package onaws reads secrets from AWS Secrets Manager and from the Parameter Store of
// AWS Systems Manager, as sources for everything in this module that takes a
// [secret.Source]:
//
//	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
//	manager, err := onaws.NewSecretsManager(cfg)
//	key := manager.Secret(onaws.Secret{ID: "billing/stripe", Field: "api_key"})
//	payments, err := stripe.New(key)
//
// A secret is asked for once a minute while it is in use, whoever needs it, and when a
// service refuses it; so a rotation is picked up without a restart. If a webhook's
// verifier is to accept the secret before it too, name AWSPREVIOUS in Secret.Stages, or
// set Parameter.Versions to 2. If AWS is out of reach, the last secret that was read
// serves on for [WithGrace]; if AWS says that it is gone, or is not for this
// application, it does not. Nothing runs in the background.
//
// # Errors
//
// They match client.ErrNotFound, client.ErrForbidden (no permission, or none for the KMS
// key), client.ErrUnauthorized (credentials), client.ErrRateLimited and
// client.ErrUnavailable, and [ErrDeleted] for a secret that is to be deleted. A
// *client.Error in them has AWS's own code and request ID.
//
// # Whose client
//
// The credentials and the region are the AWS SDK's, so that environment, profiles, SSO,
// IRSA, ECS and IMDS work as they do elsewhere; of it, this package needs the core module
// alone. The two requests are made by the client of this module, signed by providers/s3,
// and it alone repeats them: three attempts, within 20 s. The SDK's clients of both
// services would have brought retries of their own around that, and
// gocloud.dev/runtimevar, which polls in the background, can neither be told to read
// again when a service refuses a secret nor drop one that is gone.
//
// It has not been run against AWS yet. Its tests use a server in memory, written after
// the API references, and kumo, an emulator of AWS that others wrote, which knows no
// versions or labels of parameters; its requests are held to those of the AWS SDK.
package onaws
