package main

import (
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// keyProviders are those that sign with a private key, which nobody but the
// provider has: the keys command makes one to test with.
func keyProviders() []*provider {
	return []*provider{
		{name: "sendgrid", secret: "the verification key; to sign, the private key from the keys command", keys: pairOf(webhooktest.SendGridKeys),
			sign: single(webhooktest.SendGrid), verify: plain(webhook.SendGrid), fresh: sendGridHeaders},
		{name: "sendgrid-inbound", secret: "the security policy's public key; to sign, the private key from the keys command", keys: pairOf(webhooktest.SendGridKeys),
			sign: single(webhooktest.SendGridInbound), verify: plain(webhook.SendGridInbound), fresh: sendGridHeaders},
		{name: "standard-webhooks-ed25519", secret: `the public key, "whpk_…"; to sign, the private key "whsk_…"`, keys: pairOf(webhooktest.Ed25519Keys),
			sign: several(webhooktest.StandardWebhooksEd25519), verify: plain(webhook.StandardWebhooksEd25519),
			fresh: []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}},
		{name: "aws-sns", secret: "to sign, the keys from the keys command; verifying fetches AWS's certificate, or reads -keys-file",
			needs: []string{"topic"}, wraps: true, keyless: true, keys: snsKeys,
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				certificates, err := webhooktest.ParseSNSCertificates(secrets[0])
				if err != nil {
					return nil, err
				}
				return webhooktest.SNS(certificates, webhooktest.SNSConfig{TopicARN: o.topic}), nil
			},
			verify: func(_ secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.SNS([]string{o.topic}, opts...)
			}},
		{name: "google-pubsub", secret: "to sign, the key from the keys command; verifying fetches Google's key set, or reads -keys-file",
			needs: []string{"audience", "email"}, keyless: true, keys: tokenKeys, fresh: []string{"Authorization"},
			sign: withKeyServer(func(k *webhooktest.KeyServer, o *options) *webhooktest.Signer {
				return webhooktest.PubSub(k, o.audience, o.email)
			}),
			verify: func(_ secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.PubSub(webhook.PubSubConfig{Audience: o.audience, ServiceAccount: o.email}, opts...)
			}},
		{name: "firebase", secret: "to sign, the key from the keys command; verifying fetches Google's key set, or reads -keys-file",
			needs: []string{"project", "audience"}, keyless: true, wraps: true, keys: tokenKeys,
			sign: withKeyServer(func(k *webhooktest.KeyServer, o *options) *webhooktest.Signer {
				return webhooktest.FirebaseBlocking(k, o.project, o.audience)
			}),
			verify: func(_ secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: o.project, FunctionURL: o.audience}, opts...)
			}},
		{name: "auth0-logout", secret: "to sign, the key from the keys command; verifying fetches the tenant's key set, or reads -keys-file",
			needs: []string{"issuer", "audience"}, keyless: true, wraps: true, keys: tokenKeys,
			sign: withKeyServer(func(k *webhooktest.KeyServer, o *options) *webhooktest.Signer {
				return webhooktest.Auth0Logout(k, o.issuer, o.audience)
			}),
			verify: func(_ secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: o.issuer, ClientID: o.audience}, opts...)
			}},
	}
}

var sendGridHeaders = []string{"X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"}

// withKeyServer adapts the signers of the token hooks.
func withKeyServer(f func(*webhooktest.KeyServer, *options) *webhooktest.Signer) func([]string, *options) (*webhooktest.Signer, error) {
	return func(secrets []string, o *options) (*webhooktest.Signer, error) {
		keys, err := webhooktest.ParseKeyServer(secrets[0])
		if err != nil {
			return nil, err
		}
		return f(keys, o), nil
	}
}
