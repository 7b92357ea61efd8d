package main

import (
	"strings"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// providers lists what the program can sign and verify. Some providers appear
// once more for another of their signatures.
func providers() []*provider {
	return append(append(macProviders(), tokenProviders()...), keyProviders()...)
}

// macProviders are those whose secret is shared by both sides.
func macProviders() []*provider {
	svix := []string{"Svix-Id", "Svix-Timestamp", "Svix-Signature"}
	standard := []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}
	return []*provider{
		{name: "stripe", secret: `the endpoint's signing secret, "whsec_…"`, keys: randomSecret("whsec_"),
			sign: several(webhooktest.Stripe), verify: plain(webhook.Stripe), fresh: []string{"Stripe-Signature"}},
		{name: "paddle", secret: `the notification destination's secret key, "pdl_ntfset_…"`, keys: randomSecret("pdl_ntfset_"),
			sign: several(webhooktest.Paddle), verify: plain(webhook.Paddle), fresh: []string{"Paddle-Signature"}},
		{name: "github", secret: "the webhook's secret", keys: randomSecret(""),
			sign: single(webhooktest.GitHub), verify: plain(webhook.GitHub), fresh: []string{"X-Hub-Signature-256", "X-Hub-Signature"}},
		{name: "svix", secret: `the endpoint's secret, "whsec_…"`, keys: whsec,
			sign: several(webhooktest.Svix), verify: plain(webhook.Svix), fresh: svix},
		{name: "clerk", secret: `the endpoint's signing secret, "whsec_…"`, keys: whsec,
			sign: several(webhooktest.Clerk), verify: plain(webhook.Clerk), fresh: svix},
		{name: "resend", secret: `the webhook's signing secret, "whsec_…"`, keys: whsec,
			sign: several(webhooktest.Resend), verify: plain(webhook.Resend), fresh: svix},
		{name: "standard-webhooks", secret: `the endpoint's secret, "whsec_…"`, keys: whsec, fresh: standard,
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				if o.rawSecret {
					return webhooktest.StandardWebhooksRaw(secrets[0], secrets[1:]...), nil
				}
				return webhooktest.StandardWebhooks(secrets[0], secrets[1:]...), nil
			}, verify: plain(webhook.StandardWebhooks)},
		{name: "openai", secret: `the webhook's signing secret, "whsec_…"`, keys: whsec, fresh: standard,
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				if o.rawSecret {
					return webhooktest.StandardWebhooksRaw(secrets[0], secrets[1:]...), nil
				}
				return webhooktest.OpenAI(secrets[0], secrets[1:]...), nil
			}, verify: plain(webhook.OpenAI)},
		{name: "slack", secret: "the app's signing secret", keys: randomSecret(""),
			sign: single(webhooktest.Slack), verify: plain(webhook.Slack), fresh: []string{"X-Slack-Request-Timestamp", "X-Slack-Signature"}},
		{name: "shopify", secret: "the app's client secret", keys: randomSecret(""),
			sign: single(webhooktest.Shopify), verify: plain(webhook.Shopify), fresh: []string{"X-Shopify-Hmac-Sha256"}},
		{name: "shopify-unprefixed", secret: `the app's client secret (headers without "X-")`, keys: randomSecret(""),
			sign: single(webhooktest.ShopifyUnprefixed), verify: plain(webhook.Shopify), fresh: []string{"Shopify-Hmac-Sha256"}},
		{name: "sentry", secret: "the integration's client secret", keys: randomSecret(""),
			sign: single(webhooktest.Sentry), verify: plain(webhook.Sentry), fresh: []string{"Sentry-Hook-Signature", "Sentry-Hook-Timestamp"}},
		{name: "sentry-ui", secret: "the integration's client secret (UI components)", keys: randomSecret(""),
			sign: single(webhooktest.SentryUI), verify: plain(webhook.Sentry), fresh: []string{"Sentry-App-Signature"}},
		{name: "x", secret: "the app's consumer secret", keys: randomSecret(""), fresh: []string{"X-Twitter-Webhooks-Signature"},
			sign: single(webhooktest.X),
			verify: func(src secret.Source, _ *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.X(src, nil, opts...)
			}},
		{name: "x-oauth2", secret: "the app's OAuth 2.0 client secret", keys: randomSecret(""), fresh: []string{"X-Twitter-Webhooks-Signature-Oauth2"},
			sign: single(webhooktest.XOAuth2),
			verify: func(src secret.Source, _ *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.X(nil, src, opts...)
			}},
		{name: "twilio", secret: "the account's auth token; -url is the webhook's URL at Twilio", keys: randomSecret(""), fresh: []string{"X-Twilio-Signature"},
			sign: single(webhooktest.Twilio),
			verify: func(src secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				if err := o.required("url"); err != nil {
					return nil, err
				}
				return webhook.Twilio(src, o.url, opts...)
			}},
		{name: "braintree", secret: "the private key of -public-key", needs: []string{"public-key"}, wraps: true, keys: randomSecret(""),
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				if len(secrets) > 1 {
					return nil, usageError("braintree signs here with one key pair")
				}
				return webhooktest.Braintree(webhooktest.BraintreeKey{Public: o.publicKey, Private: secrets[0]}), nil
			},
			verify: func(src secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.Braintree(o.publicKey, src, opts...)
			}},
	}
}

// tokenProviders are those that send a shared secret as it is.
func tokenProviders() []*provider {
	return []*provider{
		{name: "auth0-log-stream", secret: `the stream's authorization token, "Bearer " included if it is part of it`, keys: randomSecret(""),
			sign: single(webhooktest.Auth0LogStream), verify: plain(webhook.Auth0LogStream)},
		{name: "cloudflare", secret: "the webhook destination's secret", keys: randomSecret(""),
			sign: single(webhooktest.Cloudflare), verify: plain(webhook.Cloudflare)},
		{name: "google-calendar", secret: "the channel's token", keys: randomSecret(""),
			sign: single(webhooktest.GoogleCalendar), verify: plain(webhook.GoogleCalendar)},
		{name: "datadog", secret: "the value of the custom header -token-header", needs: []string{"token-header"}, keys: randomSecret(""),
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				return single(func(s string) *webhooktest.Signer { return webhooktest.Datadog(o.tokenHeader, s) })(secrets, o)
			},
			verify: func(src secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.Datadog(o.tokenHeader, src, opts...)
			}},
		{name: "postmark", secret: `the webhook's credentials, "user:password", or with -token-header the value of that header`, keys: randomSecret("postmark:"),
			sign: func(secrets []string, o *options) (*webhooktest.Signer, error) {
				return single(func(s string) *webhooktest.Signer {
					if o.tokenHeader != "" {
						return webhooktest.PostmarkHeader(o.tokenHeader, s)
					}
					user, password, _ := strings.Cut(s, ":")
					return webhooktest.Postmark(user, password)
				})(secrets, o)
			},
			verify: func(src secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
				if o.tokenHeader != "" {
					return webhook.PostmarkHeader(o.tokenHeader, src, opts...)
				}
				return webhook.Postmark(src, opts...)
			}},
	}
}
